"""Run directories read from disk at any time, also half-written ones."""

import json
import os
import resource
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest
from engines import StandIn, end_all, hold

from lab.client import PACKAGES
from lab.errors import LabError
from lab.queue.runner import line_up
from lab.runs import disk_usage, trash
from lab.runs.crash_recovery import settle
from lab.runs.directory import Run, Runs
from lab.runs.launch import note_process, start
from lab.runs.lock import take_engine_lock
from lab.runs.run_index import RunIndex
from lab.runs.stop import request_stop
from lab.spec import RunSpec


def make(root: Path) -> Run:
    return Runs(root).create(RunSpec(iters=5), model_path="/m", data_path="/d")


def test_runs_made_in_the_same_second_get_ids_of_their_own_and_are_listed_newest_first(tmp_path: Path) -> None:
    made = [make(tmp_path) for _ in range(3)]
    assert len({run.id for run in made}) == 3
    assert {run.id for run in Runs(tmp_path).all()} == {run.id for run in made}
    assert not list(tmp_path.glob(".new-*"))


def test_runs_are_newest_first_by_when_they_began_whatever_they_are_called(tmp_path: Path) -> None:
    """By the engine's word where it said one, else by when the run was made; of two that began at once, by id."""
    runs = Runs(tmp_path)
    began = {"a": "2026-03-01T12:00:00+00:00", "z": "2026-02-01T12:00:00+00:00", "m": "2026-02-15T23:00:00+09:00",
             "n": "2026-02-15T14:00:00+00:00"}  # fmt: skip
    for name, at in began.items():
        run = runs.create(RunSpec.make({}), model_path="/m", data_path="/d")
        run = Run(run.path.rename(run.path.with_name(name)))
        (run.path / "events.jsonl").write_text(json.dumps({"event": "started", "at": at}) + "\n")
    assert [run.id for run in runs.all()] == ["a", "n", "m", "z"]
    assert runs.get("last").id == "a" and [row.run for row in RunIndex(runs, tmp_path / "c").read()] == [
        "a",
        "n",
        "m",
        "z",
    ]
    waiting = runs.create(RunSpec.make({}), model_path="/m", data_path="/d")
    broken = runs.create(RunSpec.make({}), model_path="/m", data_path="/d")
    (broken.path / "events.jsonl").write_text('{"event": "started", "at": [3]}\n')
    os.utime(waiting.path / "spec.yaml", (0, 2e9))
    os.utime(broken.path / "spec.yaml", (0, 1e9))
    assert [run.id for run in runs.all()] == [waiting.id, "a", "n", "m", "z", broken.id]


def test_a_full_disk_is_said_with_its_place_and_leaves_nothing(tmp_path: Path) -> None:
    root = tmp_path / "runs"
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (64, hard))  # a file may not grow: the error of a quota
    try:
        with pytest.raises(LabError, match="no run can be made here") as refused:
            make(root)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert refused.value.where == str(root) and not list(root.iterdir())
    (tmp_path / "file").touch()
    with pytest.raises(LabError, match="no run can be made here"):
        make(tmp_path / "file")


