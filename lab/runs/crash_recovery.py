"""A run whose engine was killed, or whose machine went down: somebody else has to say its last word."""

import os
from contextlib import suppress
from pathlib import Path

import psutil

from foreign import Refused, opened
from lab.error_diagnosis import MEMORY, find_cause
from lab.errors import LabError
from lab.events.digest import Digest
from lab.events.schema import Failed, Reason, Stopped
from lab.events.writer import EventLog
from lab.runs.directory import Run
from lab.runs.lock import launching
from lab.runs.outcome import standing
from lab.runs.state import RunState
from lab.runs.stop import hasten

NEAR = 0.75
"""Share of the machine's memory from which on an engine that was killed probably used up all of it."""
LOG_TAIL = 16384


def settle(run: Run) -> RunState:
    """The run's state, after giving it the last word that its dead engine could not; said once, whoever looks.

    A run stays LOST that was never started, or that cannot be written to. One that was asked to stop and does not
    is hastened.
    """
    state = run.state()
    if state is RunState.STOPPING:
        hasten(run)
    if state is not RunState.LOST or not run.noted():
        return state
    with suppress(LabError, OSError), launching(run.path, patience=0):
        settle_held(run)
    return run.state()


def settle_held(run: Run) -> None:
    """The same for who holds the run's launch.lock, so that no engine can be started meanwhile."""
    if run.state() is RunState.LOST and run.noted():
        speak_for(run)


def speak_for(run: Run, error: Reason | None = None) -> None:
    """Write the last word of a run whose engine is known to be gone, with the error or what can be known of it."""
    fields = standing(run)
    log = EventLog(run.path)
    try:
        if run.asked_to_stop():
            log.last_word(Stopped(run=run.id, run_dir=str(run.path), **fields))
        else:
            log.last_word(Failed(run=run.id, run_dir=str(run.path), error=error or _error(run), **fields))
    finally:
        log.close()


def _error(run: Run) -> Reason:
    noted, log, progress = run.noted(), run.path / "log.txt", Digest.of(run).progress
    cause = find_cause(_tail(log, int(noted.get("log_bytes", 0))))
    memory, total = progress.held, psutil.virtual_memory().total
    where, remedy = "", ""
    if psutil.boot_time() > float(noted.get("created", 0)):
        what = "the machine was restarted while this run was going on"
    elif cause:
        what, where, remedy = cause.what, str(log), f"{cause.remedy}; "
    elif memory > NEAR * total:
        what = f"the engine was killed, probably because memory ran out: it held {memory / total:.0%} of the machine's"
        remedy = f"{MEMORY}; "
    else:
        what = "the engine was killed from outside"
    going_on = f"`lowrank resume {run.id}` {_going_on(run, progress.saved)}"
    return Reason(what=what, where=where, remedy=f"{remedy}{going_on}")


def _going_on(run: Run, saved: int | None) -> str:
    whole = (run.path / "state" / "checkpoint.safetensors").exists()
    return f"goes on from iteration {saved}" if saved is not None and whole else "begins again"


def _tail(log: Path, begin: int) -> str:
    """The end of what the last engine wrote to the log."""
    try:
        with opened(log) as file:
            file.seek(max(begin, file.seek(0, os.SEEK_END) - LOG_TAIL))
            return file.read().decode("utf-8", "replace")
    except (OSError, Refused):
        return ""
