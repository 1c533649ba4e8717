"""Pure graders: what was answered, what is true, and what to say about the difference.

A grader that cannot judge raises ValueError with one human line; that is "not graded", never "wrong".
"""

from collections.abc import Mapping

from lessons.model import Feedback, Graded, Prediction, Question
from lessons.numbers import Number, parse_number

__all__ = ["Number", "grade_choice", "grade_number", "grade_prediction", "parse_number", "truth_of"]


def grade_choice(question: Question, chosen: frozenset[str]) -> Graded:
    """Right when exactly the correct options were chosen; ValueError for none or an unknown option id."""
    raise NotImplementedError


def grade_number(question: Question, text: str) -> Feedback:
    """Judges what was typed; ValueError when it is no number."""
    raise NotImplementedError


def truth_of(prediction: Prediction, shape: Mapping[str, int]) -> int:
    """The prediction's truth computed from a shape; FormulaError when a name is missing from it."""
    raise NotImplementedError


def grade_prediction(
    prediction: Prediction, predicted: float, truth: int, shape: Mapping[str, int]
) -> Feedback:
    """Judges a prediction against the measured or computed truth, and names the misconception it matches."""
    raise NotImplementedError
