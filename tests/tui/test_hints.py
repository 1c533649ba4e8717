"""What is said beside a field gives no answer away."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from catalogues import texts

from lessons.course import NotGraded, Prediction, Question
from lessons.formula import evaluate
from lessons.grading import grade_number, grade_prediction, truth_of
from lessons.loader import BUNDLED, load_course
from lessons.numbers import EXAMPLES, NotANumber
from lessons.question_variants import at, every_size
from tui.cli.check import _trial
from tui.exercises.measurements import shape_for

COURSE = load_course(BUNDLED)
LESSONS = [lesson for track in COURSE.tracks for lesson in track.lessons]
QUESTIONS = [question for lesson in LESSONS for question in lesson.questions]


def said_beside_fields() -> Iterator[str]:
    """Every hint, placeholder and example that stands around a question, in both languages."""
    yield from EXAMPLES
    yield from NotANumber("", "").text.values()
    for lang in ("en", "ko"):
        for key, text in texts(lang).items():
            if key.startswith(("quiz.", "exercise.")):
                yield text


TOLD = sorted(set(said_beside_fields()))
NUMBERS = sorted({found for text in TOLD for found in re.findall(r"[0-9][0-9.,_e]*(?:[0-9][kMB]?|[만억천])", text)})


def test_there_are_examples_to_look_at() -> None:
    assert set(EXAMPLES) <= set(NUMBERS)


@pytest.mark.parametrize("question", [q for q in QUESTIONS if q.number is not None], ids=lambda q: q.id)
def test_no_example_answers_a_question(question: Question) -> None:
    number = question.number
    assert number is not None
    for names in every_size(number):
        truth = float(evaluate(number.formula, names))
        shown = {f"{truth:g}", f"{truth:,.10g}", f"{truth:.0f}"}
        assert not shown & set(NUMBERS), f"{names}: {truth}"
    for example in NUMBERS:
        try:
            met = grade_number(question, example)
        except NotGraded:
            continue
        assert met.kind == "off", f"{example} is {met.kind}"


@pytest.mark.parametrize("question", [q for q in QUESTIONS if q.number is not None and q.hints], ids=lambda q: q.id)
def test_no_hint_of_a_question_is_its_answer(question: Question) -> None:
    number = question.number
    assert number is not None
    truth = float(evaluate(number.formula, number.parameters))
    for hint in at(question, 0).hints:
        for text in hint.values():
            found = {each.replace(",", "") for each in re.findall(r"[0-9][0-9,.]*[0-9]|[0-9]", text)}
            assert not {f"{truth:g}", f"{truth:.0f}", f"{truth:.2f}"} & found, text


@pytest.mark.parametrize("question", [q for q in QUESTIONS if q.gap is not None], ids=lambda q: q.id)
def test_no_hint_of_the_program_fills_a_gap(question: Question) -> None:
    assert question.gap is not None
    assert not [text for text in TOLD if any(accepted in text for accepted in question.gap.accepted)]


PREDICTIONS = [
    (lesson.exercise, step)
    for lesson in LESSONS
    if lesson.exercise is not None
    for step in lesson.exercise.steps
    if isinstance(step, Prediction)
]


@pytest.mark.parametrize(("exercise", "step"), PREDICTIONS, ids=lambda each: getattr(each, "id", ""))
def test_no_example_is_what_is_foretold(exercise: object, step: Prediction, tmp_path: Path) -> None:
    names: dict[str, float] = dict(exercise.typical)  # type: ignore[attr-defined]
    for trial in exercise.trials:  # type: ignore[attr-defined]
        names |= {f"{trial.name}.{name}": value for name, value in _trial(trial).items()}
    names |= shape_for(exercise, step, tmp_path)  # type: ignore[arg-type]
    truth = truth_of(step, names)
    for example in NUMBERS:
        value = float(re.sub("[^0-9.e]", "", example).rstrip(".") or "nan")
        for power in (1, 1e3, 1e4, 1e6, 1e8):
            met = grade_prediction(step, value * power, truth, names)
            assert value < 100 or met.kind == "off", f"{example} is {met.kind} ({truth})"
