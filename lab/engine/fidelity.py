"""How near one model is to another, measured on held-out rows: divergence, likeliest tokens, answers."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

import mlx.core as mx
import mlx.nn as nn
import numpy as np

from lab.datasets.find import find_data, read_rows
from lab.engine import batches
from lab.engine.generation import answers, exact_match
from lab.engine.label_masking import Row
from lab.errors import LabError
from lab.runs.directory import Run
from lab.score import Item, items

BATCH = 16  # rows
MOST_BYTES = 1 << 30  # what the reference's distributions may take


@dataclass(frozen=True)
class HeldOut:
    """Rows that training never saw: their split, their tokens, and the questions in them."""

    split: str
    rows: list[Row]
    questions: list[Item]

    @classmethod
    def of(cls, run: Run, tokenizer: Any, most: int) -> "HeldOut":
        """At most so many rows of the test split, else of the validation split; always the same ones."""
        spec, data = run.spec, find_data(run.spec.data)
        split = next((name for name in ("test", "valid") if data.rows[name]), None)
        if split is None:
            raise LabError("holds neither test.jsonl nor valid.jsonl", where=str(data.path),
                           remedy="put rows there that training never saw")  # fmt: skip
        rows = batches.tokenize(data.path, split, tokenizer, bool(spec.mask_prompt), spec.max_seq_length)
        both = batches.fixed_share(list(zip(rows, read_rows(data.path / f"{split}.jsonl"), strict=True)), most)
        return cls(split, [row for row, _ in both], [item for _, raw in both for item in items(raw)])


def distributions(model: nn.Module, rows: list[Row]) -> Iterator[mx.array]:
    """Log probabilities (supervised tokens of a batch, vocabulary) of the next token, in float32, batch by batch."""
    for batch in batches.in_order(rows, BATCH):
        ids, mask = batches.pad(batch)
        logits = model(ids[:, :-1]).astype(mx.float32)
        places = mx.array(np.flatnonzero(np.array(mask)))
        chosen = logits.reshape(-1, logits.shape[-1])[places]
        result = chosen - mx.logsumexp(chosen, axis=-1, keepdims=True)
        mx.eval(result)
        yield result


def kl(known: mx.array, other: mx.array) -> mx.array:
    """KL divergence in nats of each row of log probabilities (rows, vocabulary) from the same row of another.

    Summed as p (exp(-d) - 1 + d) with d = log p - log q, of which no term is negative, and by its series where d is
    small, so that rounding does not drown what two nearly equal models differ by.
    """
    p, d = mx.exp(known), known - other
    terms = mx.where(mx.abs(d) < 1e-2, p * d * d * (1 / 2 - d / 6 + d * d / 24), mx.exp(other) - p + p * d)
    return terms.sum(-1)


Progress = Callable[[int, int], None]
"""progress(done, total): rows read and questions answered, together."""


class Reference:
    """What a model says of held-out rows, kept so that other models can be compared with it.

    `exact_match` is None where there is no question.
    """

    def __init__(self, model: nn.Module, tokenizer: Any, held_out: HeldOut, progress: Progress) -> None:
        self.held_out, self.tokenizer = held_out, tokenizer
        room = MOST_BYTES // (4 * model(mx.array([[0]])).shape[-1])  # tokens
        counts = accumulate(row.supervised for row in held_out.rows)
        self.rows = [row for row, count in zip(held_out.rows, counts, strict=True) if count <= room]
        self.known = list(self._look(model, progress))
        self.tokens = sum(len(each) for each in self.known)
        self.exact_match = self.score(model, progress)

    @property
    def total(self) -> int:
        """Rows to read and questions to ask of one model."""
        return len(self.rows) + len(self.held_out.questions)

    def _look(self, model: nn.Module, progress: Progress) -> Iterator[mx.array]:
        for number, part in enumerate(distributions(model, self.rows), 1):
            progress(min(number * BATCH, len(self.rows)), self.total)
            yield part

    def compare(self, model: nn.Module, progress: Progress = lambda *_: None) -> tuple[float, float]:
        """Mean KL(reference || model) in nats a supervised token, and the share of tokens both find likeliest."""
        divergence: Any = 0.0
        agreed: Any = 0
        for known, other in zip(self.known, self._look(model, progress), strict=True):
            divergence += kl(known, other).sum().item()
            agreed += (known.argmax(-1) == other.argmax(-1)).sum().item()
        return divergence / self.tokens, agreed / self.tokens

    def score(self, model: nn.Module, progress: Progress) -> float | None:
        """The share of the questions that the model answers right."""
        asked, texts = self.held_out.questions, []
        for text in answers(model, self.tokenizer, asked):
            texts.append(text)
            progress(len(self.rows) + len(texts), self.total)
        return exact_match(asked, texts)
