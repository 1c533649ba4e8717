"""What an adapter is made of, read from file names, sizes and headers alone: nothing is loaded, nothing computed."""

import math
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lab.errors import LabError
from lab.models.find import find_model
from lab.models.parameters import safetensors_header
from lab.runs import inspection_cache
from lab.runs.adapters import checkpoints, find_adapter
from lab.runs.damage import fenced
from lab.runs.directory import Run
from lab.runs.method import method_of

BLOCK = re.compile(r"(?:^|\.)(?:layers|blocks|h)\.(\d+)\.(.+)")
PARTS = ("lora_a", "lora_b", "m", "weight", "bias", "scales", "biases")
"""The last words of tensor names; what is before them names a layer."""
ORDER = ("q", "k", "v", "o", "gate", "up", "down")
"""The linear layers of a block in the order in which data passes them."""


@dataclass(frozen=True)
class Adapter:
    """One checkpoint of a run: `files` and `base_bytes` in bytes, `parameters` by layer, in the order of the file.

    `found` is what the engine measured of it (`lab.runs.inspection_cache`), None while it has not. `checkpoints` are
    the names there are; `rank` is 0 for a full fine-tune.
    """

    run: str
    method: str
    model: str
    data: str
    checkpoint: str
    checkpoints: tuple[str, ...]
    rank: int
    files: tuple[tuple[str, int], ...]
    base_bytes: int
    parameters: Mapping[str, int]
    total_parameters: int
    found: Mapping[str, Any] | None = None

    @property
    def trained(self) -> int:
        """All numbers in the adapter's file."""
        return sum(self.parameters.values())


def look(run: Run, cache: Path, checkpoint: str = "last") -> Adapter:
    """The anatomy of a checkpoint. Raises LabError if there is none, or its file is no safetensors file."""
    with fenced(run):
        return _look(run, cache, checkpoint)


def _look(run: Run, cache: Path, checkpoint: str) -> Adapter:
    adapter, spec, started = find_adapter(run, checkpoint), run.spec, run.started()
    base, total = (started.base_bytes or 0, started.total_parameters or 0) if started else (0, 0)
    if not (base and total):
        with suppress(LabError):
            info = find_model(spec.model, cache, spec.bits)
            base, total = base or info.bytes, total or info.parameters
    return Adapter(
        run.id,
        method_of(run, cache),
        spec.model,
        spec.data,
        checkpoint,
        checkpoints(run),
        0 if spec.fine_tune_type == "full" else spec.lora_parameters.rank,
        _files(run, adapter),
        int(base),
        by_layer(safetensors_header(adapter)),
        int(total),
        inspection_cache.read(run, "inspect", checkpoint),
    )


def _files(run: Run, adapter: Path) -> tuple[tuple[str, int], ...]:
    """The chosen adapter first, then its configuration, then all else that is kept of the run's adapters."""
    names = [(adapter.relative_to(run.adapters).as_posix(), adapter.stat().st_size)]
    others = [(path.relative_to(run.adapters).as_posix(), path.stat().st_size)
              for path in sorted(run.adapters.rglob("*")) if path.is_file() and path != adapter]  # fmt: skip
    return (*names, *sorted(others, key=lambda other: other[0] != "adapter_config.json"))


def by_layer(header: Mapping[str, Any]) -> dict[str, int]:
    """Layer → how many numbers the file holds for it, from a safetensors header."""
    found: dict[str, int] = {}
    for name, tensor in header.items():
        layer, _, part = name.rpartition(".")
        layer = layer if part in PARTS and layer else name
        found[layer] = found.get(layer, 0) + math.prod(tensor["shape"])
    return found


Cell = tuple[int, str]
"""A block's number, -1 for what is in none, and a module's name."""


def place(layer: str) -> Cell:
    """Where a layer stands in the table: model.layers.3.self_attn.q_proj is (3, "q")."""
    found = BLOCK.search(layer)
    if not found:
        return -1, layer.removeprefix("model.")
    name = found[2].removeprefix("self_attn.").removeprefix("mlp.")
    return int(found[1]), name.removesuffix("_proj")


@dataclass(frozen=True)
class Table:
    """Layers by block and module: `blocks` from the first, `modules` in the order in which data passes them."""

    blocks: tuple[int, ...] = ()
    modules: tuple[str, ...] = ()
    layers: Mapping[Cell, str] = field(default_factory=dict)

    @classmethod
    def of(cls, layers: Sequence[str]) -> "Table":
        cells = {place(layer): layer for layer in layers}
        modules = {module for _, module in cells}
        known = {name: number for number, name in enumerate(ORDER)}
        ordered = sorted(modules, key=lambda name: (known.get(name, len(known)), name))
        return cls(tuple(sorted({block for block, _ in cells})), tuple(ordered), cells)


def middle(values: Sequence[Sequence[Sequence[float]]]) -> list[tuple[float, float]]:
    """(place, median singular value) over layers, from their [place, value] pairs, at the places all of them have."""
    if not values:
        return []
    tables = [{int(at): value for at, value in layer} for layer in values]
    common = sorted(set.intersection(*(set(table) for table in tables)))
    return [(float(at), sorted(table[at] for table in tables)[len(tables) // 2]) for at in common]
