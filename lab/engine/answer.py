"""Asking a model: one prompt as stock mlx-lm does, or a whole test set at once for its score."""

import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import mlx.nn as nn
from mlx_lm import generate as mlx_lm_generate
from mlx_lm.generate import batch_generate
from mlx_lm.tuner.utils import load_adapters

from lab.datasets import find_data, read_rows
from lab.engine import batches
from lab.engine.load import load_base
from lab.engine.loop import masked_loss
from lab.engine.supervise import Row
from lab.errors import LabError
from lab.runs import Run
from lab.score import Item, items, same

CHUNK = 50  # questions answered together
MARGIN = 4  # tokens an answer may run past the longest expected one before it is cut


def with_adapter(model: nn.Module, run: Run) -> None:
    """Put the run's adapter on its base. Raises LabError if there is none that fits."""
    if not (run.adapters / "adapters.safetensors").exists():
        raise LabError("has no adapter yet", where=run.id, remedy="let the run reach its first save, or run it again")
    try:
        load_adapters(model, str(run.adapters))
    except Exception as error:
        raise LabError(f"the adapter cannot be loaded ({error})", where=str(run.adapters)) from error
    model.eval()


def generate(run: Run, cache: Path, prompt: str, max_tokens: int, *, base: bool = False) -> str:
    """The greedy answer of base + adapter (or of the base alone) to a chat prompt, exactly as stock mlx-lm gives it."""
    model, tokenizer, _ = load_base(run.spec.model, cache, fast=False, bits=run.spec.bits)
    if not base:
        with_adapter(model, run)
    messages = [{"role": "user", "content": prompt}]
    ids = tokenizer.apply_chat_template(messages, add_generation_prompt=True, return_dict=False)
    return str(mlx_lm_generate(model, tokenizer, ids, max_tokens=max_tokens))


def encode(tokenizer: Any, item: Item) -> list[int]:
    """Token ids of the question, ending where the answer begins."""
    if item.text:
        return list(tokenizer.encode(item.text))
    return list(tokenizer.apply_chat_template(list(item.messages), add_generation_prompt=True, return_dict=False))


def answers(model: nn.Module, tokenizer: Any, asked: list[Item], at_least: int = 0) -> Iterator[str]:
    """The greedy answers to all questions, in order, in chunks of one batch each.

    They are cut a little past the longest answer expected, but leave room for `at_least` tokens.
    """
    limit = max(at_least, MARGIN + max((len(tokenizer.encode(item.expected)) for item in asked), default=0))
    for start in range(0, len(asked), CHUNK):
        prompts = [encode(tokenizer, item) for item in asked[start : start + CHUNK]]
        yield from batch_generate(model, tokenizer, prompts, max_tokens=limit).texts


def evaluate(run: Run, cache: Path, progress: Callable[[str, int, int], None]) -> dict[str, Any]:
    """Loss and perplexity (nats a token) of base + adapter on the test rows, and exact match of it and of the base.

    `progress(stage, done, total)` is called as questions are answered. Raises LabError without a test set.
    """
    spec, data = run.spec, find_data(run.spec.data)
    if not data.rows["test"]:
        raise LabError("holds no test.jsonl", where=str(data.path), remedy="put rows there that training never saw")
    model, tokenizer, _ = load_base(spec.model, cache, fast=True, bits=spec.bits)
    model.eval()
    asked = [item for row in read_rows(data.path / "test.jsonl") for item in items(row)]

    def score(stage: str) -> float | None:
        right = 0
        for done, (item, answer) in enumerate(zip(asked, answers(model, tokenizer, asked), strict=True), 1):
            right += same(answer, item.expected)
            progress(stage, done, len(asked))
        return right / len(asked) if asked else None

    base = score("base")
    with_adapter(model, run)
    tuned = score("adapter")
    loss = test_loss(model, batches.tokenize(data.path, "test", tokenizer, bool(spec.mask_prompt), spec.max_seq_length))
    return {
        "run": run.id,
        "loss": loss,
        "perplexity": math.exp(min(loss, 700.0)),
        "exact_match": tuned,
        "base_exact_match": base,
        "examples": len(asked),
    }


def test_loss(model: nn.Module, rows: list[Row], batch_size: int = 16) -> float:
    """Mean loss in nats over every supervised token of the rows."""
    total: Any = 0.0
    tokens: Any = 0
    for batch in batches.in_order(rows, batch_size):
        mean, count = masked_loss(model, *batches.pad(batch))
        total, tokens = total + (mean * count).item(), tokens + count.item()
    return float(total / tokens)
