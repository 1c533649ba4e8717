"""`make bench`: one spec on the same rows by stock `mlx_lm lora` and `lowrank train` in turn, as whole processes.

    python -m benchmarks.speed [--quick] [--models sprout random-26m] [--methods lora lora-4bit dora-4bit] [--rounds 3]
                          [--peft PYTHON]

prints, for each model and method, real tokens a second (neither pad nor what a program counts for itself: the tokens of
the rows, by `lowrank data check`), seconds from the start of the process to a validation loss that both reach (the
higher of the two last ones; not for random models, which learn too little), and peak memory by MLX and of the process.
Medians over the rounds; the first report of every process is left out, since programs compile then. `--peft` names a
Python that has torch and peft, and adds PEFT's LoRA in float32; by default this one, if it has them.
"""

import argparse
import importlib.util
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks import workspace
from lab.models.find import BUNDLED

RANDOM = {"random-26m": "wide"}
BATCH = 8
METHODS = {
    "lora": (),
    "lora-4bit": ("--bits", "4"),
    "dora-4bit": ("--bits", "4", "--fine-tune-type", "dora"),
    "dora": ("--fine-tune-type", "dora"),
}
MODELS = {"sprout": 40, "random-26m": 12}
"""Iterations of a round, so that stock takes some two to five minutes on two cores."""
QUICK = {"sprout": 12, "random-26m": 4}


@dataclass
class Measured:
    """One process: seconds and iterations of training without the first report, its validations and its peaks."""

    seconds: float = 0.0
    iterations: int = 0
    validations: list[tuple[float, float]] = field(default_factory=list)
    """(seconds since the process began, loss)."""
    peak: int = 0
    resident: int = 0

    def speed(self, tokens_a_row: float) -> float:
        """Real tokens a second."""
        return self.iterations * BATCH * tokens_a_row / self.seconds


def read_stock(lines: Iterable[str], resident: int) -> Measured:
    """What `benchmarks.stock_run` printed; lines of other programs are passed over."""
    found, last = Measured(resident=resident), 0
    for event in events(lines):
        if event["event"] == "train":
            if last:
                found.seconds += event["seconds"]
                found.iterations += event["iteration"] - last
            last = event["iteration"]
        elif event["event"] == "validation":
            found.validations.append((event["at"], event["loss"]))
        elif event["event"] == "finished":
            found.peak = event["peak_memory"]
    return found


def read_ours(lines: Iterable[str], began: float) -> Measured:
    """What `lowrank train --json` printed, started `began` seconds after the epoch."""
    from datetime import datetime

    found, last, seconds = Measured(), 0, 0.0
    for event in events(lines):
        if event["event"] == "train":
            if last:
                found.seconds += event["elapsed_seconds"] - seconds
                found.iterations += event["iteration"] - last
            last, seconds = event["iteration"], event["elapsed_seconds"]
        elif event["event"] == "validation":
            found.validations.append((datetime.fromisoformat(event["at"]).timestamp() - began, event["val_loss"]))
        elif event["event"] == "finished":
            found.peak, found.resident = event["peak_memory_bytes"], event["peak_resident_bytes"]
    return found


def events(lines: Iterable[str]) -> Iterable[dict[str, Any]]:
    """The JSON objects among the lines that are events."""
    for line in lines:
        if line.startswith("{"):
            event = json.loads(line)
            if "event" in event:
                yield event


def reached(target: float, validations: Sequence[tuple[float, float]]) -> float:
    """Seconds to the first validation that is no higher than the target, or infinity."""
    return next((at for at, loss in validations if loss <= target), float("inf"))


