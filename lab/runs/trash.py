"""Deleted runs lie aside, among the runs but out of sight, until somebody takes them back or empties the place."""

import json
import os
import shutil
import time
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from lab.errors import LabError
from lab.runs.about import read_path
from lab.runs.directory import ENDED, Run, Runs
from lab.runs.disk import use
from lab.runs.lost import settle

FOLDER = ".deleted"
NOTE = "deleted.json"
LOOK, PATIENCE = 0.1, 30.0
"""Seconds between looks at a run that was asked to stop, and after which we give up."""


@dataclass(frozen=True)
class Deleted:
    """A run in the trash: the name that somebody gave it, and when it was deleted (seconds since 1970)."""

    run: Run
    name: str
    at: float

    @property
    def id(self) -> str:
        return self.run.id


def delete(run: Run, runs: Runs, at: float | None = None) -> Deleted:
    """Stop a run if it is going on, then move it aside; those deleted together have one time `at`.

    Raises LabError if it does not stop within half a minute, or lies elsewhere than the other runs.
    """
    if run.path.parent.resolve() != runs.root.resolve():
        raise LabError("lies outside the folder of runs", where=str(run.path), remedy="delete that folder yourself")
    _end(run)
    trash = runs.root / FOLDER
    trash.mkdir(exist_ok=True)
    (run.path / "state" / NOTE).write_text(json.dumps({"at": at or time.time()}), encoding="utf-8")
    target = trash / run.id
    if target.exists():  # of a run with the same id that was deleted before
        target.rename(target.with_name(f"{run.id}~{time.time_ns()}"))
    os.rename(run.path, target)
    return _deleted(target)


def deleted(runs: Runs) -> list[Deleted]:
    """What lies in the trash, the latest first."""
    try:
        found = [_deleted(path) for path in (runs.root / FOLDER).iterdir() if (path / "spec.yaml").exists()]
    except FileNotFoundError:
        return []
    return sorted(found, key=lambda each: each.at, reverse=True)


def restore(runs: Runs, name: str = "last") -> Run:
    """Take a run back by its id or the unique beginning of one; "last" is the one deleted last. Raises LabError."""
    there = deleted(runs)
    found = there[:1] if name == "last" else [each for each in there if name and each.id.startswith(name)]
    found = [each for each in found if each.id == name] or found
    if len(found) != 1:
        what = f"{len(found)} deleted runs begin with {name!r}" if found else "no deleted run is called so"
        names = ", ".join(each.id for each in (found or there)[:5])
        raise LabError(what, where=name, remedy=f"there are {names}" if names else "nothing was deleted", usage=True)
    source = found[0].run.path
    target = runs.root / source.name.partition("~")[0]
    if target.exists():
        raise LabError("there is another run of this id", where=str(target), remedy="delete or rename that one first")
    (source / "state" / NOTE).unlink(missing_ok=True)
    os.rename(source, target)
    return Run(target)


def undo(runs: Runs) -> list[Run]:
    """Take back what was deleted last, which may be several runs. Raises LabError if one cannot be, or none was."""
    there = deleted(runs)
    if not there:
        return [restore(runs)]
    return [restore(runs, each.run.path.name) for each in there if each.at == there[0].at]


def size(runs: Runs) -> int:
    """Bytes that all deleted runs take."""
    return sum(use(each.run).total for each in deleted(runs))


def empty(runs: Runs) -> int:
    """Delete what lies in the trash for good; returns the bytes freed."""
    freed = size(runs)
    shutil.rmtree(runs.root / FOLDER, ignore_errors=True)
    return freed


def _end(run: Run) -> None:
    """Ask a run that is going on to stop, and wait until it has."""
    end = time.monotonic() + PATIENCE
    if settle(run) in (*ENDED, "lost"):
        return
    run.stop()
    while (state := settle(run)) not in (*ENDED, "lost") or _engine_lives(run):
        if time.monotonic() > end:
            raise LabError(f"is still {state}", where=run.id, remedy="wait until it has ended, and delete it again")
        time.sleep(LOOK)


def _engine_lives(run: Run) -> bool:
    """Whether an engine that has said its last word is still there."""
    try:
        with FileLock(run.engine_lock, timeout=0):
            return False
    except Timeout:
        return True


def _deleted(path: Path) -> Deleted:
    try:
        at = float(json.loads((path / "state" / NOTE).read_text(encoding="utf-8"))["at"])
    except (OSError, ValueError, KeyError, TypeError):
        at = path.stat().st_mtime
    return Deleted(Run(path), read_path(path).name, at)
