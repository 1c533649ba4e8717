"""The real program in a pseudo-terminal, seen as its learner sees it."""

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pexpect
import pyte
import pytest

from lab.runs import Runs

KEYS = {"enter": "\r", "escape": "\x1b", "tab": "\t", "down": "\x1b[B", "end": "\x1b[F", "ctrl+s": "\x13"}
PATIENCE = 90.0
"""Seconds; a busy machine trains slowly, an idle one needs a tenth of it."""


class Terminal:
    """`lowrank` on a screen of `columns` by `rows` cells, with its home in `home`."""

    def __init__(self, home: Path, columns: int = 120, rows: int = 40) -> None:
        env = {
            **{k: v for k, v in os.environ.items() if k not in ("COLUMNS", "LINES")},
            "LOWRANK_HOME": str(home),
            "TERM": "xterm-256color",
            "COLORTERM": "truecolor",
        }
        env |= {"LC_ALL": "C.UTF-8", "PYTHONPATH": str(Path(__file__).parents[2])}
        self.child = pexpect.spawn(sys.executable, ["-m", "tui"], env=env, dimensions=(rows, columns), timeout=PATIENCE)
        self._screen = pyte.Screen(columns, rows)
        self._stream = pyte.ByteStream(self._screen)

    @property
    def lines(self) -> list[str]:
        """What is on the screen now."""
        self._read(0)
        return [line.rstrip() for line in self._screen.display]

    def press(self, *keys: str) -> None:
        """Type keys by name, or anything else as it stands."""
        for key in keys:
            self.child.send(KEYS.get(key, key))

    def wait(self, *texts: str, gone: str = "") -> list[str]:
        """Until every text is somewhere on the screen and `gone` is not; fails with the screen otherwise."""
        end = time.monotonic() + PATIENCE
        while True:
            lines = self.lines
            page = "\n".join(lines)
            if all(text in page for text in texts) and not (gone and gone in page):
                return lines
            assert time.monotonic() < end, f"never saw {texts!r} (without {gone!r}):\n{page}"
            self._read(0.05)

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
        try:
            while True:
                self._stream.feed(self.child.read_nonblocking(65536, seconds))
                seconds = 0
        except (pexpect.TIMEOUT, pexpect.EOF):
            return


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def open_program(home: Path) -> Iterator[Callable[..., Terminal]]:
    opened: list[Terminal] = []

    def make(columns: int = 120, rows: int = 40) -> Terminal:
        opened.append(Terminal(home, columns, rows))
        return opened[-1]

    yield make
    for terminal in opened:
        terminal.child.close(force=True)
    for run in Runs(home / "runs").all():
        run.stop()
