"""The exercise of every lesson, taken to its end on the real engine: ten minutes, and so only by `make exercises`."""

import shutil
from collections.abc import Mapping
from pathlib import Path

import pytest

from benchmarks import workspace as commands
from benchmarks.exercises import Desk
from lab.datasets.find import BUNDLED as DATA
from lessons.course import DataTask, Exercise, Foretold, Prediction, Repair, Selection
from lessons.formula import evaluate
from lessons.grading import grade_selection, truth_of, values_of
from lessons.loader import BUNDLED, load_lesson
from tui.exercises.data_copies import workshop
from tui.exercises.measurements import known_before, shape_for
from tui.exercises.prediction_result import feedback, judge, numbers_in, selected
from tui.exercises.stage import item_of

LESSONS = sorted(each.parent.name for each in (BUNDLED / "lora").glob("*/lesson.toml"))
ROWS = {"train": 24, "valid": 8, "test": 8}
"""Of the data set that stands for the learner's own."""
LOOSE = {"slowest-step"}
"""Hangs on the machine and not on the seed, so that any answer may be the true one."""


class Author(Desk):
    """Foretells all that the lesson's author measured."""

    def __init__(self, exercise: Exercise, home: Path) -> None:
        cache = home / "cache"
        self.known: dict[str, float] = dict(exercise.typical)
        for trial in exercise.trials:
            self.known |= {f"{trial.name}.{name}": value for name, value in known_before(trial, cache).items()}

        def answer(step: Foretold) -> object:
            names = {**self.known, **shape_for(exercise, step, cache)}
            if isinstance(step, Prediction):
                return truth_of(step, names)
            return grade_selection(step, step.options[0].id, values_of(step, names)).truth.id

        super().__init__(exercise, home, answer)

    async def repair(self, step: Repair) -> None:
        """Look at what is broken, mend it as the lesson's own folder shows, and look again."""
        item = item_of(self.exercise, step)
        report = await self.work.look_at(step)
        assert report["errors"] and item not in self.measured
        shutil.copytree(step.repaired, workshop(self.place, self.exercise, step.folder), dirs_exist_ok=True)
        report = await self.work.look_at(step)
        assert not report["errors"] and item in self.measured

    def take_the_road(self, home: Path) -> None:
        """Score a baseline, train, score and report on data of one's own, by the commands that the lesson shows."""
        own = home / "mine"
        own.mkdir()
        for name, rows in ROWS.items():
            lines = (DATA / "sql" / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()[:rows]
            (own / f"{name}.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
        for iters in ("1", "5"):
            run = commands.lowrank(home, "train", "--data", str(own), "--iters", iters, "--json")["run"]
            commands.lowrank(home, "evaluate", run, "--json")
        commands.lowrank(home, "report", run, "--output", str(home / "report.md"), "--json")


@pytest.mark.exercises
@pytest.mark.parametrize("lesson", LESSONS)
async def test_it_ends_as_the_lesson_says_and_every_misconception_meets_its_own_words(
    lesson: str, tmp_path: Path
) -> None:
    exercise = load_lesson(BUNDLED / "lora" / lesson, "lora").exercise
    assert exercise is not None
    learner = Author(exercise, tmp_path)
    for step in exercise.steps:
        if isinstance(step, Repair):
            await learner.repair(step)
    if any(isinstance(step, DataTask) for step in exercise.steps):
        learner.take_the_road(tmp_path)
    await learner.run()
    await learner.measure()
    assert set(learner.measured) == {item_of(exercise, step) for step in exercise.steps}
    for step in exercise.steps:
        payload = learner.measured[item_of(exercise, step)]
        print(step.id, dict(payload))
        match step:
            case Prediction():
                assert payload["feedback"] in ("exact", "close"), (step.id, learner.known)
                _every_misconception(exercise, step, payload, learner.place.cache)
            case Selection():
                assert payload["feedback"] in ("exact", "close") or step.id in LOOSE, (step.id, learner.known)
                _every_option(exercise, step, payload, learner.place.cache)


def _every_misconception(exercise: Exercise, step: Prediction, payload: Mapping[str, object], cache: Path) -> None:
    """Whoever foretold what a misconception leads to, by what this run measured, is told what that one means."""
    measured = numbers_in(payload)
    names = {**shape_for(exercise, step, cache), **measured}
    told = {}
    for wrong in step.misconceptions:
        locked = {"value": round(evaluate(wrong.formula, names), step.digits)}
        judged = judge(exercise, step, locked, measured, cache)
        said = feedback(exercise, step, locked, judged, cache)
        assert judged["misconception"] == wrong.id and said.misconception == wrong
        told[said.text["en"]] = said.text["ko"]
    assert len(told) == len(set(told.values())) == len(step.misconceptions) > 0


def _every_option(exercise: Exercise, step: Selection, payload: Mapping[str, object], cache: Path) -> None:
    """Whoever chose otherwise is told what that choice means; the options within the tie count as right."""
    measured = numbers_in(payload)
    told, right = {}, 0
    for option in step.options:
        judged = judge(exercise, step, {"value": option.id}, measured, cache)
        said, _ = selected(exercise, step, {"value": option.id}, judged, cache)
        assert judged["truth"] == payload["truth"]
        right += said.right
        told[said.text["en"]] = said.text["ko"]
    assert 0 < right < len(step.options) and len(told) > len(step.options) - right
