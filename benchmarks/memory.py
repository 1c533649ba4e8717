"""Estimated against measured peak memory on a grid of real runs: `python -m benchmarks.memory [--fit] [--work FOLDER]`.

Trains each case of the grid for four iterations (`sprout`, and larger random models made on the spot), writes its
measured peak to results.jsonl in the work folder, and prints a table of estimates by the present factors of
`lab.planning.memory` with how many are within 20 %. Cases measured already are not measured again, so it can be stopped
and started. `--fit` also prints the factors that fit all results best. Pin it to a core to leave the others alone.
Needs the package installed, or PYTHONPATH at the checkout.
"""

import argparse
import json
import shutil
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

from benchmarks import workspace
from lab.planning.base_model import find_base
from lab.planning.machine import Machine
from lab.planning.memory import FACTORS, Factors, Step, components
from lab.planning.plan import by_formula
from lab.planning.row_lengths import Batch
from lab.spec import RunSpec

NEAR = 0.2
CASES = [
    # model, tokens a row (0: the bundled sql), flags
    ("sprout", 0, "--batch-size 8"),
    ("sprout", 0, "--batch-size 2"),
    ("sprout", 0, "--batch-size 32"),
    ("sprout", 0, "--batch-size 8 --bits 4"),
    ("sprout", 0, "--batch-size 8 --fine-tune-type dora"),
    ("sprout", 0, "--batch-size 8 --fine-tune-type dora --bits 4"),
    ("sprout", 0, "--batch-size 8 --fine-tune-type full"),
    ("sprout", 0, "--batch-size 16 --grad-checkpoint"),
    ("sprout", 0, "--batch-size 4 --grad-accumulation-steps 2 --rank 64"),
    ("sprout", 0, "--batch-size 8 --num-layers 2"),
    ("sprout", 512, "--batch-size 1"),
    ("sprout", 512, "--batch-size 2 --grad-checkpoint"),
    ("sprout", 1024, "--batch-size 1"),
    ("sprout", 1024, "--batch-size 1 --num-layers 1"),
    ("sprout", 1024, "--batch-size 1 --grad-checkpoint"),
    ("sprout", 128, "--batch-size 8 --bits 8"),
    ("sprout", 128, "--batch-size 4 --max-seq-length 64"),
    ("sprout", 256, "--batch-size 4 --fine-tune-type full --num-layers 3"),
    ("wide", 32, "--batch-size 8"),
    ("wide", 128, "--batch-size 4"),
    ("wide", 128, "--batch-size 4 --num-layers 1"),
    ("wide", 128, "--batch-size 4 --num-layers 4"),
    ("wide", 128, "--batch-size 4 --bits 4"),
    ("wide", 128, "--batch-size 4 --bits 4 --num-layers 2"),
    ("wide", 128, "--batch-size 4 --bits 8 --grad-checkpoint"),
    ("wide", 128, "--batch-size 4 --grad-checkpoint"),
    ("wide", 128, "--batch-size 4 --fine-tune-type dora"),
    ("wide", 128, "--batch-size 4 --fine-tune-type dora --bits 4"),
    ("wide", 128, "--batch-size 4 --fine-tune-type full"),
    ("wide", 32, "--batch-size 2 --fine-tune-type full"),
    ("wide", 32, "--batch-size 2 --fine-tune-type full --grad-accumulation-steps 2"),
    ("wide", 32, "--batch-size 2 --fine-tune-type full --optimizer sgd"),
    ("wide", 64, "--batch-size 2 --rank 128"),
    ("wide", 512, "--batch-size 1"),
    ("wide", 512, "--batch-size 1 --grad-checkpoint --bits 4"),
    ("half", 64, "--batch-size 4"),
    ("half", 64, "--batch-size 1 --num-layers 2"),
    ("half", 64, "--batch-size 4 --bits 4"),
    ("words", 64, "--batch-size 4"),
    ("words", 256, "--batch-size 2"),
    ("words", 64, "--batch-size 4 --bits 4"),
    ("words", 64, "--batch-size 4 --fine-tune-type dora"),
    ("words", 128, "--batch-size 4 --grad-checkpoint --num-layers 2"),
    ("deep", 64, "--batch-size 4"),
    ("deep", 256, "--batch-size 2 --grad-checkpoint"),
    ("deep", 128, "--batch-size 2 --num-layers 5 --bits 5"),
    ("deep", 64, "--batch-size 4 --fine-tune-type full --num-layers 4"),
    ("mistral", 128, "--batch-size 4"),
    ("mistral", 64, "--batch-size 8 --num-layers 2"),
    ("mistral", 128, "--batch-size 4 --bits 4"),
    ("mistral", 512, "--batch-size 1"),
    ("mistral", 128, "--batch-size 4 --fine-tune-type dora"),
    ("mistral", 64, "--batch-size 4 --fine-tune-type full"),
    ("qwen3", 128, "--batch-size 4"),
    ("qwen3", 128, "--batch-size 4 --bits 4 --fine-tune-type dora"),
    ("qwen3", 256, "--batch-size 2 --num-layers 3"),
    ("qwen3", 64, "--batch-size 4 --fine-tune-type full"),
    # not looked at when the factors were first fitted
    ("tall", 0, "--batch-size 6"),
    ("tall", 0, "--batch-size 4 --bits 4 --fine-tune-type dora --num-layers 6"),
    ("tall", 96, "--batch-size 3 --grad-accumulation-steps 2 --rank 32"),
    ("tall", 200, "--batch-size 2 --grad-checkpoint"),
    ("tall", 96, "--batch-size 2 --fine-tune-type full --num-layers 2"),
    ("tall", 400, "--batch-size 1 --bits 3 --optimizer adafactor"),
]
HERE = Machine("cpu", "CPU", 1 << 40, 1 << 40)
FITTED = ("activations", "attention_saved", "logits", "passing", "attention_passing", "trained", "dequantized", "dora")


