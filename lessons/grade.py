"""Pure graders: what was answered, what is true, and what to say about the difference.

A grader that cannot judge raises NotGraded, or ValueError for an answer of another kind; that is "not graded",
never "wrong".
"""

import re
from collections.abc import Mapping, Sequence
from typing import Literal

from lessons.formula import evaluate
from lessons.model import (
    Feedback,
    Filled,
    Graded,
    Misconception,
    NotGraded,
    Ordered,
    Prediction,
    Question,
    Text,
    Verdict,
)
from lessons.numbers import NotANumber, Number, parse_number, round_to, show_number, significant
from lessons.spelling import spelled
from lessons.text import fill

__all__ = [
    "NotANumber",
    "Number",
    "grade",
    "grade_choice",
    "grade_flag",
    "grade_number",
    "grade_order",
    "grade_prediction",
    "parse_number",
    "truth_of",
]

MISCONCEPTION_TOLERANCE = 0.01
"""How near to a misconception's value a number must be to come from it, relative to that value."""


def grade(question: Question, answer: str | Sequence[str]) -> Verdict:
    """Judges any kind: `answer` is what was typed, or the ids of the options, for an order in the order given."""
    match question.kind:
        case "number":
            return grade_number(question, answer if isinstance(answer, str) else "")
        case "flag":
            return grade_flag(question, answer if isinstance(answer, str) else "")
        case "order":
            return grade_order(question, list(answer))
    return grade_choice(question, frozenset(answer))


def grade_choice(question: Question, chosen: frozenset[str]) -> Graded:
    """Right when exactly the correct options were chosen; ValueError for none or an unknown option id."""
    known = {option.id for option in question.options}
    if question.kind not in ("one", "many"):
        raise ValueError(f"This question asks for {_ASKED[question.kind]}.")
    if not chosen:
        raise NotGraded("Choose an option first.", "먼저 하나 이상 골라 주세요.")
    if not chosen <= known:
        raise ValueError(f"{min(chosen - known)!r} is not an option here.")
    options = tuple((option, option.id in chosen, option.correct) for option in question.options)
    return Graded(all(picked == correct for _, picked, correct in options), options)


_ASKED = {"one": "a choice", "many": "a choice", "number": "a number", "order": "an order", "flag": "a spelling"}


def grade_order(question: Question, given: Sequence[str]) -> Ordered:
    """Right when all steps were given in the right order; NotGraded while one has no place."""
    if question.kind != "order":
        raise ValueError(f"This question asks for {_ASKED[question.kind]}.")
    known = {step.id for step in question.options}
    if not set(given) <= known:
        raise ValueError(f"{min(set(given) - known)!r} is not a step here.")
    if set(given) != known:
        raise NotGraded("Give every step its place first.", "먼저 모든 단계에 차례를 매겨 주세요.")
    places = tuple((step, given.index(step.id) + 1) for step in question.options)
    return Ordered(all(place == right for right, (_, place) in enumerate(places, 1)), places)


def grade_flag(question: Question, text: str) -> Filled:
    """Judges what was typed into the gap, and names the known mistake it is; NotGraded for nothing at all."""
    if question.gap is None:
        raise ValueError(f"This question asks for {_ASKED[question.kind]}.")
    gap, typed = question.gap, spelled(text)
    if not typed:
        raise NotGraded("Write what belongs in the gap first.", "먼저 빈칸에 들어갈 것을 적어 주세요.")
    if typed in map(spelled, gap.accepted):
        return Filled(True, None, gap.right)
    for mistake in gap.mistakes:
        if typed in map(spelled, mistake.spellings):
            return Filled(False, mistake, mistake.feedback)
    return Filled(False, None, gap.off)


def grade_number(question: Question, text: str) -> Feedback:
    """Judges what was typed, with or without its unit; NotANumber when it cannot be read."""
    if question.number is None:
        raise ValueError(f"This question asks for {_ASKED[question.kind]}.")
    answer = question.number
    for unit in answer.unit.values():
        text = re.sub(rf"\s*{re.escape(unit)}\s*$", "", text, flags=re.IGNORECASE)
    number = parse_number(text)
    truth = evaluate(answer.formula, answer.parameters)
    texts = {"exact": answer.right, "close": answer.right, "off": answer.off}
    return _judge(number, truth, answer.tolerance, answer.misconceptions, answer.parameters, texts)


def truth_of(prediction: Prediction, shape: Mapping[str, int]) -> int:
    """The prediction's truth computed from a shape; FormulaError when a name is missing from it."""
    return round(evaluate(prediction.truth, shape))


def grade_prediction(prediction: Prediction, predicted: float, truth: int, shape: Mapping[str, int]) -> Feedback:
    """Judges a prediction against the measured or computed truth, and names the misconception it matches."""
    number = Number(predicted, max(1, significant(predicted)))
    texts = {"exact": prediction.exact, "close": prediction.close, "off": prediction.off}
    return _judge(number, truth, prediction.tolerance, prediction.misconceptions, shape, texts)


def _judge(
    number: Number,
    truth: int | float,
    tolerance: float,
    misconceptions: Sequence[Misconception],
    names: Mapping[str, int | float],
    texts: Mapping[str, Text],
) -> Feedback:
    value = number.value
    if value == truth:
        return _feedback("exact", None, value, truth, texts["exact"])
    if _meant(number, truth, tolerance):
        return _feedback("close", None, value, truth, texts["close"])
    reached = ((evaluate(wrong.formula, names), wrong) for wrong in misconceptions)
    matches = [(abs(value - target), wrong) for target, wrong in reached if _meant(number, target)]
    if matches:
        nearest = min(matches, key=lambda match: match[0])[1]
        return _feedback("misconception", nearest, value, truth, nearest.feedback)
    return _feedback("off", None, value, truth, texts["off"])


def _meant(number: Number, target: int | float, tolerance: float = MISCONCEPTION_TOLERANCE) -> bool:
    """Whether the number is `target` within the tolerance, or `target` rounded as its writer rounded."""
    if abs(number.value - target) <= tolerance * target:
        return True
    return round_to(target, max(2, number.precision)) == number.value


def _feedback(
    kind: Literal["exact", "close", "misconception", "off"],
    misconception: Misconception | None,
    value: float,
    truth: int | float,
    text: Text,
) -> Feedback:
    low, high = sorted((value, float(truth)))
    shown = {
        "predicted": show_number(value),
        "truth": show_number(truth),
        "difference": show_number(high - low),
        "times": show_number(round(high / low, 2)) if low > 0 else "∞",
    }
    ratio = value / truth if truth else 0.0
    filled = {lang: fill(words, shown) for lang, words in text.items()}
    return Feedback(kind, misconception, truth, round(value - truth), ratio, filled)
