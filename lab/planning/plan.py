"""A plan: everything of this package about one spec, put together."""

from collections.abc import Mapping
from dataclasses import astuple, dataclass, field
from typing import Any, Protocol

from lab.methods import method_name
from lab.models.parameters import total_parameters, trainable_parameters
from lab.planning import duration, warnings
from lab.planning.base_model import Base
from lab.planning.calibration import Past, corrected, memory_ratio, peak_ratio, speed, trusted
from lab.planning.duration import Timing
from lab.planning.machine import Machine
from lab.planning.memory import Step, components, factors
from lab.planning.memory_fixes import Change, cheapest_fix, flags
from lab.planning.row_lengths import Batch, Rows, changed, uniform
from lab.planning.warnings import Warning
from lab.spec import RunSpec

INEXACT = 0.25
"""What comes on top of the uncertainty for a family whose blocks are not Llama's, and for guessed rows."""
MEASURED = 0.1
"""The uncertainty where a probe of the same spec, on rows somewhat shorter, has set the estimate right."""
TYPICAL_START = 3.0
"""Seconds to start and load, where nothing was probed."""


@dataclass(frozen=True)
class Inputs:
    """What a plan is made from. `counts` and `shape` come from the engine for families without formulas; `pasts` are
    this machine's finished runs; `timing` and `probe_peak` (bytes, 0 without) are what a probe measured."""

    spec: RunSpec
    base: Base
    rows: Rows
    machine: Machine
    counts: tuple[int, int] | None = None
    shape: dict[str, int] | None = None
    pasts: list[Past] = field(default_factory=list)
    timing: Timing | None = None
    probe_peak: int = 0


@dataclass(frozen=True)
class Plan:
    """The answers. `memory` is in bytes by component, all but the weights times `ratio`, which `calibrated` finished
    runs taught, or a probe whose peak was `probe_peak`; `uncertainty` is a share of their sum."""

    spec: RunSpec
    base: Base
    rows: Rows
    machine: Machine
    trainable: int
    total: int
    blocks: int
    memory: dict[str, int]
    ratio: float
    calibrated: int
    probe_peak: int
    uncertainty: float
    source: str
    peak_at_window: int
    timing: Timing | None
    fix: str
    warnings: list[Warning]

    @property
    def peak(self) -> int:
        return sum(self.memory.values())

    @property
    def fits(self) -> bool:
        return self.peak <= self.machine.available

    @property
    def seconds(self) -> float | None:
        return None if self.timing is None else duration.total(self.spec, self.timing)

    @property
    def method(self) -> str:
        return method(self.spec, self.base)


def method(spec: RunSpec, base: Base) -> str:
    """The method in the field's words."""
    return method_name(spec.fine_tune_type, base.bits)


def by_formula(spec: RunSpec, base: Base) -> tuple[int, int]:
    """Trainable and total parameters by formula, for a base of which `exact` is true."""
    lora = spec.lora_parameters
    trainable = trainable_parameters(
        base.shape, method=spec.fine_tune_type, rank=lora.rank, layers=spec.num_layers, keys=lora.keys
    )
    return trainable, total_parameters(base.shape)


def make(given: Inputs) -> Plan:
    """The plan for these inputs. Nothing is read or started."""
    spec, base, rows, machine = given.spec, given.base, given.rows, given.machine
    shape, counts = shape_of(given), counts_of(given)
    ratio, calibrated, uncertainty = _ratio(given)
    peak = peaks(given)
    memory = corrected(components(step_of(given, rows.heaviest)), ratio)
    fits = sum(memory.values()) <= machine.available
    fix: Change = {} if fits else cheapest_fix(spec, rows.longest, base.bits, shape["blocks"], peak, machine.available)
    found = [
        *([] if fits else [_too_large(sum(memory.values()), machine, fix)]),
        *warnings.of_architecture(base, spec),
        *warnings.of_layers(spec, shape["blocks"]),
        *warnings.of_method(spec, base),
        *warnings.of_keys(spec, base),
        *warnings.of_rate(spec, shape["hidden"]),
        *warnings.of_schedule(spec),
        *warnings.of_rows(rows, spec),
    ]
    timing = given.timing
    if timing is None:
        per_second, runs = speed(given.pasts, method(spec, base))
        source = f"the speed of {runs} finished run{'s' * (runs != 1)}"
        mean = duration.work(step_of(given, rows.mean))
        timing = duration.from_speed(spec, rows, mean, per_second, TYPICAL_START, source) if runs else None
    source = factors(machine.kind, packed=True).source
    whole = peak(spec, uniform(spec.max_seq_length, spec.batch_size))  # whatever the rows of this data
    return Plan(spec, base, rows, machine, *counts, shape["blocks"], memory, ratio, calibrated, given.probe_peak,
                uncertainty, source, whole, timing, flags(fix), found)  # fmt: skip


