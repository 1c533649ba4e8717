"""Whoever holds an engine's lock: this process, or one that does nothing else; and the end of all that tests left."""

import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

from waiting import wait_for

from lab.runs.directory import Run
from lab.runs.launch import note_process
from lab.runs.lock import take_engine_lock
from lab.runs.stop import request_stop

HOLD = """
import sys
from pathlib import Path
from lab.runs.lock import take_engine_lock
held = []
for line in sys.stdin:
    held.append(take_engine_lock(Path(line.rstrip("\\n"))))
    print(held[-1], flush=True)
"""


HELD: set[Path] = set()
"""Runs whose lock this process holds, or did."""


def hold(run: Run) -> int:
    """Hold the lock of a run's engine here, until the open file that is returned is closed or this process ends.

    There is no process to be signalled, as with a run in line.
    """
    lock = take_engine_lock(run.path)
    assert lock is not None
    HELD.add(run.path)
    note_process(run.path, None)
    return lock


class StandIn:
    """A process that stands for an engine: it lives until it gets a signal, or its input ends."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", HOLD], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def work_on(self, run: Run, log_bytes: int = 0) -> None:
        """Hold the run's lock, and note it."""
        assert self.process.stdin is not None and self.process.stdout is not None
        print(run.path, file=self.process.stdin, flush=True)
        assert self.process.stdout.readline().strip() not in ("", "None")
        note_process(run.path, self.process.pid, log_bytes)

    def leave(self) -> None:
        """End as an engine that is done."""
        assert self.process.stdin is not None
        self.process.stdin.close()

    def kill(self) -> None:
        """End without a word."""
        self.process.kill()
        self.process.wait()


def end_all(runs: Iterable[Run]) -> None:
    """End the engines of all these runs, and those that would start in their place."""
    runs = [run for run in runs if run.path not in HELD]
    for run in runs:
        request_stop(run)
    for run in runs:
        if (process := run.process()) is not None:
            process.kill()
    wait_for(lambda: not any(run.lives() for run in runs), 30)
