"""A full disk, a home that cannot be written to, and an end from outside: what is said, and what is left behind."""

import errno
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from event_of import event_of

from lab.events.writer import EventLog
from lab.runs.directory import Run, Runs
from lab.runs.outcome import KEYS
from lab.spec import RunSpec
from tests.waiting import wait_for
from tui.cli.main import main


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """A run of this home that was stopped."""
    monkeypatch.setenv("LOWRANK_HOME", str(tmp_path / "home"))
    run = Runs(tmp_path / "home" / "runs").create(RunSpec.make({}), model_path="/m", data_path="/d")
    log = EventLog(run.path)
    log.write(event_of("train", iteration=1, train_loss=1.0, trained_tokens=1, elapsed_seconds=1))
    result = dict.fromkeys(KEYS) | {"iterations": 1}
    log.last_word(event_of("stopped", run=run.id, run_dir=str(run.path), **result))
    log.close()
    return run


@contextmanager
def full_disk() -> Iterator[None]:
    """No file may grow, which the system reports without the name of the file, as it does for a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_full_disk_is_said_of_the_place_that_is_full(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    report = tmp_path / "elsewhere" / "report.md"
    for words, place in (
        (["report", run.id, "-o", str(report)], report.parent),
        (["note", run.id, "--name", "x"], run.path),
    ):
        monkeypatch.setattr("sys.argv", ["lowrank", *words])
        with full_disk():
            assert main() == 1
        told = capsys.readouterr().err
        assert str(place) in told and "free some space there" in told, told
        assert ".tmp" not in told and "lowrank-new" not in told and told.count("\n") == 1
    assert list(report.parent.iterdir()) == []


@pytest.mark.parametrize("words", ["stop", "resume", "delete", "note --name x"])
def test_a_home_that_cannot_be_written_to_is_said_of_the_run_and_not_of_a_lock(
    words: str, run: Run, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    if os.getuid():
        for folder in (run.path, run.path / "state"):
            folder.chmod(0o500)
    else:  # nothing is read-only to root
        monkeypatch.setattr("os.open", refusing(os.open))
        monkeypatch.setattr("io.open", refusing(open))
    command, *options = words.split()
    monkeypatch.setattr("sys.argv", ["lowrank", command, run.id, *options])
    code = main()
    monkeypatch.undo()
    for folder in (run.path, run.path / "state"):
        folder.chmod(0o700)
    told = capsys.readouterr().err
    assert code == 1 and told.startswith(f"lowrank: {run.path}: "), told
    assert "allow writing there, or set LOWRANK_HOME to another folder" in told and told.count("\n") == 1


def refusing(original: Any) -> Any:
    """The same function, but nothing is opened for writing in a folder of runs."""

    def opened(path: Any, mode: Any = "r", *rest: Any, **options: Any) -> Any:
        writes = mode & (os.O_WRONLY | os.O_RDWR) if isinstance(mode, int) else set(mode) & set("wax+")
        if writes and "/runs/" in os.fsdecode(path):
            raise OSError(errno.EROFS, os.strerror(errno.EROFS), os.fsdecode(path))
        return original(path, mode, *rest, **options)

    return opened


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_plan_that_is_ended_from_outside_leaves_no_folder(number: signal.Signals, tmp_path: Path) -> None:
    (temporary := tmp_path / "temporary").mkdir()
    environment = {**os.environ, "TMPDIR": str(temporary), "LOWRANK_HOME": str(tmp_path / "home")}
    plan = subprocess.Popen([sys.executable, "-m", "tui", "plan"], env=environment, stdout=subprocess.DEVNULL)
    try:
        wait_for(lambda: list(temporary.glob("lowrank-plan-*")))
        plan.send_signal(number)
        assert plan.wait(60) == 128 + number
    finally:
        plan.kill()
    assert list(temporary.glob("lowrank-plan-*")) == []
