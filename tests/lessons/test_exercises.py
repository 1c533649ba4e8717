"""Exercises of every kind: what formulas may name, how answers are judged, what the check says of their faults."""

import shutil
from collections.abc import Mapping
from pathlib import Path

import pytest

from lessons.course import ContentError, NotGraded, Prediction, Repair, Selection
from lessons.exercises import trials_of
from lessons.formula import evaluate, names_in
from lessons.grading import grade_prediction, grade_selection, read_prediction, truth_of, values_of
from lessons.loader import BUNDLED, load_course, load_lesson
from lessons.validation.course import check_course
from lessons.validation.ids import ids_of
from lessons.validation.lesson_files import Tools
from tui.cli import check

TASKS = Path(__file__).parents[1] / "tui" / "tasks"
LESSON = load_course(TASKS).lesson("demo/tasks")
assert LESSON.exercise is not None
EXERCISE = LESSON.exercise
STEPS = {step.id: step for step in EXERCISE.steps}
NAMES = {"slow.train_loss": 3.25, "fast.train_loss": 2.5, "fast.energy_in_rank": 99.96, "broken.rows": 4, "hidden": 192}


def data(name: str) -> Mapping[str, float]:
    """What the engine's check would say, by whether every row has the same keys."""
    text = (Path(name) / "train.jsonl").read_text()
    lines = text.splitlines()
    return {"errors": text.count('"answer"'), "warnings": len(lines) - len(set(lines)), "rows": len(lines)}


TOOLS = Tools(check._shape, check._trial, data, lambda commands: [""] * len(commands))


def prediction(id: str) -> Prediction:
    step = STEPS[id]
    assert isinstance(step, Prediction)
    return step


def selection(id: str) -> Selection:
    step = STEPS[id]
    assert isinstance(step, Selection)
    return step


def test_a_formula_names_measurements_with_a_point() -> None:
    formula = "100 * slow.train_loss / fast.train_loss - hidden"
    assert set(names_in(formula)) == {"slow.train_loss", "fast.train_loss", "hidden"}
    assert evaluate("2 * slow.train_loss", NAMES) == 6.5


def test_the_runs_that_a_step_hangs_on() -> None:
    hangs = {step.id: trials_of(EXERCISE, step) for step in EXERCISE.steps}
    assert hangs == {"mend": (), "rows": (), "lower": ("slow", "fast"), "energy": ("fast",), "width": ("slow",),
                     "own-run": ()}  # fmt: skip
    assert "demo/tasks!all/lower/slow" in ids_of(LESSON)


def test_a_number_with_decimals_is_judged_and_told_as_it_is_shown() -> None:
    step = prediction("energy")
    truth = truth_of(step, NAMES)
    assert truth == 100.0
    assert grade_prediction(step, 100, truth, NAMES).kind == "exact"
    near, half, off = (grade_prediction(step, value, truth, NAMES) for value in (99, 50, 20))
    assert (near.kind, half.kind, off.kind) == ("close", "misconception", "off")
    assert half.text["en"] == "50 takes half of the directions."
    assert off.text["en"] == "It is 100.0, 80.0 away." and off.text["ko"] == "실제는 100.0, 차이는 80.0예요."


def test_within_counts_in_the_unit_shown() -> None:
    step = prediction("rows")
    kinds = [grade_prediction(step, value, 4, NAMES).kind for value in (4, 5, 3, 8, 6)]
    assert kinds == ["exact", "close", "close", "misconception", "off"]


def test_every_choice_meets_its_own_words_and_each_can_be_the_true_one() -> None:
    step = selection("lower")
    values = values_of(step, NAMES)
    right, wrong = grade_selection(step, "fast", values), grade_selection(step, "slow", values)
    assert (right.kind, right.truth.id) == ("exact", "fast")
    assert right.text["en"] == "Yes, the large learning rate: 2.50 nats."
    assert wrong.text["en"] == "It ends at 3.25; the large learning rate ends at 2.50: the small one hardly moves."
    assert not wrong.right
    other = {**values, "fast": 4.0}
    assert grade_selection(step, "slow", other).kind == "exact" and grade_selection(step, "fast", other).kind == "off"
    assert grade_selection(step, "slow", {**values, "slow": 2.502}).kind == "close"
    with pytest.raises(ValueError, match="'nope' is not an option"):
        grade_selection(step, "nope", values)


def test_what_counts_as_repaired() -> None:
    step = STEPS["mend"]
    assert isinstance(step, Repair) and step.clean and step.rows == 4
    assert step.passes({"errors": 0, "warnings": 0, "rows": 4})
    assert not step.passes({"errors": 1, "warnings": 0, "rows": 9})
    assert not step.passes({"errors": 0, "warnings": 1, "rows": 9})
    assert not step.passes({"errors": 0, "warnings": 0, "rows": 3})


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return Path(shutil.copytree(TASKS, tmp_path / "tasks"))


