"""What formulas of an exercise speak of: sizes of models, figures of runs, counts of data sets. Blocking."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from lab.errors import LabError

if TYPE_CHECKING:
    from lab.runs.directory import Run
    from lab.spec import RunSpec
    from lessons.course import After, Exercise, Prediction, Selection, Trial

ROWS = 60
"""Test rows that an adapter is asked: all of them would take longer than the training."""
DIRECTIONS = 8
"""Of a ΔW, whose share of its energy is `energy_in_rank`."""


def shape_for(exercise: "Exercise", step: "Prediction | Selection", cache: Path) -> Mapping[str, int]:
    """The sizes that the step's formulas speak of: its model's own, with the run's rank and blocks. Raises LabError."""
    from lab.models.find import find_model, preset_shape

    kind, _, name = step.source.partition(":")
    if not kind:
        return {}
    trial = exercise.trial(name) if kind == "run" else next(iter(exercise.trials), None)
    spec = _spec(trial)
    shape = dict(preset_shape(name) if kind == "preset" else find_model(spec.model, cache, spec.bits).shape)
    # mlx-lm adapts 16 blocks unless told otherwise, which is what the question about a preset speaks of.
    asked = (16 if kind == "preset" else shape["blocks"]) if spec.num_layers < 1 else spec.num_layers
    return {**shape, "rank": spec.lora_parameters.rank, "layers": min(asked, shape["blocks"])}


def _spec(trial: "Trial | None") -> "RunSpec":
    from lab.spec import RunSpec

    return RunSpec.make(dict(trial.fields) if trial else {})


def known_before(trial: "Trial", cache: Path) -> dict[str, float]:
    """What a run will measure as far as its spec tells. Raises LabError if it could not be begun."""
    from lab import preflight
    from lab.models.find import find_model
    from lab.models.parameters import trainable_parameters

    spec = preflight.check(dict(trial.fields), cache).spec
    model, lora = find_model(spec.model, cache, spec.bits), spec.lora_parameters
    trained = trainable_parameters(
        model.shape, method=spec.fine_tune_type, rank=lora.rank, layers=spec.num_layers, keys=lora.keys
    )
    return {"iterations": spec.iters, "trainable_parameters": trained, "total_parameters": model.parameters}


def numbers_of(run: "Run") -> dict[str, float]:
    """All that is measured of a run by now, by the names that formulas use."""
    from lab.events.digest import Digest
    from lab.models.parameters import count_safetensors
    from lab.runs.adapters import find_adapter
    from lab.runs.outcome import diverged, outcome

    told, progress = outcome(run), Digest.of(run).progress
    found: dict[str, object] = {
        name: told.get(name)
        for name in ("iterations", "train_loss", "val_loss", "best_val_loss", "best_iteration", "seconds_per_iteration",
                     "adapter_bytes")
    }  # fmt: skip
    peak, first = told.get("peak_memory_bytes"), progress.validation.first
    found |= {
        "peak_memory_mb": peak / 1e6 if isinstance(peak, int | float) else None,
        "total_parameters": progress.total_parameters or told.get("total_parameters"),
        "first_val_loss": first.y if first else None,
        "diverged": int(diverged(run.result())),
        **{name: value for name, value in _losses(progress).items() if not _finite(found.get(name))},
    }
    try:
        adapter = find_adapter(run)
        found |= {"trainable_parameters": count_safetensors(adapter)}
        found["adapter_bytes"] = found["adapter_bytes"] or adapter.stat().st_size
        found |= _evaluated(run) | _inspected(run) | _fused(run)
    except LabError:
        if not found["diverged"]:
            raise
        found["trainable_parameters"] = told.get("trainable_parameters")
    return {name: float(value) for name, value in found.items() if isinstance(value, int | float) and _finite(value)}


def _losses(progress: Any) -> dict[str, float]:
    """The last losses that were numbers, of a run that ended in something else."""
    last = {"train_loss": progress.train.last, "val_loss": progress.validation.last}
    return {name: point.y for name, point in last.items() if point is not None}


def _finite(value: object) -> bool:
    return isinstance(value, int | float) and math.isfinite(value)


def after_known(run: "Run", what: "After") -> bool:
    """Whether that was measured of the run as it is now."""
    try:
        return bool({"evaluate": _evaluated, "inspect": _inspected, "fuse": _fused}[what](run))
    except LabError:
        return False


def job_of(run: "Run", what: "After") -> tuple[str, ...]:
    """The engine's job that measures it, and its arguments."""
    jobs = {
        "evaluate": ("evaluate", str(run.path), "--first", str(ROWS)),
        "inspect": ("inspect", str(run.path), "--brief"),
        "fuse": ("fidelity", str(run.path), "--rows", str(ROWS)),
    }
    return jobs[what]


def _evaluated(run: "Run") -> dict[str, object]:
    from lab.runs import evaluation

    found = next((each for rows in (ROWS, 0) if (each := evaluation.read(run, rows=rows))), None)
    if found is None or found.get("base_exact_match") is None:
        return {}
    return {name: 100 * found[name] for name in ("exact_match", "base_exact_match")}


def _inspected(run: "Run") -> dict[str, object]:
    """The share of all changes' energy that lies in each matrix's first directions, and the median effective rank."""
    from lab.runs import inspection_cache

    found = inspection_cache.read(run, "inspect")
    if found is None:
        return {}
    first = math.fsum(_energy(layer["values"]) for layer in found["layers"])
    whole = math.fsum(layer["norm"] ** 2 for layer in found["layers"])
    ranks = [layer["effective_rank"] for layer in found["layers"]]
    return {"energy_in_rank": 100 * first / whole if whole else None, "effective_rank": median(ranks)}


def _energy(values: Sequence[tuple[int, float]]) -> float:
    return math.fsum(value**2 for place, value in values if place <= DIRECTIONS)


def _fused(run: "Run") -> dict[str, object]:
    from lab.runs import inspection_cache

    found = inspection_cache.read(run, "fuse")
    if found is None:
        return {}
    effect = found["adapter_effect"]
    told: dict[str, object] = {"effect_nats": effect}
    for way in found["ways"]:
        name, kl = way["way"], way["kl"]
        told |= {f"kl_{name}": kl, f"bytes_{name}": way["bytes"]}
        told[f"lost_{name}"] = 100 * kl / effect if effect else None
    return told


def counted(report: Mapping[str, Any]) -> dict[str, float]:
    """Of an answer of the engine's job `data`, what formulas may name of the training rows; and errors and warnings."""
    train = report["splits"]["train"]
    tokens, supervised = train["tokens"]["total"], train["supervised_tokens"]
    kept = tokens - train["lost_tokens"]
    return {
        "errors": report["errors"],
        "warnings": report["warnings"],
        "rows": train["rows"],
        "tokens": tokens,
        "supervised_tokens": supervised,
        "masked_share": 100 * (1 - supervised / kept) if kept else 0.0,
    }
