"""What a spec names is found from any folder, and a run that cannot go on stays as it was."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from event_of import event_of
from waiting import wait_for

from lab import preflight
from lab.datasets.find import BUNDLED
from lab.errors import LabError
from lab.events.writer import EventLog
from lab.hyperparameters import write_spec
from lab.models.find import BUNDLED as MODELS
from lab.paths import shown
from lab.queue.runner import line_up
from lab.runs import launch
from lab.runs.directory import Run, Runs
from lab.runs.stop import request_stop
from lab.spec import RunSpec
from tui.home import home

SHORT = ["--model", "base", "--data", "data1", "--iters", "100000", "--batch-size", "1"]
SHORT += ["--steps-per-report", "1", "--save-every", "5", "--samples", "0", "--val-batches", "1"]


def lowrank(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """The command line, typed in a folder, with a home that is given relative to it."""
    env = {**os.environ, "LOWRANK_HOME": os.path.relpath(folder.parent / "home", folder)}
    command = [sys.executable, "-P", "-m", "tui", *words]
    env["PYTHONPATH"] = str(Path(__file__).parents[2])
    return subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, timeout=300)


def reach(run: Run, event: str) -> None:
    """Wait until the run has written an event of that name."""
    wait_for(lambda: run.result() or any(each.kind == event for each in run.events(limit=1 << 28)[0]))
    assert run.result() is None, (run.path / "log.txt").read_text()


def files(run: Run) -> dict[str, bytes]:
    """What a refused resume must leave as it is."""
    return {name: (run.path / name).read_bytes() for name in ("spec.yaml", "events.jsonl", "result.json")}


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Path]:
    """A folder with a data set and a base in it, beside another folder and a home."""
    folder = tmp_path / "here"
    shutil.copytree(BUNDLED / "sql", folder / "data1")
    shutil.copytree(MODELS / "sprout", folder / "base")
    (tmp_path / "elsewhere").mkdir()
    yield folder
    for run in Runs(tmp_path / "home/runs").all():  # what a failed test left behind
        request_stop(run)


def test_a_run_that_cannot_go_on_stays_as_it_was(here: Path) -> None:
    cache = here / "cache"
    run = preflight.prepare({"data": str(here / "data1"), "model": str(here / "base")}, Runs(here / "runs"), cache)
    launch.note_process(run.path, None)
    log = EventLog(run.path)
    log.last_word(event_of("stopped", run=run.id, run_dir=str(run.path), iterations=5))
    log.close()
    before = files(run)
    for name in ("data1", "base"):
        (here / name).rename(here / "away")
        with pytest.raises(LabError, match=name):
            launch.start(run, cache)
        with pytest.raises(LabError, match=name):
            line_up([run], cache)
        (here / "away").rename(here / name)
    assert files(run) == before and run.state() == "stopped"


@pytest.mark.long
def test_a_run_on_relative_folders_goes_on_from_another_folder_or_stays_as_it_was(here: Path) -> None:
    elsewhere = here.parent / "elsewhere"
    started = lowrank(here, "train", "--detach", *SHORT)
    assert started.returncode == 0, started.stderr
    run = Runs(here.parent / "home/runs").get("last")
    reach(run, "train")
    assert lowrank(elsewhere, "stop", run.id).returncode == 0
    assert (run.spec.data, run.spec.model) == (str(here / "data1"), str(here / "base"))
    before = files(run)

    (here / "data1").rename(here / "away")
    refused = lowrank(elsewhere, "resume", run.id)
    assert refused.returncode == 2 and "data1" in refused.stderr, refused.stderr
    assert files(run) == before and run.state() == "stopped"
    (here / "away").rename(here / "data1")

    rows = (here / "data1/train.jsonl").read_bytes()
    (here / "data1/train.jsonl").write_bytes(rows[rows.index(b"\n") + 1 :])
    refused = lowrank(elsewhere, "resume", run.id)
    assert refused.returncode == 1 and "the data changed since the checkpoint" in refused.stderr
    assert files(run) == before and run.state() == "stopped"
    (here / "data1/train.jsonl").write_bytes(rows)

    assert lowrank(elsewhere, "resume", "--detach", run.id).returncode == 0
    reach(run, "resumed")
    assert lowrank(elsewhere, "stop", run.id).returncode == 0
    said = lowrank(elsewhere, "generate", run.id, "-p", "hello", "--max-tokens", "3")
    assert said.returncode == 0, said.stderr


def test_a_home_that_is_given_relative_is_the_same_from_everywhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LOWRANK_HOME", "my home")
    assert home() == tmp_path / "my home"


def test_every_path_of_a_spec_is_absolute_at_intake(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(here)
    (here / "hosts.json").write_text('[{"ssh": "a", "ips": ["10.0.0.1"]}, {"ssh": "b", "ips": ["10.0.0.2"]}]')
    fields: dict[str, Any] = {"model": "base", "data": "./data1", "ranks": 2, "hostfile": "hosts.json"}
    spec = preflight.check(fields, here / "cache").spec
    assert spec.model == str(here / "base") and spec.data == str(here / "data1")
    assert spec.hostfile == str(here / "hosts.json")
    bundled = preflight.check({}, here / "cache").spec
    assert (bundled.model, bundled.data) == ("sprout", "sql")


@pytest.mark.parametrize("bits", [None, 4])
def test_an_old_spec_with_relative_folders_means_what_lies_beside_them(bits: int | None, here: Path) -> None:
    path = here / "spec.yaml"
    fields = {"model": "base", "data": "data1", **({"bits": bits} if bits else {})}
    model = here / ("base" if not bits else "cache/models/base-4bit-12345678")
    write_spec(RunSpec.make(fields), path, model_path=model, data_path=here / "data1", adapter_path=here / "adapters")
    assert yaml.safe_load(path.read_text())["lowrank"]["data"] == "data1"
    spec = RunSpec.read(path)
    assert spec.data == str(here / "data1")
    assert spec.model == ("base" if bits else str(here / "base")), "of a variant, nothing says where its base lay"
    if bits:
        with pytest.raises(LabError, match="unknown model 'base'"):
            preflight.check(spec, here / "cache")


def test_names_are_shown_the_shortest_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "work/below").mkdir(parents=True)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path / "work/below")
    assert shown("sprout") == "sprout" and shown("org/name") == "org/name"
    assert shown(tmp_path / "work/below/data1") == "./data1"
    assert shown(tmp_path / "work/data1") == "../data1"
    assert shown(tmp_path / "a") == "~/a"
    assert shown("/a/b") == "/a/b"
    assert shown(f"{tmp_path}/.local/share/lowrank/cache/data/mlx-community/wikisql") == "mlx-community/wikisql"
