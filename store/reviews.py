"""Which questions to ask again, and when. The FSRS cards are computed from the answers each time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import NamedTuple, Protocol

UNSURE, FAIRLY, CERTAIN = CONFIDENCE = ("unsure", "fairly", "certain")
"""What a learner may say of an answer before it is graded, as `confidence` of the event's payload."""

AT_ONCE = 10
"""Questions in one review."""

WEEK = timedelta(days=7)
"""A wrong answer given with certainty is reviewed after this time, unless it is reviewed before."""

AGAIN, HARD, GOOD, EASY = 1, 2, 3, 4
"""The ratings of FSRS."""


class Recall(NamedTuple):
    """The first answer to a question on one day: how well it was remembered, and whether with certainty."""

    at: str
    rating: int
    certain: bool = False


@dataclass(frozen=True, slots=True)
class Card:
    """A question in review: when it is `due`, and how likely it is still remembered, 0 to 1; `missed` with certainty
    the last time."""

    question: str
    due: datetime
    remembered: float
    missed: bool


def rating(right: bool, hints: int = 0, confidence: str = "") -> int:
    """How well an answer shows that something is remembered: 1 (not) to 4 (with ease)."""
    if not right:
        return AGAIN
    if hints or confidence == UNSURE:
        return HARD
    return EASY if confidence == CERTAIN else GOOD


def cards(recalls: Mapping[str, tuple[Recall, ...]], now: datetime) -> list[Card]:
    """A card for each question answered so far; `now` has a time zone, and due times are in it."""
    if not recalls:
        return []
    # Imported at the first call, so that the program starts without it.
    from fsrs import Card as Fsrs
    from fsrs import Rating, Scheduler

    # Whole days and no chance: the same log gives the same dates on every device.
    scheduler = Scheduler(learning_steps=(), relearning_steps=(), enable_fuzzing=False)
    found = []
    for question, history in recalls.items():
        card = Fsrs(card_id=0)
        for recall in history:
            moment = datetime.fromisoformat(recall.at).astimezone(UTC)
            card, _ = scheduler.review_card(card, Rating(recall.rating), moment)
        missed = history[-1].certain and history[-1].rating == AGAIN
        due = min(card.due, moment + WEEK) if missed else card.due
        remembered = scheduler.get_card_retrievability(card, now.astimezone(UTC))
        found.append(Card(question, due.astimezone(now.tzinfo), remembered, missed))
    return found


class Remembered(Protocol):
    """Progress, as far as reviews need it."""

    @property
    def recalls(self) -> Mapping[str, tuple[Recall, ...]]: ...


def due(progress: Remembered, now: datetime) -> list[str]:
    """The questions to ask again by the end of the day `now` (with a time zone), at most AT_ONCE.

    First those that were missed with certainty, then those most likely forgotten.
    """
    today = [card for card in cards(progress.recalls, now) if card.due.date() <= now.date()]
    today.sort(key=lambda card: (not card.missed, card.remembered, card.question))
    return [card.question for card in today[:AT_ONCE]]
