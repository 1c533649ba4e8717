"""`--stock` has mlx-lm's losses: `mlx_lm lora` and ours beside each other, ten to fifty iterations, within 1e-4."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from lab.blas import find_blas
from lab.models.find import find_model

ITERS = 50
FEWER = 20
"""Iterations of what differs from LoRA in a few lines only."""
METHODS = {
    "LoRA, briefly": (10, "--batch-size", "2", "--dropout", "0.1"),
    "LoRA": (ITERS, "--batch-size", "2", "--dropout", "0.1"),
    "DoRA": (FEWER, "--batch-size", "2", "--fine-tune-type", "dora"),
    "full": (FEWER, "--batch-size", "2", "--fine-tune-type", "full", "--learning-rate", "1e-3"),
    "QLoRA": (FEWER, "--batch-size", "1", "--model", "sprout-4bit"),  # stock mlx-lm is slow at this on a CPU
}
REPORT = """
import json, sys
import mlx_lm.lora as lora
from mlx_lm.tuner.callbacks import TrainingCallback

class Write(TrainingCallback):
    def on_train_loss_report(self, info): print(json.dumps(["train", info["iteration"], info["train_loss"]]))
    def on_val_loss_report(self, info): print(json.dumps(["val", info["iteration"], info["val_loss"]]))

lora.get_reporting_callbacks = lambda *_, **__: Write()  # run() discards the callback it is given
sys.argv = ["mlx_lm.lora", "-c", sys.argv[1]]
lora.main()
"""


@pytest.mark.parametrize(
    "method", ["LoRA, briefly", *(pytest.param(name, marks=pytest.mark.long) for name in METHODS if "," not in name)]
)
def test_losses_are_mlx_lms(method: str, trained: Callable, desk, tmp_path: Path) -> None:
    iters, *given = METHODS[method]
    flags = ("--stock", "--iters", str(iters), "--steps-per-report", "1", "--steps-per-eval", "20")
    small = ("--num-layers", "3", "--val-batches", "2", "--save-every", "50", "--samples", "0")
    run, done = trained(*given, *flags, *small)
    ours = {("train", e["iteration"]): e["train_loss"] for e in done.lines if e["event"] == "train"}
    ours |= {("val", e["iteration"]): e["val_loss"] for e in done.lines if e["event"] == "validation"}

    spec = yaml.safe_load((run.path / "spec.yaml").read_text())
    spec |= {
        "adapter_path": str(tmp_path / "adapters"),
        "model": str(find_model(run.spec.model, desk.home / "cache").path),
    }
    (tmp_path / "spec.yaml").write_text(yaml.safe_dump(spec))
    env = os.environ | find_blas(desk.home / "cache").environment()  # the same BLAS, only to be quicker
    command = [sys.executable, "-c", REPORT, str(tmp_path / "spec.yaml")]
    stock = subprocess.run(command, capture_output=True, text=True, env=env, timeout=600, check=True, cwd=tmp_path)
    lines = [json.loads(line) for line in stock.stdout.splitlines() if line.startswith('["')]
    theirs = {(kind, iteration): loss for kind, iteration, loss in lines}
    assert len(theirs) == iters + 1 + -(-iters // 20) and theirs.keys() == ours.keys()
    assert max(abs(ours[key] - theirs[key]) for key in theirs) < 1e-4
