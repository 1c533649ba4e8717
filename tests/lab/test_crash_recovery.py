"""Runs whose engine is gone: somebody else says the last word, once, with what can be known of the cause."""

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest
from engines import StandIn
from event_of import event_of, kind_of

from lab.events import schema as events
from lab.events.schema import Reason
from lab.events.writer import EventLog
from lab.runs.crash_recovery import settle
from lab.runs.directory import Run, Runs
from lab.spec import RunSpec


@pytest.fixture
def dead(tmp_path: Path) -> Run:
    """A run that trained for four iterations under a process that was killed."""
    run = Runs(tmp_path).create(RunSpec(iters=9), model_path="/m", data_path="/d")
    engine = StandIn()
    (run.path / "log.txt").write_text("from an earlier engine: [malloc] Unable to allocate 9 bytes.\n")
    engine.work_on(run, (run.path / "log.txt").stat().st_size)
    log = EventLog(run.path)
    for iteration in (2, 4):
        log.write(
            event_of(
                "train", iteration=iteration, train_loss=1 / iteration, elapsed_seconds=iteration, trained_tokens=9
            )
        )
    log.write(event_of("saved", iteration=4, file="adapters.safetensors"))
    (run.path / "state/checkpoint.safetensors").touch()
    assert settle(run) == "running"
    engine.kill()
    return run


def said(run: Run) -> Reason:
    assert settle(run) == "failed"
    result = run.result()
    assert result is not None and result.iterations == 4 and result.train_loss == 0.25
    assert f"`lowrank resume {run.id}` goes on from iteration 4" in result.error.remedy
    return result.error


def test_it_is_said_once_however_many_look(dead: Run) -> None:
    with ThreadPoolExecutor(8) as many:
        assert set(many.map(lambda _: settle(dead), range(16))) <= {"lost", "failed"}
    assert said(dead).what == "the engine was killed from outside"
    words = [e.kind for e in dead.events()[0]]
    assert words.count("failed") == 1 and words[-1] == "failed"
    events.check((dead.path / "events.jsonl").read_bytes().splitlines()[-1])


def test_a_machine_that_was_restarted(dead: Run) -> None:
    noted = json.loads((dead.path / "state/process.json").read_text())
    noted["created"] = psutil.boot_time() - 60
    (dead.path / "state/process.json").write_text(json.dumps(noted))
    assert "machine was restarted" in said(dead).what


def test_memory_that_ran_out_is_told_by_the_last_heartbeat(dead: Run) -> None:
    total = psutil.virtual_memory().total
    EventLog(dead.path).write(event_of("heartbeat", iteration=4, resident_bytes=int(total * 0.93)))
    error = said(dead)
    assert "memory ran out: it held 93% of the machine's" in error.what and "--batch-size" in error.remedy


def test_what_the_engine_left_in_its_log(dead: Run) -> None:
    with (dead.path / "log.txt").open("a") as log:
        log.write("terminating due to uncaught exception: [METAL] Insufficient Memory\n")
    error = said(dead)
    assert error.what == "out of memory" and error.where.endswith("log.txt")


def test_one_that_had_been_asked_to_stop_was_stopped(dead: Run) -> None:
    (dead.path / "state/stop").touch()
    assert settle(dead) == "stopped"
    assert kind_of(dead.result()) == "stopped"


def test_one_that_was_never_started_stays_lost_and_is_not_written_to(tmp_path: Path) -> None:
    run = Runs(tmp_path).create(RunSpec(), model_path="/m", data_path="/d")
    assert settle(run) == "lost" and not (run.path / "events.jsonl").exists()
