"""Rows to batches: tokenized once, in an order that the seed decides."""

from collections.abc import Iterator
from pathlib import Path
from random import Random
from types import SimpleNamespace
from typing import Any

import mlx.core as mx
import numpy as np
from mlx_lm.tuner.datasets import create_dataset

from lab.datasets import read_rows
from lab.errors import LabError

Row = tuple[list[int], int]  # token ids; how many of the first are prompt and not supervised
PAD_TO = 8


def tokenize(folder: Path, split: str, tokenizer: Any, mask_prompt: bool, max_seq_length: int) -> list[Row]:
    """The rows of a split through mlx-lm's own data set classes. Raises LabError for rows with nothing supervised."""
    path = folder / f"{split}.jsonl"
    if not path.exists():
        return []
    data = list(read_rows(path))
    dataset: Any = create_dataset(data, tokenizer, SimpleNamespace(mask_prompt=mask_prompt)) if data else None
    rows: list[Row] = []
    for number, raw in enumerate(data, 1):
        ids, offset = dataset.process(raw)
        if offset >= min(len(ids), max_seq_length):
            raise LabError(
                f"nothing is left to learn: the prompt takes {offset} of {max_seq_length} tokens",
                where=f"{path}:{number}",
                remedy="raise --max-seq-length or shorten the row",
            )
        rows.append((list(ids[:max_seq_length]), offset))
    return rows


def pad(rows: list[Row]) -> tuple[mx.array, mx.array]:
    """Token ids (rows, length) padded to one more than a multiple of 8, and the supervised span of each row.

    The span is (offset, length - 1) in mlx-lm's counting of targets, which keeps the pad after the last token out of
    the loss.
    """
    longest = max(len(ids) for ids, _ in rows)
    batch = np.zeros((len(rows), 1 + PAD_TO * ((longest - 2) // PAD_TO + 1)), np.int32)
    for i, (ids, _) in enumerate(rows):
        batch[i, : len(ids)] = ids
    return mx.array(batch), mx.array([(offset, len(ids) - 1) for ids, offset in rows])


def in_order(rows: list[Row], batch_size: int) -> Iterator[list[Row]]:
    """Every row once, sorted by length: the same batches every time, so that validation can be compared."""
    ordered = sorted(rows, key=lambda row: len(row[0]))
    for i in range(0, len(ordered), batch_size):
        yield ordered[i : i + batch_size]


def shuffled(rows: list[Row], batch_size: int, seed: int) -> Iterator[list[Row]]:
    """Batches without end: every row once an epoch, none dropped; a pure function of the seed.

    Rows are not put together by length: batches all of short or all of long rows cost more accuracy than padding costs
    time (CONTRIBUTING.md).
    """
    rng = Random(seed)

    def stream() -> Iterator[Row]:
        while True:
            yield from rng.sample(rows, len(rows))

    source = stream()
    while True:
        yield [next(source) for _ in range(batch_size)]
