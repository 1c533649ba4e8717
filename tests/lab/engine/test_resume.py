"""A run that was stopped or killed at any moment, and resumed, ends bit-equal to one that was left alone."""

import json
import os
import random
import signal
import subprocess
import sys
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any

import mlx.core as mx
import mlx.optimizers as optim
import pytest
from mlx_lm.utils import load
from waiting import wait_for

from lab import client, preflight
from lab.engine import checkpoint
from lab.engine.loop import Loop, masked_loss
from lab.engine.train import OPTIMIZERS, adapt
from lab.errors import LabError
from lab.events.schema import iteration_of
from lab.models.find import BUNDLED
from lab.runs import launch
from lab.runs.directory import Run
from lab.spec import RunSpec

ITERS = 24
SPEC = {
    **{"iters": ITERS, "batch_size": 2, "num_layers": 2, "save_every": 4, "steps_per_eval": 6, "val_batches": 2},
    **{"steps_per_report": 3, "samples": 1, "grad_accumulation_steps": 3, "batching": "length"},
    **{"lora_parameters": {"rank": 4, "scale": 20.0, "dropout": 0.1}},
}
TOLD = ("train_loss", "learning_rate", "val_loss", "trained_tokens", "answers", "best")
"""What events say of the training itself, not of how long it took."""


def story(run: Run) -> dict[tuple[str, int], dict[str, Any]]:
    """What the run's events say, the later of two of one kind and iteration."""
    told = [e for e in run.events()[0] if e.kind in ("train", "validation", "samples")]
    return {(e.kind, e.iteration): {k: getattr(e, k, None) for k in TOLD} for e in told}


def files(run: Run) -> dict[str, bytes]:
    return {str(p.relative_to(run.adapters)): p.read_bytes() for p in run.adapters.rglob("*.safetensors")}


def written(run: Run) -> int:
    path = run.path / "events.jsonl"
    return path.stat().st_size if path.exists() else 0


def grown(process: subprocess.Popen[bytes], run: Run, goal: int) -> bool:
    return process.poll() is not None or written(run) >= goal


def begin(run: Run, cache: Path) -> subprocess.Popen[bytes]:
    log = (run.path / "log.txt").open("ab")
    command = client.engine_command("train", str(run.path), "--cache", str(cache))
    return subprocess.Popen(command, env=client.engine_environment(cache), stdout=log, stderr=log)


@pytest.fixture(scope="module")
def unbroken(desk) -> Run:
    run = preflight.prepare(SPEC, desk.runs, desk.home / "cache")
    assert begin(run, desk.home / "cache").wait(300) == 0
    return run


def same(run: Run, unbroken: Run) -> None:
    result, expected = run.result(), unbroken.result()
    assert result and expected
    assert all(
        getattr(result, k) == getattr(expected, k)
        for k in ("kind", "iterations", "train_loss", "val_loss", "best_iteration")
    )
    assert story(run) == story(unbroken)
    assert files(run) == files(unbroken)


@pytest.mark.parametrize("kills", [1, pytest.param(5, marks=pytest.mark.long)])
def test_killed_again_and_again_it_ends_bit_equal(kills: int, unbroken: Run, desk) -> None:
    run = preflight.prepare(SPEC, desk.runs, desk.home / "cache")
    rng = random.Random(kills)
    for _ in range(kills):
        process = begin(run, desk.home / "cache")
        goal = written(run) + rng.randrange(200, 4000)
        wait_for(partial(grown, process, run, goal))
        process.kill()
        process.wait()
    if run.last_word() != "finished":  # a kill may come after it
        assert begin(run, desk.home / "cache").wait(300) == 0
    assert any(e.kind == "resumed" for e in run.events()[0])
    same(run, unbroken)


@pytest.mark.long
def test_stopped_between_two_updates_it_goes_on_with_the_gradients_it_held(unbroken: Run, desk) -> None:
    run = preflight.prepare(SPEC, desk.runs, desk.home / "cache")
    process = begin(run, desk.home / "cache")
    wait_for(lambda: iteration_of(run.last_event()) >= 9)
    process.send_signal(signal.SIGTERM)
    assert process.wait(300) == 0
    stopped = run.result()
    assert stopped and stopped.kind == "stopped" and 9 <= stopped.iterations < ITERS
    (run.path / "result.json").unlink()
    if run.last_word() != "finished":  # the last kill may have come after it
        assert begin(run, desk.home / "cache").wait(300) == 0
    same(run, unbroken)


