"""The questions that a model answers at every checkpoint, so that one sees what it learns and not only how much."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import mlx.nn as nn

from lab.datasets.find import read_rows
from lab.engine.batches import fixed_share
from lab.engine.generation import answers
from lab.events.schema import Answer
from lab.score import Item, items
from lab.spec import RunSpec

SHOWN = 2000  # characters of a prompt, an expected answer and an answer that an event tells
OWN_TOKENS = 64  # where answers to prompts of one's own are cut, since nothing says how long they should be
MOST_TOKENS = 256  # where every answer is cut: of a row of plain text thousands may be expected, at every checkpoint


def questions(spec: RunSpec, folder: Path) -> list[Item]:
    """The spec's own prompts, then questions of the validation split, always the same ones."""
    path = folder / "valid.jsonl"
    rows: list[Any] = list(read_rows(path)) if path.exists() and spec.samples else []
    drawn = [item for row in fixed_share(rows, spec.samples) for item in items(row)[-1:]]
    return [Item(({"role": "user", "content": p},), "", "") for p in spec.sample_prompts] + drawn


def shortened(text: str) -> str:
    """The beginning of a long text and how many characters are left out, so that an event stays short to read."""
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}… (+{len(text) - SHOWN:,})"


def asker(spec: RunSpec, folder: Path, model: nn.Module, tokenizer: Any) -> Callable[[], list[Answer]] | None:
    """A function that has the model answer them greedily, or None if there are none. It may raise Stopped."""
    asked = questions(spec, folder)
    if not asked:
        return None

    def ask() -> list[Answer]:
        model.eval()
        least = OWN_TOKENS if spec.sample_prompts else 0
        try:
            texts = list(
                answers(model, tokenizer, asked, at_least=least, at_most=MOST_TOKENS, window=spec.max_seq_length)
            )
        finally:
            model.train()
        return [
            Answer(
                prompt=shortened(item.messages[-1]["content"] if item.messages else item.text),
                expected=shortened(item.expected) or None,
                text=shortened(text),
            )
            for item, text in zip(asked, texts, strict=True)
        ]

    return ask