class Benchmark:
    """The grid, its models and data, and what was measured, in a folder that is kept."""

    def __init__(self, work: Path) -> None:
        self.work, self.results = work, work / "results.jsonl"
        work.mkdir(parents=True, exist_ok=True)

    def measured(self) -> dict[str, dict[str, Any]]:
        """What was measured so far, by case."""
        if not self.results.exists():
            return {}
        rows = [json.loads(line) for line in self.results.read_text(encoding="utf-8").splitlines()]
        return {row["case"]: row for row in rows}

    def run(self) -> None:
        """Measure what is not measured yet."""
        done = self.measured()
        for model, tokens, flags in CASES:
            if _name(model, tokens, flags) in done:
                continue
            words = ["--model", workspace.model(self.work, model), "--data", self.data(tokens), *flags.split()]
            words += ["--iters", "4", "--samples", "0", "--val-batches", "1", "--json"]
            planned = workspace.lowrank(self.work / "home", "plan", "--no-probe", *words)
            trained = workspace.lowrank(
                self.work / "home", "train", "--steps-per-eval", "1000", "--save-every", "1000", *words
            )
            row = {"case": _name(model, tokens, flags), "batch": planned["heaviest_batch"],
                   "planned_trainable": planned["trainable_parameters"], "trainable": trained["trainable_parameters"],
                   "measured": trained["peak_memory_bytes"]}  # fmt: skip
            with self.results.open("a", encoding="utf-8") as file:
                file.write(json.dumps(row) + "\n")
            print(f"measured {row['case']}: {row['measured'] / 1e6:.0f} MB", file=sys.stderr, flush=True)
            shutil.rmtree(self.work / "home" / "runs", ignore_errors=True)  # a plan would learn from finished runs

    def data(self, tokens: int) -> str:
        """The bundled name, or a folder of rows of so many targets: `sprout`'s tokenizer takes digits one by one."""
        if not tokens:
            return "sql"
        folder = self.work / f"rows-{tokens}"
        folder.mkdir(exist_ok=True)
        row = json.dumps({"text": "7" * tokens}) + "\n"
        (folder / "train.jsonl").write_text(row * 64)
        (folder / "valid.jsonl").write_text(row * 8)
        return str(folder)

    def step(self, row: dict[str, Any]) -> Step:
        """The training step of a measured case."""
        model, _, flags = row["case"].split(" ", 2)
        words = iter(flags.split())
        fields: dict[str, Any] = {"model": workspace.model(self.work, model)}
        for word in words:
            name = word.removeprefix("--").replace("-", "_")
            value: Any = True if name == "grad_checkpoint" else next(words)
            value = int(value) if str(value).isdigit() else value
            fields |= {"lora_parameters": {"rank": value}} if name == "rank" else {name: value}
        spec = RunSpec.make(fields)
        base = find_base(spec.model, self.work / "home" / "cache", spec.bits)
        return Step.of(spec, base, base.shape, by_formula(spec, base), Batch(*row["batch"]), HERE)

    def table(self) -> None:
        """Print every measured case with its estimate."""
        near = 0
        rows = list(self.measured().values())
        print(f"{'case':<66}{'estimated':>11}{'measured':>11}{'off':>8}")
        for row in rows:
            estimate = sum(components(self.step(row)).values())
            off = estimate / row["measured"] - 1
            near += abs(off) <= NEAR
            print(f"{row['case']:<66}{estimate / 1e6:>8.0f} MB{row['measured'] / 1e6:>8.0f} MB{off:>+8.1%}")
        exact = sum(row["trainable"] == row["planned_trainable"] for row in rows)
        print(f"within {NEAR:.0%}: {near} of {len(rows)} ({near / max(1, len(rows)):.0%});"
              f" trainable parameters exact: {exact} of {len(rows)}")  # fmt: skip

    def fit(self) -> None:
        """Print the factors that make the squared relative errors of all cases least, by trying them one at a time."""
        steps = [(self.step(row), row["measured"]) for row in self.measured().values()]
        for kind, cases in (
            ("packed", [case for case in steps if case[0].packed]),
            ("padded", [case for case in steps if not case[0].packed]),
        ):
            before, after = FACTORS[kind], _fitted(kind, cases)
            off = sorted(abs(error) for error in _errors(kind, after, cases))
            print(f"{kind}: {len(cases)} cases, worst {off[-1]:.1%}, mean {sum(off) / len(off):.1%} with")
            for name in FITTED:
                print(f"  {name:<20}{getattr(after, name):6.2f}   (now {getattr(before, name):g})")


