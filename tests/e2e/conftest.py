"""The real program in a pseudo-terminal, seen as its learner sees it."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from benchmarks.terminal import Terminal
from lab.runs.directory import Runs
from lab.runs.stop import request_stop


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def open_program(home: Path) -> Iterator[Callable[..., Terminal]]:
    opened: list[Terminal] = []

    def make(columns: int = 120, rows: int = 40, arguments: Sequence[str] = ()) -> Terminal:
        opened.append(Terminal(home, columns, rows, arguments))
        return opened[-1]

    yield make
    for terminal in opened:
        terminal.child.close(force=True)
    for run in Runs(home / "runs").all():
        request_stop(run)
