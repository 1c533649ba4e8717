"""An exercise with every kind of step, through the real engine: repaired, foretold, run, measured, explained."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from lab.runs import evaluation
from lab.runs.directory import Runs
from lessons.course import DEEDS
from tui.exercises.data_copies import did, own_runs
from tui.home import Folders
from tui.panes.exercise import ExercisePane
from tui.widgets.choice_list import ChoiceList
from tui.widgets.dialogs import ConfirmScreen
from tui.widgets.form_field import NumberField
from tui.widgets.text_area import Sentences

TASKS = Path(__file__).parent / "tasks"
REPAIRED = TASKS / "demo" / "tasks" / "data" / "repaired" / "train.jsonl"
ALL = "demo/tasks!all"
TALL = (100, 110)
ENGINE = 240
"""Seconds that an engine may take on a machine that has other things to do."""


def stage(pilot: Any) -> str:
    here = pilot.app.lesson_screen.query_one(ExercisePane).stage
    return f"{here.name} {here.steps[0] if here.steps else ''}".strip()


async def at_exercise(pilot: Any, opened: Any, until: Any) -> None:
    await opened(pilot)
    await pilot.press("e")
    await until(pilot, lambda: pilot.app.lesson_screen.pane == "exercise")


async def lock(pilot: Any, until: Any, keys: str, kind: type) -> None:
    before = stage(pilot)
    await until(pilot, lambda: isinstance(pilot.app.focused, kind))
    await pilot.press(*keys, "enter")
    await until(pilot, lambda: isinstance(pilot.app.screen, ConfirmScreen))
    await pilot.press("enter")
    await until(pilot, lambda: pilot.app.screen is pilot.app.lesson_screen and stage(pilot) != before)


@pytest.mark.long
async def test_every_kind_of_step_from_the_broken_data_to_the_last_word(
    app: Any, opened: Any, until: Any, text: Any, events: Any, home: Path
) -> None:
    copy = home / "workshop" / "demo" / "tasks" / "broken" / "train.jsonl"
    async with app(tracks=TASKS).run_test(size=TALL) as pilot:
        await at_exercise(pilot, opened, until)
        await until(pilot, lambda: "1 to fix" in text(pilot), patience=ENGINE)
        assert "train.jsonl, line 3" in text(pilot)
        assert "demo/tasks/broken" in "".join(text(pilot).split())
        shutil.copy(REPAIRED, copy)
        await pilot.press("c")
        await until(pilot, lambda: "Repaired: nothing is left to fix." in text(pilot), patience=ENGINE)
        kept = events("exercise.measured")[0]
        assert kept == ("exercise.measured", f"{ALL}/mend", {"errors": 0, "warnings": 0, "rows": 4})
        assert "clean-hands" in pilot.app.session.progress.achievements

        await lock(pilot, until, "8", NumberField)
        await until(pilot, lambda: "8 counts every row twice." in text(pilot), patience=ENGINE)
        assert events("exercise.measured")[1][2]["names"] == {"broken.rows": 4}
        await until(pilot, lambda: isinstance(pilot.app.focused, ChoiceList))
        await lock(pilot, until, "2", ChoiceList)
        await lock(pilot, until, "50", NumberField)
        await lock(pilot, until, "768", NumberField)
        await until(pilot, lambda: stage(pilot) == "run 2" and "run it" in text(pilot))
        await pilot.press("r")
        await until(pilot, lambda: len(events("exercise.run")) == 2)
        await pilot.press("q")

    names = {str(payload["name"]): str(payload["run"]) for _, _, payload in events("exercise.run")}
    shutil.rmtree(home / "runs" / names["fast"], ignore_errors=True)  # and one of them is lost
    async with app(tracks=TASKS).run_test(size=TALL) as pilot:
        await at_exercise(pilot, opened, until)
        await until(pilot, lambda: "Exactly 768." in text(pilot), patience=ENGINE)
        await until(pilot, lambda: "to be run" in text(pilot) and "r  run it" in text(pilot))
        await pilot.press("r")
        await until(pilot, lambda: len(events("exercise.run")) == 3)
        assert events("exercise.run")[2][2]["name"] == "fast"
        await until(pilot, lambda: len(events("exercise.measured")) == 5, patience=ENGINE)
        await until(pilot, lambda: "50 takes half of the directions." in text(pilot))
        found = {item.rpartition("/")[2]: payload for _, item, payload in events("exercise.measured")}
        assert (found["lower"]["value"], found["lower"]["truth"] in ("slow", "fast")) == ("fast", True)
        assert (found["energy"]["truth"], found["energy"]["misconception"]) == (100.0, "half")
        await until(pilot, lambda: "□ A run on data of your own has finished." in text(pilot))

        own = home / "mine"
        shutil.copytree(REPAIRED.parent, own)
        mine = Runs(home / "runs").create(Runs(home / "runs").get("last").spec.model_copy(update={"data": str(own)}),
                                          model_path="sprout", data_path=str(own))  # fmt: skip
        (mine.path / "result.json").write_text(json.dumps({"event": "finished", "method": "LoRA"}))
        await pilot.press("c")
        await until(pilot, lambda: "✓ A run on data of your own has finished." in text(pilot))
        await until(pilot, lambda: isinstance(pilot.app.focused, Sentences))
        await pilot.press(*"So it is.", "ctrl+s")
        await until(pilot, lambda: "✓ Kept." in text(pilot))
        assert stage(pilot) == "done"


@pytest.mark.parametrize("kind", ["failed", "stopped"])
async def test_runs_that_ended_otherwise_can_be_begun_again_and_one_that_diverged_counts(kind: str, bench: Any) -> None:
    from tui.exercises.stage import run_state

    run = bench.run("20250101-000000-sql-lora")
    assert run_state(bench.runs.root, None) == "none" and run_state(bench.runs.root, "gone") == "none"
    (run.path / "result.json").write_text(json.dumps({"event": kind}))
    assert run_state(bench.runs.root, run.id) == "failed"
    (run.path / "result.json").write_text(json.dumps({"event": "failed", "verdict": {"kind": "diverged"}}))
    assert run_state(bench.runs.root, run.id) == "finished"


def test_a_run_of_one_iteration_scores_the_baseline_and_is_no_training_yet(bench: Any, home: Path) -> None:
    own = shutil.copytree(REPAIRED.parent, home / "mine")

    def done(name: str, iters: int) -> list[str]:
        run = bench.run(name, data=str(own), iters=iters)
        bench.finish(run)
        score = {"split": "valid", "rows": 0, "loss": 1.0, "exact_match": 0.0, "base_exact_match": 0.0, "examples": 2}
        evaluation.write(run, {**score, "of": evaluation.stamp(run, split="valid")})
        return [deed for deed in DEEDS if did(run, deed)]

    assert done("20250101-000000-baseline", iters=1) == ["baseline-scored"]
    assert done("20250101-000001-trained", iters=2) == ["baseline-scored", "run-finished", "run-scored"]
    place = Folders(home, home / "runs", home / "cache")
    assert [run.id for run in own_runs(place)] == ["20250101-000001-trained", "20250101-000000-baseline"]
