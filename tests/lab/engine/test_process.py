"""The engine as a process: it outlives its starter, stops when asked, and always has a last word it can give."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from lab import launch
from lab.datasets import BUNDLED as DATA
from lab.engine.events import EventWriter
from lab.engine.train import Progress
from lab.errors import LabError
from lab.models import BUNDLED as MODELS
from lab.runs import Run
from lab.spec import RunSpec

LONG = {"iters": 5000, "steps_per_report": 1, "steps_per_eval": 5000, "val_batches": 1, "save_every": 5000}


def wait_for(condition: Callable[[], object], seconds: float = 120) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)


def iteration(run: Run) -> int:
    return int(run.last_event().get("iteration", 0))


def test_a_run_outlives_the_killed_program_that_started_it_and_stops_when_asked(desk) -> None:
    env = {**os.environ, "LOWRANK_HOME": str(desk.home), "PYTHONPATH": str(Path(__file__).parents[3])}
    flags = [f"--{k.replace('_', '-')}={v}" for k, v in LONG.items()]
    starter = subprocess.Popen(
        [sys.executable, "-m", "tui", "train", *flags, "--json"], env=env, stdout=subprocess.PIPE
    )
    assert starter.stdout is not None
    started = next(e for e in map(json.loads, starter.stdout) if e["event"] == "started")
    starter.send_signal(signal.SIGKILL)
    starter.wait()
    run = desk.runs.get(started["run"])
    seen = iteration(run)
    wait_for(lambda: iteration(run) > seen + 2)
    assert run.state() == "running"

    done = desk("stop", run.id, "--json")
    assert done.code == 0 and done.lines[-1]["state"] == "stopped"
    result = run.result()
    assert result and 2 < result["iterations"] < 5000 and result["event"] == "stopped"
    assert (run.adapters / "adapters.safetensors").exists(), "what was learned is kept"
    assert desk("stop", run.id).code == 1, "it is not running any more"


def test_a_killed_engine_is_seen_as_lost_and_the_command_says_where_to_look(desk) -> None:
    run = launch.prepare(LONG, desk.runs, desk.home / "cache")
    pid = launch.start(run, desk.home / "cache")
    wait_for(lambda: iteration(run) >= 1)
    os.kill(pid, signal.SIGKILL)
    wait_for(lambda: run.state() == "lost")
    assert desk("runs", "--json").lines[-1]["runs"]


def test_a_corrupt_model_ends_in_a_failed_event_with_its_remedy(desk, tmp_path: Path) -> None:
    folder = tmp_path / "model"
    shutil.copytree(MODELS / "sprout", folder)
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1000])
    done = desk("train", "--model", str(folder), "--iters", "5", "--json")
    last = done.lines[-1]
    assert done.code == 1 and last["event"] == "failed"
    assert "cannot be loaded" in last["error"]["what"] and last["error"]["remedy"]
    assert done.err.count("\n") == 1 and "Traceback" not in done.err


def test_a_loss_that_is_no_number_ends_the_run_with_the_knob_to_turn(tmp_path: Path) -> None:
    report = dict.fromkeys(("learning_rate", "tokens_per_second", "iterations_per_second", "trained_tokens"), 1)
    progress = Progress(EventWriter(tmp_path), RunSpec())
    with pytest.raises(LabError, match="not a number any more at iteration 3; lower --learning-rate"):
        progress.on_train_loss_report({**report, "iteration": 3, "train_loss": float("nan")})
    (event,), _ = Run(tmp_path).events()
    assert event["train_loss"] is None, "JSON has no NaN"


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("train", "--model", "foo"), ("--model", "foo", "sprout")),
        (("train", "--data", "/nowhere"), ("--data", "/nowhere", "journal, record, sql")),
        (("train", "--iters", "0"), ("--iters", "1")),
        (("train", "--iters", "many"), ("--iters", "integer")),
        (("train", "--num-layers", "16"), ("--num-layers", "6")),
        (("frobnicate",), ("frobnicate", "--help")),
        (("evaluate", "none"), ("none", "lowrank runs")),
    ],
)
def test_wrong_usage_is_one_line_and_exit_2(words: tuple[str, ...], says: tuple[str, ...], desk) -> None:
    done = desk(*words)
    assert (done.code, done.out, done.err.count("\n")) == (2, "", 1), done.err
    assert all(word in done.err for word in says), done.err


def test_a_broken_line_of_data_is_named_by_file_and_line(desk, tmp_path: Path) -> None:
    shutil.copytree(DATA / "sql", tmp_path / "mine")
    with (tmp_path / "mine/train.jsonl").open("a") as file:
        file.write('{"prompt": "x"\n')
    done = desk("train", "--data", str(tmp_path / "mine"))
    assert done.code == 1 and done.err.count("\n") == 1
    assert "train.jsonl:1201: not valid JSON" in done.err
