"""What each way of fusing keeps of an adapter: `python -m bench.fidelity_figures`, for the lesson about fusing.

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
from importlib.metadata import version
from itertools import pairwise
from pathlib import Path
from time import perf_counter
from typing import Any

import mlx.core as mx
import mlx.nn as nn
from mlx_lm.generate import generate_step

from bench import desk
from lab.engine.answer import answers, encode, exact_match
from lab.engine.fidelity import HeldOut
from lab.engine.fuse import Built, build
from lab.engine.load import quicken
from lab.runs.directory import Run, Runs
from lab.score import Item

OUT = desk.ROOT / "lessons" / "tracks" / "figures" / "fusing.json"
MODEL, ROWS, TOKENS, ROUNDS = "sprout-4bit", 100, 32, 12
PARTS = 4
"""Every run is fused at so many checkpoints."""
RUNS = [
    {"--learning-rate": rate, "--iters": iters, "--seed": seed}
    for rate, iters, seed in (
        *((1e-4, 40, 0), (1e-4, 40, 1), (2e-3, 40, 0), (2e-3, 40, 1)),
        *((1e-4, 120, 0), (2e-3, 120, 0)),
    )
]


def measure(home: Path, flags: dict[str, Any]) -> dict[str, Any]:
    """Train a run, fuse each of its checkpoints, and return what was found."""
    every = flags["--iters"] // PARTS
    words = [str(word) for pair in flags.items() for word in pair]
    last = desk.lowrank(home, "train", "--now", "--model", MODEL, "--data", "sql", "--samples", "0", "--json",
                        "--save-every", str(every), "--steps-per-eval", str(flags["--iters"]), *words)  # fmt: skip
    run, found = Runs(home / "runs").get(last["run"]), {"val_loss": last["val_loss"]}
    curves: dict[str, list[list[float]]] = {"effect": [], "lost": []}
    for iteration in range(every, flags["--iters"] + 1, every):
        table = desk.lowrank(home, "fuse", run.id, "--checkpoint", str(iteration), "--rows", str(ROWS),
                             "--way", "quantized", "--force", "--json")  # fmt: skip
        effect = table["adapter_effect"]
        curves["effect"].append([iteration, effect])
        curves["lost"].append([iteration, 100 * table["ways"][0]["kl"] / effect])
    found |= {"effect_nats": effect, "questions": table["questions"]}
    for way in table["ways"]:
        name = way["way"]
        found |= {f"{key}_{name}": way[key] for key in ("kl", "bytes", "exact_match")}
        found |= {f"top1_{name}": way["top1_agreement"], f"lost_{name}": 100 * way["kl"] / effect}
    return found | weights(run, home / "cache") | template(run, home / "cache") | seconds(run, home / "cache") | curves


def weights(run: Run, cache: Path) -> dict[str, float]:
    """How long ΔW is (root mean square) in steps of the 4-bit grid, and what quantizing the base again does to it."""
    base, whole = (dict(build(run, cache, "last", way).model.named_modules()) for way in ("base", "dequantized"))
    change = step = again = length = 0.0
    moved: list[float] = []
    for name, layer in base.items():
        if not isinstance(layer, nn.QuantizedLinear):
            continue
        form = {"group_size": layer.group_size, "bits": layer.bits}
        weight = mx.dequantize(layer.weight, layer.scales, layer.biases, **form)
        rounded = mx.dequantize(*mx.quantize(weight, **form), **form)
        change += mx.square(whole[name].weight - weight).sum().item()
        step += mx.square(layer.scales).sum().item() * layer.group_size
        again += mx.square(rounded - weight).sum().item()
        length += mx.square(weight).sum().item()
        far = mx.abs(rounded - weight).reshape(-1, layer.group_size).max(-1)
        moved += (far > 0.01 * mx.abs(layer.scales).reshape(-1)).tolist()
    return {"change_in_steps": (change / step) ** 0.5, "again_noise": (again / length) ** 0.5,
            "again_groups": statistics.mean(moved)}  # fmt: skip


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


def ready(run: Run, cache: Path, way: str) -> Built:
    """A way as it is used."""
    built = build(run, cache, "last", way)
    built.model.eval()
    quicken(built.model)
    return built


def main() -> None:
    """Measure what is missing, and write the file."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--work", type=Path, default=Path(tempfile.gettempdir()) / "lowrank-fusing-figures")
    options = parser.parse_args()
    kept = options.work / "results.jsonl"
    options.work.mkdir(parents=True, exist_ok=True)
    rows = [json.loads(line) for line in kept.read_text().splitlines()] if kept.exists() else []
    for number, flags in enumerate(RUNS, 1):
        if any(row["flags"] == flags for row in rows):
            continue
        print(f"{number}/{len(RUNS)}  {flags}", file=sys.stderr, flush=True)
        rows.append({"flags": flags} | measure(options.work / "home", flags))
        with kept.open("a") as file:
            file.write(json.dumps(rows[-1]) + "\n")
    runs = [next(row for row in rows if row["flags"] == flags) for flags in RUNS]
    made = {"made_by": "python -m bench.fidelity_figures", "mlx_lm": version("mlx-lm"), "runs": runs}
    OUT.parent.mkdir(exist_ok=True)
    OUT.write_text(json.dumps(made, separators=(",", ":")) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
