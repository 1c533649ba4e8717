"""How long the rows of a run are in tokens, which decides most of its memory and time."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lab.datasets.find import DataInfo
from lab.spec import RunSpec

BYTES_A_TOKEN = 3
TEMPLATE = 16
"""Without a tokenizer a row counts as one token for every 3 bytes of its line and 16 for the chat template: a rule of
thumb on the cautious side, for vocabularies of 32,000 tokens and more."""


@dataclass(frozen=True)
class Batch:
    """A batch by its sizes: the targets its rows are padded to, those it has up to each row's last supervised one, and
    the supervised ones, which are predicted."""

    length: float
    tokens: float
    predicted: float


@dataclass(frozen=True)
class Rows:
    """Rows of a run. `heaviest` is the largest batch of its iterations in every respect and `mean` the average one;
    `early` and `timed` are that for the iterations that a trial trains and times. `counted` is false where all of it
    is guessed from bytes."""

    train: int
    valid: int
    heaviest: Batch
    mean: Batch
    early: Batch
    timed: Batch
    counted: bool = False
    longest: int = 0
    truncated: int = 0
    lost_tokens: int = 0
    unsupervised: int = 0
    whole: int = 0
    """Tokens of the longest row before it was cut; 0 where nobody knows."""


def counted(found: Mapping[str, Any]) -> Rows:
    """Rows as the engine counted them (`lab.engine.probe.rows`)."""
    train, valid = found["train"], found["valid"]
    heaviest, mean, early, timed = (Batch(*found[name]) for name in ("heaviest", "mean", "early", "timed"))
    return Rows(train["rows"], valid["rows"], heaviest, mean, early, timed, True, train["longest"], train["truncated"],
                train["lost_tokens"], train["unsupervised"] + valid["unsupervised"], train["whole"])  # fmt: skip


def guess(data: DataInfo, spec: RunSpec) -> Rows:
    """Rows as long as their bytes suggest, all of them supervised; every batch counts as holding the longest."""
    with (data.path / "train.jsonl").open("rb") as file:
        lengths = [len(line) // BYTES_A_TOKEN + TEMPLATE for line in file if line.strip()]
    longest = min(max(lengths, default=8), spec.max_seq_length)
    mean = min(longest, sum(lengths) / max(1, len(lengths)))
    batch = uniform(longest, spec.batch_size)
    usual = Batch(longest, mean * spec.batch_size, mean * spec.batch_size)
    cut = [length - spec.max_seq_length for length in lengths if length > spec.max_seq_length]
    return Rows(data.rows["train"], data.rows.get("valid", 0), batch, usual, batch, usual, False, longest,
                len(cut), sum(cut), whole=max(lengths, default=0))  # fmt: skip


def uniform(length: int, rows: int) -> Batch:
    """A batch of rows that all have this many targets, all supervised."""
    return Batch(length, length * rows, length * rows)


def changed(batch: Batch, rows: int, to_rows: int, window: int) -> Batch:
    """The heaviest batch of `rows` rows as it may be with another number of rows, or with rows cut to a window."""
    length = min(batch.length, window)
    tokens = min(length * to_rows, max(length, batch.tokens * to_rows / rows))
    return Batch(length, tokens, min(tokens, batch.predicted * max(to_rows / rows, tokens / batch.tokens)))
