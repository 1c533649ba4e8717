"""The engine's event writer: alive while silent, safe among threads, nothing after the last word."""

import threading
from pathlib import Path

from event_of import event_of, kind_of
from waiting import wait_for

from lab.engine.events import EventWriter
from lab.events import schema as events
from lab.runs.directory import Run


def test_a_silent_engine_is_heard_with_its_iteration_and_memory_until_the_last_word(tmp_path: Path) -> None:
    writer, run = EventWriter(tmp_path, silence=0.02), Run(tmp_path)
    writer.write(event_of("resumed", iteration=7))
    wait_for(lambda: kind_of(run.last_event()) == "heartbeat")
    beat = run.last_event()
    assert beat.iteration == 7 and beat.resident_bytes > 1e6
    writer.last_word(event_of("failed", run="r", run_dir="d", error={"what": "", "where": "", "remedy": ""}))
    wait_for(lambda: not any(thread.name == "heartbeat" and thread.is_alive() for thread in threading.enumerate()))
    assert kind_of(run.last_event()) == "failed" and run.state() == "failed"
    for line in (tmp_path / "events.jsonl").read_bytes().splitlines():
        events.check(line)


def test_threads_write_whole_lines(tmp_path: Path) -> None:
    writer = EventWriter(tmp_path, silence=0.001)
    many = [
        threading.Thread(
            target=lambda: [writer.write(event_of("saved", iteration=1, file="x" * 5000)) for _ in range(20)]
        )
        for _ in range(4)
    ]
    for thread in many:
        thread.start()
    for thread in many:
        thread.join()
    writer.close()
    lines = (tmp_path / "events.jsonl").read_bytes().splitlines()
    for line in lines:
        events.check(line)
    assert sum(b'"saved"' in line for line in lines) == 80
