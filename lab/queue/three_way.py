"""The exercise of the LoRA and QLoRA papers in small: the same training with one thing changed at a time."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from lab.planning.recipes import RECIPES
from lab.runs import run_notes
from lab.runs.directory import Run, Runs
from lab.runs.service import RunService

GROUP: Final = "three-way"
ROWS: Final = 60
"""Test rows that each adapter is asked afterwards: all 200 would take longer than the training."""

CHANGES: Final = (
    {"model": "sprout", "fine_tune_type": "lora"},
    {"model": "sprout-4bit", "fine_tune_type": "lora"},
    {"model": "sprout-4bit", "fine_tune_type": "dora"},
)
"""LoRA on the base as it is, LoRA on its 4-bit variant (which makes it QLoRA), DoRA on that."""


def fields() -> list[dict[str, Any]]:
    """The three runs, alike but for base and method."""
    return [{**RECIPES["three-way"], **change} for change in CHANGES]


def begin(service: RunService) -> list[Run]:
    """Make the three and put them in line, under a group of their own. Raises LabError."""
    return service.queue(fields(), f"{GROUP} {datetime.now():%Y-%m-%d %H:%M:%S}")


def newest(runs: Runs) -> list[Run]:
    """The three that were begun last, in order, or none; a run that was deleted leaves its group."""
    groups: dict[str, list[Run]] = {}
    for run in runs.all():
        group = run_notes.read(run).group
        if is_one(group):
            groups.setdefault(group, []).append(run)
    return sorted(groups[max(groups)], key=_place) if groups else []


def is_one(group: str) -> bool:
    """Whether a group of runs was begun here."""
    return group.partition(" ")[0] == GROUP


def unmeasured(runs: Sequence[Run]) -> list[Run]:
    """Those of them that have an adapter and were not asked the `ROWS` questions yet."""
    from lab.runs import evaluation

    ended = [run for run in runs if run.state().keeps_adapter]
    return [run for run in ended if evaluation.read(run) is None]


def _place(run: Run) -> tuple[int, str]:
    """Where a run stands among the three, by what it changes."""
    spec = run.spec
    change = {"model": spec.model, "fine_tune_type": spec.fine_tune_type}
    return (CHANGES.index(change) if change in CHANGES else len(CHANGES)), run.id
