"""Asking a model a whole test set at once, for its score; `lab.engine.chat` asks one prompt."""

import math
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import islice, repeat
from pathlib import Path
from typing import Any

import mlx.core as mx
import mlx.nn as nn
from mlx_lm.generate import BatchGenerator
from mlx_lm.tuner.utils import load_adapters

from lab.datasets.find import find_data, read_rows
from lab.engine import batches, chat_template, dora, stopping
from lab.engine.label_masking import Row
from lab.engine.load import load_base
from lab.engine.loop import masked_loss
from lab.errors import LabError
from lab.runs import evaluation
from lab.runs.adapters import find_adapter
from lab.runs.directory import Run
from lab.score import Item, items, same

CHUNK = 50  # questions answered together
MARGIN = 4  # tokens an answer may run past the longest expected one before it is cut


def with_adapter(model: nn.Module, run: Run, checkpoint: str = "last") -> None:
    """Put the run's adapter ("last", "best" or an iteration's) on its base. Raises LabError if there is none that fits.

    mlx-lm reads a folder, so the file is shown to it in one beside the run's adapter_config.json; its own DoRA cannot
    load on a base of 3, 5 or 6 bits.
    """
    dora.install()
    file = find_adapter(run, checkpoint)
    with tempfile.TemporaryDirectory() as folder:
        try:
            os.symlink(file, Path(folder) / "adapters.safetensors")
            os.symlink(run.adapters / "adapter_config.json", Path(folder) / "adapter_config.json")
            load_adapters(model, folder)
            mx.eval(model.parameters())
            dora.hold(model)
        except Exception as error:
            raise LabError(f"the adapter cannot be loaded ({error})", where=str(file),
                           remedy="give another --checkpoint, or train again") from error  # fmt: skip
    model.eval()


def encode(tokenizer: Any, item: Item) -> list[int]:
    """Token ids of the question, ending where the answer begins."""
    if item.text:
        return list(tokenizer.encode(item.text))
    with chat_template.little_memory():
        text = chat_template.render(tokenizer, item.messages, add_generation_prompt=True)
    return list(tokenizer.encode(text, add_special_tokens=False))


def answers(
    model: nn.Module, tokenizer: Any, asked: list[Item], *, at_least: int = 0, at_most: int = 0, window: int = 0
) -> Iterator[str]:
    """The greedy answers to all questions, in order, in chunks of one batch each.

    They are cut a little past the longest answer expected, but leave room for `at_least` tokens and take `at_most`, and
    half the window; questions lose their beginning where both together do not fit into it. 0 sets no limit. Raises
    Stopped between two tokens when a training is asked to stop.
    """
    limit = max(at_least, MARGIN + max((len(tokenizer.encode(item.expected)) for item in asked), default=0))
    limit = min(limit, at_most or limit, max(1, window // 2) if window else limit)
    room = max(1, window - limit)
    for start in range(0, len(asked), CHUNK):
        prompts = [encode(tokenizer, item) for item in asked[start : start + CHUNK]]
        prompts = [ids[-room:] for ids in prompts] if window else prompts
        yield from _answered(model, tokenizer, prompts, limit)


def _answered(model: nn.Module, tokenizer: Any, prompts: list[list[int]], limit: int) -> list[str]:
    """What mlx-lm's `batch_generate` gives, but that it can be stopped."""
    sizes = {"prefill_batch_size": CHUNK, "completion_batch_size": CHUNK}  # mlx-lm's 8 and 32 take twice the time
    making = BatchGenerator(model, stop_tokens=[[token] for token in tokenizer.eos_token_ids], **sizes)
    numbers = making.insert(prompts, [limit] * len(prompts))
    found: dict[int, list[int]] = {number: [] for number in numbers}
    try:
        while tokens := making.next_generated():
            stopping.check()
            for each in tokens:
                if each.finish_reason != "stop":
                    found[each.uid].append(each.token)
    finally:
        making.close()
    return [tokenizer.decode(found[number]) for number in numbers]


def evaluate(
    run: Run,
    cache: Path,
    progress: Callable[[str, int, int], None],
    *,
    checkpoint: str = "last",
    split: str = "test",
    first: int = 0,
    ask_base: bool = True,
    every_answer: bool = False,
) -> dict[str, Any]:
    """Loss and perplexity (nats a token) of base + adapter on a split, and exact match of it and of the base.

    Only the `first` rows are looked at, 0 for all, and the base is left out unless `ask_base`; `lab.runs.evaluation`
    keeps the result. `progress(stage, done, total)` is called as questions are answered; `every_answer` adds what was
    asked, expected and answered. Raises LabError without such a split or adapter.
    """
    spec, data = run.spec, find_data(run.spec.data)
    find_adapter(run, checkpoint)
    if not data.rows[split]:
        raise LabError(f"holds no {split}.jsonl", where=str(data.path),
                       remedy="put rows there that training never saw, or give another --split")  # fmt: skip
    of, limit = evaluation.stamp(run, checkpoint, split), first if first < data.rows[split] else 0
    model, tokenizer, _ = load_base(spec.model, cache, fast=True, bits=spec.bits)
    model.eval()
    asked = [item for row in islice(read_rows(data.path / f"{split}.jsonl"), limit or None) for item in items(row)]

    def ask(stage: str) -> list[str]:
        texts = []
        for text in answers(model, tokenizer, asked):
            texts.append(text)
            progress(stage, len(texts), len(asked))
        return texts

    base = ask("base") if ask_base else []
    with_adapter(model, run, checkpoint)
    tuned = ask("adapter")
    rows = batches.tokenize(data.path, split, tokenizer, bool(spec.mask_prompt), spec.max_seq_length)
    loss = test_loss(model, rows[: limit or None])
    result = {
        "run": run.id,
        "checkpoint": checkpoint,
        "split": split,
        "rows": limit,
        "loss": loss,
        "perplexity": math.exp(min(loss, 700.0)),
        "exact_match": exact_match(asked, tuned),
        "base_exact_match": exact_match(asked, base) if ask_base else None,
        "examples": len(asked),
        "of": of,
    }
    with suppress(OSError):  # a score that cannot be kept is one all the same
        evaluation.write(run, result)
    if every_answer:
        result["answers"] = [
            {"prompt": item.messages[-1]["content"] if item.messages else item.text, "expected": item.expected,
             "answer": after, "base_answer": before, "right": same(after, item.expected)}
            for item, before, after in zip(asked, base or repeat(None), tuned, strict=False)
        ]  # fmt: skip
    return result


def exact_match(asked: list[Item], texts: list[str]) -> float | None:
    """The share of questions answered right; None if nothing was asked."""
    return (
        sum(same(text, item.expected) for item, text in zip(asked, texts, strict=True)) / len(asked) if asked else None
    )


def test_loss(model: nn.Module, rows: list[Row], batch_size: int = 16) -> float:
    """Mean loss in nats over every supervised token of the rows."""
    total: Any = 0.0
    tokens: Any = 0
    for batch in batches.in_order(rows, batch_size):
        mean, count = masked_loss(model, *batches.pad(batch))
        total, tokens = total + (mean * count).item(), tokens + count.item()
    return float(total / tokens)
