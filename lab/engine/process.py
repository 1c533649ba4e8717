"""The life of a training process, before MLX is imported: one engine a run, one run at a time, and always a word."""

import faulthandler
import os
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

from lab.engine import launcher, stopping
from lab.engine.failure import explain
from lab.events.schema import Failed, Stage, Stopped
from lab.events.writer import EventLog
from lab.hostfile import several
from lab.queue.slot import QueueSlot
from lab.runs.crash_recovery import speak_for
from lab.runs.directory import Run
from lab.runs.launch import note_process
from lab.runs.lock import launching, take_engine_lock
from lab.runs.outcome import standing
from lab.runs.state import RunState
from lab.runs.stop import hasten
from lab.sanitize import inert

LOOK = 0.2
"""Seconds between looks at the queue."""


def work(path: Path, cache: Path, *, now: bool, lock: int | None = None) -> int:
    """Train the run in `path` when its turn comes, or with `now` at once; returns the exit code.

    `lock` is the engine's lock, already held, as an open file that was handed over; without it, it is taken here.
    """
    faulthandler.enable()  # a crash inside MLX leaves its name in the log
    stopping.listen()
    run = Run(path)
    if lock is None:
        with launching(path):
            lock = take_engine_lock(path)
    if lock is None:
        print(inert(f"failed: another engine works on {run.id}"), file=sys.stderr)
        return 1
    os.set_inheritable(lock, False)  # held until this process ends, and by none that it starts
    if run.last_word() is RunState.FINISHED:
        print(inert(f"failed: {run.id} has finished"), file=sys.stderr)
        return 1
    try:
        noted = run.noted()
        if noted.get("pid") != os.getpid():
            note_process(path, os.getpid(), int(noted.get("log_bytes", 0)))
        if run.asked_to_stop():  # before we could hear a signal
            stopping.ask()
        ticket = QueueSlot(cache / "queue", run.id)  # held, as the engine's lock is, until this function returns
        if not now and not _turn(run, ticket):
            return 0
        _stay_awake()
        _give_way()
        code = launcher.launch(run, cache) if several(run.spec) else _train(path, cache)
        if run.result() is None:
            speak_for(run)  # rank 0, which writes the run, was killed
        return code
    except (stopping.Leave, stopping.Stopped):
        if run.result() is None:
            speak_for(run)
        return 0
    except BaseException as error:
        return _last_resort(run, error)


def rank(path: Path, cache: Path) -> int:
    """Take part in the run in `path` as one of several processes, which the launcher has started."""
    faulthandler.enable()
    stopping.listen()
    launcher.join_in()
    launcher.take_cores(Run(path).spec)
    return _train(path, cache)


def _stay_awake() -> None:
    """Keep a Mac from going to sleep for as long as this process lives: its GPU stops then, and kills what it runs."""
    if sys.platform == "darwin":
        with suppress(OSError):
            subprocess.Popen(["caffeinate", "-i", "-w", str(os.getpid())])


def _give_way() -> None:
    """Leave the processor to whatever somebody looks at; on Linux a session counts as a whole."""
    with suppress(OSError, AttributeError):
        os.nice(10)
    with suppress(OSError):
        Path("/proc/self/autogroup").write_text("10")


def _train(path: Path, cache: Path) -> int:
    from lab.engine.train import train

    return train(path, cache)


def _turn(run: Run, ticket: QueueSlot) -> bool:
    """Wait until the runs before this one have ended; false, after the last word, if asked to stop before."""
    log = EventLog(run.path)
    said: list[str] = []
    try:
        while not stopping.asked() and (ahead := ticket.ahead()):
            if ahead != said:
                said = ahead
                log.write(Stage(stage="waiting", behind=ahead[-1], position=len(ahead)))
            for name in ahead:  # one that was asked to stop and cannot must not hold up the others
                hasten(Run(run.path.with_name(name)))
            time.sleep(LOOK)
        if stopping.asked():
            log.last_word(Stopped(run=run.id, run_dir=str(run.path), **standing(run)))
        elif said:
            log.write(Stage(stage="loading"))
        return not stopping.asked()
    finally:
        log.close()


def _last_resort(run: Run, error: BaseException) -> int:
    """What nobody else caught, such as a last word for which the disk has no room."""
    told = explain(error, run.path)
    with suppress(OSError):
        print(inert(f"failed: {told.what}"), file=sys.stderr, flush=True)
    with suppress(OSError):
        if run.result() is None:
            failed = Failed(run=run.id, run_dir=str(run.path), error=told, **standing(run))
            EventLog(run.path).last_word(failed)
    return 1
