"""Runs in line: one small process starts each when its turn is near, so that sixty-four cost no more than one.

`python -m lab.line.starter CACHE RUN…`; it lives in its own session, so the program that began it may close.
"""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from filelock import FileLock

from lab import launch
from lab.events.log import EventLog
from lab.line.ticket import has_ticket
from lab.runs.directory import Run
from lab.runs.lost import speak_for

LOOK = 0.2
"""Seconds between looks at the runs."""


def line_up(runs: list[Run], cache: Path) -> None:
    """Train runs that were made, or have failed or were stopped, in this order, after what trains already."""
    if not runs:
        return
    for run in runs:
        (run.path / "state" / "stop").unlink(missing_ok=True)
        (run.path / "result.json").unlink(missing_ok=True)
    launch.start(runs[0], cache)
    if len(runs) == 1:
        return
    paths = [str(launch.PACKAGES), os.environ.get("PYTHONPATH", "")]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths))}
    cache.mkdir(parents=True, exist_ok=True)
    # Python would die of a signal that comes before `main` has said what to do with it.
    command = ["/bin/sh", "-c", 'trap "" TERM; exec "$@"', "sh", sys.executable, "-P", "-m", "lab.line.starter"]
    command += [str(cache), *(str(run.path) for run in runs)]
    with (cache / "line.log").open("ab") as log:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment, start_new_session=True
        )
    for run in runs[1:]:  # noted here, so that none is lost in the moment before that process has begun
        launch.note_process(run.path, process.pid)
    _tell(runs[0], runs[1:])


def stand(before: Run, waiting: list[Run], cache: Path) -> None:
    """Start the waiting runs one after another; the one asked to stop says its last word and steps out."""
    while waiting:
        there = [run for run in waiting if not _stepped_out(run)]
        if there != waiting:
            waiting = there
            _tell(before, waiting)
        # One is started ahead of its turn, in which it will not have to wait for Python.
        gone_in = before.process() is None or (has_ticket(cache / "queue", before.id) and before.state() != "waiting")
        if waiting and gone_in:
            before, waiting = waiting[0], waiting[1:]
            launch.start(before, cache)
            _tell(before, waiting)
        time.sleep(LOOK)


def _stepped_out(run: Run) -> bool:
    """Whether somebody deleted the run, or asked it to stop, for which it gets its last word here."""
    if not run.path.exists():
        return True
    if not run.asked_to_stop():
        return False
    with FileLock(run.launch_lock):
        if run.result() is None:
            speak_for(run)
        (run.path / "state" / "process.json").unlink(missing_ok=True)  # we live on, and are no longer its process
    return True


def _tell(before: Run, waiting: list[Run]) -> None:
    """Write down who waits behind whom."""
    for position, run in enumerate(waiting, 1):
        log = EventLog(run.path)
        log.write("stage", stage="waiting", behind=before.id, position=position)
        log.close()
        before = run


def main() -> None:
    """Stand in line until the last run has started."""
    signal.signal(signal.SIGTERM, lambda *_: None)  # `Run.stop` leaves a note beside the signal; we look at the note
    cache, first, *others = map(Path, sys.argv[1:])
    stand(Run(first), [Run(path) for path in others], cache)


if __name__ == "__main__":
    main()
