"""Pure graders: what was answered, what is true, and what to say about the difference.

A grader that cannot judge raises ValueError with one human line; that is "not graded", never "wrong".
"""

import re
from collections.abc import Mapping, Sequence
from typing import Literal

from lessons.formula import evaluate
from lessons.model import Feedback, Graded, Misconception, Prediction, Question, Text
from lessons.numbers import NotANumber, Number, parse_number, round_to, show_number, significant
from lessons.text import fill

__all__ = [
    "NotANumber",
    "Number",
    "grade_choice",
    "grade_number",
    "grade_prediction",
    "parse_number",
    "truth_of",
]

MISCONCEPTION_TOLERANCE = 0.01


def grade_choice(question: Question, chosen: frozenset[str]) -> Graded:
    """Right when exactly the correct options were chosen; ValueError for none or an unknown option id."""
    known = {option.id for option in question.options}
    if not known:
        raise ValueError("This question asks for a number.")
    if not chosen:
        raise ValueError("Choose an option first.")
    if not chosen <= known:
        raise ValueError(f"{min(chosen - known)!r} is not an option here.")
    options = tuple((option, option.id in chosen, option.correct) for option in question.options)
    return Graded(all(picked == correct for _, picked, correct in options), options)


def grade_number(question: Question, text: str) -> Feedback:
    """Judges what was typed, with or without its unit; NotANumber when it cannot be read."""
    if question.number is None:
        raise ValueError("This question asks for a choice.")
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
    names: Mapping[str, int],
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
