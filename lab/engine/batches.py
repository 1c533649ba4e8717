"""Rows to batches: tokenized once, in an order that the seed decides, in few shapes."""

from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from random import Random
from typing import Any

import mlx.core as mx
import numpy as np

from lab.datasets.find import format_of, read_rows
from lab.engine.label_masking import Row, Supervisor
from lab.errors import LabError

PAD_TO = 4
SHAPES = 12  # lengths a run pads to; each is traced, compiled and kept in MLX's cache of buffers once
POOL = 16  # batches whose rows are sorted by length together
CHUNK = 512  # rows encoded at once
NAMED = 5  # rows named in an error


def tokenize(folder: Path, split: str, tokenizer: Any, mask_prompt: bool | None, max_seq_length: int) -> list[Row]:
    """The rows of a split, cut to the window. Raises LabError naming the rows that hold nothing to learn."""
    path = folder / f"{split}.jsonl"
    if not path.exists():
        return []
    supervisor = Supervisor(tokenizer, max_seq_length, mask_prompt)
    rows: list[Row] = []
    faults: list[tuple[int, str, str]] = []  # line, what is wrong, what to do
    source = read_rows(path)
    while some := list(islice(source, CHUNK)):
        form = format_of(some[0]) or "text"
        if form != "text" and not getattr(tokenizer, "chat_template", None):
            raise LabError(f"the model has no chat template, and rows of {form} need one", where=f"{path}:1",
                           remedy="take its instruction-tuned sister, or write rows of text")  # fmt: skip
        for number, encoded in enumerate(supervisor(some, form), len(rows) + 1):
            if encoded.refused:
                faults.append((number, encoded.refused, "mend or remove the row, or take a base with another template"))
            elif not encoded.row.supervised and encoded.tokens > max_seq_length:
                held = f"the prompt takes all {len(encoded.row.ids)} of {max_seq_length} tokens"
                remedy = "raise --max-seq-length, or shorten or remove the row"
                faults.append((number, f"nothing is left to learn: {held}", remedy))
            elif not encoded.row.supervised:
                faults.append((number, "nothing is left to learn: no token of it is supervised", "remove the row"))
            rows.append(encoded.row)
    if faults:
        (line, what, remedy), others = faults[0], [str(number) for number, _, _ in faults[1:]]
        if others:
            more = "" if len(others) < NAMED else f" and {len(others) - NAMED + 1:,} more"
            what += f" (so in line{'s' * (len(others) > 1)} {', '.join(others[: NAMED - 1])}{more})"
        raise LabError(what, where=f"{path}:{line}", remedy=remedy)
    return rows


def pad(rows: list[Row], length: int = 0, count: int = 0) -> tuple[mx.array, mx.array]:
    """Token ids (count, length + 1) and a mask (count, length) of 1 for each target to learn, 0 for prompt and pad.

    `length` is raised to the next multiple of 4 that holds the longest row; rows missing to `count` are all pad.
    """
    length = max(length, padded(max(len(row.ids) for row in rows)))
    ids = np.zeros((max(count, len(rows)), length + 1), np.int32)
    mask = np.zeros((len(ids), length), np.float32)
    for i, row in enumerate(rows):
        ids[i, : len(row.ids)] = row.ids
        for start, end in row.spans:
            mask[i, max(start, 1) - 1 : end - 1] = 1
    return mx.array(ids), mx.array(mask)


def padded(tokens: int) -> int:
    """The targets that a row of so many tokens is padded to, at least."""
    return PAD_TO * max(1, -(-(tokens - 1) // PAD_TO))


def shapes(longest: Iterable[int], limit: int = SHAPES) -> list[int]:
    """At most `limit` lengths to pad batches to, for the least padding, given each batch's own padded length.

    Exact, by dynamic programming over the distinct lengths: cost[k][j] is the least padded length in all when the
    first j distinct lengths are covered by k shapes, the last of them lengths[j - 1].
    """
    lengths, counts = np.unique(np.fromiter(longest, np.int64), return_counts=True)
    if len(lengths) <= limit:
        return [int(length) for length in lengths]
    held = np.concatenate([[0], np.cumsum(counts)])
    cost = np.full((limit + 1, len(lengths) + 1), np.inf)
    choice = np.zeros(cost.shape, np.int64)
    cost[0, 0] = 0
    for k in range(1, limit + 1):
        for j in range(1, len(lengths) + 1):
            options = cost[k - 1, :j] + (held[j] - held[:j]) * lengths[j - 1]
            choice[k, j] = int(np.argmin(options))
            cost[k, j] = options[choice[k, j]]
    found, j = [], len(lengths)
    for k in range(limit, 0, -1):
        found.append(int(lengths[j - 1]))
        j = int(choice[k, j])
        if not j:
            break
    return found[::-1]


def shape_for(longest: int, lengths: list[int]) -> int:
    """The least of the lengths that is at least so long; beyond the last, the length itself."""
    return next((length for length in lengths if length >= longest), longest)


def longest(batch: Iterable[Row]) -> int:
    """The padded length that the batch needs."""
    return padded(max(len(row.ids) for row in batch))


def in_order(rows: list[Row], batch_size: int) -> Iterator[list[Row]]:
    """Every row once, sorted by length: the same batches every time, so that validation can be compared."""
    ordered = sorted(rows, key=lambda row: len(row.ids))
    for i in range(0, len(ordered), batch_size):
        yield ordered[i : i + batch_size]


def fixed_share(rows: list[Any], count: int) -> list[Any]:
    """`count` of the rows, always the same ones whatever the run's seed, spread over all of them (-1: every row)."""
    return rows if count < 0 or count >= len(rows) else Random(0).sample(rows, count)


def drawn(rows: list[Row], batch_size: int, seed: int, batching: str = "random") -> Iterator[list[Row]]:
    """Batches without end: every row once an epoch, none dropped; a pure function of rows and seed.

    "length" sorts the rows of sixteen batches at a time by length before they are cut into batches, whose order is
    then drawn again: less padding, and yet long and short batches mixed (CONTRIBUTING.md on what it costs).
    """
    rng = Random(seed)

    def stream() -> Iterator[Row]:
        while True:
            yield from rng.sample(rows, len(rows))

    source = stream()
    while True:
        if batching == "random":
            yield [next(source) for _ in range(batch_size)]
            continue
        pool = sorted((next(source) for _ in range(POOL * batch_size)), key=lambda row: len(row.ids))
        cut = [pool[i : i + batch_size] for i in range(0, len(pool), batch_size)]
        yield from rng.sample(cut, len(cut))
