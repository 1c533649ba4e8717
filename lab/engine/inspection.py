"""What training changed: the singular values of every adapted layer's ΔW, for LoRA, DoRA and full fine-tuning."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache as memoize
from pathlib import Path
from statistics import median
from typing import Any

import mlx.core as mx
import mlx.nn as nn
import numpy as np
from mlx.utils import tree_flatten
from mlx_lm.tuner.dora import DoRALinear
from mlx_lm.tuner.lora import LoRAEmbedding, LoRALinear

from lab.engine.generation import with_adapter
from lab.engine.load import load_stored
from lab.errors import LabError
from lab.runs import inspection_cache
from lab.runs.adapters import find_adapter
from lab.runs.directory import Run
from lab.runs.method import method_of
from lab.spectrum import directions, effective_rank, energy

Array = np.ndarray[Any, np.dtype[np.float64]]
RANDOM_SEED = 0


@dataclass(frozen=True)
class Change:
    """ΔW of one layer: its shape (outputs, inputs), singular values, largest first, and the Frobenius norm of W.

    `most` is the largest rank that the method allows it.
    """

    layer: str
    shape: tuple[int, int]
    values: Array
    weight_norm: float
    most: int

    def as_json(self, rank: int) -> dict[str, Any]:
        values = self.values.tolist()
        norm = float(np.linalg.norm(self.values))
        dense = self.most == min(self.shape)
        return {
            "layer": self.layer,
            "shape": list(self.shape),
            "norm": norm,
            "relative_norm": norm / self.weight_norm,
            "effective_rank": effective_rank(values),
            "rank_90": directions(values, 0.90),
            "rank_99": directions(values, 0.99),
            "energy_in_rank": energy(values, rank),
            "largest_possible_rank": self.most,
            "random_effective_rank": effective_rank(random_values(*self.shape)) if dense else None,
            "random_rank_90": directions(random_values(*self.shape), 0.90) if dense else None,
            "singular_values": values,
        }


def inspect(run: Run, cache: Path, checkpoint: str, progress: Callable[[str, int, int], None]) -> dict[str, Any]:
    """ΔW of every adapted matrix: norms, singular values (float64) and effective rank, with a summary.

    `energy_in_rank` is the share of a ΔW's energy in as many directions as the run's rank (of a full fine-tune: the
    default rank of an adapter, 8). `lab.runs.inspection_cache` keeps a bounded form of the answer. Raises LabError if
    there is no adapter, or no matrix in it.
    """
    spec, adapter = run.spec, find_adapter(run, checkpoint)
    stamp = inspection_cache.stamp(adapter)
    model, _, _, _ = load_stored(spec.model, cache, bits=spec.bits)
    if spec.fine_tune_type == "full":
        found = _replaced(model, adapter)
    else:
        with_adapter(model, run, checkpoint)
        found = _adapted(model)
    rank, rows = spec.lora_parameters.rank, []
    for done, (total, change) in enumerate(found, 1):
        rows.append(change.as_json(rank))
        progress("layers", done, total)
    if not rows:
        raise LabError("holds no matrix that could be inspected", where=str(run.adapters))
    answer = {
        "run": run.id,
        "checkpoint": checkpoint,
        "method": method_of(run, cache),
        "rank": rank,
        "layers": rows,
        "summary": summary(rows),
    }
    inspection_cache.write(run, "inspect", adapter, stamp, inspection_cache.brief(answer))
    return answer


def summary(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Medians over layers, and the norm of all changes together beside that of all weights."""
    norm = float(np.linalg.norm([row["norm"] for row in rows]))
    weights = float(np.linalg.norm([row["norm"] / row["relative_norm"] for row in rows if row["relative_norm"]]))
    names = ("effective_rank", "rank_90", "rank_99", "energy_in_rank", "largest_possible_rank")
    medians = {name: median(row[name] for row in rows) for name in names}
    dense = [row for row in rows if row["random_effective_rank"] is not None]
    for name in ("random_effective_rank", "random_rank_90"):
        medians[name] = median(row[name] for row in dense) if dense else None
    return {"layers": len(rows), "norm": norm, "relative_norm": norm / weights if weights else 0.0, **medians}


def low_rank_values(a: Array, b: Array) -> Array:
    """Singular values of a @ b, for a (inputs, r) and b (r, outputs), through their QR factors: r×r at most.

    a = Qa Ra and bᵀ = Qb Rb with orthonormal columns, so a b = Qa (Ra Rbᵀ) Qbᵀ has the values of Ra Rbᵀ.
    """
    ra, rb = np.linalg.qr(a).R, np.linalg.qr(b.T).R
    return singular_values(ra @ rb.T)


def singular_values(matrix: Array) -> Array:
    """Largest first, without their vectors."""
    return np.linalg.svd(matrix, compute_uv=False).astype(np.float64)


@memoize
def random_values(outputs: int, inputs: int) -> list[float]:
    """Singular values of a matrix of independent normal numbers: what a change without any structure looks like."""
    normal = np.random.default_rng(RANDOM_SEED).standard_normal((outputs, inputs))
    return singular_values(normal).tolist()


def _adapted(model: nn.Module) -> Iterator[tuple[int, Change]]:
    kinds = (LoRALinear, LoRAEmbedding, DoRALinear)
    layers = {name: module for name, module in model.named_modules() if isinstance(module, kinds)}
    for name in sorted(layers, key=_place):
        layer = layers[name]
        weight = _dense(layer.embedding if "embedding" in layer else layer.linear)
        a, b = _float64(layer.lora_a), _float64(layer.lora_b)
        if isinstance(layer, DoRALinear):
            adapted = weight + layer.scale * (a @ b).T
            change = _float64(layer.m)[:, None] * adapted / np.linalg.norm(adapted, axis=1, keepdims=True) - weight
            values, most = singular_values(change), min(weight.shape)
        else:
            values, most = layer.scale * low_rank_values(a, b), min(a.shape[1], *weight.shape)
        shape = (weight.shape[0], weight.shape[1])
        yield len(layers), Change(name, shape, values, float(np.linalg.norm(weight)), most)


def _replaced(model: nn.Module, adapter: Path) -> Iterator[tuple[int, Change]]:
    before = dict(tree_flatten(model.parameters()))
    after: Any = mx.load(str(adapter))
    matrices = sorted((name for name, value in after.items() if value.ndim == 2 and name in before), key=_place)
    for name in matrices:
        weight = _float64(before[name])
        values = singular_values(_float64(after[name]) - weight)
        shape = (weight.shape[0], weight.shape[1])
        layer = name.removesuffix(".weight")
        yield len(matrices), Change(layer, shape, values, float(np.linalg.norm(weight)), min(shape))


def _place(name: str) -> list[tuple[int, str]]:
    """Blocks by number and not by spelling, 2 before 10."""
    return [(int(word), "") if word.isdigit() else (0, word) for word in name.split(".")]


def _dense(linear: nn.Module) -> Array:
    if "scales" not in linear:
        return _float64(linear.weight)
    return _float64(mx.dequantize(linear.weight, linear.scales, linear.get("biases"), linear.group_size, linear.bits,
                                  linear.mode))  # fmt: skip


def _float64(array: mx.array) -> Array:
    return np.array(array.astype(mx.float32)).astype(np.float64)
