"""What each way of fusing keeps of an adapter: `python -m benchmarks.fidelity_figures`, for the lesson about fusing.

Adapters of `sprout-4bit` that were trained gently or strongly, briefly or longer, are fused with the command a learner
has, and measured on test rows; to that come how long ΔW is in steps of the rounding, how well the adapter answers
without the chat template it was trained with, and what a token costs each way. It all goes to
`lessons/tracks/figures/fusing.json`. Results are kept in the work folder as they come.
"""

import argparse
import json
import statistics
import sys
import tempfile
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from time import perf_counter
from typing import Any

import mlx.core as mx
import mlx.nn as nn
from mlx_lm.generate import generate_step

from benchmarks import workspace
from lab.engine.fidelity import HeldOut, Reference
from lab.engine.fuse import Built, build
from lab.engine.generation import answers, encode, exact_match
from lab.engine.load import quicken
from lab.runs.directory import Run, Runs
from lab.score import Item

MODEL, ROWS, TOKENS, ROUNDS = "sprout-4bit", 100, 32, 12
PARTS = 4  # checkpoints of a run that are fused
RUNS: list[dict[str, Any]] = [
    {"--learning-rate": rate, "--iters": iters, "--seed": seed}
    for iters, seed in ((40, 0), (120, 0))
    for rate in (1e-4, 2e-3)
]


def measure(home: Path, flags: dict[str, Any]) -> dict[str, Any]:
    """Train a run, fuse each of its checkpoints, and return what was found."""
    every = flags["--iters"] // PARTS
    words = [str(word) for pair in flags.items() for word in pair]
    last = workspace.lowrank(home, "train", "--now", "--model", MODEL, "--data", "sql", "--samples", "0", "--json",
                        "--save-every", str(every), "--steps-per-eval", str(flags["--iters"]), *words)  # fmt: skip
    run, found = Runs(home / "runs").get(last["run"]), {"val_loss": last["val_loss"]}
    of = (run, home / "cache")
    table = workspace.lowrank(home, "fuse", run.id, "--rows", str(ROWS), "--way", "quantized", "--force", "--json")
    effect = table["adapter_effect"]
    found |= {"effect_nats": effect, "questions": table["questions"]}
    for way in table["ways"]:
        way |= {"top1": way["top1_agreement"], "lost": 100 * way["kl"] / effect}
        found |= {f"{key}_{way['way']}": way[key] for key in ("kl", "top1", "lost", "bytes", "exact_match")}
    points = [(iteration, *kept(*of, str(iteration))) for iteration in range(every, flags["--iters"] + 1, every)]
    curves = {"effect": [[x, effect] for x, effect, _ in points], "lost": [[x, lost] for x, _, lost in points]}
    return found | weights(*of) | template(*of) | seconds(*of) | curves


def kept(run: Run, cache: Path, checkpoint: str) -> tuple[float, float]:
    """The effect of a checkpoint in nats a token, and the percentage of it that fusing into 4 bits loses."""
    base, apart, fused = (ready(run, cache, way, checkpoint) for way in ("base", "separate", "quantized"))
    held_out = replace(HeldOut.of(run, base.tokenizer, ROWS), questions=[])
    reference = Reference(apart.model, base.tokenizer, held_out, lambda *_: None)
    effect, lost = reference.compare(base.model)[0], reference.compare(fused.model)[0]
    return effect, 100 * lost / effect


def weights(run: Run, cache: Path) -> dict[str, float]:
    """How long ΔW is (root mean square) in steps of the 4-bit grid, and what quantizing the base again does to it."""
    base, whole = (dict(build(run, cache, "last", way).model.named_modules()) for way in ("base", "dequantized"))
    parts = []
    for name, layer in ((n, m) for n, m in base.items() if isinstance(m, nn.QuantizedLinear)):
        form = {"group_size": layer.group_size, "bits": layer.bits}
        weight = mx.dequantize(layer.weight, layer.scales, layer.biases, **form)
        again = mx.dequantize(*mx.quantize(weight, **form), **form) - weight
        parts.append((weight, whole[name].weight - weight, layer.scales, again))
    weight, change, step, again = (
        mx.concatenate([part.reshape(-1) for part in each]) for each in zip(*parts, strict=True)
    )
    moved: Any = (mx.abs(again).reshape(step.size, -1).max(-1) > 0.01 * mx.abs(step)).mean()

    def ratio(part: mx.array, whole: mx.array) -> Any:
        return mx.sqrt(mx.square(part).mean() / mx.square(whole).mean()).item()

    return {"change_in_steps": ratio(change, step), "again_noise": ratio(again, weight),
            "again_groups": moved.item()}  # fmt: skip


def template(run: Run, cache: Path) -> dict[str, float | None]:
    """The share of questions that base and adapter answer right when they are asked without the chat template."""
    built = ready(run, cache, "separate")
    asked = HeldOut.of(run, built.tokenizer, ROWS).questions
    bare = [Item((), item.messages[-1]["content"], item.expected) for item in asked]
    return {"exact_match_bare": exact_match(bare, list(answers(built.model, built.tokenizer, bare)))}


def seconds(run: Run, cache: Path) -> dict[str, float]:
    """Seconds a token of each way against base + adapter: the best of interleaved rounds, lest peers weigh in."""
    ways = {way: ready(run, cache, way) for way in ("base", "separate", "quantized", "dequantized")}
    prompt = encode(ways["base"].tokenizer, HeldOut.of(run, ways["base"].tokenizer, 1).questions[0])
    taken: dict[str, list[float]] = {way: [] for way in ways}
    for _ in range(ROUNDS):
        for way, built in ways.items():
            tokens = generate_step(mx.array(prompt), built.model, max_tokens=TOKENS)
            next(tokens)
            times = [perf_counter(), *(perf_counter() for _ in tokens)]
            taken[way] += [after - before for before, after in pairwise(times)]
    best = {way: statistics.mean(sorted(times)[: len(times) // 4]) for way, times in taken.items()}
    return {f"time_{way}": best[way] / best["separate"] for way in ways if way != "separate"}


def ready(run: Run, cache: Path, way: str, checkpoint: str = "last") -> Built:
    """A way as it is used."""
    built = build(run, cache, checkpoint, way)
    built.model.eval()
    quicken(built.model)
    return built


def main() -> None:
    """Measure what is missing, and write the file."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--work", type=Path, default=Path(tempfile.gettempdir()) / "lowrank-fusing-figures")
    work = parser.parse_args().work
    work.mkdir(parents=True, exist_ok=True)
    with (work / "results.jsonl").open("a+", encoding="utf-8") as kept:
        kept.seek(0)
        rows = [json.loads(line) for line in kept]
        for flags in RUNS:
            if all(row["flags"] != flags for row in rows):
                print(flags, file=sys.stderr, flush=True)
                rows.append({"flags": flags} | measure(work / "home", flags))
                kept.write(json.dumps(rows[-1]) + "\n")
                kept.flush()
    runs = [next(row for row in rows if row["flags"] == flags) for flags in RUNS]
    workspace.write_figure("benchmarks.fidelity_figures", "fusing", runs)


if __name__ == "__main__":
    main()