def _errors(kind: str, factors: Factors, cases: list[tuple[Step, int]]) -> list[float]:
    FACTORS[kind] = factors
    return [sum(components(step).values()) / measured - 1 for step, measured in cases]


def _fitted(kind: str, cases: list[tuple[Step, int]]) -> Factors:
    best, stride = FACTORS[kind], 0.5
    least = sum(error**2 for error in _errors(kind, best, cases))
    while stride > 0.005:
        tried = [
            replace(best, **{name: max(0.02, getattr(best, name)) * change})
            for name in FITTED
            for change in (1 + stride, 1 / (1 + stride))
        ]
        each = [(sum(error**2 for error in _errors(kind, factors, cases)), factors) for factors in tried]
        error, found = min(each, key=lambda pair: pair[0])
        best, least, stride = (found, error, stride) if error < least else (best, least, stride / 2)
    return best


def _name(model: str, tokens: int, flags: str) -> str:
    return f"{model} {tokens} {flags}"


def main() -> None:
    """Measure, print, and fit if asked."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--fit", action="store_true", help="print the factors that fit best")
    parser.add_argument("--work", type=Path, default=Path(tempfile.gettempdir()) / "lowrank-bench-memory")
    parser.add_argument("--no-run", action="store_true", help="only look at what was measured")
    options = parser.parse_args()
    bench = Benchmark(options.work)
    if not options.no_run:
        bench.run()
    bench.table()
    if options.fit:
        bench.fit()


if __name__ == "__main__":
    main()
