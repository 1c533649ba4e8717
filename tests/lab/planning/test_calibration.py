"""What finished runs and probes teach: only what their figures say, only of their own method, never wildly."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from lab.planning.base_model import find_base
from lab.planning.calibration import Past, finished, memory_ratio, past, speed
from lab.planning.machine import Machine
from lab.planning.plan import Inputs, make
from lab.planning.row_lengths import Batch, Rows
from lab.runs.directory import Run, Runs
from lab.spec import RunSpec

BATCH = Batch(80, 500, 150)
ROWS = Rows(100, 10, BATCH, BATCH, BATCH, BATCH, True)
HERE = Machine("cpu", "CPU", 1 << 40, 1 << 40)


def finished_run(runs: Runs, **result: Any) -> Run:
    """A run directory as a finished run leaves it."""
    run = runs.create(RunSpec(), model_path="sprout", data_path="sql")
    started = {"event": "started", "method": "LoRA", "device": "CPU", "trainable_parameters": 175_104,
               "total_parameters": 2_853_312}  # fmt: skip
    (run.path / "events.jsonl").write_text(json.dumps(started) + "\n")
    known = {"event": "finished", "iterations": 100, "peak_memory_bytes": 90_000_000, "seconds_per_iteration": 0.5}
    (run.path / "result.json").write_text(json.dumps(known | result))
    return run


def plan_of(pasts: list[Past], probe_peak: int = 0) -> Any:
    base = find_base("sprout", Path("/nowhere"))
    return make(Inputs(RunSpec(), base, ROWS, HERE, pasts=pasts, probe_peak=probe_peak))


def test_a_run_planned_again_is_estimated_as_it_was_measured(tmp_path: Path) -> None:
    taught = past(finished_run(Runs(tmp_path)), ROWS, HERE, tmp_path)
    assert taught is not None
    found = plan_of([taught])
    assert found.peak == pytest.approx(90_000_000, rel=1e-6) and found.calibrated == 1
    assert found.timing is not None and found.timing.step == pytest.approx(0.5)
    assert found.memory["weights"] == plan_of([]).memory["weights"], "what is known is not corrected"


def test_runs_of_other_devices_unfinished_short_or_foreign_ones_teach_nothing(tmp_path: Path) -> None:
    runs = Runs(tmp_path)
    kept = finished_run(runs)
    finished_run(runs, event="failed")
    finished_run(runs, iterations=3)
    assert [run.id for run in finished(runs)] == [kept.id]
    assert past(kept, ROWS, replace(HERE, name="another"), tmp_path) is None
    no_peak = finished_run(runs, peak_memory_bytes=None)
    assert past(no_peak, ROWS, HERE, tmp_path) is None


def test_the_median_of_the_same_method_counts_and_wild_ratios_do_not() -> None:
    pasts = [
        Past("LoRA", 0.9, 1e9),
        Past("LoRA", 1.1, 3e9),
        Past("LoRA", 1.2, 2e9),
        Past("LoRA", 9.0, 2e9),
    ]
    pasts.append(Past("full", 0.6, 5e9))
    assert memory_ratio(pasts, "LoRA") == (1.1, 3) and memory_ratio(pasts, "DoRA") == (1.0, 0)
    assert speed(pasts, "full") == (5e9, 1) and speed(pasts, "DoRA") == (2e9, 5) and speed([], "LoRA") == (0.0, 0)


def test_a_probe_wins_over_finished_runs_unless_it_is_out_of_all_proportion() -> None:
    found = plan_of([Past("LoRA", 1.5, 1e9)], probe_peak=100_000_000)
    assert found.peak == pytest.approx(100_000_000, rel=1e-6) and found.uncertainty == 0.1
    wild = plan_of([Past("LoRA", 1.5, 1e9)], probe_peak=10_000_000_000)
    assert wild.calibrated == 1 and wild.ratio == 1.5


def test_a_real_run_teaches_through_its_own_files(trained: Callable, desk: Any) -> None:
    flags = ("--iters", "12", "--steps-per-report", "4", "--steps-per-eval", "12", "--val-batches", "2",
             "--save-every", "6")  # fmt: skip
    run, _ = trained("--model", "sprout", *flags)
    taught = past(run, ROWS, replace(HERE, name=run.started().device), desk.home / "cache")
    assert taught is not None and taught.method == "LoRA" and taught.speed > 0 and 0.5 < taught.peak_ratio < 2
