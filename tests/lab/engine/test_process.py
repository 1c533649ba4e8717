"""The engine as a process: it outlives its starter, stops when asked, and always has a last word it can give."""

import json
import os
import shutil
import signal
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from waiting import wait_for

from lab import client, preflight
from lab.datasets.find import BUNDLED as DATA
from lab.events.schema import iteration_of
from lab.models.find import BUNDLED as MODELS
from lab.runs import launch
from lab.runs.crash_recovery import settle
from lab.runs.directory import Run
from lab.runs.outcome import KEYS, curve
from lab.runs.stop import request_stop

SMALL = {"batch_size": 2, "num_layers": 1, "val_batches": 1, "samples": 0, "steps_per_report": 1}
LONG = SMALL | {"lr_schedule": "constant", "iters": 100_000, "steps_per_eval": 100_000, "save_every": 100_000}
SHORT = SMALL | {"iters": 24, "steps_per_eval": 24, "save_every": 3}


def flags(spec: dict[str, Any]) -> list[str]:
    return [f"--{name.replace('_', '-')}={value}" for name, value in spec.items()]


def iteration(run: Run) -> int:
    return iteration_of(run.last_event())


def test_a_run_outlives_the_killed_program_that_started_it_and_stops_when_asked(desk) -> None:
    env = {**os.environ, "LOWRANK_HOME": str(desk.home), "PYTHONPATH": str(Path(__file__).parents[3])}
    command = [sys.executable, "-m", "tui", "train", *flags(LONG), "--json"]
    starter = subprocess.Popen(command, env=env, stdout=subprocess.PIPE)
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
    assert result and 2 < result.iterations < LONG["iters"] and result.kind == "stopped"
    assert (run.adapters / "adapters.safetensors").exists(), "what was learned is kept"
    assert desk("stop", run.id).code == 1, "it is not running any more"


def test_a_killed_run_is_given_its_last_word_and_goes_on_when_resumed(desk) -> None:
    done = desk("train", "--detach", "--json", *flags(SHORT))
    run = desk.runs.get(done.lines[-1]["run"])
    assert done.code == 0 and done.lines[-1]["event"] == "launched"
    wait_for(lambda: iteration(run) >= 4)
    os.kill(run.process().pid, signal.SIGKILL)
    wait_for(lambda: run.state() == "lost")
    row = next(row for row in desk("runs", "--json").lines[-1]["runs"] if row["run"] == run.id)
    assert row["state"] == "failed" and row["iterations"] >= 4 and row["train_loss"]
    assert f"`lowrank resume {run.id}` goes on from iteration" in run.result().error.remedy

    done = desk("resume", run.id, "--json")
    assert done.code == 0, done.err
    told = [e["event"] for e in done.lines]
    assert told[-1] == "finished" and "resumed" in told and "failed" not in told, "only what is new is printed"
    assert done.lines[-1]["iterations"] == SHORT["iters"] and done.lines[-1].keys() >= set(KEYS)
    assert [x for x, _ in curve(run)] == list(range(1, SHORT["iters"] + 1))
    again = desk("resume", run.id)
    assert again.code == 1 and again.err.count("\n") == 1 and "nothing to resume" in again.err


@pytest.mark.long
def test_runs_train_one_after_another_unless_asked(desk) -> None:
    cache = desk.home / "cache"
    runs = [preflight.prepare(LONG, desk.runs, cache) for _ in range(3)]
    first, second, third = runs
    for run in runs:
        launch.start(run, cache)
        wait_for(run.last_event)  # it has its place
    wait_for(lambda: iteration(first) >= 1)
    assert [run.state() for run in runs] == ["running", "waiting", "waiting"]
    assert (second.last_event().behind, second.last_event().position) == (first.id, 1)
    assert (third.last_event().behind, third.last_event().position) == (second.id, 2)
    refused = desk("resume", second.id)
    assert refused.code == 1 and "is waiting already" in refused.err

    done = desk("stop", third.id, "--json")
    assert done.lines[-1] == {"run": third.id, "state": "stopped"}
    assert third.result().iterations == 0 and not third.started(), "it never trained"

    beside = preflight.prepare(SHORT | {"iters": 1}, desk.runs, cache)
    launch.start(beside, cache, now=True)
    command = client.engine_command("train", str(first.path), "--cache", str(cache))
    twin = subprocess.run(command, env=client.engine_environment(cache), capture_output=True, text=True, timeout=300)
    assert twin.returncode == 1 and twin.stderr == f"failed: another engine works on {first.id}\n"
    wait_for(lambda: beside.state() == "finished")
    assert first.state() == "running" and second.state() == "waiting"

    os.kill(first.process().pid, signal.SIGKILL)  # gives way to the next without a word
    wait_for(lambda: iteration(second) >= 1)
    assert settle(first) == "failed" and second.state() == "running"
    request_stop(second)
    wait_for(lambda: second.state() == "stopped")


def test_one_that_is_asked_at_once_stops_before_it_begins(desk) -> None:
    run = preflight.prepare(LONG, desk.runs, desk.home / "cache")
    launch.start(run, desk.home / "cache")
    assert request_stop(run)
    wait_for(lambda: settle(run) == "stopped")
    assert run.result().iterations == 0


def test_ctrl_c_stops_and_a_second_one_leaves_the_run_to_itself(desk) -> None:
    env = {**os.environ, "LOWRANK_HOME": str(desk.home), "PYTHONPATH": str(Path(__file__).parents[3])}
    command = [sys.executable, "-m", "tui", "train", *flags(LONG)]
    # Tests that run in the background inherit that Ctrl-C is ignored.
    heed = partial(signal.signal, signal.SIGINT, signal.SIG_DFL)
    starter = subprocess.Popen(
        command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, preexec_fn=heed
    )
    assert starter.stderr is not None
    run = desk.runs.get(starter.stderr.readline().split()[1])
    wait_for(run.last_event)
    os.kill(run.process().pid, signal.SIGSTOP)  # so that it cannot stop before the second
    starter.send_signal(signal.SIGINT)
    assert "stopping at the next step" in starter.stderr.readline()
    starter.send_signal(signal.SIGINT)
    assert "is left to itself" in starter.stderr.read() and starter.wait() == 130
    assert run.state() == "stopping"
    os.kill(run.process().pid, signal.SIGCONT)
    wait_for(lambda: settle(run) == "stopped")


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


def test_an_adapter_is_copied_over_a_copy_of_ours_and_refused_elsewhere_before_training(desk, tmp_path: Path) -> None:
    words = ("train", *flags(SMALL | {"iters": 1}), "--adapter-path")
    mine, copy, before = tmp_path / "mine", tmp_path / "copy", len(desk.runs.all())
    mine.mkdir()
    (mine / "adapters.safetensors").write_bytes(b"mine")
    (tmp_path / "file").touch()
    for place in (
        mine,
        tmp_path / "file",
        tmp_path / "file" / "x",
        desk.home / "runs" / "x",
        MODELS / "sprout",
        desk.home,
    ):
        done = desk(*words, str(place))
        assert done.code == 1 and done.err.count("\n") == 1 and str(place) in done.err, done.err
    assert desk(*words, str(copy), "--detach").code == 2
    assert len(desk.runs.all()) == before and (mine / "adapters.safetensors").read_bytes() == b"mine"
    for _ in range(2):
        assert desk(*words, str(copy)).code == 0
        assert (copy / "adapters.safetensors").exists() and (copy / "adapter_config.json").exists()
    (copy / "notes.txt").write_text("mine")
    assert "holds notes.txt" in desk(*words, str(copy)).err
