"""The learner's own copies of broken data, and what they did with data of their own. Blocking."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from lab.runs.state import RunState
from tui.home import Folders

if TYPE_CHECKING:
    from lab.runs.directory import Run
    from lessons.course import DataTaskKind, Exercise, Repair


def workshop(place: Folders, exercise: "Exercise", folder: str) -> Path:
    """Where the learner's copy of a lesson's broken data lies."""
    return place.home / "workshop" / exercise.id.partition("!")[0] / folder


def lay_out(place: Folders, exercise: "Exercise", step: "Repair") -> Path:
    """The learner's copy, made once, there whole or not at all; whoever wants to begin anew deletes the folder.

    Raises OSError.
    """
    copy = workshop(place, exercise, step.folder)
    if not copy.exists():
        copy.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".new-", dir=copy.parent) as work:
            shutil.copytree(step.broken, Path(work) / "copy").rename(copy)
    return copy


def own_runs(place: Folders) -> Iterator["Run"]:
    """Runs on data that neither came with the program nor with a lesson, the newest first."""
    from lab.datasets.find import BUNDLED
    from lab.errors import LabError
    from lab.runs.damage import fenced
    from lab.runs.directory import Runs

    workshops = place.home / "workshop"
    for run in Runs(place.runs).all():
        try:
            with fenced(run):
                data = Path(run.spec.data).expanduser()
                bundled = "/" not in run.spec.data and (BUNDLED / run.spec.data).is_dir()
                own = not bundled and data.is_dir() and not data.resolve().is_relative_to(workshops.resolve())
        except LabError:
            continue
        if own:
            yield run


def did(run: "Run", deed: "DataTaskKind") -> bool:
    """Whether that was done with a run of the learner's own; `data-checked` needs the engine."""
    trained = run.spec.iters > 1  # a run of one iteration is how a baseline is scored, and is no training yet
    match deed:
        case "run-finished":
            return trained and run.state() is RunState.FINISHED
        case "baseline-scored":
            return any(score.get("base_exact_match") is not None for score in _scores(run))
        case "run-scored":
            return trained and any(_scores(run))
        case "report-written":
            return trained and run.reported.exists()
    return False


def _scores(run: "Run") -> Iterator[dict[str, object]]:
    from lab.runs import evaluation

    for split in ("test", "valid"):
        found = evaluation.read(run, split=split)
        if found is not None:
            yield found
