"""Finished runs written by hand, as unlike as a test wants them, for the bench that compares."""

import json
import math
from pathlib import Path
from typing import Any

from lab.runs import evaluation, run_notes
from lab.runs.directory import Run, Runs
from lab.spec import RunSpec

QUESTION = "Table dogs with columns breed, weight, age. Show the breed of dogs with age equal to 13."
EXPECTED = "SELECT breed FROM dogs WHERE age = 13"
THREE = (
    {"model": "sprout", "fine_tune_type": "lora"},
    {"model": "sprout-4bit", "fine_tune_type": "lora"},
    {"model": "sprout-4bit", "fine_tune_type": "dora"},
)


def finished(home: Path, name: str, floor: float = 0.3, answer: str = EXPECTED, **fields: object) -> Run:
    """A run of fifty iterations whose losses fall to `floor`, with a sample and an adapter."""
    spec = RunSpec.make({"data": "sql", "iters": 50, **fields})
    made = Runs(home / "runs").create(spec, model_path=spec.model, data_path=spec.data)
    run = Run(made.path.rename(made.path.with_name(name)))
    (run.adapters / "adapters.safetensors").write_bytes(bytes(709_000))
    events: list[dict[str, Any]] = [{"event": "started", "iterations": 50, "trainable_parameters": 175_104}]
    for at in range(51):
        loss = floor + 4 * math.exp(-at / 8)
        if at:
            events.append({"event": "train", "iteration": at, "train_loss": loss, "trained_tokens": 146 * at,
                           "elapsed_seconds": at / 16, "tokens_per_second": 2336.0, "iterations_per_second": 16.0,
                           "peak_memory_bytes": 71_200_000})  # fmt: skip
        if at % 10 == 0:
            events.append({"event": "validation", "iteration": at, "val_loss": loss + 0.02, "best": True})
    events.append({"event": "samples", "iteration": 50,
                   "answers": [{"prompt": QUESTION, "expected": EXPECTED, "text": answer}]})  # fmt: skip
    last = {"event": "finished", "run": name, "iterations": 50, "train_loss": floor, "val_loss": floor + 0.027,
            "seconds": 50 / 16, "seconds_per_iteration": 1 / 16, "peak_memory_bytes": 71_200_000,
            "trainable_parameters": 175_104, "adapter_bytes": 709_000}  # fmt: skip
    (run.path / "events.jsonl").write_text("".join(json.dumps(event) + "\n" for event in [*events, last]))
    (run.path / "result.json").write_text(json.dumps(last))
    return run


def scored(run: Run, right: float, rows: int = 60) -> None:
    """What asking it so many questions gave."""
    score = {"split": "test", "rows": rows, "exact_match": right, "base_exact_match": None, "examples": rows or 200}
    evaluation.write(run, {**score, "loss": 0.3, "of": evaluation.stamp(run)})


def three_way(home: Path) -> list[Run]:
    """A three-way comparison as it stands when all is done."""
    floors, answers = (0.30, 0.32, 0.31), (EXPECTED, EXPECTED.replace("breed F", "age F"), EXPECTED)
    made = []
    for number, (fields, floor, answer) in enumerate(zip(THREE, floors, answers, strict=True)):
        run = finished(home, f"20251123-02000{number}-sql-{fields['fine_tune_type']}", floor, answer, **fields)
        run_notes.change(run, group="three-way 2025-11-23 02:00:00")
        scored(run, (0.5, 0.45, 0.4833)[number])
        made.append(run)
    return made
