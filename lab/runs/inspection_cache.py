"""What the engine found out about an adapter, kept beside it, so that it is measured once and then opens at once.

measured/<what>-<file>.json in the run directory; only a cache, which can be thrown away.
"""

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from foreign import read_object
from lab.runs.adapters import find_adapter
from lab.runs.directory import Run

What = Literal["inspect", "fuse"]
LARGEST = 64 << 20
"""Bytes of what is kept of one adapter, at most."""
ALL_OF, STEP = 32, 1.08
"""The largest singular values are kept one by one, those after them ever more thinly: a chart shows no more."""


def read(run: Run, what: What, checkpoint: str = "last") -> dict[str, Any] | None:
    """What is known of that checkpoint, or None if nothing is, or its file has changed since. Raises LabError if the
    run keeps no such checkpoint."""
    adapter = find_adapter(run, checkpoint)
    try:
        found = read_object(_place(run, what, adapter), LARGEST)
        known = found.pop("stamp") == stamp(adapter)
    except (OSError, ValueError, KeyError):
        return None
    return found | {"checkpoint": checkpoint} if known else None


def write(run: Run, what: What, adapter: Path, of: list[int], answer: dict[str, Any]) -> None:
    """Keep an answer about an adapter file, whose `stamp` was `of` before it was read; there whole or not at all."""
    place = _place(run, what, adapter)
    place.parent.mkdir(exist_ok=True)
    temporary = place.with_suffix(f".{os.getpid()}.tmp")
    temporary.write_text(json.dumps({"stamp": of, **answer}), encoding="utf-8")
    os.replace(temporary, place)


def stamp(adapter: Path) -> list[int]:
    """Size and time of an adapter file: another one has another."""
    found = adapter.stat()
    return [found.st_size, found.st_mtime_ns]


def brief(answer: dict[str, Any]) -> dict[str, Any]:
    """An inspection in a bounded number of figures: of each layer's singular values those at `places`, in six digits.

    `values` of a layer are [place from 1, singular value] pairs.
    """
    layers = []
    for layer in answer["layers"]:
        kept: Sequence[float] = layer["singular_values"]
        values = [[place, float(f"{kept[place - 1]:.6g}")] for place in places(len(kept))]
        layers.append({key: value for key, value in layer.items() if key != "singular_values"} | {"values": values})
    return {**answer, "layers": layers}


def places(count: int) -> list[int]:
    """The places from 1 to `count` that are kept, the same ones whatever the count, and the last."""
    found, place = list(range(1, min(count, ALL_OF) + 1)), float(ALL_OF)
    while (place := place * STEP) < count:
        found.append(int(place))
    return sorted({*found, count}) if count else []


def _place(run: Run, what: What, adapter: Path) -> Path:
    name = "-".join(adapter.relative_to(run.adapters).with_suffix("").parts)
    return run.path / "measured" / f"{what}-{name}.json"