@pytest.mark.parametrize(
    ("accumulate", "name"),
    [
        (2, "adam"),
        *(pytest.param(*each, marks=pytest.mark.long) for each in product((1, 2), OPTIMIZERS) if each != (2, "adam")),
    ],
)
def test_every_optimizers_state_survives_a_checkpoint(name: str, accumulate: int, tmp_path: Path) -> None:
    ids = mx.arange(2 * 9).reshape(2, 9)
    mask = mx.ones((2, 8))

    def loop() -> Loop:
        spec = RunSpec.make({"num_layers": 1, "lora_parameters": {"rank": 2, "dropout": 0.2}})
        model, _ = load(str(BUNDLED / "sprout"))
        adapt(model, spec)
        rate = optim.schedulers.cosine_decay(1e-2, 9)
        made = OPTIMIZERS[name](learning_rate=rate)
        return Loop(model, made, masked_loss, accumulate=accumulate, last=5, max_norm=0.5)

    (tmp_path / "state").mkdir()
    whole = loop()
    losses = []
    for iteration in range(1, 7):
        losses.append(whole.step(iteration, ids, mask))
        if iteration == 3:
            arrays, key = whole.state()
            checkpoint.save_state(tmp_path, arrays, {"key": key})
    again = loop()
    found = checkpoint.load_state(tmp_path)
    assert found
    again.restore(found[0], found[1]["key"])
    assert [again.step(iteration, ids, mask) for iteration in range(4, 7)] == losses[3:]
    trained = again.trained()
    assert all(mx.array_equal(value, trained[k]).item() for k, value in whole.trained().items())


@pytest.mark.long
def test_a_checkpoint_of_other_data_or_a_damaged_one_is_refused_with_what_to_do(desk, tmp_path: Path) -> None:
    import shutil

    from lab.datasets.find import find_data

    shutil.copytree(find_data("sql").path, tmp_path / "mine")
    cache = desk.home / "cache"
    run = preflight.prepare({**SPEC, "data": str(tmp_path / "mine"), "iters": 500}, desk.runs, cache)
    process = begin(run, cache)
    wait_for(lambda: (run.path / "state" / checkpoint.STATE).exists())
    process.kill()
    process.wait()
    lines = (tmp_path / "mine/train.jsonl").read_text().splitlines()
    (tmp_path / "mine/train.jsonl").write_text("\n".join(lines[1:]))
    refused(run, cache, "the data changed since the checkpoint")
    assert begin(run, cache).wait(300) == 1
    assert "the data changed since the checkpoint" in run.result().error.what
    (tmp_path / "mine/train.jsonl").write_text("\n".join(lines) + "\n")
    state = run.path / "state" / checkpoint.STATE
    state.write_bytes(state.read_bytes()[:-100])
    refused(run, cache, "the checkpoint is damaged")
    assert begin(run, cache).wait(300) == 1
    error = run.result().error
    assert "damaged" in error.what and str(state) == error.where and "start a new run" in error.remedy


def refused(run: Run, cache: Path, why: str) -> None:
    """A launcher finds it out before anything is changed."""
    before = {path: path.read_bytes() for path in run.path.rglob("*") if path.is_file() and path.suffix != ".lock"}
    with pytest.raises(LabError, match=why):
        launch.start(run, cache)
    after = {path: path.read_bytes() for path in run.path.rglob("*") if path.is_file() and path.suffix != ".lock"}
    assert after == before and not run.lives()


def test_a_write_that_was_killed_is_never_picked_up(tmp_path: Path) -> None:
    target = tmp_path / "adapters.safetensors"
    checkpoint.save(target, {"a": mx.array([1.0])})
    code = """
import sys, mlx.core as mx, os
from pathlib import Path
from lab.engine import checkpoint
def slow(path, arrays, metadata):
    Path(path).write_bytes(b"half"); os.kill(os.getpid(), 9)
mx.save_safetensors = slow
checkpoint.save(Path(sys.argv[1]), {"a": mx.array([2.0])})
"""
    env = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])}
    assert subprocess.run([sys.executable, "-c", code, str(target)], env=env).returncode == -9
    assert mx.load(str(target))["a"].tolist() == [1.0]
    assert [p.name for p in tmp_path.iterdir() if not p.name.startswith(".")] == [target.name]
    checkpoint.clear(tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == [target.name]


def test_notes_are_kept_to_the_last_bit(tmp_path: Path) -> None:
    (tmp_path / "state").mkdir()
    notes = {"loss": 0.1 + 0.2, "best": float("inf"), "text": "한글"}
    checkpoint.save_state(tmp_path, {"a": mx.array([1.0])}, notes)
    found = checkpoint.load_state(tmp_path)
    assert found and found[1] == notes and json.dumps(notes)
