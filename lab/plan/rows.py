"""How long the rows of a run are in tokens, which decides most of its memory and time."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lab.datasets import DataInfo
from lab.spec import RunSpec

BYTES_A_TOKEN = 3
TEMPLATE = 16
"""Without a tokenizer a row counts as one token for every 3 bytes of its line and 16 for the chat template: a rule of
thumb on the cautious side, for vocabularies of 32,000 tokens and more."""


@dataclass(frozen=True)
class Rows:
    """Rows of a run: how many, and `longest_batch` and `mean_batch`, the targets that a row is padded to in the
    longest and in the mean batch. `counted` is false where they are guessed from bytes."""

    train: int
    valid: int
    longest_batch: int
    mean_batch: float
    counted: bool = False
    longest: int = 0
    truncated: int = 0
    lost_tokens: int = 0
    unsupervised: int = 0
    early_batch: float = 0
    early_longest: int = 0
    """Of the first few batches, which a trial trains on: the mean of the timed ones, and the longest."""


def counted(found: dict[str, Any]) -> Rows:
    """Rows as the engine counted them (`lab.engine.probe.rows`)."""
    train, valid = found["train"], found["valid"]
    return Rows(train["rows"], valid["rows"], found["longest_batch"], found["mean_batch"], True, train["longest"],
                train["truncated"], train["lost_tokens"], train["unsupervised"] + valid["unsupervised"],
                found["early_batch"], found["early_longest"])  # fmt: skip


def guess(data: DataInfo, spec: RunSpec) -> Rows:
    """Rows as long as their bytes suggest; every batch counts as holding one of the longest."""
    lengths = [tokens for line in _lines(data.path / "train.jsonl") if (tokens := line // BYTES_A_TOKEN + TEMPLATE)]
    longest = min(max(lengths, default=8), spec.max_seq_length)
    mean = min(longest, sum(lengths) / max(1, len(lengths)))
    if spec.batch_size > 1:
        mean = (mean + longest) / 2
    return Rows(data.rows["train"], data.rows.get("valid", 0), longest, mean, False, longest,
                sum(length > spec.max_seq_length for length in lengths),
                sum(max(0, length - spec.max_seq_length) for length in lengths))  # fmt: skip


def _lines(path: Path) -> list[int]:
    with path.open("rb") as file:
        return [len(line) for line in file if line.strip()]
