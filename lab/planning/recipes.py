"""Recipes: starting values for a purpose. The one with least memory is found by the estimator."""

from collections.abc import Mapping
from typing import Any, Final

from lab.planning.memory_fixes import smallest
from lab.planning.plan import Inputs, peaks, shape_of
from lab.spec import RunSpec

Fields = Mapping[str, Any]

RECIPES: Final[Mapping[str, Fields]] = {
    "first-run": {"model": "sprout", "data": "sql", "iters": 150, "steps_per_report": 5, "steps_per_eval": 25,
                  "save_every": 25},
    "three-way": {"model": "sprout", "data": "sql", "iters": 50, "steps_per_report": 1, "steps_per_eval": 25,
                  "save_every": 25, "val_batches": 8},
    "quality": {"iters": 1200, "lora_parameters": {"rank": 16}, "steps_per_eval": 100, "save_every": 100,
                "val_batches": -1, "patience": 4},
    "smallest-memory": {},
}  # fmt: skip
"""Name → what differs from the defaults. A recipe that names no model and data is for those one has chosen."""


def least_memory(given: Inputs) -> Fields:
    """The changes to the planned spec that take its peak down and nothing of what is learned from."""
    spec, base = given.spec, given.base
    return smallest(spec, given.rows.longest, base.bits, shape_of(given)["blocks"], peaks(given))


def merged(fields: Fields, changes: Fields) -> dict[str, Any]:
    """Fields of a spec with changes, those of `lora_parameters` one by one."""
    lora = {**fields.get("lora_parameters", {}), **changes.get("lora_parameters", {})}
    both = {**fields, **changes}
    return {**both, "lora_parameters": lora} if lora else both


def cooked(name: str, now: RunSpec) -> dict[str, Any]:
    """All fields of a spec as a recipe has them: its own, the model and data of `now`, and else the defaults."""
    kept = now.model_dump(include={"model", "data"})
    return RunSpec.make(merged(kept, RECIPES[name])).model_dump()
