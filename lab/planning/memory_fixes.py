"""The cheapest change that makes a run fit: each is tried in the estimator, and the first that fits is named."""

from collections.abc import Callable
from typing import Any

from lab.spec import RunSpec

SHORTEST = 64  # tokens below which cutting rows is no remedy
Peak = Callable[[RunSpec], int]
Change = dict[str, Any]


def cheapest_fix(spec: RunSpec, longest: int, bits: int, blocks: int, peak: Peak, available: int) -> Change:
    """The first change that fits, alone or, if none does, on top of those before it; empty if nothing helps.

    `longest` is the longest row in tokens, `bits` the base's quantization, `peak` the estimate of a spec in bytes.
    """
    changes = _changes(spec, longest, bits, blocks)
    for change in changes:
        if peak(spec.model_copy(update=change)) <= available:
            return change
    together: Change = {}
    for change in changes:
        together |= change
        if peak(spec.model_copy(update=together)) <= available:
            return together
    return {}


def _changes(spec: RunSpec, longest: int, bits: int, blocks: int) -> list[Change]:
    """In order: half the length, one row at a time, computing twice, a smaller base, fewer blocks."""
    half = max(SHORTEST, longest // 16 * 8)
    layers = min(spec.num_layers, blocks) if spec.num_layers > 0 else blocks
    steps = spec.grad_accumulation_steps * spec.batch_size
    return [
        *([{"max_seq_length": half}] if longest > half else []),
        *([{"batch_size": 1, "grad_accumulation_steps": steps}] if spec.batch_size > 1 else []),
        *([{"grad_checkpoint": True}] if not spec.grad_checkpoint else []),
        *([{"bits": 4}] if not bits and spec.fine_tune_type != "full" else []),
        *({"num_layers": fewer} for fewer in (layers // 2, layers // 4, 1) if 0 < fewer < layers),
    ]


def smallest(spec: RunSpec, longest: int, bits: int, blocks: int, peak: Peak) -> Change:
    """Every change that takes less memory on top of those before it, but for shorter rows and fewer blocks, which cost
    what is learned; empty if none does."""
    together: Change = {}
    for change in _changes(spec, longest, bits, blocks):
        if change.keys() & {"max_seq_length", "num_layers"}:
            continue
        if peak(spec.model_copy(update=together | change)) < peak(spec.model_copy(update=together)):
            together |= change
    return together


def flags(change: Change) -> str:
    """A change as `lowrank train` takes it; "" for none."""
    words = []
    for name, value in change.items():
        words += [f"--{name.replace('_', '-')}"] + ([] if value is True else [str(value)])
    return " ".join(words)
