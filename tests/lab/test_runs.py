"""Run directories read from disk at any time, also half-written ones."""

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from lab.errors import LabError
from lab.launch import note_process, resume
from lab.runs.directory import Run, Runs
from lab.spec import RunSpec


def make(root: Path) -> Run:
    return Runs(root).create(RunSpec(iters=5), model_path="/m", data_path="/d")


def test_runs_made_in_the_same_second_get_ids_of_their_own_and_are_listed_newest_first(tmp_path: Path) -> None:
    made = [make(tmp_path) for _ in range(3)]
    assert len({run.id for run in made}) == 3
    assert {run.id for run in Runs(tmp_path).all()} == {run.id for run in made}
    assert not list(tmp_path.glob(".new-*"))


def test_events_are_read_from_an_offset_and_a_half_written_line_is_left_for_later(tmp_path: Path) -> None:
    run = make(tmp_path)
    assert run.events() == ([], 0)
    log = run.path / "events.jsonl"
    log.write_bytes(b'{"event": "a"}\nnot json\n{"event": "b"}\n{"event": "c')
    events, offset = run.events()
    assert [e["event"] for e in events] == ["a", "b"]
    with log.open("ab") as file:
        file.write(b'"}\n')
    assert [e["event"] for e in run.events(offset)[0]] == ["c"]
    assert run.last_event() == {"event": "c"}


def test_state_follows_the_process_and_the_last_word(tmp_path: Path) -> None:
    run = make(tmp_path)
    assert run.state() == "lost"
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    note_process(run.path, child.pid)
    assert run.state() == "running"
    child.kill()
    child.wait()
    assert run.state() == "lost"
    (run.path / "result.json").write_text('{"event": "stopped"}')
    assert run.state() == "stopped"


def test_a_process_number_given_to_another_program_is_not_ours(tmp_path: Path) -> None:
    run = make(tmp_path)
    (run.path / "state/process.json").write_text(json.dumps({"pid": os.getpid(), "created": 1.0}))
    assert run.process() is None and not run.stop()


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
        seen += [e["iteration"] for e in events]
    assert seen == list(range(500))


def test_who_resumes_waits_for_an_engine_that_has_stopped_and_is_about_to_leave(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = make(tmp_path)
    leaves = "import sys; sys.stdin.read()"
    leaving = subprocess.Popen([sys.executable, "-c", leaves], stdin=subprocess.PIPE)
    assert leaving.stdin is not None
    note_process(run.path, leaving.pid)
    monkeypatch.setattr("lab.launch.engine_command", lambda *_: [sys.executable, "-c", "pass"])
    with pytest.raises(LabError, match="is running already"):
        resume(run, tmp_path)
    (run.path / "result.json").write_text('{"event": "stopped"}')
    assert run.state() == "stopped" and run.process() is not None
    with ThreadPoolExecutor() as aside:
        waiting = aside.submit(resume, run, tmp_path)
        with pytest.raises(TimeoutError):
            waiting.result(timeout=0.2)
        leaving.stdin.close()
        assert waiting.result(timeout=60) != leaving.pid
    assert run.result() is None
