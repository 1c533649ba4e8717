"""`lowrank note`, `delete`, `restore`, `sweep` and `report` as people and scripts see them."""

import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from event_of import event_of

from lab.events.writer import EventLog
from lab.runs.directory import Run, Runs
from lab.runs.outcome import KEYS
from lab.spec import RunSpec
from tui.cli.main import main

ESCAPES = "\x1b]0;owned\x07[bold]\u202e"


@dataclass(frozen=True)
class Home:
    """A home folder, and the command line that works in it: in this process, which is ten times as quick."""

    home: Path
    capture: Any
    monkeypatch: pytest.MonkeyPatch

    def __call__(self, *words: str) -> Any:
        self.monkeypatch.setattr(sys, "argv", ["lowrank", *words])
        self.capture.readouterr()
        code = main()
        said = self.capture.readouterr()
        lines = [json.loads(line) for line in said.out.splitlines()] if "--json" in words and not code else []
        return SimpleNamespace(code=code, out=said.out, err=said.err, lines=lines)


@pytest.fixture
def home(tmp_path: Path, capsys: Any, monkeypatch: pytest.MonkeyPatch) -> Home:
    monkeypatch.setenv("LOWRANK_HOME", str(tmp_path))
    return Home(tmp_path, capsys, monkeypatch)


def make(home: Home, **spec: Any) -> Run:
    """A run that finished after two iterations."""
    run = Runs(home.home / "runs").create(RunSpec.make(spec), model_path="/m", data_path="/d")
    log = EventLog(run.path)
    for iteration, loss in ((1, 3.0), (2, 0.5)):
        log.write(
            event_of("train", iteration=iteration, train_loss=loss, trained_tokens=iteration, elapsed_seconds=iteration)
        )
    log.write(event_of("validation", iteration=2, val_loss=0.6))
    result = dict.fromkeys(KEYS) | {"iterations": 2, "train_loss": 0.5, "val_loss": 0.6, "best_val_loss": 0.6}
    log.last_word(
        event_of("finished", run=run.id, run_dir=str(run.path), **result, method="LoRA", verdict={"kind": ""})
    )
    return run


def test_a_note_is_written_read_and_changed_in_parts_and_steers_no_terminal(home: Home) -> None:
    run = make(home)
    kept = home(
        "note", run.id, "--name", f"첫 {ESCAPES}", "--tags", "keep, 여름", "--notes", "lower rate", "--json"
    ).lines
    assert kept[-1]["run"] == run.id and kept[-1]["tags"] == ["keep", "여름"] and kept[-1]["notes"] == "lower rate"
    assert home("note", "last", "--tags", "one", "--json").lines[-1]["notes"] == "lower rate"
    told = home("note", run.id[:-2])
    assert told.code == 0 and "one" in told.out and "lower rate" in told.out and "여름" not in told.out
    assert not set("\x1b\x07\u202e") & set(told.out)
    missing = home("note", "nobody")
    assert missing.code == 2 and missing.err.count("\n") == 1 and "nobody" in missing.err


def test_what_is_deleted_is_listed_taken_back_and_only_on_demand_gone(home: Home) -> None:
    first, second = make(home), make(home, seed=1)
    assert home("restore", "--list").out.strip() == "Nothing was deleted."
    gone = home("delete", first.id, second.id, first.id, "--json").lines[-1]
    assert sorted(gone["deleted"]) == sorted([first.id, second.id]) and gone["bytes"] > 0
    assert home("runs", "--json").lines[-1]["runs"] == []
    listed = home("restore", "--list", "--json").lines[-1]["deleted"]
    assert {each["run"] for each in listed} == {first.id, second.id}
    assert set(home("restore", "--json").lines[-1]["restored"]) == {first.id, second.id}
    assert first.result() and len(home("runs", "--json").lines[-1]["runs"]) == 2

    home("delete", second.id)
    assert home("restore", second.id, "--json").lines[-1]["restored"] == [second.id]
    assert home("delete", "nobody").code == 2 and home("restore", "nobody").code != 0
    home("delete", second.id)
    assert home("restore", "--empty", "--json").lines[-1]["freed"] > 0
    assert home("restore", "--list", "--json").lines[-1]["deleted"] == [] and not second.path.exists()
    assert first.path.exists()


def test_a_sweep_is_listed_before_it_is_made_and_what_cannot_be_read_is_refused(home: Home) -> None:
    plan = home("sweep", "--over", "learning-rate=1e-3,2e-3", "--over", "rank=4,8", "--dry-run", "--json").lines[-1]
    assert len(plan["runs"]) == 4 and len({each["name"] for each in plan["runs"]}) == 4
    table = home("sweep", "--over", "seed=1,2", "--dry-run").out
    assert "in all" in table and home("runs", "--json").lines[-1]["runs"] == []
    for wrong in (
        "learning_rate",
        "learning_rate=",
        "no_such_field=1,2",
        "rank=0,4",
        "seed=" + ",".join(map(str, range(65))),
    ):
        refused = home("sweep", "--over", wrong, "--dry-run")
        assert refused.code in (1, 2) and refused.err.strip().count("\n") == 0, wrong


@pytest.mark.long
def test_a_sweep_trains_every_run_of_it(home: Home, tmp_path: Path) -> None:
    (tmp_path / "tiny.yaml").write_text("batch_size: 2\nnum_layers: 1\nval_batches: 1\n")
    done = home("sweep", "--over", "seed=0,1", "-c", str(tmp_path / "tiny.yaml"), "--iters", "2", "--json")
    assert done.code == 0, done.err
    runs = done.lines[-1]["runs"]
    assert [row["state"] for row in runs] == ["finished", "finished"] and len({row["train_loss"] for row in runs}) == 2
    again = home("sweep", "--over", "rank=2,4", "--like", runs[0]["run"], "--dry-run", "--json").lines[-1]
    assert [each["estimated_seconds"] for each in again["runs"]].count(None) == 0, "as long as the run that it is like"


@pytest.mark.parametrize("lang", ["en", "ko"])
def test_a_report_stands_by_itself_in_the_folder_that_was_asked_for(home: Home, tmp_path: Path, lang: str) -> None:
    first, second = make(home), make(home, seed=1, lora_parameters={"rank": 4})
    target = tmp_path / "mine" / "report.md"
    done = home("report", first.id, second.id, "-o", str(target), "--lang", lang, "--json")
    assert done.code == 0, done.err
    text = target.read_text(encoding="utf-8")
    assert first.id in text and second.id in text and "lowrank train" in text
    pictures = [line for line in text.splitlines() if ".svg" in line]
    assert pictures and all(
        (target.parent / line[line.rindex("(") + 1 : line.rindex(")")]).exists() for line in pictures
    )
    assert home("report", "nobody").code == 2
    if os.getuid():
        target.parent.chmod(0o500)
        assert home("report", first.id, "-o", str(target.parent / "other.md")).code == 1
