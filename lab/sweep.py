"""Several runs that differ in one or two fields, begun together and trained one after another."""

import itertools
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from lab import about, launch
from lab.errors import LabError
from lab.line import line_up
from lab.runs import Run, Runs
from lab.spec import LoraParameters, RunSpec

MOST = 64
"""Runs of one sweep."""

Axis = tuple[str, Sequence[Any]]
"""A field by mlx-lm's name, such as "learning_rate" or "rank", and the values it takes."""


def grid(base: Mapping[str, Any], axes: Sequence[Axis]) -> list[dict[str, Any]]:
    """The fields of every run, the last axis changing fastest. Raises LabError if they are none or more than 64."""
    values = [list(dict.fromkeys(values)) for _, values in axes]
    count = 1
    for found in values:
        count *= len(found)
    if not 1 <= count <= MOST:
        raise LabError(f"a sweep of {count} runs", remedy=f"give 1 to {MOST}", usage=True)
    names = [name for name, _ in axes]
    if len(set(names)) < len(names):
        raise LabError(f"{names[0]} twice", remedy="give two different fields", usage=True)
    return [with_values(base, dict(zip(names, chosen, strict=True))) for chosen in itertools.product(*values)]


def with_values(base: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """Fields of a RunSpec with others put in; rank, scale and dropout go where mlx-lm has them."""
    lora = dict(base.get("lora_parameters") or {})
    lora |= {name: value for name, value in values.items() if name in LoraParameters.model_fields}
    others = {name: value for name, value in values.items() if name not in LoraParameters.model_fields}
    return {**base, **others, **({"lora_parameters": lora} if lora else {})}


def begin_all(fields: Sequence[dict[str, Any] | RunSpec], runs: Runs, cache: Path, group: str) -> list[Run]:
    """Check all, make all, note the group, and put them in line in this order.

    Raises LabError saying what is wrong with one of them, and then there are none.
    """
    checked = [launch.check(each, cache) for each in fields]
    made = [each.make(runs) for each in checked]
    for run in made:
        about.change(run, group=group)
    line_up(made, cache)
    return made
