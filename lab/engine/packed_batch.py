"""A batch without its padding, on a CPU: the tokens of all rows in one line, so that every matrix product, norm and
activation works on real tokens only; attention alone sees rows. What stands after a row's last supervised token cannot
change the loss and is left out too, and logits are computed at supervised positions only.

Rows are dealt to one group for each processor core, each on an MLX stream of its own with a single BLAS thread:
elementwise work, which no BLAS spreads over cores, then runs on all of them. The loss is that of the padded batch.
"""

import ctypes
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any

import mlx.core as mx
import mlx.nn as nn
import numpy as np

PACKABLE = ("llama", "qwen2", "qwen3")
"""mlx-lm's model types of which nothing but attention mixes tokens, and the head is what `_head` takes it for."""
CACHE = 1 << 27
"""Bytes of freed buffers that MLX keeps while it packs: since every batch has another shape, more would pile up, and
take longer by the page faults of the new ones (`sprout`, processor time of a step, two runs each on a busy machine:
150 MB 174 and 207 ms, 34 MB 190 and 232, 3 GB 234 and 250)."""
LEAST_TOKENS = 32
"""Fewer tokens than this are no work for a core of their own."""


def differentiable(backward: Callable[..., Any]) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Give a function the gradient `backward(primals, cotangent, output)`, computed on the stream of the value.

    MLX would compute it on the stream that is the default when the gradient is asked for, all groups of rows on one.
    """

    def decorate(forward: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(forward)
        def call(*arrays: mx.array) -> Any:
            here = mx.default_stream(mx.default_device())
            function: Any = mx.custom_function(forward)

            @function.vjp
            def _(primals: Any, cotangent: Any, output: Any) -> Any:
                with mx.stream(here):
                    return backward(primals, cotangent, output)

            return function(*arrays)

        return call

    return decorate


class Line:
    """How the tokens of some rows, all in one line, stand in a block of rows padded to the longest."""

    def __init__(self, lengths: list[int]) -> None:
        self.rows, self.longest, self.tokens = len(lengths), max(lengths), sum(lengths)
        slots = np.full((self.rows, self.longest), self.tokens, np.int32)
        starts = np.cumsum([0, *lengths])
        for row, (start, length) in enumerate(zip(starts, lengths, strict=False)):
            slots[row, :length] = np.arange(start, start + length)
        self.slots = mx.array(slots.reshape(-1))
        self.places = mx.array(np.flatnonzero(slots.reshape(-1) < self.tokens).astype(np.int32))
        self._spread = differentiable(lambda _, cotangent, __: self._taken(cotangent))(self._put)
        self._gather = differentiable(lambda _, cotangent, __: self._put(cotangent))(self._taken)

    def block(self, x: mx.array) -> mx.array:
        """(1, heads, tokens, dim) of the line to (rows, heads, longest, dim), zero where there is no token."""
        heads, dim = x.shape[1], x.shape[3]
        flat = self._spread(x.transpose(0, 2, 1, 3).reshape(self.tokens, heads * dim))
        return flat.reshape(self.rows, self.longest, heads, dim).transpose(0, 2, 1, 3)

    def line(self, x: mx.array) -> mx.array:
        """(rows, heads, longest, dim) back to (1, heads, tokens, dim) of the line."""
        heads, dim = x.shape[1], x.shape[3]
        flat = x.transpose(0, 2, 1, 3).reshape(self.rows * self.longest, heads * dim)
        return self._gather(flat).reshape(1, self.tokens, heads, dim).transpose(0, 2, 1, 3)

    def _put(self, x: mx.array) -> mx.array:
        return mx.take(mx.concatenate([x, mx.zeros((1, x.shape[1]))]), self.slots, axis=0)

    def _taken(self, x: mx.array) -> mx.array:
        return mx.take(x, self.places, axis=0)


_now: list[Line] = []
"""The line that the model is working on, if it is working on one."""


def current() -> Line | None:
    """The line that is being computed, for the attention and the rotary embedding to put into rows."""
    return _now[-1] if _now else None


@contextmanager
def _working_on(line: Line) -> Iterator[None]:
    _now.append(line)
    try:
        yield
    finally:
        _now.pop()


def install(model: nn.Module) -> None:
    """Let the rotary embeddings of a model that can be packed put a line's tokens into their rows first."""
    if not packable(model):
        return
    for kind in {type(layer.self_attn.rope) for layer in model.layers}:
        if not hasattr(kind, "_of_rows"):
            kind._of_rows = kind.__call__
            kind.__call__ = _rope


