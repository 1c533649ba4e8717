"""What run directories prove: from files as the engine leaves them, and nothing where they say less."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from lab.reports.comparison import Comparison
from lab.runs import evaluation, inspection_cache, run_notes
from lab.runs.directory import Run, Runs
from lab.runs.run_evidence import came_apart, compared, proofs
from lab.spec import RunSpec

KILLED = {"event": "failed", "error": {"what": "the engine was killed from outside", "where": "", "remedy": ""}}


class Workspace:
    """Runs written by hand; each is begun some minutes after the one before."""

    def __init__(self, root: Path) -> None:
        self.runs = Runs(root / "runs")
        self.minute = 0

    def run(self, *events: dict[str, Any], verdict: str = "", state: str = "finished", **fields: Any) -> Run:
        self.minute += 2
        spec = RunSpec.make({"data": "sql", "iters": 50, **fields})
        run = self.runs.create(spec, model_path="sprout", data_path="sql")
        begun = {"event": "started", "at": f"2026-01-01T10:{self.minute:02d}:00.000+00:00"}
        result: dict[str, Any] = {"event": state, "val_loss": fields.get("seed", 0) / 10 + 0.3, "iterations": 50}
        if verdict:
            result["verdict"] = {"kind": verdict}
        lines = [begun, *events, result]
        (run.path / "events.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
        (run.path / "result.json").write_text(json.dumps(result))
        (run.adapters / "adapters.safetensors").write_bytes(bytes(100))
        self.touch(run.path / "result.json", 1)
        return run

    def touch(self, file: Path, minutes: int) -> None:
        """Let a file have been written so many minutes after the last run began."""
        at = 1767261600 + 60 * (self.minute + minutes)  # 2026-01-01T10:00 UTC, and on
        os.utime(file, (at, at))

    def proved(self, run: Run, ended: bool = True) -> dict[str, dict[str, object]]:
        found = list(proofs(run, self.runs.all(), ended))
        assert all(item == run.id for _, item, _ in found)
        return {kind: payload for kind, _, payload in found}


@pytest.fixture
def bench(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path)


def test_a_quiet_run_proves_nothing(bench: Workspace) -> None:
    assert bench.proved(bench.run()) == {}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ([{"event": "train", "iteration": 9}], "killed"),
        ([KILLED], "killed"),
        ([{"event": "failed", "error": {"what": "the machine was restarted while this run was going on"}}], "killed"),
        ([{"event": "failed", "error": {"what": "no space left"}}], "failed"),
        ([{"event": "stopped"}], "stopped"),
        ([KILLED, {"event": "resumed", "iteration": 10}, {"event": "stopped"}], "killed"),
        ([{"event": "stopped"}, {"event": "resumed", "iteration": 10}, KILLED], "killed"),
    ],
)
def test_what_a_run_came_back_from(bench: Workspace, before: list[dict[str, Any]], after: str) -> None:
    run = bench.run(*before, {"event": "resumed", "iteration": 10})
    assert bench.proved(run)["run.resumed"] == {"at": 10, "after": after}
    assert bench.proved(run, ended=False) == {}


def test_a_note_explains_a_diverged_run_when_it_came_afterwards_and_says_something(bench: Workspace) -> None:
    run = bench.run(verdict="diverged", state="failed")
    silent = {"verdict": "diverged", "explained": ""}
    assert bench.proved(run)["run.failed"] == silent
    run_notes.change(run, notes="too hot")
    bench.touch(run.path / run_notes.FILE, 2)
    assert bench.proved(run)["run.failed"] == silent
    run_notes.change(run, notes="The rate was ten times too high.")
    bench.touch(run.path / run_notes.FILE, 0)
    assert bench.proved(run)["run.failed"] == silent
    bench.touch(run.path / run_notes.FILE, 2)
    assert bench.proved(run, ended=False)["run.failed"] == {"verdict": "diverged", "explained": "note"}


def losses(*values: float) -> list[dict[str, Any]]:
    reports = [{"event": "train", "iteration": n, "train_loss": loss} for n, loss in enumerate(values, 1)]
    return [{"event": "validation", "iteration": 0, "val_loss": 4.7}, *reports]


@pytest.mark.parametrize(
    ("told", "verdict"),
    [
        ((4.6, 3.3, 0.5, 0.4, 0.3), ""),
        ((4.6, 3.3, 0.5, 0.9, 0.8), ""),
        ((2.1, 0.6, 0.6, 3.1, 1.6), "lost"),  # as at 0.005, which learns and then falls apart
        ((1.6, 5.4, 4.4, 3.5, 3.0), "lost"),  # as at 0.02
        ((6.1, 5.2, 4.4, 4.0, 3.5), "lost"),  # as at 0.1, which leaves at once
    ],
)
def test_what_was_learned_and_lost_again_tells_what_no_verdict_says(
    bench: Workspace, told: tuple[float, ...], verdict: str
) -> None:
    run = bench.run(*losses(*told))
    assert came_apart(run) == verdict
    assert [each.kind for each in proofs(run, ended=False, apart=verdict)] == (["run.failed"] if verdict else [])


def test_the_same_at_a_lower_rate_explains_it_too(bench: Workspace) -> None:
    early = bench.run(learning_rate=1e-4)
    run = bench.run(verdict="nan", state="failed", learning_rate=1e-2)
    for other in ({"learning_rate": 1e-1}, {"learning_rate": 1e-3, "data": "rows"}, {"learning_rate": 1e-3}):
        assert bench.proved(run)["run.failed"]["explained"] == "", early
        bench.run(**other)
    assert bench.proved(run)["run.failed"]["explained"] == "run"


def score(run: Run, base: float | None) -> Path:
    result = {"split": "test", "rows": 0, "exact_match": 0.1, "base_exact_match": base, "examples": 200}
    evaluation.write(run, {**result, "of": evaluation.stamp(run)})
    return run.path / evaluation.NAME


def test_a_baseline_is_one_that_was_scored_before_the_training_began(bench: Workspace) -> None:
    base = bench.run(iters=1)
    file = score(base, 0.0)
    bench.touch(file, 1)
    trained, other = bench.run(), bench.run(data="rows")
    assert bench.proved(trained)["run.baseline"] == {"of": base.id, "base_exact_match": 0.0}
    assert bench.proved(other) == {} == bench.proved(base)
    bench.touch(file, 9)
    assert bench.proved(trained) == {}
    score(base, None)
    bench.touch(file, -9)
    assert bench.proved(trained) == {}


def test_the_nearest_of_the_models_that_were_measured_is_the_fused_one(bench: Workspace) -> None:
    run = bench.run()
    adapter = run.adapters / "adapters.safetensors"
    ways = [
        {"way": "quantized", "kl": 0.2, "faults": ["away"], "exact_match": 0.5},
        {"way": "dequantized", "kl": 0.001, "faults": [], "exact_match": 0.9},
        {"way": "separate", "kl": 0.0, "faults": [], "exact_match": 0.9},
    ]
    table = {"ways": ways, "adapter_effect": 0.4, "exact_match_adapter": 0.9, "questions": 60}
    inspection_cache.write(run, "fuse", adapter, inspection_cache.stamp(adapter), table)
    assert bench.proved(run, ended=False) == {
        "run.fused": {"way": "dequantized", "kl": 0.001, "effect": 0.4, "faults": 0, "exact_match": 0.9,
                      "exact_match_adapter": 0.9, "questions": 60}
    }  # fmt: skip


def test_what_cannot_be_read_proves_nothing_and_stands_in_nobodys_way(bench: Workspace) -> None:
    broken, run = bench.run(), bench.run(verdict="nan", state="failed", learning_rate=1e-2)
    score(broken, 0.0)
    (broken.path / "spec.yaml").write_text("nonsense: [")
    (broken.path / "about.json").write_text("{")
    (broken.path / "measured").mkdir()
    bench.run(learning_rate=1e-4)
    assert bench.proved(broken) == {}
    assert bench.proved(run) == {"run.failed": {"verdict": "nan", "explained": "run"}}


def test_a_comparison_proves_who_was_better_and_how_far_seeds_lie_apart(bench: Workspace) -> None:
    lora = [bench.run(seed=seed) for seed in (0, 1, 2)]
    dora, longer = bench.run(fine_tune_type="dora", seed=1), bench.run(iters=60)
    stopped = bench.run(state="stopped", seed=5)
    found = list(compared(Comparison.of([*lora, dora, longer, stopped], bench.runs.root / "cache")))
    names = " ".join(sorted(run.id for run in (lora[1], dora)))
    assert [(p.kind, p.item, p.payload) for p in found] == [
        ("runs.compared", names, {"lora": 0.4, "dora": 0.4}),
        ("runs.banded", " ".join(sorted(run.id for run in lora)), {"seeds": 3, "lowest": 0.3, "highest": 0.5}),
    ]
