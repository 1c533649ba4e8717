"""The real program in a pseudo-terminal, seen as its learner sees it."""

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import pexpect
import pyte

ROOT = Path(__file__).parent.parent
KEYS = {
    "enter": "\r",
    "escape": "\x1b",
    "tab": "\t",
    "up": "\x1b[A",
    "down": "\x1b[B",
    "right": "\x1b[C",
    "left": "\x1b[D",
    "home": "\x1b[H",
    "end": "\x1b[F",
    "backspace": "\x7f",
    "f2": "\x1bOQ",
    "f3": "\x1bOR",
    "f4": "\x1bOS",
    "ctrl+pageup": "\x1b[5;5~",
    "ctrl+pagedown": "\x1b[6;5~",
    "f8": "\x1b[19~",
    "ctrl+r": "\x12",
    "ctrl+s": "\x13",
}
PATIENCE = 180.0
"""Seconds; a busy machine trains slowly, an idle one needs a tenth of it."""


class Terminal:
    """`lowrank` with these arguments on a screen of `columns` by `rows` cells, with its home in `home`."""

    def __init__(self, home: Path, columns: int = 120, rows: int = 40, arguments: Sequence[str] = ()) -> None:
        env = {
            **{k: v for k, v in os.environ.items() if k not in ("COLUMNS", "LINES")},
            "LOWRANK_HOME": str(home),
            "TERM": "xterm-256color",
            "COLORTERM": "truecolor",
        }
        env |= {"LC_ALL": "C.UTF-8", "PYTHONPATH": str(ROOT)}
        command = ["-m", "tui", *arguments]
        self.child = pexpect.spawn(sys.executable, command, env=env, dimensions=(rows, columns), timeout=PATIENCE)
        self.screen = pyte.Screen(columns, rows)
        self._stream = pyte.ByteStream(self.screen)
        self.heard = time.perf_counter()

    @property
    def lines(self) -> list[str]:
        """What is on the screen now."""
        self._read(0)
        return [line.rstrip() for line in self.screen.display]

    def press(self, *keys: str) -> None:
        """Type keys by name, or anything else as it stands."""
        for key in keys:
            self.child.send(KEYS.get(key, key))

    def wait(self, *texts: str, gone: str = "", patience: float = PATIENCE) -> list[str]:
        """Until every text is somewhere on the screen and `gone` is not; fails with the screen otherwise."""
        end = time.monotonic() + patience
        while True:
            lines = self.lines
            page = "\n".join(lines)
            if all(text in page for text in texts) and not (gone and gone in page):
                return lines
            assert time.monotonic() < end, f"never saw {texts!r} (without {gone!r}):\n{page}"
            self._read(0.05)

    def repaint(self, key: str, look: Callable[[pyte.Screen], Any], patience: float = 5.0) -> float | None:
        """Seconds from a key to the bytes that changed what `look` sees, or None if nothing did in time.

        The time is when the bytes came, not when they were understood, which takes longer than the program does.
        """
        self._read(0)
        before, began = look(self.screen), time.perf_counter()
        self.press(key)
        while time.perf_counter() - began < patience:
            seen = None
            for heard, data in list(self._chunks(0.002)):  # all that came is read before any of it is understood
                self._stream.feed(data)
                if seen is None and look(self.screen) != before:
                    seen = heard - began
            if seen is not None:
                return seen
        return None

    def quit(self) -> None:
        """Leave with ctrl+q, and wait until the program has ended."""
        self.child.send("\x11")
        self.child.expect(pexpect.EOF)
        self.child.close()

    def kill(self) -> None:
        """SIGKILL, as the worst of ends."""
        self.child.kill(signal.SIGKILL)
        self.child.close(force=True)

    def _read(self, seconds: float) -> None:
        for _, data in self._chunks(seconds):
            self._stream.feed(data)

    def _chunks(self, seconds: float) -> Iterator[tuple[float, Any]]:
        """All that has come, with the moment at which it came; waits so many seconds for the first of it."""
        with suppress(pexpect.TIMEOUT, pexpect.EOF):
            while True:
                data = self.child.read_nonblocking(65536, seconds)
                self.heard = time.perf_counter()
                yield self.heard, data
                seconds = 0
