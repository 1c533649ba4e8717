"""Rows met before, in bounded memory: fixed-size records on disk, spread by digest, compared one share at a time."""

import struct
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from typing import IO

from lab.check.rows import DIGEST

SHARES = 64
RECORD = struct.Struct(f"<{DIGEST}sBQ")


class Seen:
    """Digests with split and line (25 bytes a row on disk, in files without a name, so that nothing outlives a kill).

    The files close with `stack`. Memory while comparing is that of one 64th of the rows.
    """

    def __init__(self, stack: ExitStack) -> None:
        files = (tempfile.TemporaryFile() for _ in range(SHARES))  # noqa: SIM115
        self._files: list[IO[bytes]] = [stack.enter_context(file) for file in files]

    def add(self, digest: bytes, split: int, line: int) -> None:
        self._files[digest[0] % SHARES].write(RECORD.pack(digest, split, line))

    def repeats(self) -> Iterator[tuple[int, int, int, int]]:
        """Split and line of every row that came before, and split and line of its first occurrence.

        The first occurrence is one in the same split where there is one. Not in the order of lines.
        """
        for file in self._files:
            file.seek(0)
            first: dict[bytes, tuple[tuple[int, int], ...]] = {}
            while block := file.read(RECORD.size * 4096):
                for digest, split, line in RECORD.iter_unpack(block):
                    places = first.get(digest)
                    if places is None:
                        first[digest] = ((split, line),)
                        continue
                    same = next((place for place in places if place[0] == split), None)
                    if same is None:
                        first[digest] = (*places, (split, line))
                    yield split, line, *(same or places[0])
