"""Sweeps: the grid, its time, and real runs that stand in line behind one process."""

from pathlib import Path
from typing import Any

import pytest
from engines import end_all
from waiting import wait_for

from lab.errors import LabError
from lab.queue.sweep import START, estimate, grid, group_name, run_name, standing
from lab.runs import run_notes
from lab.runs.crash_recovery import settle
from lab.runs.directory import Run, Runs
from lab.runs.run_index import Row
from lab.runs.service import RunService
from lab.runs.state import TERMINAL, RunState
from lab.runs.stop import request_stop
from lab.spec import RunSpec

SHORT: dict[str, Any] = {"iters": 2, "val_batches": 1, "samples": 0, "num_layers": 1}


def test_the_grid_has_every_pair_and_keeps_the_rest() -> None:
    base = {"seed": 7, "lora_parameters": {"scale": 5.0, "rank": 2}}
    found = grid(base, [("learning_rate", [1e-3, 2e-3]), ("rank", [4, 8])])
    specs = [RunSpec.make(fields) for fields in found]
    pairs = [(spec.learning_rate, spec.lora_parameters.rank) for spec in specs]
    assert pairs == [(1e-3, 4), (1e-3, 8), (2e-3, 4), (2e-3, 8)]
    assert all(spec.seed == 7 and spec.lora_parameters.scale == 5.0 for spec in specs)
    assert run_name([("learning_rate", []), ("rank", [])], found[0]) == "learning_rate 0.001, rank 4"
    assert " " not in group_name([("learning_rate", []), ("rank", [])])


@pytest.mark.parametrize("axes", [[("rank", [])], [("seed", range(65))], [("rank", [1]), ("rank", [2])]])
def test_too_many_or_no_runs_are_refused(axes: Any) -> None:
    with pytest.raises(LabError):
        grid({}, axes)


def test_one_bad_run_and_none_is_made(tmp_path: Path) -> None:
    with pytest.raises(LabError, match="rank"):
        RunService(tmp_path / "runs", tmp_path / "cache").queue(grid(SHORT, [("rank", [4, "many"])]), "g")
    assert Runs(tmp_path / "runs").all() == []


def test_one_bar_for_all() -> None:
    rows = [
        Row("a", RunState.FINISHED, iters=100, iterations=100, seconds_per_iteration=0.5),
        Row("b", RunState.FAILED, iters=100, iterations=20),
        Row("c", RunState.RUNNING, iters=100, iterations=50, seconds_per_iteration=0.5),
        Row("d", RunState.WAITING, iters=100),
    ]
    told = standing(rows)
    assert (told.runs, told.ended, told.failed, told.share) == (4, 2, 1, 0.625)
    assert told.remaining == pytest.approx(50 * 0.5 + 100 * 0.5 + START)
    assert standing([rows[3]]).remaining is None


def test_time_is_told_by_the_newest_finished_run_of_the_kind() -> None:
    row = Row("a", RunState.FINISHED, model="sprout", data="sql", batch_size=8, seconds_per_iteration=0.5)
    assert estimate({"iters": 10, "batch_size": 16}, [row]) == pytest.approx(10 * 1.0 + START)
    assert estimate({"data": "record"}, [row]) is None and estimate({}, []) is None


def test_runs_in_line_train_in_order_and_step_out_when_asked(tmp_path: Path) -> None:
    service = RunService(tmp_path / "runs", tmp_path / "cache")
    made = service.queue(grid(SHORT | {"iters": 5}, [("seed", [0, 1, 2, 3])]), "seeds", ["w", "x", "y", "z"])
    try:
        assert [run_notes.read(run).group for run in made] == ["seeds"] * 4
        assert [run_notes.read(run).name for run in made] == ["w", "x", "y", "z"]
        assert [run.state() for run in made[1:]] == ["waiting"] * 3
        assert [run.last_event().position for run in made[1:]] == [1, 2, 3]
        assert made[2].lives() and made[2].process() is None, "one process for all that wait, and it gets no signal"
        request_stop(made[2])
        [gone] = service.delete(made[3])
        wait_for(lambda: all(settle(run) in TERMINAL for run in made[:3]))
        assert [run.state() for run in made[:3]] == ["finished", "finished", "stopped"]
        assert gone.run.state() == "stopped"
        ended, began = (_at(run, event) for run, event in ((made[0], "finished"), (made[1], "started")))
        assert ended < began, "one trains at a time"
        assert not made[2].lives(), "what stepped out can be resumed"
    finally:
        end_all(service.runs.all())


def _at(run: Run, event: str) -> str:
    return str(next(each.at for each in run.events()[0] if each.kind == event))
