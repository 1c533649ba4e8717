"""What a training step of each method costs beside LoRA's: `python -m benchmarks.step_figures [--rounds 9]`, minutes.

Every method is trained in a process of its own by this engine and by mlx-lm's own layers, on the same BLAS and the same
token ids, and all processes take turns step by step, so that whatever else the machine does falls on all of them. A
ratio is the median over the rounds, to LoRA on the unquantized base by the same program in the same round; seconds
are the processor's. The model is `wide` of `workspace.py`, random weights in 32 bits: how fast a step is, not how good.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks import workspace
from lab.client import engine_environment

ROWS, TARGETS = 4, 128
DORA = {"--fine-tune-type": "dora"}
METHODS: list[dict[str, Any]] = [{}, {"--bits": 4}, DORA, {"--bits": 4, **DORA}]
PROGRAMS = ("lowrank", "mlx-lm")


def serve(flags: dict[str, Any], home: Path) -> None:
    """A child: one step for every line on standard input, answered with its processor seconds and the memory so far."""
    import mlx.core as mx
    from mlx.utils import tree_flatten

    from lab.engine import cpu, packed_batch
    from lab.engine.load import load_base, on_cpu
    from lab.engine.loop import Loop, masked_loss
    from lab.engine.train import adapt, optimizer
    from lab.spec import RunSpec

    spec = RunSpec.make({"model": flags["--model"], "fine_tune_type": flags.get("--fine-tune-type", "lora")})
    ours = flags["program"] == "lowrank"
    model, _, _ = load_base(spec.model, home / "cache", fast=ours, bits=flags.get("--bits"))
    weights = sum(array.nbytes for _, array in tree_flatten(model.parameters()))
    adapt(model, spec)
    fast = ours and on_cpu()
    packs = fast and packed_batch.packable(model)
    if packs:
        mx.set_cache_limit(packed_batch.CACHE)
    loop = Loop(model, optimizer(spec), cpu.loss if fast else masked_loss, compiled=not packs)
    mx.random.seed(0)
    ids, mask = mx.random.randint(0, 1000, (ROWS, TARGETS + 1)), mx.ones((ROWS, TARGETS))
    mx.eval(ids, mask, model.parameters())
    for number, _ in enumerate(sys.stdin, 1):
        began = time.process_time()
        loop.step(number, ids, mask)
        answer = {"seconds": time.process_time() - began, "peak": mx.get_peak_memory(), "weights": weights}
        print(json.dumps(answer), flush=True)


class Child:
    """A process that takes a step when it is told to."""

    def __init__(self, flags: dict[str, Any], home: Path) -> None:
        command = [sys.executable, "-m", "benchmarks.step_figures", "--serve", json.dumps(flags), str(home)]
        environment = {**engine_environment(home / "cache"), "LOWRANK_HOME": str(home)}
        self.flags, self.seconds, self.last = flags, list[float](), dict[str, Any]()
        self.process = subprocess.Popen(
            command, env=environment, cwd=workspace.ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def step(self) -> None:
        """One step; the bench ends if the process has."""
        assert self.process.stdin is not None and self.process.stdout is not None
        print("step", file=self.process.stdin, flush=True)
        line = next((line for line in self.process.stdout if line.startswith("{")), None)  # libraries print, too
        if line is None:
            raise SystemExit(f"{self.flags}: the process ended, see above")
        self.last = json.loads(line)
        self.seconds.append(self.last["seconds"])

    def beside(self, lora: "Child") -> dict[str, Any]:
        """What it cost, as ratios to LoRA; the first step is left out, since programs warm up then."""
        times = [mine / its for mine, its in zip(self.seconds[1:], lora.seconds[1:], strict=True)]
        ratios = {f"{what}_ratio": self.last[what] / lora.last[what] for what in ("peak", "weights")}
        ratios["time_ratio"] = statistics.median(times)
        flags = {k: v for k, v in self.flags.items() if k != "--model"}
        return {"flags": flags, **{k: round(v, 3) for k, v in ratios.items()}}


def main() -> None:
    """Measure and write the figure."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=9)
    if sys.argv[1:2] == ["--serve"]:
        serve(json.loads(sys.argv[2]), Path(sys.argv[3]))
        return
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as work:
        home, runs = Path(work), list[dict[str, Any]]()
        model = workspace.model(home, "wide")
        children = [Child({**m, "program": p, "--model": model}, home) for p in PROGRAMS for m in METHODS]
        for number in range(1 + options.rounds):
            for child in children:
                child.step()
            print(f"round {number} of {options.rounds}", file=sys.stderr, flush=True)
        for child in children:
            assert child.process.stdin is not None
            child.process.stdin.close()
            child.process.wait()
            runs.append(child.beside(children[0 if child.flags["program"] == PROGRAMS[0] else len(METHODS)]))
    workspace.write_figure("benchmarks.step_figures", "steps", runs)
    print(*runs, sep="\n")


if __name__ == "__main__":
    main()
