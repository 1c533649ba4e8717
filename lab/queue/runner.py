"""Runs in line: one small process starts each when its turn is near, so that sixty-four cost no more than one.

`python -m lab.queue.runner CACHE FIRST LOCK:RUN…`; it lives in its own session, so the program that began it may close.
"""

import os
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

from lab.client import PACKAGES
from lab.errors import LabError
from lab.events.schema import Reason, Stage
from lab.events.writer import EventLog
from lab.queue.slot import has_ticket
from lab.runs import launch
from lab.runs.crash_recovery import speak_for
from lab.runs.directory import Run
from lab.runs.lock import launching
from lab.runs.state import RunState

LOOK = 0.2
"""Seconds between looks at the runs."""


def line_up(runs: list[Run], cache: Path) -> None:
    """Train runs that were made, or have failed or were stopped, in this order, after what trains already.

    Raises LabError, and starts none, if one of them cannot be started.
    """
    if not runs:
        return
    with launch.claimed(runs, cache) as locks:
        launch.begin(runs[0], cache, locks[0])
        if len(runs) == 1:
            return
        paths = [str(PACKAGES), os.environ.get("PYTHONPATH", "")]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths))}
        cache.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-P", "-m", "lab.queue.runner", str(cache), str(runs[0].path)]
        command += [f"{lock}:{run.path}" for run, lock in zip(runs[1:], locks[1:], strict=True)]
        with (cache / "line.log").open("ab") as log:
            subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=environment,
                start_new_session=True,
                pass_fds=locks[1:],
            )
        _tell(runs[0], runs[1:])


def stand(before: Run, waiting: dict[Run, int], cache: Path) -> None:
    """Start the waiting runs, whose engine's locks are held here, one after another.

    One that is asked to stop, or that cannot be started, says its last word and steps out.
    """
    while waiting:
        out = [run for run in waiting if run.asked_to_stop() or not run.path.exists()]
        for run in out:
            _step_out(run, waiting.pop(run))
        if out:
            _tell(before, list(waiting))
        # One is started ahead of its turn, in which it will not have to wait for Python.
        gone_in = not before.lives() or (
            has_ticket(cache / "queue", before.id) and before.state() is not RunState.WAITING
        )
        if waiting and gone_in:
            run = next(iter(waiting))
            lock = waiting.pop(run)
            try:
                with launching(run.path):
                    launch.begin(run, cache, lock)
            except (LabError, OSError) as error:
                _step_out(run, lock, Reason(what=f"could not be started: {error}", where="", remedy=""))
            else:
                os.close(lock)
                before = run
            _tell(before, list(waiting))
        time.sleep(LOOK)


def _step_out(run: Run, lock: int, error: Reason | None = None) -> None:
    """Say the last word of a run that has not begun, and let go of it."""
    with suppress(OSError):  # it was deleted with other means than ours
        if run.result() is None:
            speak_for(run, error)
    os.close(lock)


def _tell(before: Run, waiting: list[Run]) -> None:
    """Write down who waits behind whom."""
    for position, run in enumerate(waiting, 1):
        log = EventLog(run.path)
        log.write(Stage(stage="waiting", behind=before.id, position=position))
        log.close()
        before = run


def main() -> None:
    """Stand in line until the last run has started."""
    cache, first, *others = sys.argv[1:]
    waiting = {Run(Path(path)): int(lock) for lock, _, path in (each.partition(":") for each in others)}
    for lock in waiting.values():
        os.set_inheritable(lock, False)
    stand(Run(Path(first)), waiting, Path(cache))


if __name__ == "__main__":
    main()
