"""Several runs that differ in one or two fields, begun together and trained one after another."""

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from lab.errors import LabError
from lab.runs.run_index import Row
from lab.runs.state import RunState
from lab.spec import LoraParameters, RunSpec

MOST = 64
"""Runs of one sweep."""

START = 3.0
"""Seconds to start and load, which every run takes before its first iteration."""

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


def group_name(axes: Sequence[Axis]) -> str:
    """A name for a sweep's group, one word, so that it can be filtered by."""
    return f"{'×'.join(name for name, _ in axes)}@{datetime.now():%m%d-%H%M%S}"


def run_name(axes: Sequence[Axis], fields: Mapping[str, Any]) -> str:
    """A name for one run of a sweep: what is its own."""
    lora = fields.get("lora_parameters") or {}
    return ", ".join(f"{name} {plain(fields[name] if name in fields else lora[name])}" for name, _ in axes)


def plain(value: Any) -> str:
    """A value of a field as one would type it."""
    return f"{value:g}" if isinstance(value, float) else str(value)


@dataclass(frozen=True)
class Standing:
    """How far a group is: runs in all, ended, and ended without success; the share of all iterations that is done;
    seconds left, or None while nothing tells how long an iteration takes."""

    runs: int
    ended: int
    failed: int
    share: float
    remaining: float | None


def standing(rows: Iterable[Row]) -> Standing:
    """How far the runs of a group are together."""
    rows = list(rows)
    going = [row for row in rows if not row.ended]
    done = sum(row.iters if row.ended else row.iterations for row in rows)
    known = [row.seconds_per_iteration for row in rows if row.seconds_per_iteration]
    remaining = None
    if known:
        mean = sum(known) / len(known)
        remaining = sum((row.iters - row.iterations) * mean + START * (not row.iterations) for row in going)
    failed = sum(row.ended and row.state is not RunState.FINISHED for row in rows)
    return Standing(len(rows), len(rows) - len(going), failed, done / max(1, sum(row.iters for row in rows)), remaining)


def estimate(fields: Mapping[str, Any], rows: Iterable[Row]) -> float | None:
    """Seconds that a run of these fields takes, by the newest finished one on the same model and data; else None.

    Work grows with the rows of a batch; what a rank or a method costs beside it is left out.
    """
    asked = {name: fields.get(name, RunSpec.model_fields[name].default) for name in ("model", "data", "iters")}
    batch = fields.get("batch_size", RunSpec.model_fields["batch_size"].default)
    for row in rows:
        alike = row.state is RunState.FINISHED and (row.model, row.data) == (asked["model"], asked["data"])
        if alike and row.seconds_per_iteration and row.batch_size:
            return float(START + asked["iters"] * row.seconds_per_iteration * batch / row.batch_size)
    return None
