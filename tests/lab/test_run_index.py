"""Runs as rows, the index that may be thrown away, and which rows are wanted in which order."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from engines import hold
from event_of import event_of
from hypothesis import given
from hypothesis import strategies as st

from lab.events.writer import EventLog
from lab.runs import run_notes
from lab.runs.directory import Run, Runs
from lab.runs.outcome import KEYS
from lab.runs.run_filter import in_order, parse, sift
from lab.runs.run_index import INDEX, Row, RunIndex
from lab.runs.state import RunState
from lab.spec import RunSpec


@pytest.fixture
def runs(tmp_path: Path) -> Runs:
    return Runs(tmp_path / "runs")


def make(runs: Runs, loss: float | None = 0.5, **spec: Any) -> Run:
    """A run that finished with this validation loss, or with none has only been made."""
    run = runs.create(RunSpec.make(spec), model_path="/m", data_path="/d")
    if loss is not None:
        log = EventLog(run.path)
        log.write(event_of("started", method="QLoRA", iterations=40))
        told = dict.fromkeys(KEYS) | {"iterations": 40, "val_loss": loss, "seconds": 12.5, "peak_memory_bytes": 10**8}
        log.last_word(event_of("finished", run=run.id, run_dir=str(run.path), **told, verdict={"kind": ""}))
        log.close()
        (run.adapters / "adapters.safetensors").write_bytes(bytes(1000))
        for iteration in (10, 20):
            (run.adapters / f"{iteration:07d}_adapters.safetensors").write_bytes(bytes(1000))
    return run


def test_a_row_tells_what_the_run_was_and_reached(runs: Runs, tmp_path: Path) -> None:
    run = make(runs, 0.25, lora_parameters={"rank": 4, "scale": 10.0}, learning_rate=1e-3, seed=3, iters=40)
    run_notes.change(run, name="the best", tags=("a", "b"), notes="try again", group="g")
    (row,) = RunIndex(runs, tmp_path / "cache").read()
    assert (row.run, row.state, row.method, row.model, row.data) == (run.id, "finished", "QLoRA", "sprout", "sql")
    assert (row.rank, row.scale, row.learning_rate, row.seed, row.iters) == (4, 10.0, 1e-3, 3, 40)
    assert (row.iterations, row.val_loss, row.train_loss, row.seconds) == (40, 0.25, None, 12.5)
    assert (row.title, row.tags, row.notes, row.group) == ("the best", ("a", "b"), "try again", "g")
    assert (row.adapter_bytes, row.checkpoint_bytes, row.spare_bytes) == (1000, 2000, 2000)
    assert row.total_bytes > 3000 and row.ended


def test_the_index_is_only_a_cache(runs: Runs, tmp_path: Path) -> None:
    made = [make(runs, loss / 10) for loss in range(5)]
    first = RunIndex(runs, tmp_path / "cache").read()
    told = json.loads((runs.root / INDEX).read_text())
    assert told["rows"].keys() == {run.id for run in made}
    read: list[int] = []
    again = RunIndex(runs, tmp_path / "cache").read(lambda rows, total: read.append(len(rows)))
    assert again == first and not read
    for spoiled in ("", "[]", '{"version": 2, "rows": {"x": 1}}', '{"version": 0}'):
        (runs.root / INDEX).write_text(spoiled)
        assert RunIndex(runs, tmp_path / "cache").read() == first


def test_only_what_changed_is_read_again(runs: Runs, tmp_path: Path) -> None:
    made = [make(runs, loss / 10) for loss in range(4)]
    shelf = RunIndex(runs, tmp_path / "cache")
    shelf.read()
    run_notes.change(made[2], name="new")
    read: list[int] = []
    rows = shelf.read(lambda rows, total: read.append(len(rows)))
    assert len(read) == 1 and {row.run: row.name for row in rows}[made[2].id] == "new"
    (made[1].adapters / "0000010_adapters.safetensors").unlink()
    rows = shelf.read(lambda rows, total: read.append(len(rows)))
    assert len(read) == 2 and {row.run: row.spare_bytes for row in rows}[made[1].id] == 1000
    os.rename(made[0].path, runs.root / ".aside")
    assert len(shelf.read()) == 3 and made[0].id not in json.loads((runs.root / INDEX).read_text())["rows"]


def test_a_going_run_is_read_every_time_and_a_broken_one_hides_none(runs: Runs, tmp_path: Path) -> None:
    going, broken = make(runs, None, iters=40), make(runs)
    hold(going)
    (broken.path / "spec.yaml").write_text("model: [")
    shelf = RunIndex(runs, tmp_path / "cache")
    log = EventLog(going.path)
    log.write(event_of("stage", stage="waiting", behind="another", position=2))
    row = {row.run: row for row in shelf.read()}[going.id]
    assert (row.state, row.position, row.behind, row.ended) == ("waiting", 2, "another", False)
    log.write(event_of("started", method="LoRA", iterations=40))
    log.write(event_of("train", iteration=10, train_loss=1.5, elapsed_seconds=5.0, remaining_seconds=15.0))
    rows = {row.run: row for row in shelf.read()}
    assert (rows[going.id].state, rows[going.id].iterations, rows[going.id].remaining) == ("running", 10, 15.0)
    assert rows[broken.id].model == "?" and rows[broken.id].state == "finished"
    log.close()


def test_a_name_that_is_no_utf_8_hides_no_run(runs: Runs, tmp_path: Path) -> None:
    good, odd = make(runs), make(runs)
    try:
        os.rename(odd.path, os.fsencode(runs.root) + b"/odd-\xff")
    except OSError:
        pytest.skip("names are UTF-8 on this file system")
    for _ in range(2):  # the second time from the index
        assert {row.run for row in RunIndex(runs, tmp_path / "cache").read()} == {good.id, "odd-\udcff"}


ROWS = [
    Row("20260101-a", RunState.FINISHED, name="Best 최고", tags=("keep", "sql"), method="QLoRA", model="sprout-4bit",
        rank=8, data="sql", val_loss=0.5, notes="one\ntwo"),
    Row("20260102-b", RunState.FAILED, tags=("old",), method="LoRA", model="/models/sprout", rank=4, data="record"),
    Row("20260103-c", RunState.RUNNING, method="DoRA", model="sprout", group="rank@1", rank=8, data="sql",
        val_loss=0.25),
]  # fmt: skip


@pytest.mark.parametrize(
    "text, found",
    [
        ("", "abc"),
        ("best", "a"),
        ("최고 two", "a"),
        ("tag:keep", "a"),
        ("tag:ke", "a"),
        ("method:qlora", "a"),
        ("state:failed", "b"),
        ("model:sprout data:sql", "ac"),
        ("rank:8 -best", "c"),
        ("-tag:old", "ac"),
        ("group:rank", "c"),
        ("202601 -state:running -state:failed", "a"),
        ("nothing", ""),
        ("tag:", "abc"),
    ],
)
def test_a_filter_finds_words_and_fields(text: str, found: str) -> None:
    assert [row.run[-1] for row in sift(ROWS, parse(text))] == list(found)


@given(st.text())
def test_any_text_is_a_filter(text: str) -> None:
    assert set(sift(ROWS, parse(text))) <= set(ROWS)


def test_rows_without_a_value_come_last_whichever_way() -> None:
    assert [row.run[-1] for row in in_order(ROWS, "val_loss", down=False)] == ["c", "a", "b"]
    assert [row.run[-1] for row in in_order(ROWS, "val_loss", down=True)] == ["a", "c", "b"]
    assert [row.run[-1] for row in in_order(ROWS, "title", down=False)] == ["b", "c", "a"]