REFUSED = [
    ("slow.train_loss\"", "slow.trian_loss\"", "no run tells 'trian_loss'"),
    ("slow.train_loss\"", "slaw.train_loss\"", "there is no run 'slaw'"),
    ("slow.train_loss\"", "slow.exact_match\"", 'known after = ["evaluate"] only'),
    ('after = ["inspect"]', 'after = ["inspect", "guess"]', "'guess' is not measured after a run"),
    ('source = "run:slow"', "", "'hidden' needs a source"),
    ('source = "run:slow"', 'source = "run:slaw"', "must be 'run:' and a run's name"),
    ('options = { slow = "slow.train_loss", fast', "options = { fast", "two to nine options"),
    ('folder = "broken"', 'folder = "brocken"', "there is no data/brocken/train.jsonl"),
    ('deed = "run-finished"', 'deed = "run"', "it must be one of data-checked"),
    ('kind = "deed"', 'kind = "dead"', "it must be one of number, choice, repair, deed"),
    ("tolerance = 0.01\n", "", "give 'tolerance' or 'within'"),
    ('misconceptions = ["twice"]', "", "no step takes up the misconception 'twice'"),
    ("[exercise.runs.slow]", "[exercise.runs.idle]\niters = 1\n[exercise.runs.slow]", "no step asks about the run"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "said"), REFUSED, ids=[said for _, _, said in REFUSED])
def test_what_cannot_be_an_exercise_is_refused(root: Path, old: str, new: str, said: str) -> None:
    change(root, "lesson.toml", old, new)
    with pytest.raises(ContentError) as caught:
        load_lesson(root / "demo" / "tasks", "demo")
    assert said in caught.value.message
    assert caught.value.line > 1


FAULTS = [
    ("lesson.toml", 'half = "fast.energy_in_rank / 2"', 'half = "fast.energy_in_rank * 99 / 100"', "counts as right"),
    ("lesson.toml", "train_loss = 4.67\n", "", None),
    ("lesson.toml", "energy_in_rank = 100\n", "", "no typical fast.energy_in_rank"),
    ("lesson.toml", "rows = 4\n\n[[", "rows = 4\ntokens = 9\n\n[[", "no formula names the typical 'broken.tokens'"),
    ("lesson.toml", 'slow = "slow.train_loss"', 'slow = "fast.train_loss + slow.train_loss"', "'slow' is never"),
    ("lesson.toml", "tie = 0.001", "tie = 0.9", "every option counts as right"),
    ("lesson.toml", 'model = "sprout"', 'model = "sprout"\nrank = 3', "the run 'slow' cannot be made"),
    ("en/exercise.toml", "the large one jumped too far", "the small one hardly moves", "is told the same as 'slow'"),
    ("data/broken/train.jsonl", '"answer": "3"', '"completion": "3"', None),
    ("data/repaired/train.jsonl", '"completion": "3"', '"answer": "3"', "data/repaired does not pass"),
]  # fmt: skip


@pytest.mark.parametrize(("file", "old", "new", "said"), FAULTS)
def test_a_fault_of_an_exercise_is_found(root: Path, file: str, old: str, new: str, said: str | None) -> None:
    assert check_course(root, TOOLS).problems == ()
    change(root, file, old, new)
    problems = check_course(root, TOOLS).problems
    assert [p.what for p in problems if said and said in p.what] or (said is None and not problems), problems


def test_a_set_that_is_not_broken_is_a_fault(root: Path) -> None:
    folder = root / "demo" / "tasks" / "data"
    shutil.copy(folder / "repaired" / "train.jsonl", folder / "broken" / "train.jsonl")
    assert ["nothing is broken" in p.what for p in check_course(root, TOOLS).problems] == [True]


def change(root: Path, file: str, old: str, new: str) -> None:
    path = root / "demo" / "tasks" / file
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


BUNDLED_PREDICTIONS = [
    step
    for track in load_course(BUNDLED).tracks
    for lesson in track.lessons
    if lesson.exercise is not None
    for step in lesson.exercise.steps
    if isinstance(step, Prediction)
]


@pytest.mark.parametrize("step", BUNDLED_PREDICTIONS, ids=lambda step: step.id)
def test_what_cannot_be_is_not_locked(step: Prediction) -> None:
    """A prediction stays for good, so a share has 100 as its end, and a count what any model could have."""
    share = any("%" in unit for unit in step.unit.values())
    assert step.most == (100 if share else 1e13)
    for text in ("-1", "100,000 %" if share else "1e14", "100.1" if share else "10000000000001"):
        with pytest.raises(NotGraded) as error:
            read_prediction(step, text)
        assert all(line.isprintable() for line in error.value.text.values())
    assert read_prediction(step, f"100 {step.unit['ko']}") == 100 and read_prediction(step, "0") == 0


def test_an_exercise_can_say_the_most_that_can_be_foretold(tmp_path: Path) -> None:
    shutil.copytree(TASKS, tmp_path / "tasks")
    file = next((tmp_path / "tasks").glob("*/tasks/lesson.toml"))
    text = file.read_text()
    file.write_text(
        text.replace("tolerance =", "most = 2\ntolerance =", 1).replace("within =", "most = 2\nwithin =", 1)
    )
    exercise = load_course(tmp_path / "tasks").lesson("demo/tasks").exercise
    assert exercise is not None
    assert 2 in {step.most for step in exercise.steps if isinstance(step, Prediction)}
    problems = check_course(tmp_path / "tasks", TOOLS).problems
    assert any("cannot be predicted" in problem.what for problem in problems)
