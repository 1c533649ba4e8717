"""Everything that is done to runs, one way each: whoever asks, the same locks are taken in the same order.

A run's launch.lock comes first, then its engine.lock (`lab.runs.lock`); of several runs, in the order of their paths.
Every method blocks and may raise LabError, which says what stands in the way, and OSError.
"""

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from lab import preflight
from lab.queue import runner
from lab.runs import disk_usage, launch, run_notes, trash
from lab.runs.directory import Run, Runs
from lab.runs.stop import Stage as Stage
from lab.runs.stop import asked_since, hasten, request_stop
from lab.runs.trash import Deleted as Deleted
from lab.spec import RunSpec


class RunService:
    """The runs below one folder; models made on first use are kept in `cache`."""

    def __init__(self, runs: Path, cache: Path) -> None:
        self.runs = Runs(runs)
        self.cache = cache

    def create(self, fields: dict[str, Any] | RunSpec) -> Run:
        """Check a spec and everything it names, then make its run directory."""
        return preflight.prepare(fields, self.runs, self.cache)

    def start(self, run: Run, *, now: bool = False) -> None:
        """Train a run after those that train or wait already, or with `now` beside them.

        One that was stopped, failed or was lost goes on from its checkpoint.
        """
        launch.start(run, self.cache, now=now)

    def resume(self, runs: Sequence[Run]) -> None:
        """Train several runs one after another, in this order, after those that train or wait already, or none."""
        runner.line_up(list(runs), self.cache)

    def queue(self, fields: Sequence[dict[str, Any] | RunSpec], group: str, names: Sequence[str] = ()) -> list[Run]:
        """Check all, make all, note the group (and a name for each), and train them one after another, or make none."""
        checked = [preflight.check(each, self.cache) for each in fields]
        made = [each.make(self.runs) for each in checked]
        for number, run in enumerate(made):
            run_notes.change(run, group=group, name=names[number] if names else "")
        self.resume(made)
        return made

    def stop(self, *runs: Run) -> int:
        """Ask runs to stop at their next step and keep what they have; how many were going on."""
        return sum([request_stop(run) for run in runs])

    def hasten(self, run: Run) -> Stage:
        """Do what is due to end a run that was asked to stop and does not; what was done so far."""
        return hasten(run)

    def seconds_asked(self, run: Run) -> float:
        """How long ago the run was asked to stop; 0 if nobody asked."""
        return asked_since(run)

    def delete(self, *runs: Run) -> list[Deleted]:
        """Stop what is going on, all together, and move the runs to the trash, from which one `undo` takes all back."""
        ours = [run for run in runs if run.path.parent.resolve() == self.runs.root.resolve()]
        self.stop(*(run for run in ours if run.lives()))
        at = time.time()
        return [trash.delete(run, self.runs, at) for run in runs]

    def deleted(self) -> list[Deleted]:
        """What lies in the trash, the latest first."""
        return trash.deleted(self.runs)

    def restore(self, name: str) -> Run:
        """Take a run out of the trash by its id or the unique beginning of one."""
        return trash.restore(self.runs, name)

    def undo_delete(self) -> list[Run]:
        """Take back what was deleted last, which may be several runs."""
        return trash.undo(self.runs)

    def trash_size(self) -> int:
        """Bytes that all deleted runs take."""
        return trash.size(self.runs)

    def empty_trash(self) -> int:
        """Delete what lies in the trash for good; returns the bytes freed."""
        return trash.empty(self.runs)

    def free(self, *runs: Run) -> int:
        """Delete the checkpoints of ended runs that nothing needs any more; returns the bytes freed."""
        return sum(disk_usage.drop_checkpoints(run) for run in runs)
