"""`--stock`: mlx-lm's own batches, masks and validation, fed to our loop; the proof that it computes the same."""

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import mlx.core as mx
import mlx.nn as nn
import numpy as np
from mlx_lm.tuner.datasets import CacheDataset, create_dataset
from mlx_lm.tuner.trainer import evaluate, iterate_batches

from lab.datasets.find import read_rows
from lab.engine.loop import Loss
from lab.spec import RunSpec

Batch = tuple[mx.array, mx.array]


class Stock:
    """The batches and validation losses that `mlx_lm lora` has with this spec.

    Both draw from NumPy's global random numbers, so batches and validations must be asked for in mlx-lm's order.
    """

    def __init__(self, spec: RunSpec, folder: Path, tokenizer: Any, group: Any) -> None:
        self.spec, self.group = spec, group
        np.random.seed(spec.seed)
        config = SimpleNamespace(mask_prompt=bool(spec.mask_prompt))

        def rows_of(split: str) -> CacheDataset | None:
            path = folder / f"{split}.jsonl"
            rows = list(read_rows(path)) if path.exists() else []
            return CacheDataset(create_dataset(rows, tokenizer, config)) if rows else None

        self.rows, self.valid, self.test = rows_of("train"), rows_of("valid"), rows_of("test") if spec.test else None

    def batches(self) -> Iterator[Batch]:
        """Batches without end."""
        spec = self.spec
        source = iterate_batches(
            self.rows, spec.batch_size, spec.max_seq_length, loop=True, comm_group=self.group or mx.distributed.init()
        )
        return ((ids, span_mask(ids, lengths)) for ids, lengths in source)

    def evaluate(self, model: nn.Module, loss: Loss, rows: Any, count: int) -> float:
        """Mean loss over so many batches of the rows (-1: all), drawn anew each time."""
        mean = evaluate(
            model=model,
            dataset=rows,
            batch_size=self.spec.batch_size,
            num_batches=count,
            max_seq_length=self.spec.max_seq_length,
            loss=lambda model, ids, lengths: loss(model, ids, span_mask(ids, lengths)),
        )
        model.train()
        return float(mean)


def span_mask(ids: mx.array, lengths: mx.array) -> mx.array:
    """mlx-lm's (first, last) targets, counted from 1 and both included, as our mask (rows, length)."""
    steps = mx.arange(1, ids.shape[1])
    return mx.logical_and(steps >= lengths[:, 0:1], steps <= lengths[:, 1:]).astype(mx.float32)
