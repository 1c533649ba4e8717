"""The graders, on the questions and predictions of lesson 1."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lessons.course import Exercise, Feedback, Prediction, Question
from lessons.formula import FormulaError, evaluate
from lessons.grading import (
    MISCONCEPTION_TOLERANCE,
    grade_choice,
    grade_number,
    grade_prediction,
    parse_number,
    truth_of,
)
from lessons.loader import load_course

SPROUT = {
    "hidden": 192,
    "intermediate": 512,
    "layers": 6,
    "blocks": 6,
    "heads": 4,
    "kv_heads": 4,
    "head_dim": 48,
    "kv_dim": 192,
    "vocab": 1024,
    "rank": 8,
    "lora.trainable_parameters": 175_104,
}
LLAMA = {
    "hidden": 2048,
    "intermediate": 8192,
    "layers": 16,
    "blocks": 16,
    "heads": 32,
    "kv_heads": 8,
    "head_dim": 64,
    "kv_dim": 512,
    "vocab": 128256,
    "rank": 8,
}
LESSON = load_course().lesson("lora/why-lora")
assert isinstance(LESSON.exercise, Exercise)
COUNTED = [next(step for step in LESSON.exercise.steps if step.id == id) for id in ("sprout", "llama")]
STEPS = list(zip(COUNTED, (SPROUT, LLAMA), (175_104, 5_636_096), strict=True))
CHOICES = [question for question in LESSON.questions if question.kind in ("one", "many")]
NUMBERS = [question for question in LESSON.questions if question.number]


def question(name: str) -> Question:
    return next(question for question in LESSON.questions if question.id == f"lora/why-lora?{name}")


def told(feedback: Feedback) -> None:
    """Whatever the verdict, both languages say something, with every number in its place."""
    for text in feedback.text.values():
        assert text
        assert "{{" not in text


@given(st.sampled_from(CHOICES), st.data())
def test_a_choice_is_right_only_when_it_is_exactly_the_correct_options(question: Question, data: st.DataObject) -> None:
    ids = [option.id for option in question.options]
    chosen = data.draw(st.sets(st.sampled_from(ids), min_size=1))
    graded = grade_choice(question, frozenset(chosen))
    assert graded.right == (chosen == {option.id for option in question.options if option.correct})
    assert [(option.id, picked) for option, picked, _ in graded.options] == [(id, id in chosen) for id in ids]
    assert [correct for _, _, correct in graded.options] == [option.correct for option in question.options]


def test_what_cannot_be_judged_is_not_judged() -> None:
    with pytest.raises(ValueError, match="Choose an option"):
        grade_choice(question("zeros"), frozenset())
    with pytest.raises(ValueError, match="'nope' is not an option"):
        grade_choice(question("zeros"), frozenset({"nope", "same-start"}))
    with pytest.raises(ValueError, match="asks for a number"):
        grade_choice(question("memory"), frozenset({"a"}))
    with pytest.raises(ValueError, match="asks for a choice"):
        grade_number(question("zeros"), "5")
    with pytest.raises(ValueError, match="not a number"):
        grade_number(question("memory"), "a lot")


@pytest.mark.parametrize("text", ["48", "48 GB", "48gb", "４８ GB"])
def test_a_number_is_right_with_or_without_its_unit(text: str) -> None:
    feedback = grade_number(question("memory"), text)
    assert (feedback.kind, feedback.right, feedback.difference) == ("exact", True, 0)


def test_the_stated_tolerance_counts_as_right() -> None:
    assert [grade_number(question("thin-layer"), text).kind for text in ("81,920", "8만 2천", "82k", "83k")] == [
        "exact",
        "close",
        "close",
        "off",
    ]
    assert grade_number(question("thin-layer"), "82k").right
    assert not grade_number(question("thin-layer"), "83k").right


@pytest.mark.parametrize("question", NUMBERS, ids=lambda question: question.id)
def test_every_misconception_of_a_number_question_is_recognised(question: Question) -> None:
    assert question.number
    truth = evaluate(question.number.formula, question.number.parameters)
    told(grade_number(question, str(truth)))
    told(grade_number(question, "987654321"))
    for misconception in question.number.misconceptions:
        value = evaluate(misconception.formula, question.number.parameters)
        feedback = grade_number(question, str(value))
        assert (feedback.kind, feedback.misconception) == ("misconception", misconception)
        assert not feedback.right
        told(feedback)


@pytest.mark.parametrize(("step", "shape", "truth"), STEPS)
def test_the_truth_of_a_prediction(step: Prediction, shape: dict[str, int], truth: int) -> None:
    assert truth_of(step, shape) == truth
    feedback = grade_prediction(step, float(truth), truth, shape)
    assert (feedback.kind, feedback.difference, feedback.ratio) == ("exact", 0, 1.0)
    told(feedback)


@pytest.mark.parametrize(("step", "shape", "truth"), STEPS)
def test_every_misconception_of_a_prediction_is_recognised(step: Prediction, shape: dict[str, int], truth: int) -> None:
    for misconception in step.misconceptions:
        value = evaluate(misconception.formula, shape)
        feedback = grade_prediction(step, float(value), truth, shape)
        assert (feedback.kind, feedback.misconception) == ("misconception", misconception)
        assert feedback.difference == value - truth
        told(feedback)


@pytest.mark.parametrize(("step", "shape", "truth"), STEPS)
def test_no_two_values_of_a_prediction_can_be_confused(step: Prediction, shape: dict[str, int], truth: int) -> None:
    windows = [(float(truth), step.tolerance)]
    windows += [(float(evaluate(m.formula, shape)), MISCONCEPTION_TOLERANCE) for m in step.misconceptions]
    for (one, near_one), (other, near_other) in itertools.pairwise(sorted(windows)):
        assert one * (1 + near_one) < other * (1 - near_other)


@pytest.mark.parametrize("question", NUMBERS, ids=lambda question: question.id)
def test_no_two_values_of_a_number_question_can_be_confused(question: Question) -> None:
    answer = question.number
    assert answer
    values = [
        evaluate(formula, answer.parameters)
        for formula in (answer.formula, *(m.formula for m in answer.misconceptions))
    ]
    for one, other in itertools.pairwise(sorted(values)):
        assert one * (1 + MISCONCEPTION_TOLERANCE) < other * (1 - MISCONCEPTION_TOLERANCE)


def test_the_formula_of_the_tutorials_is_answered_with_what_it_misses() -> None:
    step, shape, truth = STEPS[1]
    feedback = grade_prediction(step, 524_288.0, truth, shape)
    assert feedback.misconception
    assert feedback.misconception.id == "one-matrix"
    assert (feedback.difference, feedback.ratio) == (524_288 - 5_636_096, 524_288 / 5_636_096)
    for text in feedback.text.values():
        assert "524,288" in text
        assert "5,636,096" in text
        assert "10.75" in text


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("5.6M", "close"),
        ("563만", "close"),
        ("5.64e6", "close"),
        ("5M", "off"),
        ("6.03M", "misconception"),
        ("0", "off"),
    ],
)
def test_estimates_are_judged_within_the_tolerance(text: str, kind: str) -> None:
    step, shape, truth = STEPS[1]
    feedback = grade_prediction(step, parse_number(text).value, truth, shape)
    assert feedback.kind == kind
    told(feedback)


def test_a_value_rounded_by_its_writer_still_shows_where_it_came_from() -> None:
    step, shape, truth = STEPS[1]
    feedback = grade_prediction(step, 520_000.0, truth, shape)
    assert feedback.misconception
    assert feedback.misconception.id == "one-matrix"


def test_a_shape_that_lacks_a_name_is_an_error_and_no_verdict() -> None:
    with pytest.raises(FormulaError, match="not a name known here"):
        truth_of(STEPS[0][0], {"hidden": 192})


@given(st.sampled_from(STEPS), st.floats(min_value=0, max_value=1e18))
def test_any_prediction_gets_a_verdict(case: tuple[Prediction, dict[str, int], int], predicted: float) -> None:
    step, shape, truth = case
    feedback = grade_prediction(step, predicted, truth, shape)
    assert (feedback.misconception is not None) == (feedback.kind == "misconception")
    told(feedback)
