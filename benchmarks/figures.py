"""The measurements that lessons quote, from real runs: `make lesson-figures` or `python -m benchmarks.figures [NAME…]`.

Every run of an experiment is trained on the bundled data and scored on its test set with the command line a learner
has; what it reached goes to `lessons/tracks/figures/NAME.json`, in this order and rounded, so that a file changes when
the truth does. A run is known by its flags and made once, whatever experiments it belongs to: results are kept in the
work folder as they come, and the command goes on where it was broken off. All of it takes some hours on two cores.
"""

import argparse
import json
import math
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks import workspace
from lab.datasets.find import find_data
from lab.events.schema import Event, iteration_of
from lab.runs.directory import Runs
from lab.runs.outcome import all_events, in_force

ITERS = 400
DIGITS = 4
FINE, COARSE = 20, 100
"""Iterations from one validation to the next, which costs as much as a dozen of them."""
DRAWN = {"--learning-rate", "--rank", "rows"}
"""Flags of runs whose curves a lesson draws."""
REACHED = (
    *("iterations", "train_loss", "val_loss", "best_iteration", "best_val_loss", "trainable_parameters"),
    *("adapter_bytes", "peak_memory_bytes", "trained_tokens"),
)
SCORED = ("loss", "exact_match", "base_exact_match", "examples")
FULL = {"--fine-tune-type": "full", "--learning-rate": 1e-3}

Flags = dict[str, Any]
EXPERIMENTS: dict[str, list[Flags]] = {
    "methods": [
        {**method, "--seed": seed}
        for seed in (0, 1)
        for method in (
            {},
            {"--model": "sprout-4bit"},
            {"--fine-tune-type": "dora"},
            {"--model": "sprout-4bit", "--fine-tune-type": "dora"},
            FULL,
        )
    ],
    "learning-rate": [
        {"--learning-rate": rate, "--seed": seed}
        for seed in (0, 1)
        for rate in (1e-5, 1e-4, 5e-4, 2e-3, 5e-3, 2e-2, 1e-1)
    ],
    "rank": [{"--rank": rank, "--seed": 0} for rank in (1, 2, 4, 8, 16, 32, 64)],
    "rows": [{"rows": rows, "--seed": 0} for rows in (25, 50, 100, 250, 500, 1200)],
    "masking": [{"--mask-prompt": True, "--seed": 0}, {"--no-mask-prompt": True, "--seed": 0}],
    "layers": [{"--num-layers": layers, "--seed": 0} for layers in (1, 2, 3, 6)],
    "keys": [
        {"--keys": keys, "--seed": 0}
        for keys in (
            "self_attn.q_proj,self_attn.v_proj",
            "self_attn.q_proj,self_attn.k_proj,self_attn.v_proj,self_attn.o_proj",
            "mlp.gate_proj,mlp.up_proj,mlp.down_proj",
        )
    ],
    "scale": [
        *({"--scale": scale, "--seed": 0} for scale in (1, 5, 20, 60)),
        *({"--rank": 64, "--scale": scale, "--seed": 0} for scale in (2.5, 20)),
    ],
    "bits": [{"--bits": bits, "--seed": 0} for bits in (3, 4, 8)],
    "batch-size": [{"--batch-size": size, "--seed": 0} for size in (1, 4, 8, 16)],
    "iterations": [{"--iters": iters, "--seed": 0} for iters in (50, 100, 200, 400)],
}


