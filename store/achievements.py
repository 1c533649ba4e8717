"""Small scientific deeds; their names and hints are the interface's, under the same ids."""

import math
from collections.abc import Callable
from dataclasses import dataclass

from store.event import Event
from store.ledger import Ledger

TOTAL = 15
"""Achievements of the whole course; those not written yet count as locked."""

CLOSE = 0.05
"""How near the truth a prediction is "close", relative to the truth."""


@dataclass(frozen=True, slots=True)
class Achievement:
    """`earned` is asked right after each event of `kind`, with the account that already includes it."""

    id: str
    kind: str
    earned: Callable[[Ledger, Event], bool]


def _a_run_finished(ledger: Ledger, event: Event) -> bool:
    return event.item in ledger.runs_finished


def _predicted_closely(ledger: Ledger, event: Event) -> bool:
    exercise = ledger.exercise_of.get(event.item)
    if exercise is None:
        return False
    measured = ledger.exercises[exercise].measured[event.item]
    truth, value = _number(measured.get("truth")), _number(measured.get("value"))
    return abs(value - truth) <= CLOSE * abs(truth)


def _number(value: object) -> float:
    """A payload's number; NaN, which is near nothing, for anything else."""
    try:
        return float(value) if isinstance(value, int | float) else math.nan
    except OverflowError:
        return math.nan


def _read_in_both_languages(ledger: Ledger, event: Event) -> bool:
    return {"en", "ko"} <= ledger.languages_read.get(event.item, set())


def _a_quiz_without_a_miss(ledger: Ledger, event: Event) -> bool:
    lesson = ledger.lesson_of.get(event.item)
    if lesson is None:
        return False
    answers = [ledger.questions.get(question) for question in ledger.lessons[lesson].questions]
    return bool(answers) and all(answer is not None and answer.first_try for answer in answers)


ACHIEVEMENTS = (
    Achievement("first-light", "run.finished", _a_run_finished),
    Achievement("close-call", "exercise.measured", _predicted_closely),
    Achievement("two-tongues", "section.read", _read_in_both_languages),
    Achievement("full-marks", "question.answered", _a_quiz_without_a_miss),
)
