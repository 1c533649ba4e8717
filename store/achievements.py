"""Achievements: small scientific acts. Their names and hints are in the catalogues, under the same ids."""

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from store.event import Event
from store.ledger import Ledger

CLOSE = 0.05
"""How near the truth a prediction is "close", relative to the truth."""
VOTES = 5
CERTAIN, TRUE = 20, 0.8
"""Answers that were called certain, and the share of them that has to be right."""
SEEDS = 3
DAYS = 7
LEAST_EFFECT = 1e-6
"""Nats a token below which an adapter changes nothing, so that any fused model would equal it."""

Far = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Achievement:
    """`earned` is called after each event of one of `kinds`, with a ledger that already includes the event.

    `far` returns (done, total) where progress can be counted; the total is known before anything is done.
    """

    id: str
    kinds: tuple[str, ...]
    earned: Callable[[Ledger, Event], bool]
    far: Callable[[Ledger], Far] | None = None


def how_far(ledger: Ledger) -> dict[str, Far]:
    """(done, of) of every achievement that can be counted."""
    return {each.id: each.far(ledger) for each in ACHIEVEMENTS if each.far is not None}


def _full(far: Callable[[Ledger], Far]) -> Callable[[Ledger, Event], bool]:
    def earned(ledger: Ledger, _: Event) -> bool:
        done, of = far(ledger)
        return 0 < of <= done

    return earned


def _at_first_answers(earned: Callable[[Ledger, Event], bool]) -> Callable[[Ledger, Event], bool]:
    """Call `earned`, which walks the course, only at first answers: a log may have a hundred thousand events."""
    return lambda ledger, event: (
        event.item in ledger.questions and ledger.questions[event.item].tries == 1 and earned(ledger, event)
    )


def _at_awards(earned: Callable[[Ledger, Event], bool]) -> Callable[[Ledger, Event], bool]:
    def earned_now(ledger: Ledger, event: Event) -> bool:
        last = next(reversed(ledger.awards.values()), None)
        return last is not None and last.event == event.id and earned(ledger, event)

    return earned_now


def _at_least(key: str, least: int) -> Callable[[Ledger, Event], bool]:
    return lambda _, event: _number(event.payload.get(key)) >= least


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


def _proof(ledger: Ledger, kind: str, item: str) -> Mapping[str, object]:
    return ledger.evidence.get((kind, item), {})


def _proofs(ledger: Ledger, kind: str) -> Iterator[Mapping[str, object]]:
    return (payload for (each, _), payload in ledger.evidence.items() if each == kind)


def _came_back(ledger: Ledger, event: Event) -> bool:
    killed = _proof(ledger, "run.resumed", event.item).get("after") == "killed"
    return killed and event.item in ledger.runs_finished


def _explained(ledger: Ledger, event: Event) -> bool:
    return bool(event.payload.get("explained"))


def _beaten(ledger: Ledger, event: Event) -> bool:
    return _number(event.payload.get("lora")) < _number(event.payload.get("dora"))


def _proven_equal(ledger: Ledger, event: Event) -> bool:
    found = event.payload
    score, before = _number(found.get("exact_match")), _number(found.get("exact_match_adapter"))
    return found.get("faults") == 0 and score == before and _number(found.get("effect")) >= LEAST_EFFECT


def _repaired(ledger: Ledger, event: Event) -> bool:
    return event.item in ledger.exercise_of and event.payload.get("errors") == 0 and "truth" not in event.payload


def _votes(ledger: Ledger) -> Far:
    votes = [_number(each.get("votes")) for each in _proofs(ledger, "run.voted")]
    return int(max((each for each in votes if each > 0), default=0)), VOTES


def _read_in_both_languages(ledger: Ledger, event: Event) -> bool:
    return {"en", "ko"} <= ledger.languages_read.get(event.item, set())


def _best_quiz(ledger: Ledger) -> Far:
    """Of the quizzes without a miss, the one that has got furthest; of none where each has one."""
    quizzes = [[ledger.questions.get(each) for each in ids.questions] for ids in ledger.lessons.values()]
    clean = [quiz for quiz in quizzes if quiz and all(each is None or each.first_try for each in quiz)]
    return max(((sum(each is not None for each in quiz), len(quiz)) for quiz in clean), default=(0, 0),
               key=lambda far: far[0] / far[1])  # fmt: skip


def _best_track(ledger: Ledger) -> Far:
    """Of the tracks, by the first part of their lessons' ids, the one that has got furthest."""
    tracks: dict[str, list[bool]] = {}
    for lesson in ledger.lessons:
        tracks.setdefault(lesson.partition("/")[0], []).append(ledger.share(lesson) == 1)
    fars = [(sum(done), len(done)) for done in tracks.values()]
    return max(fars, default=(0, 0), key=lambda far: far[0] / far[1])


def _certain(ledger: Ledger) -> Far:
    answers = [each.first_try for each in ledger.questions.values() if each.confidence == "certain"]
    return min(len(answers), CERTAIN), CERTAIN


def _calibrated(ledger: Ledger, event: Event) -> bool:
    answers = [each.first_try for each in ledger.questions.values() if each.confidence == "certain"]
    return len(answers) >= CERTAIN and sum(answers) >= TRUE * len(answers)


def _seeds(ledger: Ledger) -> Far:
    seeds = [_number(each.get("seeds")) for each in _proofs(ledger, "runs.banded")]
    return min(int(max((each for each in seeds if each > 0), default=0)), SEEDS), SEEDS


def _baseline(ledger: Ledger, event: Event) -> bool:
    return True


def _days(ledger: Ledger) -> Far:
    return min(len(ledger.review_days), DAYS), DAYS


ACHIEVEMENTS = (
    Achievement("first-light", ("run.finished",), _a_run_finished),
    Achievement("close-call", ("exercise.measured",), _predicted_closely),
    Achievement("second-wind", ("run.resumed", "run.finished"), _came_back),
    Achievement("post-mortem", ("run.failed",), _explained),
    Achievement("upset", ("runs.compared",), _beaten),
    Achievement("same-again", ("run.fused",), _proven_equal),
    Achievement("clean-hands", ("exercise.measured",), _repaired),
    Achievement("blind-taste", ("run.voted",), _at_least("votes", VOTES), _votes),
    Achievement("error-bars", ("runs.banded",), _at_least("seeds", SEEDS), _seeds),
    Achievement("zero-point", ("run.baseline",), _baseline),
    Achievement("two-tongues", ("section.read",), _read_in_both_languages),
    Achievement("full-marks", ("question.answered",), _at_first_answers(_full(_best_quiz)), _best_quiz),
    Achievement("calibrated", ("question.answered",), _at_first_answers(_calibrated), _certain),
    Achievement("seven-days", ("review.done",), _full(_days), _days),
    Achievement(
        "whole-track",
        ("section.read", "question.answered", "exercise.measured", "exercise.explained"),
        _at_awards(_full(_best_track)),
        _best_track,
    ),
)

TOTAL = len(ACHIEVEMENTS)
"""Achievements of the whole course."""
