"""What the command line writes. All of it goes through here, so that no foreign text reaches a terminal raw.

Names, errors, data rows and answers come from files and models of others: their control, direction and other invisible
characters are written as escapes (`lab.sanitize`), and JSON is ASCII.
"""

import json
import sys
import time
from typing import Any, TextIO

from lab.sanitize import inert


def write(*lines: object) -> None:
    """Each of `lines` as one line of standard output; a line break inside one is foreign, and shown as an escape."""
    _write(sys.stdout, *map(inert, lines))


def write_text(text: str) -> None:
    """Text of several lines on standard output; its line breaks and tabs stay."""
    _write(sys.stdout, *("\t".join(map(inert, line.split("\t"))) for line in text.split("\n")))


def say(fields: dict[str, Any]) -> None:
    """One JSON object on one line of standard output, in ASCII."""
    _write(sys.stdout, json.dumps(fields))


def note(text: str = "") -> None:
    """A line for people, on standard error, where it is not in the way of a script."""
    _write(sys.stderr, inert(text))


class Status:
    """One line about work that goes on, drawn over and over on standard error; nothing where that is no terminal.

    It is first drawn `wait` seconds after it was made, and gone when its `with` is left.
    """

    def __init__(self, wait: float = 0.0) -> None:
        self._due, self._width = time.monotonic() + wait, 0

    def show(self, text: str) -> None:
        """Draw `text` over what the line held."""
        if sys.stderr is not None and sys.stderr.isatty() and time.monotonic() >= self._due:
            line = inert(text)
            _write(sys.stderr, f"\r{line:<{self._width}}", end="")
            self._width = len(line)

    def __enter__(self) -> "Status":
        return self

    def clear(self) -> None:
        """Take the line away, for another to be written there."""
        if self._width:
            _write(sys.stderr, f"\r{'':<{self._width}}\r", end="")
            self._width = 0

    def __exit__(self, *_: object) -> None:
        self.clear()


def _write(stream: TextIO | None, *lines: str, end: str = "\n") -> None:
    """What the stream's encoding does not have is written as an escape too; a stream that was closed takes nothing."""
    if stream is None:
        return
    encoding = stream.encoding or "utf-8"
    try:
        for line in lines:
            stream.write(line.encode(encoding, "backslashreplace").decode(encoding) + end)
        stream.flush()
    except OSError as error:
        if not isinstance(error, BrokenPipeError):
            error.filename = stream.name  # it names no place itself
        raise