def table(rows: Sequence[Sequence[str]]) -> str:
    """Rows as Markdown, the first as its head."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |" for row in rows
    ]
    return "\n".join([lines[0], "|" + "|".join("-" * (width + 2) for width in widths) + "|", *lines[1:]])


class Benchmark:
    """A home of its own, in which both programs train."""

    def __init__(self, home: Path, peft: str) -> None:
        self.home, self.peft = home, peft
        self.environment = workspace.environment(home)
        report = workspace.lowrank(home, "data", "check", "sql", "--json")
        train = report["splits"]["train"]
        self.tokens_a_row = train["tokens"]["total"] / train["rows"]

    def ours(self, model: str, method: str, iterations: int) -> tuple[Measured, Path]:
        """`lowrank train`, and the spec it wrote."""
        every = max(1, iterations // 4)
        evals = 2 * every if model == "sprout" else iterations  # a random model's loss tells nothing
        flags = [
            "--model",
            workspace.model(self.home, RANDOM.get(model, model)),
            "--iters",
            str(iterations),
            "--batch-size",
            str(BATCH),
            "--mask-prompt",
        ]
        flags += ["--steps-per-report", str(max(1, every // 2)), "--steps-per-eval", str(evals), "--samples", "0"]
        flags += [
            "--val-batches",
            "-1" if model == "sprout" else "1",
            "--learning-rate",
            "2e-3",
            "--save-every",
            "10000",
        ]
        began = time.time()
        command = [sys.executable, "-m", "tui", "train", "--json", *flags, *METHODS[method]]
        done = subprocess.run(command, env=self.environment, capture_output=True, text=True)
        if done.returncode:
            raise SystemExit(f"lowrank train: {done.stderr.strip()}")
        lines = done.stdout.splitlines()
        return read_ours(lines, began), Path(json.loads(lines[-1])["run_dir"]) / "spec.yaml"

    def stock(self, spec: Path) -> Measured:
        """`mlx_lm lora -c SPEC`, with an adapter folder of its own."""
        command = [sys.executable, "-m", "benchmarks.stock_run", str(spec), "--adapter-path", str(self.home / "stock")]
        process = subprocess.Popen(
            command, env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        assert process.stdout is not None
        lines = process.stdout.readlines()
        _, status, usage = os.wait4(process.pid, 0)
        if status:
            raise SystemExit(f"mlx_lm lora: {process.stderr.read() if process.stderr else status}")
        return read_stock(lines, usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024))

    def by_peft(self, model: str, method: str, steps: int) -> tuple[float, int]:
        """PEFT's real tokens a second and resident bytes."""
        job = self.home / "job.json"
        base = workspace.model(self.home, RANDOM.get(model, model))
        folder = str(BUNDLED / base) if base == model else base
        job.write_text(json.dumps({"model": folder, "dora": "dora" in method, "steps": steps, "rows": self._rows()}))
        script = str(Path(__file__).with_name("peft_run.py"))
        done = subprocess.run([self.peft, script, str(job)], capture_output=True, text=True)
        if done.returncode:
            raise SystemExit(f"peft: {done.stderr.strip()[-2000:]}")
        found = json.loads(done.stdout.splitlines()[-1])
        return found["tokens"] / found["seconds"], found["resident"]

    def _rows(self) -> list[tuple[list[int], int]]:
        kept = self.home / "rows.json"
        if not kept.exists():
            code = (
                "import json, sys; from pathlib import Path; from mlx_lm.utils import load_tokenizer;"
                "from lab.datasets.find import find_data; from lab.engine import batches;"
                "tokenizer = load_tokenizer(Path(sys.argv[1]));"
                "rows = batches.tokenize(find_data('sql').path, 'train', tokenizer, True, 2048);"
                "print(json.dumps([(list(row.ids), row.spans[0][0]) for row in rows]))"
            )
            command = [sys.executable, "-c", code, str(BUNDLED / "sprout")]
            done = subprocess.run(command, env=self.environment, capture_output=True, text=True, check=True)
            kept.write_text(done.stdout)
        rows: list[tuple[list[int], int]] = json.loads(kept.read_text())
        return rows

    def compare(self, model: str, method: str, iterations: int, rounds: int) -> list[str]:
        """The row of the table for one model and method."""
        ours, stock, peft = [], [], []
        for number in range(rounds):
            mine, spec = self.ours(model, method, iterations)
            ours.append(mine)
            stock.append(self.stock(spec))
            if self.peft and method in ("lora", "dora"):
                peft.append(self.by_peft(model, method, iterations))
            shutil.rmtree(self.home / "stock", ignore_errors=True)
            speeds = [f"{each[-1].speed(self.tokens_a_row):,.0f}" for each in (ours, stock)]
            print(f"{model} {method} round {number + 1}: ours {speeds[0]}, stock {speeds[1]} tokens/s",
                  *(f"PEFT {speed:,.0f}" for speed, _ in peft[-1:]), flush=True)  # fmt: skip
        return summary(model, method, self.tokens_a_row, ours, stock, peft)


HEAD = ["model", "method", "stock", "ours", "ratio", "to the same loss", "MLX peak", "resident", "PEFT", "ours / PEFT"]


def summary(
    model: str,
    method: str,
    tokens_a_row: float,
    ours: Sequence[Measured],
    stock: Sequence[Measured],
    peft: Sequence[tuple[float, int]],
) -> list[str]:
    """The cells under `HEAD`: medians over the rounds, of which there is at least one; memory as stock → ours in MB."""
    middle = statistics.median
    mine, theirs = (middle(each.speed(tokens_a_row) for each in some) for some in (ours, stock))
    times = []
    for a, b in zip(ours, stock, strict=True):
        if model == "sprout" and a.validations and b.validations:
            target = max(a.validations[-1][1], b.validations[-1][1])
            times.append((reached(target, a.validations), reached(target, b.validations)))
    to_loss = f"{middle(b for _, b in times):.0f} → {middle(a for a, _ in times):.0f} s" if times else "–"

    def megabytes(name: str) -> str:
        return " → ".join(f"{middle(getattr(each, name) for each in some) / 1e6:.0f}" for some in (stock, ours))

    speed = middle(speed for speed, _ in peft) if peft else 0.0
    beside = [f"{speed:,.0f}", f"{mine / speed:.2f}"] if peft else ["–", "–"]
    return [
        model,
        method,
        f"{theirs:,.0f}",
        f"{mine:,.0f}",
        f"{mine / theirs:.1f}×",
        to_loss,
        megabytes("peak"),
        megabytes("resident"),
        *beside,
    ]


def main() -> None:
    """Run it as a command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="one round of few iterations")
    parser.add_argument("--models", nargs="+", choices=MODELS, default=list(MODELS))
    parser.add_argument("--methods", nargs="+", choices=METHODS, default=["lora", "lora-4bit", "dora-4bit"])
    parser.add_argument("--rounds", type=int, default=3)
    here = sys.executable if importlib.util.find_spec("torch") and importlib.util.find_spec("peft") else ""
    parser.add_argument("--peft", default=here, metavar="PYTHON")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as home:
        bench, rows = Benchmark(Path(home), options.peft), [HEAD]
        for model in options.models:
            for method in options.methods:
                iterations = (QUICK if options.quick else MODELS)[model]
                rows.append(bench.compare(model, method, iterations, 1 if options.quick else options.rounds))
    print("\n" + table(rows))


if __name__ == "__main__":
    main()
