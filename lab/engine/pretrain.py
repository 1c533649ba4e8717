"""Make sprout: `python -m lab.engine.pretrain` (fixed seed; stop it at any time, the same command goes on).

A small Llama learns the corpus of lab.bundled.generate, one document a row, rows of like length together. Only what the
assistant says counts fully in the loss: the rest of a synthetic document is mostly random choice.
"""

import argparse
import json
import math
import os
import shutil
import sys
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

import mlx.core as mx
import mlx.nn as nn
import mlx.optimizers as optim
import numpy as np
from mlx.utils import tree_flatten, tree_unflatten
from mlx_lm.models import llama
from transformers import AutoTokenizer, PreTrainedTokenizerFast

from lab.bundled.generate import corpus
from lab.client import engine_environment
from lab.engine import cpu, tokenizer

SEED = 7
BATCH, GROUP = 32, 8  # rows a step; steps whose rows are drawn together and sorted by length
WARMUP, PEAK_RATE, WEIGHT_DECAY = 200, 2e-3, 0.02
PROMPT_WEIGHT = 0.1
CONFIG = {
    "architectures": ["LlamaForCausalLM"],
    "model_type": "llama",
    "hidden_size": 192,
    "intermediate_size": 512,
    "num_hidden_layers": 6,
    "num_attention_heads": 4,
    "num_key_value_heads": 4,
    "vocab_size": tokenizer.VOCABULARY,
    "max_position_embeddings": 1024,
    "rms_norm_eps": 1e-5,
    "rope_theta": 10000.0,
    "tie_word_embeddings": True,
    "eos_token_id": 0,
    "pad_token_id": 0,
    "torch_dtype": "float32",
}
SHIPPED = Path(__file__).parent.parent / "bundled" / "models" / "sprout"


def encode(tok: PreTrainedTokenizerFast, document: corpus.Document) -> tuple[list[int], list[float]]:
    """Token ids of a document and the loss weight of each."""
    end = tok.eos_token_id
    ids: list[int] = []
    weights: list[float] = []
    for role, text in document:
        body = [*tok.encode(text, add_special_tokens=False), end]
        head = [] if role == "text" else [tok.convert_tokens_to_ids(f"<|{role}|>")]
        weight = PROMPT_WEIGHT if role == "user" else 1.0
        ids += head + body
        weights += [0.0] * len(head) + [weight] * len(body)
    return ids, weights


def batches(tok: PreTrainedTokenizerFast, start: int, seed: int) -> Iterator[tuple[mx.array, mx.array]]:
    """Batches of step `start` and on: (rows, length) token ids and loss weights; a pure function of seed and step."""
    for group in range(start // GROUP, 10**9):
        rng = Random(f"{seed}-{group}")
        rows = [encode(tok, corpus.document(rng)) for _ in range(BATCH * GROUP)]
        rows.sort(key=lambda r: len(r[0]))
        order = list(range(GROUP))
        rng.shuffle(order)
        for i in order[start % GROUP if group == start // GROUP else 0 :]:
            yield _pad(rows[i * BATCH : (i + 1) * BATCH])


def _pad(rows: list[tuple[list[int], list[float]]]) -> tuple[mx.array, mx.array]:
    length = 8 * math.ceil(max(len(ids) for ids, _ in rows) / 8) + 1
    ids = np.zeros((len(rows), length), np.int32)
    weights = np.zeros((len(rows), length), np.float32)
    for i, (row, weight) in enumerate(rows):
        ids[i, : len(row)], weights[i, : len(row)] = row, weight
    return mx.array(ids), mx.array(weights)


def loss(model: nn.Module, ids: mx.array, weights: mx.array) -> mx.array:
    """Weighted mean cross entropy of the next token, in nats."""
    w = weights[:, 1:]
    return (cpu.cross_entropy(model(ids[:, :-1]), ids[:, 1:]) * w).sum() / w.sum()


def answered(model: nn.Module, tok: PreTrainedTokenizerFast, seed: int, rows: int = 96) -> dict[str, float]:
    """Share of held-out documents of each kind whose assistant tokens are all predicted right."""
    scores = {}
    for make, _ in corpus.MIX:
        rng = Random(f"{seed}-held-out-{make.__name__}")
        ids, weights = _pad([encode(tok, make(rng)) for _ in range(rows)])
        right = (model(ids[:, :-1]).argmax(-1) == ids[:, 1:]) | (weights[:, 1:] < 1)
        scores[make.__name__] = right.all(-1).astype(mx.float32).mean().item()
    return scores


def rate(step: int, steps: int) -> float:
    """Learning rate: linear warm-up, then a cosine down to a hundredth."""
    if step < WARMUP:
        return PEAK_RATE * (step + 1) / WARMUP
    done = (step - WARMUP) / max(1, steps - WARMUP)
    return PEAK_RATE * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * done)))


