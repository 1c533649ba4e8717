"""The end of a run's log, followed as it grows."""

from pathlib import Path
from typing import Final

from textual.widgets import Log

from foreign import Refused, opened
from tui.formatting.sanitize import inert

LINES: Final = 2000
FIRST: Final = 256 << 10
"""Bytes of a long log that are shown when it is opened."""


class LogTail:
    """Reads what was written since the last time; blocking, for a thread."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._offset = -1
        self._rest = b""

    def read(self) -> list[str]:
        """The new complete lines, inert; of a line that was written over with carriage returns, its last state."""
        try:
            with opened(self.path) as file:
                size = file.seek(0, 2)
                if self._offset < 0 or self._offset > size:
                    self._offset, self._rest = max(0, size - FIRST), b""
                file.seek(self._offset)
                data = file.read(FIRST)
        except (OSError, Refused):
            return []
        self._offset += len(data)
        *lines, self._rest = (self._rest + data).split(b"\n")
        self._rest = self._rest[-FIRST:]
        shown = (line.rstrip(b"\r").rpartition(b"\r")[2] for line in lines)
        return [inert(line.decode("utf-8", "replace").expandtabs(4)) for line in shown]


class LogView(Log, can_focus=True):
    """Follows the end, until one scrolls up; the end key follows again."""

    def __init__(self, *, id: str) -> None:
        super().__init__(max_lines=LINES, id=id)
        self.border_title = "log.txt"

    def begin(self) -> None:
        """Empty it for another run."""
        self.clear()

    def add(self, lines: list[str]) -> None:
        """Append, and stay at the end if one was there."""
        if lines:
            self.write_lines(lines, scroll_end=self.is_vertical_scroll_end)