def _rope(self: Any, x: mx.array, *args: Any, **kwargs: Any) -> mx.array:
    line = current()
    return self._of_rows(x if line is None else line.block(x), *args, **kwargs)


def packable(model: nn.Module) -> bool:
    """Whether the model is of a kind whose rows can be put into one line. Recomputing blocks for the gradient is not:
    they would be computed again when the line is forgotten."""
    args = getattr(model, "args", None)
    return (
        getattr(args, "model_type", "") in PACKABLE
        and type(model).__module__ == f"mlx_lm.models.{args.model_type}"  # type: ignore[union-attr]
        and not getattr(args, "sliding_window", None)
        and type(model.layers[0]).__call__.__name__ != "checkpointed_fn"
    )


def loss(
    model: nn.Module, ids: mx.array, mask: mx.array, cross_entropy: Callable[[mx.array, mx.array], mx.array]
) -> tuple[mx.array, mx.array]:
    """Mean cross entropy in nats over the targets whose mask is 1, and their number.

    `ids` (rows, length + 1) and `mask` (rows, length) must hold numbers already: a compiled step has none to look at.
    `cross_entropy` takes logits (positions, vocabulary) and targets (positions).
    """
    wanted, numbers = np.array(mask) != 0, np.array(ids)
    count = int(wanted.sum())
    lengths = [int(row.nonzero()[0][-1]) + 1 if row.any() else 0 for row in wanted]
    if not count:  # the gradient is still asked for, and is zero
        wanted[0, 0], lengths[0] = True, 1
    sums = []
    groups = _deal(lengths)
    for rows, stream in zip(groups, _streams(len(groups)), strict=True):
        with mx.stream(stream):
            line = Line([lengths[row] for row in rows])
            tokens, targets, positions = (
                np.concatenate([array[row, first : first + lengths[row]] for row in rows])
                for array, first in ((numbers, 0), (numbers, 1), (wanted, 0))
            )
            with _working_on(line):
                hidden = model.model(mx.array(tokens[None]))[0]
            positions = np.flatnonzero(positions).astype(np.int32)
            logits = _head(model, mx.take(hidden, mx.array(positions), axis=0)).astype(mx.float32)
            sums.append(cross_entropy(logits, mx.array(targets[positions])).sum())
    total = sum(sums[1:], sums[0])
    return total / count if count else total * 0, mx.array(count)


def _head(model: nn.Module, hidden: mx.array) -> mx.array:
    if model.args.tie_word_embeddings:
        return model.model.embed_tokens.as_linear(hidden)
    return model.lm_head(hidden)


def _deal(lengths: list[int]) -> list[list[int]]:
    """Rows that have tokens, in as many groups as there are cores and work for, of about the same number of tokens."""
    rows = sorted((row for row in range(len(lengths)) if lengths[row]), key=lambda row: -lengths[row])
    count = max(1, min(cores(), len(rows), sum(lengths) // LEAST_TOKENS))
    groups: list[list[int]] = [[] for _ in range(count)]
    for row in rows:
        min(groups, key=lambda group: sum(lengths[each] for each in group)).append(row)
    return groups


def cores() -> int:
    """Processor cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


_made: list[mx.Stream] = []


def _streams(count: int) -> list[mx.Stream]:
    """So many streams of the CPU. From the second on BLAS keeps to the thread that calls it."""
    if count > 1 and len(_made) < count:
        _one_blas_thread()
    while len(_made) < count:
        _made.append(mx.new_stream(mx.cpu))
    return _made[:count] if count > 1 else [mx.default_stream(mx.cpu)]


def _one_blas_thread() -> None:
    library = ctypes.CDLL(None)
    for name in ("scipy_openblas_set_num_threads", "openblas_set_num_threads"):
        if hasattr(library, name):
            getattr(library, name)(1)
