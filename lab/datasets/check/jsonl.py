"""Reading a JSONL file line by line, whatever bytes it holds, in bounded memory."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from lab.datasets.find import BadRow, parse
from lab.datasets.formats import BOM, sniff

LONGEST = 1 << 20
"""Bytes of a line beyond which it is not looked at: some 250,000 tokens, of which a window keeps few."""

Tell = Callable[[int, str, str], None]
"""Called with line, kind and reason of each problem."""


def read(path: Path, tell: Tell) -> Iterator[tuple[int, int, dict[str, Any] | None]]:
    """Line number, bytes and row of every line; the row is None where the line cannot be read as one."""
    first_crlf, crlf, number = 0, 0, 0
    if found := sniff(path):
        tell(0, found.kind, f"the file {found.what}; {found.remedy}")
        yield 1, path.stat().st_size, None
        return
    with path.open("rb") as file:
        while data := file.readline(LONGEST + 1):
            number += 1
            size = len(data)
            if size > LONGEST and not data.endswith(b"\n"):
                while part := file.readline(LONGEST):
                    size += len(part)
                    if part.endswith(b"\n"):
                        break
                tell(number, "too-long", f"the line has {size:,} bytes and was not checked; split it into rows")
                yield number, size, None
                continue
            if data.endswith(b"\r\n"):
                first_crlf, crlf = first_crlf or number, crlf + 1
            if data.startswith(BOM):
                tell(number, "bom", "starts with a byte order mark (BOM), which is not JSON; save without BOM")
                data = data[len(BOM) :]
            try:
                row = parse(data)
            except BadRow as bad:
                tell(number, bad.kind, bad.what)
                row = None
            yield number, size, row
    if crlf:
        share = "all" if crlf == number else f"{crlf:,} of {number:,}"
        tell(first_crlf, "crlf", f"Windows line ends (CRLF) on {share} lines from here; save with LF")
