"""The table and the command line resume, stop and delete one run at the same time, again and again."""

import contextlib
import io
import json
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from engines import end_all
from waiting import wait_for

from lab.errors import LabError
from lab.events.schema import Finished
from lab.runs.crash_recovery import settle
from lab.runs.directory import TRASH, Run
from lab.runs.service import RunService
from lab.runs.state import RunState
from tests.lab.test_races import SPEC, Watch, at_work
from tui.cli.main import app

ENGINE = """
import signal, sys, time
from pathlib import Path
from lab.events.schema import Finished, Stopped
from lab.events.writer import EventLog
from lab.runs.directory import Run
asked = []
signal.signal(signal.SIGTERM, lambda *_: asked.append(True))
run = Run(Path(sys.argv[2]))
log = EventLog(run.path)
for _ in range(8):
    time.sleep(0.02)
    if asked or run.asked_to_stop():
        log.last_word(Stopped(run=run.id, run_dir=str(run.path)))
        break
else:
    log.last_word(Finished(run=run.id, run_dir=str(run.path)))
"""
"""Holds the lock that it inherits and writes a last word, as an engine does; only the training is left out."""

BEFORE = ("new", "going", "stopped", "finished")
Act = Callable[[Run], object]


def table(service: RunService) -> dict[str, Act]:
    """What the table does for its keys r, x and d."""
    return {"resume": lambda run: service.resume([run]), "stop": service.stop, "delete": service.delete}


def command(*words: str) -> int:
    done = subprocess.run([sys.executable, "-m", "tui", *words], capture_output=True, text=True, timeout=120)
    assert "Traceback" not in done.stderr, done.stderr
    return done.returncode


COMMANDS: dict[str, Act] = {
    "resume": lambda run: command("resume", run.id, "--detach"),
    "stop": lambda run: command("stop", run.id),
    "delete": lambda run: command("delete", run.id),
}


def command_here(*words: str) -> int:
    """The same in this process, which need not start Python."""
    code: int = app(args=list(words), prog_name="lowrank", standalone_mode=False)
    return code


COMMANDS_HERE: dict[str, Act] = {
    "resume": lambda run: command_here("resume", run.id, "--detach"),
    "stop": lambda run: command_here("stop", run.id),
    "delete": lambda run: command_here("delete", run.id),
}


def bring(service: RunService, before: str) -> Run:
    """A new run in the state in which all meet."""
    run = service.create(SPEC)
    if before != "new":
        service.start(run)
    if before == "stopped":
        wait_for(lambda: service.stop(run) or run.result())
    if before in ("stopped", "finished"):
        wait_for(lambda: settle(run).ended and not run.lives())
    return run


def meet(service: RunService, before: str, commands: dict[str, Act]) -> None:
    """All six at once; then the run is somewhere as a whole, and goes on to its end."""
    run = bring(service, before)
    watch = Watch(run, service.runs)
    acts = [*table(service).values(), *commands.values()]
    gate = threading.Barrier(len(acts))

    def do(act: Act) -> None:
        gate.wait()
        with contextlib.suppress(LabError):
            act(run)

    aside = Run(service.runs.root / TRASH / run.id)
    try:
        with ThreadPoolExecutor(len(acts)) as pool:
            for done in [pool.submit(do, act) for act in acts]:
                done.result()
        assert run.path.exists() != aside.path.exists(), "it lies in one place"
        if aside.path.exists():
            assert not aside.lives() and not at_work(run), "no engine works on a run in the trash"
            service.restore(run.id)
        wait_for(lambda: settle(run).ended and not run.lives())
        while run.state() is not RunState.FINISHED:
            service.start(run)
            wait_for(lambda: settle(run).ended and not run.lives())
    finally:
        watch.end()
    assert watch.faults == []
    assert json.loads((run.path / "result.json").read_text())["event"] == "finished"
    assert isinstance(run.last_event(), Finished)


@pytest.mark.long
def test_the_table_and_the_command_line_a_hundred_times(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOWRANK_HOME", str(tmp_path))
    words = [sys.executable, "-c", ENGINE]
    monkeypatch.setattr("lab.runs.launch.engine_command", lambda *given: [*words, *given])
    service = RunService(tmp_path / "runs", tmp_path / "cache")
    try:
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            for number in range(100):
                meet(service, BEFORE[number % len(BEFORE)], COMMANDS_HERE)
    finally:
        end_all(service.runs.all())


@pytest.mark.long
@pytest.mark.parametrize("before", BEFORE)
def test_the_table_and_the_command_line_with_engines_that_train(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, before: str
) -> None:
    monkeypatch.setenv("LOWRANK_HOME", str(tmp_path))
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))
    service = RunService(tmp_path / "runs", tmp_path / "cache")
    try:
        meet(service, before, COMMANDS)
    finally:
        end_all(service.runs.all())
