"""Real runs, trained once and looked at by many tests."""

import hashlib
import io
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, chdir
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from engines import end_all
from filelock import FileLock
from waiting import wait_for

from lab.runs.directory import Run, Runs
from tui.__main__ import main

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
        """Run a command here, which saves the start of a Python."""
        out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8") for _ in range(2))
        with ExitStack() as changed, open(os.devnull) as nothing:
            changed.enter_context(chdir(self.home))
            changed.enter_context(mock.patch.dict(os.environ, {"LOWRANK_HOME": str(self.home), **environment}))
            for name, value in {"argv": ["lowrank", *words], "stdin": nothing, "stdout": out, "stderr": err}.items():
                changed.enter_context(mock.patch.object(sys, name, value))
            code = main()
        told = (stream.buffer.getvalue().decode() for stream in (out, err))
        return Finished(code, *told)

    def child(self, *words: str, **environment: str) -> Finished:
        """Run a command as a program of its own."""
        paths = {"LOWRANK_HOME": str(self.home), "PYTHONPATH": str(Path(__file__).parents[2])}
        command, env = [sys.executable, "-m", "tui", *words], {**os.environ, **paths, **environment}
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
def trained(desk: Desk, common_folder: Path) -> Callable[..., tuple[Run, Finished]]:
    """Train with these flags, or hand back the run that an earlier test trained with the same, in any worker."""
    made: dict[Words, tuple[Run, Finished]] = {}

    def train(*flags: str) -> tuple[Run, Finished]:
        if flags not in made:
            kept = common_folder / "trained" / hashlib.sha256("\0".join(flags).encode()).hexdigest()[:16]
            kept.mkdir(parents=True, exist_ok=True)
            with FileLock(kept / "lock"):
                if (told := kept / "told").exists():
                    done = Finished(0, told.read_text(), "")
                    name = f"{done.lines[-1]['run']}-{kept.name}"  # one of ours may have begun in the same second
                    run = Run(Path(shutil.copytree(kept / "run", desk.runs.root / name)))
                else:
                    done = desk("train", "--json", *flags)
                    assert done.code == 0, done.err
                    run = desk.runs.get(done.lines[-1]["run"])
                    wait_for(lambda: not run.lives())  # after its last word the engine puts its folder in order
                    shutil.copytree(run.path, kept / "run")
                    told.write_text(done.out)
            made[flags] = run, done
        return made[flags]

    return train