def test_what_was_half_made_long_ago_is_taken_away(tmp_path: Path) -> None:
    for name, hours in (("old", 2), ("young", 0)):
        (tmp_path / f".new-{name}" / "state").mkdir(parents=True)
        os.utime(tmp_path / f".new-{name}", (time.time() - hours * 3600, time.time() - hours * 3600))
    run = make(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {run.id, ".new-young"}


def test_events_are_read_from_an_offset_and_a_half_written_line_is_left_for_later(tmp_path: Path) -> None:
    run = make(tmp_path)
    assert run.events() == ([], 0)
    log = run.path / "events.jsonl"
    log.write_bytes(b'{"event": "a"}\nnot json\n{"event": "b"}\n{"event": "c')
    events, offset = run.events()
    assert [e.to_json()["event"] for e in events] == ["a", "b"]
    with log.open("ab") as file:
        file.write(b'"}\n')
    assert [e.to_json()["event"] for e in run.events(offset)[0]] == ["c"]
    assert run.last_event().to_json() == {"event": "c"}


def test_state_follows_the_process_and_the_last_word(tmp_path: Path) -> None:
    run = make(tmp_path)
    assert run.state() == "lost"
    engine = StandIn()
    engine.work_on(run)
    assert run.state() == "running"
    engine.kill()
    assert run.state() == "lost"
    (run.path / "result.json").write_text('{"event": "stopped"}')
    assert run.state() == "stopped"


def test_only_the_lock_tells_that_a_run_lives(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not a number that was given to another program, nor when a process was born by a clock that was set since."""
    run, engine = make(tmp_path), StandIn()
    note_process(run.path, os.getpid())
    assert run.state() == "lost" and run.process() is None and not request_stop(run)
    engine.work_on(run)
    for noted in (json.dumps({"pid": engine.process.pid, "created": 1.0}), "", "[]", '{"pid": -1}', '{"pid": "x"}'):
        (run.path / "state/process.json").write_text(noted)
        assert run.state() == "running"
    (run.path / "state/process.json").unlink()
    born = psutil.Process.create_time
    monkeypatch.setattr(psutil.Process, "create_time", lambda self: born(self) + 5)
    note_process(run.path, engine.process.pid)
    assert run.state() == "running" and run.process() is not None
    assert request_stop(run) and engine.process.wait(60) == -signal.SIGTERM
    assert run.state() == "lost" and settle(run) == "stopped"


def test_looking_at_a_run_keeps_nobody_from_its_lock(tmp_path: Path) -> None:
    run, done = make(tmp_path), threading.Event()
    (run.path / "state/engine.lock").touch()

    def look() -> None:
        while not done.is_set():
            run.lives()

    with ThreadPoolExecutor() as many:
        for _ in range(4):
            many.submit(look)
        for _ in range(200):
            lock = take_engine_lock(run.path)
            assert lock is not None and run.lives()
            os.close(lock)
        done.set()
    assert not run.lives()


def test_a_run_keeps_to_the_umask(tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        run = make(tmp_path / "runs")
    finally:
        os.umask(before)
    assert {path.stat().st_mode & 0o077 for path in (run.path.parent, run.path, *run.path.rglob("*"))} == {0}


def test_a_run_is_found_by_id_beginning_path_and_last(tmp_path: Path) -> None:
    run, runs = make(tmp_path), Runs(tmp_path)
    assert runs.get(run.id) == runs.get(run.id[:6]) == runs.get("last")
    assert runs.get(str(run.path)).id == run.id
    make(tmp_path)
    with pytest.raises(LabError, match="2 runs begin with"):
        runs.get(run.id[:6])
    with pytest.raises(LabError, match="no run 'zzz'"):
        runs.get("zzz")


def test_a_long_log_is_read_in_slices_that_lose_nothing(tmp_path: Path) -> None:
    run = make(tmp_path)
    (run.path / "events.jsonl").write_text("".join(f'{{"event": "train", "iteration": {i}}}\n' for i in range(500)))
    seen, offset = [], 0
    while (piece := run.events(offset, limit=100))[0]:
        events, offset = piece
        assert len(events) <= 3
        seen += [e.iteration for e in events]
    assert seen == list(range(500))


@pytest.fixture
def engines(monkeypatch: pytest.MonkeyPatch) -> None:
    """Engines that hold the lock that they are handed until they are told to stop, and train nothing."""
    waits = [sys.executable, "-c", "import time; time.sleep(600)"]
    monkeypatch.setattr("lab.runs.launch.engine_command", lambda *_: waits)


def ended(root: Path, event: str) -> Run:
    """A run of what is there, which has ended."""
    run = Runs(root).create(RunSpec(iters=5), model_path="sprout", data_path="sql")
    (run.path / "result.json").write_text(json.dumps({"event": event}))
    (run.path / "events.jsonl").write_text(json.dumps({"event": event}) + "\n")
    note_process(run.path, 1)
    return run


def contents(run: Run) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in run.path.rglob("*") if path.is_file() and path.suffix != ".lock"}


def test_who_resumes_waits_for_an_engine_that_has_stopped_and_is_about_to_leave(tmp_path: Path, engines: None) -> None:
    run, leaving = ended(tmp_path, "stopped"), StandIn()
    result = (run.path / "result.json").read_bytes()
    (run.path / "result.json").unlink()
    leaving.work_on(run)
    with pytest.raises(LabError, match="is running already"):
        start(run, tmp_path)
    (run.path / "result.json").write_bytes(result)
    assert run.state() == "stopped" and run.process() is not None
    with ThreadPoolExecutor() as aside:
        waiting = aside.submit(start, run, tmp_path)
        with pytest.raises(TimeoutError):
            waiting.result(timeout=0.2)
        leaving.leave()
        assert waiting.result(timeout=60) != leaving.process.pid
    assert run.result() is None and run.state() == "running"
    end_all([run])


def test_of_many_who_resume_at_once_one_does(tmp_path: Path, engines: None) -> None:
    run = ended(tmp_path, "failed")
    ways = [lambda: start(run, tmp_path), lambda: line_up([run], tmp_path)] * 3
    with ThreadPoolExecutor(len(ways)) as many:
        refusals = [str(error) for each in [many.submit(way) for way in ways] if (error := each.exception())]
    assert len(refusals) == 5 and all("is running already" in each for each in refusals)
    assert run.process() is not None and run.state() == "running"
    end_all([run])


def test_a_finished_run_is_never_started_again(tmp_path: Path, engines: None) -> None:
    run, other = ended(tmp_path, "finished"), ended(tmp_path, "stopped")
    before = [contents(run), contents(other)]
    for way in (lambda: start(run, tmp_path), lambda: line_up([other, run], tmp_path)):
        with pytest.raises(LabError, match="has finished"):
            way()
    command = [sys.executable, "-P", "-m", "lab.engine", "train", str(run.path), "--cache", str(tmp_path)]
    engine = subprocess.run(command, env={**os.environ, "PYTHONPATH": str(PACKAGES)}, capture_output=True, text=True)
    assert (engine.returncode, engine.stderr) == (1, f"failed: {run.id} has finished\n")
    assert [contents(run), contents(other)] == before and not run.lives() and not other.lives()


def test_a_run_that_cannot_be_resumed_stays_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    runs = [ended(tmp_path, "stopped"), ended(tmp_path, "failed"), make(tmp_path)]
    (runs[0].path / "state/stop").touch()
    before = [contents(run) for run in runs]
    monkeypatch.setattr("lab.runs.launch.engine_command", lambda *_: ["/nowhere/python"])
    with pytest.raises(OSError, match="nowhere"):
        line_up(runs, tmp_path)
    for run in runs:
        (run.path / "log.txt").unlink(missing_ok=True)
    assert [contents(run) for run in runs] == before and not any(run.lives() for run in runs)
    spec = (runs[0].path / "spec.yaml").read_text()
    (runs[0].path / "spec.yaml").write_text(spec.replace("data: sql", "data: /nowhere"))
    before = [contents(run) for run in runs]
    with pytest.raises(LabError, match="no data set or folder"):
        start(runs[0], tmp_path)
    assert [contents(run) for run in runs] == before


def test_what_an_engine_works_on_cannot_be_deleted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lab.runs.trash.longest", lambda _: 0.3)
    run = make(tmp_path)
    lock = hold(run)
    (run.path / "result.json").write_text('{"event": "stopped"}')
    with pytest.raises(LabError, match="still"):
        trash.delete(run, Runs(tmp_path))
    assert run.path.is_dir() and trash.deleted(Runs(tmp_path)) == []
    with pytest.raises(LabError, match="may still need its checkpoints"):
        disk_usage.drop_checkpoints(run)
    os.close(lock)
    trash.delete(run, Runs(tmp_path))
    for deed in (lambda: start(run, tmp_path), lambda: trash.delete(run, Runs(tmp_path)), lambda: request_stop(run)):
        with pytest.raises(LabError, match="is not there any more"):
            deed()
    assert not run.path.exists()
