"""An engine that is busy with what takes for ever: nothing saved is lost, and it can be ended."""

import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path
from typing import Any

import psutil
import pytest
from mlx_lm.utils import load_tokenizer
from waiting import wait_for

from lab import client, preflight
from lab.engine import chat_template as templates
from lab.engine import weights_check
from lab.engine.generation import encode
from lab.engine.label_masking import Supervisor
from lab.errors import LabError
from lab.models.find import BUNDLED
from lab.runs import launch
from lab.runs.crash_recovery import settle
from lab.runs.directory import Run
from lab.runs.outcome import all_events
from lab.runs.stop import hasten, request_stop
from lab.score import Item
from lab.spec import RunSpec

SMALL = {"batch_size": 2, "num_layers": 1, "steps_per_report": 1, "val_batches": 1}
QUICK = {"max_seq_length": 64}


def kinds(run: Run) -> list[str]:
    return [event.kind for event in all_events(run)]


def begin(desk: Any, **fields: Any) -> Run:
    run = preflight.prepare(SMALL | fields, desk.runs, desk.home / "cache")
    launch.start(run, desk.home / "cache", now=True)
    return run


@pytest.fixture(scope="module")
def long_rows(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Plain text of 20,000 characters a row, in lines, of which all but the first are taken for the answer."""
    folder = tmp_path_factory.mktemp("long")
    text = "\n".join(f"{number} The quick brown fox jumps over the lazy dog." for number in range(400))[:20_000]
    for split, count in (("train", 4), ("valid", 2)):
        (folder / f"{split}.jsonl").write_text((json.dumps({"text": text}) + "\n") * count)
    return folder


def test_samples_of_long_rows_are_cut_and_what_is_learned_is_saved_before_they_are_asked(desk, long_rows: Path) -> None:
    run = begin(desk, data=str(long_rows), iters=2, save_every=1, steps_per_eval=1, **QUICK)
    wait_for(lambda: settle(run) == "finished")
    told = kinds(run)
    assert [kind for kind in told if kind in ("saved", "samples")] == ["samples"] + ["saved", "samples"] * 2
    for event in all_events(run):
        for answer in getattr(event, "answers", ()):
            assert len(answer.text) < 2_000


@pytest.mark.long
def test_a_run_stops_while_it_answers_and_makes_up_for_it_when_it_goes_on(desk, long_rows: Path) -> None:
    run = begin(desk, data=str(long_rows), iters=3, save_every=2, steps_per_eval=100, samples=8, **QUICK)
    wait_for(lambda: kinds(run).count("saved") == 1)
    assert request_stop(run)
    wait_for(lambda: settle(run) == "stopped")
    assert run.result().iterations == 2 and kinds(run)[-3:] != ["saved", "samples", "stopped"]
    launch.start(run, desk.home / "cache", now=True)
    wait_for(lambda: settle(run) == "finished")
    asked = [event.iteration for event in all_events(run) if event.kind == "samples"]
    assert asked == [0, 2, 3]


def hostile(folder: Path, template: str = "", **config: Any) -> Path:
    """A copy of sprout with another chat template, and other values in its config.json."""
    shutil.copytree(BUNDLED / "sprout", folder)
    told = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(told | config))
    if template:
        for path in folder.glob("*.jinja"):
            path.write_text(template)
        settings = json.loads((folder / "tokenizer_config.json").read_text())
        if "chat_template" in settings:
            (folder / "tokenizer_config.json").write_text(json.dumps(settings | {"chat_template": template}))
    return folder


ENDLESS = "{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}"


@pytest.mark.parametrize(
    ("config", "says"),
    [
        ({"num_hidden_layers": 1_000_000_000}, "1,000,000,000"),
        ({"num_hidden_layers": 9_000}, "num_hidden_layers is 9,000"),
        ({"hidden_size": 1 << 20}, "parameters"),
        ({"vocab_size": 1 << 31}, "parameters"),
        ({"num_local_experts": 1 << 40}, "num_local_experts"),
        ({"text_config": {"n_layers": 10**9}}, "n_layers is 1,000,000,000"),
    ],
)
def test_a_config_that_speaks_of_more_than_its_weights_is_refused_at_once(
    config: dict[str, Any], says: str, tmp_path: Path
) -> None:
    folder = hostile(tmp_path / "model", **config)
    with pytest.raises(LabError) as caught:
        weights_check.check(folder)
    assert says in str(caught.value)
    weights_check.check(BUNDLED / "sprout")


def test_weights_larger_than_the_machine_are_refused_with_figures() -> None:
    with pytest.raises(LabError, match=r"take 9,999.0 GB, and this machine has .* GB"):
        weights_check.check_memory(9_999e9, "x")


@pytest.mark.long
def test_a_billion_layers_take_neither_time_nor_memory(desk, tmp_path: Path) -> None:
    cache, other = desk.home / "cache", tmp_path / "other"
    known = hostile(tmp_path / "known", num_hidden_layers=10**9)
    other.mkdir()  # of a family that has no formula here, so that only the engine can tell
    (other / "config.json").write_text(json.dumps({"model_type": "gpt2", "n_layer": 10**9, "n_head": 4, "n_embd": 8}))
    for job, model in (("train", known), ("plan", other)):
        run = desk.runs.create(RunSpec.make(SMALL | {"model": str(model)}), model_path=model, data_path="sql")
        command = client.engine_command(job, str(run.path), "--cache", str(cache))
        done = subprocess.run(command, env=client.engine_environment(cache), preexec_fn=four_gigabytes,
                              capture_output=True, text=True, timeout=300)  # fmt: skip
        assert done.returncode == 1 and "1,000,000,000" in done.stdout + done.stderr, done.stderr


def four_gigabytes() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30))


@pytest.mark.parametrize("template", [ENDLESS, "{{ 'a' * 40000000000 }}", "{{ 'a' * 20000000 }}"])
def test_a_template_that_does_not_end_is_given_up(template: str, tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr(templates, "SECONDS", 0.5)
    tokenizer = load_tokenizer(hostile(tmp_path / "model", template))
    with pytest.raises(LabError, match="chat template takes"):
        Supervisor(tokenizer, 256, True)([{"prompt": "a", "completion": "b"}], "prompt/completion")
    with pytest.raises(LabError, match="chat template takes"):
        encode(tokenizer, Item(({"role": "user", "content": "a"},), "", ""))
    before = resource.getrlimit(resource.RLIMIT_AS)
    assert before[0] == resource.RLIM_INFINITY, "the limit is taken back"


def test_a_run_stops_while_a_template_runs(desk, tmp_path: Path) -> None:
    run = begin(desk, model=str(hostile(tmp_path / "model", ENDLESS)))
    wait_for(lambda: "loading" in {getattr(event, "stage", "") for event in all_events(run)})
    assert request_stop(run)
    wait_for(lambda: settle(run) == "stopped")
    assert run.result().iterations == 0


def test_an_engine_that_does_not_answer_is_killed_by_whoever_looks(desk, monkeypatch: Any) -> None:
    run = begin(desk, iters=100_000, save_every=2, steps_per_eval=100_000, samples=0)
    wait_for(lambda: kinds(run).count("saved") >= 1)
    process = run.process()
    assert process is not None
    process.send_signal(signal.SIGSTOP)
    assert request_stop(run) and hasten(run) == "asked"
    note = run.path / "state" / "stop"
    since = note.stat().st_mtime
    assert request_stop(run) and note.stat().st_mtime == since, "asking again gives no more time"
    monkeypatch.setenv("LOWRANK_STOP_SECONDS", "1000000")
    assert settle(run) == "stopping"
    monkeypatch.setenv("LOWRANK_STOP_SECONDS", "0.1")
    wait_for(lambda: settle(run) == "stopped")
    process.wait(300)
    assert run.result().iterations >= 2 and (run.path / "state" / "checkpoint.safetensors").exists()


def test_who_has_taken_too_long_leaves_at_once_and_says_so_itself(desk, long_rows: Path, monkeypatch: Any) -> None:
    """Told twice, it does not end its step and saves nothing more, but it is still its own last word."""
    run = begin(desk, iters=100_000, save_every=2, steps_per_eval=100_000, samples=0)
    wait_for(lambda: kinds(run).count("saved") >= 1)
    process = run.process()
    assert process is not None
    process.send_signal(signal.SIGSTOP)
    request_stop(run)
    os.utime(run.path / "state" / "stop", (time.time() - 70, time.time() - 70))
    assert hasten(run) == "told"
    process.send_signal(signal.SIGCONT)
    wait_for(lambda: run.result())
    assert run.result().kind == "stopped" and settle(run) == "stopped"
    process.wait(300)


@pytest.mark.long
def test_the_command_line_says_what_it_does(desk) -> None:
    run = begin(desk, iters=100_000, save_every=2, steps_per_eval=100_000, samples=0)
    wait_for(lambda: kinds(run).count("saved") >= 1)
    process = run.process()
    assert process is not None
    process.send_signal(signal.SIGSTOP)
    done = desk("stop", run.id, "--json", LOWRANK_STOP_SECONDS="2")
    assert done.lines[-1] == {"run": run.id, "state": "stopped"}
    assert "told to leave at once" in done.err and "killed; what it saved last is kept" in done.err


@pytest.mark.parametrize("how", [signal.SIGKILL, pytest.param(signal.SIGINT, marks=pytest.mark.long)])
def test_no_job_outlives_whoever_asked_for_it(how: signal.Signals, desk, tmp_path: Path) -> None:
    """A check of data with a template that takes all its time, and the command line alone is interrupted or killed."""
    slow = hostile(tmp_path / "model", ENDLESS)
    command = [sys.executable, "-m", "tui", "data", "check", "sql", "--model", str(slow)]
    env = {**os.environ, "LOWRANK_HOME": str(desk.home), "PYTHONPATH": str(Path(__file__).parents[3])}
    heed = partial(signal.signal, signal.SIGINT, signal.default_int_handler)
    program = subprocess.Popen(command, env=env, preexec_fn=heed, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def engine() -> psutil.Process | None:
        found = [each for each in psutil.Process(program.pid).children() if "lab.engine" in each.cmdline()]
        return found[0] if found else None

    process = wait_for(engine)
    wait_for(lambda: process.cpu_times().user > 1)
    program.send_signal(how)
    assert program.wait(300) != 0
    process.wait(300)
