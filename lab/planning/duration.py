"""How long a run takes: its start, its iterations, its validations and samples, from a trial or from earlier runs."""

from dataclasses import dataclass

from lab.models.parameters import linear_layers
from lab.planning.memory import Step
from lab.planning.row_lengths import Rows
from lab.spec import RunSpec

STEPS = 3  # iterations of a trial that are timed; the first, in which MLX compiles, comes before them


@dataclass(frozen=True)
class Timing:
    """Seconds of an iteration, of the start (loading, and what the first iteration takes longer), of one validation
    and of answering the sample questions once; `source` says in words where they come from."""

    step: float
    start: float
    validation: float
    samples: float
    source: str


def work(step: Step) -> float:
    """Multiplications of an iteration: tokens times weights, forward through all blocks, back through those that the
    gradient passes (twice where whole matrices are trained), and forward again with checkpointing."""
    full = step.method == "full"
    passes = step.shape["blocks"] + step.reach * (1 + full + step.grad_checkpoint)
    adapters = 0 if full else 3 * step.trainable
    head = 2 * step.predicted * step.shape["vocab"] * step.shape["hidden"]
    return float(step.tokens * (passes * _block(step) + adapters) + head)


def _block(step: Step) -> float:
    return sum(i * o for i, o in linear_layers(step.shape).values()) + 2 * step.batch.length * step.shape["q_dim"]


def validations(spec: RunSpec) -> int:
    """How often the validation set is looked at: before the first iteration, at every interval, and at the end."""
    return 1 + spec.iters // spec.steps_per_eval + (spec.iters % spec.steps_per_eval != 0)


def checkpoints(spec: RunSpec) -> int:
    """How often sample questions are answered: before the first iteration, at every checkpoint, and at the end."""
    return 1 + spec.iters // spec.save_every + (spec.iters % spec.save_every != 0)


def validation_batches(spec: RunSpec, rows: Rows) -> int:
    """Batches of one validation."""
    every = -(-rows.valid // spec.batch_size)
    return every if spec.val_batches < 0 else min(spec.val_batches, every)


def from_speed(spec: RunSpec, rows: Rows, work: float, speed: float, start: float, source: str) -> Timing:
    """From so many multiplications a second; a batch of validation goes forward only, a third of an iteration."""
    seconds = work / speed
    return Timing(seconds, start, validation_batches(spec, rows) * seconds / 3, 0.0, source)


def total(spec: RunSpec, timing: Timing) -> float:
    """Seconds of the run from its start to its last word."""
    looks = validations(spec) * timing.validation + checkpoints(spec) * timing.samples
    return timing.start + spec.iters * timing.step + looks