def _save_atomically(path: Path, arrays: dict[str, mx.array], step: int) -> None:
    temporary = path.with_suffix(".tmp.safetensors")
    mx.save_safetensors(str(temporary), arrays, {"step": str(step)})
    os.replace(temporary, path)


def ship(model: nn.Module, work: Path, out: Path) -> None:
    """Write the finished model folder: weights, configuration, tokenizer and chat template."""
    out.mkdir(parents=True, exist_ok=True)
    mx.save_safetensors(str(out / "model.safetensors"), dict(tree_flatten(model.parameters())), {"format": "mlx"})
    (out / "config.json").write_text(json.dumps(CONFIG, indent=2) + "\n", encoding="utf-8")
    for name in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copyfile(work / name, out / name)


def pretrain(work: Path, out: Path, steps: int, every: int, seed: int = SEED) -> None:
    """Train from the last saved state in `work` to `steps`, then write the model to `out`."""
    work.mkdir(parents=True, exist_ok=True)
    if not (work / "tokenizer_config.json").exists():
        tokenizer.train(work, seed)
    tok = AutoTokenizer.from_pretrained(work)
    mx.random.seed(seed)
    model = llama.Model(llama.ModelArgs.from_dict(CONFIG))
    cpu.install(model)
    optimizer = optim.AdamW(learning_rate=PEAK_RATE, betas=[0.9, 0.98], weight_decay=WEIGHT_DECAY)
    optimizer.init(model.trainable_parameters())
    state_file, first = work / "state.safetensors", 0
    if state_file.exists():
        loaded: Any = mx.load(str(state_file), return_metadata=True)
        arrays, metadata = loaded
        model.load_weights([(k[6:], v) for k, v in arrays.items() if k.startswith("model.")])
        optimizer.state = tree_unflatten([(k[10:], v) for k, v in arrays.items() if k.startswith("optimizer.")])
        first = int(metadata["step"])
    state = [model.state, optimizer.state]

    @partial(mx.compile, inputs=state, outputs=state)
    def step_(ids: mx.array, weights: mx.array) -> mx.array:
        value, gradient = nn.value_and_grad(model, loss)(model, ids, weights)
        gradient, _ = optim.clip_grad_norm(gradient, 1.0)
        optimizer.update(model, gradient)
        return value

    losses: list[Any] = []
    tokens, began = 0, time.perf_counter()
    for step, (ids, weights) in zip(range(first, steps), batches(tok, first, seed), strict=False):
        optimizer.learning_rate = mx.array(rate(step, steps))
        value = step_(ids, weights)
        mx.eval(value, state)
        losses.append(value.item())
        tokens += ids.size
        if (step + 1) % every == 0 or step + 1 == steps:
            mean, speed = sum(losses) / len(losses), tokens / (time.perf_counter() - began)
            print(f"step {step + 1}/{steps}  loss {mean:.4f}  {speed:,.0f} tokens/s", flush=True)
            losses, tokens, began = [], 0, time.perf_counter()
        if (step + 1) % (5 * every) == 0 or step + 1 == steps:
            arrays = {f"model.{k}": v for k, v in tree_flatten(model.parameters())}
            arrays |= {f"optimizer.{k}": v for k, v in tree_flatten(optimizer.state)}
            _save_atomically(state_file, arrays, step + 1)
            print(
                "  answered right: " + "  ".join(f"{k} {v:.0%}" for k, v in answered(model, tok, seed).items()),
                flush=True,
            )
    ship(model, work, out)


def main() -> None:
    """Command line of `python -m lab.engine.pretrain`."""
    parser = argparse.ArgumentParser(description="Pre-train sprout, the bundled base model.")
    parser.add_argument("--work", type=Path, default=Path("build/sprout"), help="folder for the resumable state")
    parser.add_argument("--out", type=Path, default=SHIPPED, help="folder of the finished model")
    parser.add_argument("--steps", type=int, default=5000)
    parser.add_argument("--report-every", type=int, default=100)
    options = parser.parse_args()
    if "LOWRANK_ENGINE_BLAS" not in os.environ:  # a BLAS is preloaded, so the process must begin anew
        command = [sys.executable, "-P", "-m", "lab.engine.pretrain", *sys.argv[1:]]
        os.execve(sys.executable, command, engine_environment(options.work / "cache"))
    pretrain(options.work, options.out, options.steps, options.report_every)


if __name__ == "__main__":
    main()