class Peaks(Protocol):
    """Bytes at the peak of a spec that is near the one planned, on its heaviest batch or another."""

    def __call__(self, other: RunSpec, batch: Batch | None = None) -> int: ...


def peaks(given: Inputs) -> Peaks:
    """What specs near the one planned would take, for trying changes."""
    spec, base, machine, shape, counts = given.spec, given.base, given.machine, shape_of(given), counts_of(given)
    ratio, _, _ = _ratio(given)

    def peak(other: RunSpec, batch: Batch | None = None) -> int:
        batch = batch or changed(given.rows.heaviest, spec.batch_size, other.batch_size, other.max_seq_length)
        fewer = counts if other.num_layers == spec.num_layers else _fewer(other, base, counts, shape)
        return sum(corrected(components(Step.of(other, base, shape, fewer, batch, machine)), ratio).values())

    return peak


def shape_of(given: Inputs) -> Mapping[str, int]:
    """The names of formulas for this base, from the engine where its config.json has other names."""
    return given.shape or given.base.shape


def counts_of(given: Inputs) -> tuple[int, int]:
    """Trainable and total parameters, by formula unless the engine counted them."""
    return given.counts or by_formula(given.spec, given.base)


def step_of(given: Inputs, batch: Batch) -> Step:
    """The training step on this batch."""
    return Step.of(given.spec, given.base, shape_of(given), counts_of(given), batch, given.machine)


def _ratio(given: Inputs) -> tuple[float, int, float]:
    """What the estimate is to be multiplied by, how many finished runs say so, and how far off it may still be."""
    spec, base = given.spec, given.base
    if given.probe_peak:
        ratio = peak_ratio(step_of(given, given.rows.early), given.probe_peak)
        if trusted(ratio):
            return ratio, 0, MEASURED
    ratio, calibrated = memory_ratio(given.pasts, method(spec, base))
    unsure = INEXACT * (not base.exact) + INEXACT * (not given.rows.counted)
    return ratio, calibrated, factors(given.machine.kind, packed=True).uncertainty + unsure


def _fewer(other: RunSpec, base: Base, counts: tuple[int, int], shape: Mapping[str, int]) -> tuple[int, int]:
    """The counts with another number of layers: by formula, or in proportion."""
    if base.exact:
        return by_formula(other, base)
    return round(counts[0] * other.num_layers / shape["blocks"]), counts[1]


def _too_large(peak: int, machine: Machine, fix: Change) -> Warning:
    what = f"about {gigabytes(peak)} will not fit into the {gigabytes(machine.available)} that {machine.name} has free"
    return Warning("memory", what, f"{flags(fix)} would fit" if fix else "take a smaller base", changes=fix,
                   values={"peak": peak, "available": machine.available})  # fmt: skip


def gigabytes(size: float) -> str:
    """Bytes as people read them."""
    return f"{size / 1e6:.0f} MB" if size < 1e9 else f"{size / 1e9:.1f} GB"


def as_json(plan: Plan) -> dict[str, Any]:
    """The plan for scripts; sizes in bytes, times in seconds, `estimated_seconds` null where nothing tells."""
    spec, timing = plan.spec, plan.timing
    return {
        "trainable_parameters": plan.trainable,
        "total_parameters": plan.total,
        "estimated_peak_memory_bytes": plan.peak,
        "estimated_seconds": plan.seconds,
        "fits": plan.fits,
        "warnings": [str(warning) for warning in plan.warnings],
        "warning_kinds": [warning.kind for warning in plan.warnings],
        "model": spec.model,
        "data": spec.data,
        "learning_rate": spec.highest_rate,
        "method": plan.method,
        "memory": plan.memory,
        "memory_uncertainty": plan.uncertainty,
        "memory_source": plan.source,
        "memory_ratio": plan.ratio,
        "calibrated_runs": plan.calibrated,
        "probe_peak_memory_bytes": plan.probe_peak or None,
        "available_memory_bytes": plan.machine.available,
        "peak_at_max_seq_length_bytes": plan.peak_at_window,
        "cheapest_fix": plan.fix,
        "device": plan.machine.name,
        "longest_batch_tokens": int(plan.rows.heaviest.length),
        "heaviest_batch": list(astuple(plan.rows.heaviest)),
        "rows_counted": plan.rows.counted,
        "seconds_per_iteration": timing.step if timing else None,
        "seconds_source": timing.source if timing else None,
    }
