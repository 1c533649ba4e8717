"""Deleted runs lie aside, among the runs but out of sight, until somebody takes them back or empties the place."""

import json
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from foreign import read_object
from lab.errors import LabError, naming
from lab.runs.crash_recovery import settle_held
from lab.runs.damage import damage
from lab.runs.directory import TRASH, Run, Runs
from lab.runs.disk_usage import use
from lab.runs.lock import launching
from lab.runs.run_notes import read_path
from lab.runs.stop import hasten, longest, request_stop

NOTE = "deleted.json"
LOOK = 0.1
"""Seconds between looks at a run that was asked to stop."""


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

    Raises LabError if it cannot be ended, or lies elsewhere than the other runs.
    """
    if run.path.parent.resolve() != runs.root.resolve():
        raise LabError("lies outside the folder of runs", where=str(run.path), remedy="delete that folder yourself")
    end = time.monotonic() + longest(run)
    while True:
        with _held(run):
            if not run.lives():
                with suppress(OSError):
                    settle_held(run)
                with naming(runs.root):
                    return _put_aside(run, runs.root / TRASH, at or time.time())
        if time.monotonic() > end:
            what = f"is still {run.state()}"
            raise LabError(what, where=run.id, remedy="wait until it has ended, and delete it again")
        if not run.asked_to_stop():  # or not any more: it was resumed meanwhile
            request_stop(run)
        hasten(run)
        time.sleep(LOOK)


def _put_aside(run: Run, trash: Path, at: float) -> Deleted:
    trash.mkdir(exist_ok=True)
    target = trash / run.id
    if target.exists():  # of a run with the same id that was deleted before
        target.rename(target.with_name(f"{run.id}~{time.time_ns()}"))
    os.rename(run.path, target)
    with suppress(OSError):  # in a damaged run, `state` may be anything; then its folder's time says when
        (target / "state" / NOTE).write_text(json.dumps({"at": at}), encoding="utf-8")
    return _deleted(target)


def deleted(runs: Runs) -> list[Deleted]:
    """What lies in the trash, the latest first."""
    try:
        found = [_deleted(path) for path in (runs.root / TRASH).iterdir() if os.path.lexists(path / "spec.yaml")]
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
    with _held(Run(source)):
        if target.exists():
            remedy = "delete or rename that one first"
            raise LabError("there is another run of this id", where=str(target), remedy=remedy)
        os.rename(source, target)
        with suppress(OSError):
            (target / "state" / NOTE).unlink(missing_ok=True)
    return Run(target)


@contextmanager
def _held(run: Run) -> Iterator[None]:
    """Nobody else acts on the run; one whose folder is so damaged that it holds no lock, nobody can act on."""
    with ExitStack() as stack:
        try:
            stack.enter_context(launching(run.path))
        except OSError:
            if not damage(run):
                raise
        yield


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
    for gone in deleted(runs):
        with suppress(LabError), _held(gone.run):  # somebody takes it back in this moment
            shutil.rmtree(gone.run.path, ignore_errors=True)
    return freed


def _deleted(path: Path) -> Deleted:
    try:
        at = float(read_object(path / "state" / NOTE)["at"])
    except (OSError, ValueError, KeyError, TypeError):
        at = path.lstat().st_mtime
    return Deleted(Run(path), read_path(path).name, at)