class Workshop:
    """A home for the runs and a file of their results, in a folder that may be thrown away."""

    def __init__(self, work: Path) -> None:
        self.home, self.kept = work / "home", work / "results.jsonl"
        work.mkdir(parents=True, exist_ok=True)

    def results(self) -> dict[str, dict[str, Any]]:
        """What was measured so far, by flags."""
        if not self.kept.exists():
            return {}
        lines = self.kept.read_text(encoding="utf-8").splitlines()
        return {row["flags"]: row for row in map(json.loads, lines)}

    def measure(self, flags: Flags) -> None:
        """Train and score one run, and keep what it reached."""
        iters = [] if "--iters" in flags else ["--iters", str(ITERS)]
        every = FINE if DRAWN & flags.keys() else COARSE
        words = [*iters, "--steps-per-eval", str(every), "--samples", "0", *self._words(flags)]
        last = workspace.lowrank(self.home, "train", "--now", *words, "--json")
        run = Runs(self.home / "runs").get(last["run"])
        events = in_force(all_events(run))
        row = {key: last.get(key) for key in REACHED}
        row |= {"verdict": (last.get("verdict") or {}).get("kind", ""), "state": last["event"]}
        row |= {"train": _curve(events, "train", "train_loss"), "validation": _curve(events, "validation", "val_loss")}
        if run.adapters.joinpath("adapters.safetensors").exists():
            scored = workspace.lowrank(self.home, "evaluate", run.id, "--json")
            row |= {key: scored[key] for key in SCORED}
        with self.kept.open("a", encoding="utf-8") as file:
            file.write(json.dumps({"flags": name(flags), **row}) + "\n")
        shutil.rmtree(run.path)

    def _words(self, flags: Flags) -> Iterator[str]:
        for flag, value in flags.items():
            if flag == "rows":
                yield from ("--data", str(self._fewer(value)))
            elif value is True:
                yield flag
            else:
                yield from (flag, str(value))

    def _fewer(self, rows: int) -> Path:
        """`sql` with its first so many training rows."""
        source, folder = find_data("sql").path, self.home / f"sql-{rows}"
        if not folder.exists():
            shutil.copytree(source, folder)
            lines = (source / "train.jsonl").read_text(encoding="utf-8").splitlines(keepends=True)
            (folder / "train.jsonl").write_text("".join(lines[:rows]), encoding="utf-8")
        return folder


def name(flags: Flags) -> str:
    """The flags as one text, whatever their order; what is the default anyway counts as not given."""
    standard = {"--learning-rate": 2e-3, "--rank": 8, "--num-layers": 6, "--scale": 20, "--batch-size": 8}
    standard |= {"--iters": ITERS, "--mask-prompt": True, "rows": 1200}
    return " ".join(f"{k} {v}" for k, v in sorted(flags.items()) if standard.get(k) != v)


def _curve(events: list[Event], kind: str, key: str) -> list[list[float]]:
    points = ((iteration_of(e), getattr(e, key)) for e in events if e.kind == kind and getattr(e, key) is not None)
    return [[x, round(y, DIGITS)] for x, y in points]


def write(
    experiment: str, found: dict[str, dict[str, Any]], out: Path = workspace.FIGURES, partly: bool = False
) -> bool:
    """Write the file of an experiment of which every run is measured (any, for `partly`); whether it was."""
    rows = [flags for flags in EXPERIMENTS[experiment] if name(flags) in found]
    if not rows or (len(rows) < len(EXPERIMENTS[experiment]) and not partly):
        return False
    runs = [
        {"flags": flags} | {k: _rounded(v) for k, v in found[name(flags)].items() if k != "flags"} for flags in rows
    ]
    workspace.write_figure(f"benchmarks.figures {experiment}", experiment, runs, out)
    return True


def _rounded(value: Any) -> Any:
    """Rounded; what a diverged run left without a value is left out, since a lesson can quote numbers only."""
    if isinstance(value, list):
        return [[x, y] for x, y in value if math.isfinite(y)]
    if isinstance(value, float):
        return round(value, DIGITS) if math.isfinite(value) else None
    return value


def main() -> None:
    """Measure what is missing, in the order asked for, and write what is whole."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("names", nargs="*", choices=[[], *EXPERIMENTS], default=[], metavar="NAME")
    parser.add_argument("--work", type=Path, default=Path(tempfile.gettempdir()) / "lowrank-lesson-figures")
    parser.add_argument("--write-only", action="store_true", help="measure nothing; write what is measured already")
    parser.add_argument(
        "--out", type=Path, default=workspace.FIGURES, help="another folder, such as that of a draft course"
    )
    parser.add_argument("--partly", action="store_true", help="with the runs there are, for a draft")
    options = parser.parse_args()
    if options.partly and options.out == workspace.FIGURES:
        parser.error("--partly is for drafts: name another folder with --out")
    workshop, names = Workshop(options.work), options.names or list(EXPERIMENTS)
    wanted = {name(flags): flags for each in names for flags in EXPERIMENTS[each]}
    missing = [flags for key, flags in wanted.items() if key not in workshop.results() and not options.write_only]
    for number, flags in enumerate(missing, 1):
        print(f"{number}/{len(missing)}  {name(flags) or 'the defaults'}", file=sys.stderr, flush=True)
        workshop.measure(flags)
    for each in names:
        if not write(each, workshop.results(), options.out, options.partly):
            print(f"{each}: not whole")


if __name__ == "__main__":
    main()
