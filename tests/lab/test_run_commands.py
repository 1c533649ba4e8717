"""`lowrank runs` and `compare` as people and scripts see them; the runs are written by hand."""

from pathlib import Path
from typing import Any

import pytest
from event_of import event_of
from rich.cells import cell_len

from lab.events.writer import EventLog
from lab.runs.directory import Run, Runs
from lab.runs.outcome import KEYS
from lab.spec import RunSpec
from tui.cli.histogram import line
from tui.cli.table import table


@pytest.fixture
def home(desk: Any, tmp_path: Path) -> Any:
    return type(desk)(tmp_path)


def make(home: Any, losses: list[float], **spec: Any) -> Run:
    """A run that reported these losses, one an iteration, and finished."""
    run = Runs(home.home / "runs").create(RunSpec.make(spec), model_path="/m", data_path="/d")
    log = EventLog(run.path)
    for iteration, loss in enumerate(losses, 1):
        log.write(
            event_of(
                "train",
                iteration=iteration,
                train_loss=loss,
                tokens_per_second=2310.4,
                trained_tokens=iteration,
                peak_memory_bytes=212_000_000,
                elapsed_seconds=iteration / 32,
            )
        )
    log.write(event_of("validation", iteration=len(losses), val_loss=losses[-1] + 0.1))
    result = dict.fromkeys(KEYS) | {"iterations": len(losses), "train_loss": losses[-1], "val_loss": losses[-1] + 0.1}
    log.last_word(event_of("finished", run=run.id, run_dir=str(run.path), **result, verdict={"kind": ""}))
    return run


def test_runs_fit_in_80_columns_whatever_they_are_called(home: Any) -> None:
    make(home, [3.0, 0.5], model="some-organisation/a-model-with-a-name-beyond-measure-8bit", data="자료/긴이름" * 9)
    make(home, [3.0, 1234.5], fine_tune_type="dora", iters=10_000_000)
    done = home("runs")
    lines = done.out.splitlines()
    assert done.code == 0 and len(lines) == 3 and max(map(cell_len, lines)) <= 80
    assert all(word in lines[0] for word in ("run", "state", "method", "model", "data", "it", "train", "val"))
    assert "…" in done.out and "DoRA" in done.out and "1.23e+03" in done.out
    assert all(run.id[:20] in done.out for run in home.runs.all()), "what one types is cut last"


def test_one_broken_spec_hides_no_other_run(home: Any) -> None:
    good, bad = make(home, [1.0]), make(home, [2.0])
    (bad.path / "spec.yaml").write_text("model: [")
    rows = home("runs", "--json").lines[-1]["runs"]
    assert {row["run"] for row in rows} == {good.id, bad.id}
    keys = {"run", "state", "method", "model", "data", "iterations", "train_loss", "val_loss", "started"}
    assert all(row.keys() >= keys for row in rows)


def test_compare_shows_what_differs_first_and_keeps_the_order_given(home: Any) -> None:
    runs = [make(home, [4.0, 3.0, 2.0, 1.0 / rank], lora_parameters={"rank": rank}) for rank in (2, 4, 8)]
    names = [run.id for run in (runs[2], runs[0], runs[1])]
    last = home("compare", *names, "--json").lines[-1]
    assert [row["run"] for row in last["runs"]] == names
    assert all(row.keys() >= {"event", "run", "run_dir", *KEYS} for row in last["runs"])
    assert last["differs"] == {"rank": [8, 2, 4]}
    told = last["runs"][0]
    assert told["train_loss"] == 0.125 and told["tokens_per_second"] is None, "the last word counts"

    out = home("compare", *names).out
    lines = out.splitlines()
    assert max(map(cell_len, lines)) <= 80 and lines[:3] == [f" {n}  {name}" for n, name in enumerate(names, 1)]
    assert next(line.split() for line in lines if line.startswith("rank")) == ["rank", "8", "2", "4"]
    assert "█▆▄▁" in out
    many = home("compare", *names, *names).out.splitlines()
    assert max(map(cell_len, many)) <= 80 and sum(line.startswith("train loss") for line in many) == 2
    assert home("compare", names[0], "none").code == 2


def test_a_run_that_goes_on_is_compared_by_its_events(home: Any) -> None:
    run = make(home, [4.0, 2.0])
    (run.path / "result.json").unlink()
    EventLog(run.path).write(event_of("resumed", iteration=1))
    EventLog(run.path).write(event_of("train", iteration=2, train_loss=1.5, elapsed_seconds=1.0))
    (row,) = home("compare", run.id, "--json").lines[-1]["runs"]
    assert (row["event"], row["train_loss"], row["iterations"], row["seconds_per_iteration"]) == ("lost", 1.5, 2, 0.5)


def test_a_curve_in_blocks() -> None:
    assert line([], 5) == "" and line([1.0, 1.0], 5) == "▁▁"
    assert line([3.0, 2.0, 1.0], 5) == "█▅▁"
    assert len(line([float(i) for i in range(1000)], 14)) <= 14


def test_a_table_keeps_its_width_and_steers_no_terminal() -> None:
    rows = [("a", "b" * 100, "\x1b[2J"), ("가" * 60, "c", "9")]
    lines = table(rows, shrink=[(0, 1)], right=(2,))
    assert max(map(cell_len, lines)) <= 80 and "\x1b" not in "".join(lines)
    assert "…" in lines[0] and "…" in lines[1]
