"""Whether a full fine-tune's change has a low rank: `python -m benchmarks.spectrum_figures`, some minutes on two cores.

Trains `sprout` whole and with LoRA, equally long, asks `lowrank inspect` for the singular values of ΔW, the change of
every matrix, and then keeps only so many directions of every ΔW and takes the loss of the model that is left, on the
test set: `kept` is [directions, loss], `rest_loss` that of all but the first eight. What is no matrix (the norms) stays
as it was trained. Writes `lessons/tracks/figures/spectrum.json`.
"""

import argparse
import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import mlx.core as mx
import numpy as np
from mlx.utils import tree_flatten

from benchmarks import workspace
from lab.datasets.find import find_data
from lab.engine import batches, generation
from lab.engine.load import load_base
from lab.runs.directory import Run, Runs

ITERS = 100
RANK = 8
FULL = {"--fine-tune-type": "full", "--learning-rate": 1e-3}
KEPT = (0, 1, 2, 4, 8, 16, 32, 64)  # directions of ΔW

Flags = dict[str, Any]


def trained(home: Path, flags: Flags) -> Run:
    """A run with these flags that has ended."""
    words = [str(word) for pair in flags.items() for word in pair]
    last = workspace.lowrank(home, "train", "--now", "--samples", "0", *words, "--json")
    return Runs(home / "runs").get(last["run"])


def spectrum(home: Path, run: Run) -> dict[str, Any]:
    """What `lowrank inspect` says of the middle matrix, and how far all moved together, in percent of their weights."""
    summary = workspace.lowrank(home, "inspect", run.id, "--json")["summary"]
    names = ("effective_rank", "rank_90", "rank_99", "random_effective_rank", "random_rank_90")
    return {name: summary[name] for name in names} | {"relative_norm": 100 * summary["relative_norm"]}


class Judge:
    """The test set of `sql`, and the base, on which any weights can be put."""

    def __init__(self, home: Path) -> None:
        self.model, tokenizer, _ = load_base("sprout", home / "cache", fast=True)
        self.model.eval()
        self.base: dict[str, mx.array] = dict(tree_flatten(self.model.parameters()))
        self.rows = batches.tokenize(find_data("sql").path, "test", tokenizer, True, 2048)

    def loss(self) -> float:
        """Nats a token of the model as it is, on the answers of the test set."""
        return generation.test_loss(self.model, self.rows)

    def put(self, run: Run) -> None:
        """The weights of a run on the base: those of a full fine-tune are what its file holds."""
        self.model.load_weights(str(run.adapters / "adapters.safetensors"), strict=False)

    def changes(self, run: Run) -> dict[str, Any]:
        """ΔW of every matrix as u, s, v."""
        after: Any = mx.load(str(run.adapters / "adapters.safetensors"))
        matrices = {name: value - self.base[name] for name, value in after.items() if value.ndim == 2}
        return {name: np.linalg.svd(np.array(change), full_matrices=False) for name, change in matrices.items()}

    def keep(self, changes: dict[str, Any], of: slice) -> None:
        """Of every ΔW only these directions, the largest first, on the base."""
        thin = {name: mx.array((u[:, of] * s[of]) @ v[of]) for name, (u, s, v) in changes.items()}
        self.model.load_weights([(name, self.base[name] + thin[name]) for name in thin], strict=False)


def measured(home: Path, seed: int) -> Iterator[dict[str, Any]]:
    """All that one seed shows."""
    length = {"--iters": ITERS, "--seed": seed}
    judge, lora, full = Judge(home), trained(home, length), trained(home, FULL | length)
    base_loss = judge.loss()
    yield {"flags": length, "loss": workspace.lowrank(home, "evaluate", lora.id, "--json")["loss"]}
    judge.put(full)
    found = {"base_loss": base_loss, "loss": judge.loss(), **spectrum(home, full)}
    changes, losses = judge.changes(full), []
    for kept in KEPT:
        judge.keep(changes, slice(kept))
        losses.append([kept, judge.loss()])
    judge.keep(changes, slice(RANK, None))
    found["rest_loss"] = judge.loss()
    yield {"flags": FULL | length, **found, "kept": losses}


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    runs = []
    with tempfile.TemporaryDirectory() as home:
        for seed in parser.parse_args().seeds:
            for row in measured(Path(home), seed):
                print(json.dumps(rounded(row)), flush=True)
                runs.append(rounded(row))
    workspace.write_figure("benchmarks.spectrum_figures", "spectrum", runs)


def rounded(row: dict[str, Any]) -> dict[str, Any]:
    """The same with four digits behind every point, so that a file changes when the truth does."""
    found: dict[str, Any] = json.loads(json.dumps(row), parse_float=lambda text: round(float(text), 4))
    return found


if __name__ == "__main__":
    main()
