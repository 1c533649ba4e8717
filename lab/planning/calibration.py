"""Calibrates estimates by finished runs of this machine: memory error and speed."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from lab.errors import LabError
from lab.events.schema import Finished
from lab.planning.base_model import find_base
from lab.planning.duration import work
from lab.planning.machine import Machine
from lab.planning.memory import Step, components
from lab.planning.row_lengths import Rows
from lab.runs.damage import fenced
from lab.runs.directory import Run, Runs

RECENT = 8  # finished runs that are looked at
ENOUGH = 10  # iterations after which a run's figures count
TRUST = (0.5, 2.0)  # beyond these a ratio tells of something else than the estimate


@dataclass(frozen=True)
class Past:
    """A finished run in ratios: measured to estimated peak without weights, and multiplications a second."""

    method: str
    peak_ratio: float
    speed: float


def finished(runs: Runs) -> list[Run]:
    """The newest runs that ended well and went on long enough to teach something."""
    found: list[Run] = []
    for run in runs.all():
        result = run.result()
        if isinstance(result, Finished) and (result.iterations or 0) >= ENOUGH:
            found.append(run)
        if len(found) == RECENT:
            break
    return found


def past(run: Run, rows: Rows, machine: Machine, cache: Path) -> Past | None:
    """What a finished run with these rows teaches about this machine; None if it ran elsewhere or its model is gone."""
    try:
        with fenced(run):
            return _past(run, rows, machine, cache)
    except LabError:
        return None


def _past(run: Run, rows: Rows, machine: Machine, cache: Path) -> Past | None:
    result, started = run.result(), run.started()
    if result is None or started is None:
        return None
    try:
        spec = run.spec
        base = find_base(spec.model, cache, spec.bits)
    except LabError:
        return None
    measured, seconds = result.peak_memory_bytes, result.seconds_per_iteration
    if started.device != machine.name or not measured or not seconds or not base.shape:
        return None
    if started.trainable_parameters is None or started.total_parameters is None:
        return None
    counts = started.trainable_parameters, started.total_parameters
    heaviest, mean = (Step.of(spec, base, base.shape, counts, batch, machine) for batch in (rows.heaviest, rows.mean))
    return Past(started.method or "", peak_ratio(heaviest, measured),
                work(mean) / seconds)  # fmt: skip


def peak_ratio(step: Step, measured: int) -> float:
    """Measured to estimated bytes of a step without its weights, which are known."""
    estimated = components(step)
    weights = estimated.pop("weights")
    return (measured - weights) / sum(estimated.values())


def corrected(estimated: Mapping[str, int], ratio: float) -> dict[str, int]:
    """Components with all but the weights times the ratio."""
    return {name: size if name == "weights" else round(size * ratio) for name, size in estimated.items()}


def trusted(ratio: float) -> bool:
    """Whether a ratio of measured to estimated peak may correct an estimate."""
    return TRUST[0] < ratio < TRUST[1]


def memory_ratio(pasts: Iterable[Past], method: str) -> tuple[float, int]:
    """The median ratio of measured to estimated peak of runs of this method, and how many there were (1 and 0)."""
    ratios = [p.peak_ratio for p in pasts if p.method == method and trusted(p.peak_ratio)]
    return (median(ratios), len(ratios)) if ratios else (1.0, 0)


def speed(pasts: Iterable[Past], method: str) -> tuple[float, int]:
    """The median multiplications a second of runs of this method, or of any if there are none; and how many."""
    pasts = list(pasts)
    speeds = [p.speed for p in pasts if p.method == method] or [p.speed for p in pasts]
    return (median(speeds), len(speeds)) if speeds else (0.0, 0)
