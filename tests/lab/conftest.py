"""Real runs, trained once and looked at by many tests."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from engines import end_all

from lab.runs.directory import Run, Runs

Words = tuple[str, ...]


@dataclass(frozen=True)
class Finished:
    """How a command ended: its exit code, its JSON lines, and what it said on stderr."""

    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.out.splitlines()]


@dataclass(frozen=True)
class Desk:
    """A home folder and the command line that works in it, from a folder that holds nothing of ours."""

    home: Path

    def __call__(self, *words: str, **environment: str) -> Finished:
        env = {
            **os.environ,
            "LOWRANK_HOME": str(self.home),
            "PYTHONPATH": str(Path(__file__).parents[2]),
            **environment,
        }
        command = [sys.executable, "-m", "tui", *words]
        done = subprocess.run(command, env=env, cwd=self.home, capture_output=True, text=True, timeout=300)
        return Finished(done.returncode, done.stdout, done.stderr)

    @property
    def runs(self) -> Runs:
        return Runs(self.home / "runs")


@pytest.fixture(scope="session")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """One home for the whole session, so that a quantized base is made once."""
    made = Desk(tmp_path_factory.mktemp("home"))
    yield made
    end_all(made.runs.all())  # what a failed test left behind


@pytest.fixture(scope="session")
def trained(desk: Desk) -> Callable[..., tuple[Run, Finished]]:
    """Train with these flags, or hand back the run that an earlier test trained with the same."""
    made: dict[Words, tuple[Run, Finished]] = {}

    def train(*flags: str) -> tuple[Run, Finished]:
        if flags not in made:
            done = desk("train", "--json", *flags)
            assert done.code == 0, done.err
            made[flags] = desk.runs.get(done.lines[-1]["run"]), done
        return made[flags]

    return train
