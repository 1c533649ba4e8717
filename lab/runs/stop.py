"""A run that was asked to stop and does not: it is told to leave at once, and at last it is killed.

Nobody has to stay for that: whoever looks at the run (`lab.runs.crash_recovery.settle`), or waits behind it, does what
is due by the age of the note that asks. What was saved last is kept, and whoever looks next says the last word.
"""

import os
import signal
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

import psutil

from lab.errors import LabError
from lab.runs.damage import fenced
from lab.runs.directory import Run
from lab.runs.lock import launching

STEPS: Final = 4
"""How many of its iterations a run may take to end the one it is in and to save."""


@dataclass(frozen=True)
class Patience:
    """Seconds after which a run that was asked is told to leave at once, at the least, and then until it is killed."""

    step: float = 60.0
    leave: float = 15.0


Stage = Literal["", "asked", "told", "killed"]


def patience() -> Patience:
    """$LOWRANK_STOP_SECONDS for a step, or what suits a large model on a slow machine."""
    try:
        step = float(os.environ.get("LOWRANK_STOP_SECONDS", ""))
    except ValueError:
        return Patience()
    return Patience(max(0.1, step), min(Patience.leave, max(0.1, step)))


def request_stop(run: Run) -> bool:
    """Ask the engine to stop at its next step and keep what it has; false if it is not running or just ends.

    `hasten` ends one that does not, by the age of the note that is made here. Raises LabError if the run is gone, or if
    somebody else does something to it that takes too long.
    """
    with launching(run.path):
        process = run.process()
        if not run.lives() or run.result():
            return False
        if not run.asked_to_stop():
            (run.path / "state" / "stop").touch()
        if process is not None:  # whoever holds the lock without one looks at the note
            with suppress(psutil.Error):  # it ended in this moment
                process.send_signal(signal.SIGTERM)
    return True


def hasten(run: Run) -> Stage:
    """What has been done so far to end a run that was asked to stop, after doing what is due; "" if nobody asked.

    An engine that has said its last word and does not go is ended, too.
    """
    asked, said = run.path / "state" / "stop", run.path / "result.json"
    process = run.process() if asked.exists() or said.exists() else None
    if process is None:
        return ""
    allowed, gone = patience(), _age(said)
    if gone is not None:
        if gone > allowed.step:
            _kill(process)
        return ""
    since = _age(asked)  # looked at after the process: an engine that was started since is not meant
    if since is None:
        return ""
    if since < allowed.step or since < (step := max(allowed.step, STEPS * _pace(run))):
        return "asked"
    if since < step + allowed.leave:
        with suppress(psutil.Error):  # it ended in this moment
            process.send_signal(signal.SIGTERM)
        return "told"
    _kill(process)
    return "killed"


def longest(run: Run) -> float:
    """Seconds in which a run that is asked to stop has ended, one way or the other."""
    allowed = patience()
    return max(allowed.step, STEPS * _pace(run)) + 2 * allowed.leave


def asked_since(run: Run) -> float:
    """Seconds since the run was asked to stop; 0 if nobody asked."""
    return _age(run.path / "state" / "stop") or 0.0


def _kill(process: psutil.Process) -> None:
    """Kill an engine, with its ranks: it is started in a session of its own."""
    with suppress(psutil.Error, OSError):  # it ended in this moment
        if process.is_running() and process.pid == os.getpgid(process.pid):
            os.killpg(process.pid, signal.SIGKILL)
        process.kill()


def _age(path: Path) -> float | None:
    """Seconds since a file was written; None if there is none."""
    try:
        return max(0.0, time.time() - path.stat().st_mtime)
    except OSError:
        return None


def _pace(run: Run) -> float:
    """Seconds of an iteration by the run's newest report; 0 before there is one."""
    from lab.events.digest import Digest

    pace: object = None
    with suppress(LabError), fenced(run):
        report = Digest.of(run).progress.report
        pace = report.iterations_per_second if report else None
    return 1 / pace if isinstance(pace, int | float) and pace > 0 else 0.0
