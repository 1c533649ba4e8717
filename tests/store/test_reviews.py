"""What is asked again, and when: the same from the same log, soon after a mistake, and never more than ten."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from learned import COURSE, QUESTIONS, event, logs

from store.event import Event
from store.progress import CourseIds, LessonIds, replay
from store.reviews import AT_ONCE, Recall, cards, due, rating

START = datetime(2026, 9, 1, 20, tzinfo=timezone(timedelta(hours=9)))
MANY = tuple(f"lora/many?{number:02d}" for number in range(14))


def after(days: float) -> datetime:
    return START + timedelta(days=days)


def answered(item: str, right: bool, days: float = 0, kind: str = "question.answered", **more: object) -> Event:
    return event(kind, item, right=right, **more)._replace(at=after(days).isoformat())


def days_until(*events: Event) -> int:
    """From the last of these events until its question is due."""
    (card,) = cards(replay(events, COURSE).recalls, START)
    return (card.due - datetime.fromisoformat(events[-1].at)).days


def test_an_answer_says_how_well_it_was_remembered() -> None:
    assert rating(False, 0, "certain") == rating(False, 2) == 1
    assert rating(True, 1, "certain") == rating(True, 0, "unsure") == 2
    assert (rating(True), rating(True, 0, "fairly"), rating(True, 0, "certain")) == (3, 3, 4)


def test_what_was_easier_comes_back_later() -> None:
    said = [
        days_until(answered(QUESTIONS[0], right, confidence=confidence))
        for right, confidence in ((False, "unsure"), (True, "unsure"), (True, "fairly"), (True, "certain"))
    ]
    assert said == sorted(said)
    assert said[0] == 1 < said[2] < said[3]
    hinted = event("hint.used", QUESTIONS[0], hint=1)
    assert days_until(hinted, answered(QUESTIONS[0], True)) < said[2]


def test_each_success_sets_it_further_off() -> None:
    steps = [answered(QUESTIONS[0], True)]
    gaps = []
    for _ in range(4):
        gaps.append(days_until(*steps))
        days = (datetime.fromisoformat(steps[-1].at) - START).days + gaps[-1]
        steps.append(answered(QUESTIONS[0], True, days, "review.done", rating=3))
    assert gaps == sorted(set(gaps))


def test_the_correction_of_a_mistake_on_the_same_day_does_not_make_it_known() -> None:
    wrong, corrected = answered(QUESTIONS[0], False), answered(QUESTIONS[0], True, 0.05)
    assert replay([wrong, corrected], COURSE).recalls[QUESTIONS[0]] == (Recall(wrong.at, 1),)
    assert days_until(wrong, corrected) <= 1


@pytest.mark.parametrize("known", [0, 1, 7])
def test_a_mistake_made_with_certainty_comes_back_within_a_week_and_first(known: int) -> None:
    days = [0, *(2 ** (3 + number) for number in range(known))]
    steps = [answered("lora/two?x", True, day, confidence="certain") for day in days[:known]]
    sure = answered("lora/two?x", False, days[known], confidence="certain")
    assert 1 <= days_until(*steps, sure) <= 7
    unsure = [answered(item, False, days[known], confidence="unsure") for item in QUESTIONS[:2]]
    assert due(replay([*steps, *unsure, sure], COURSE), after(days[known] + 7))[0] == "lora/two?x"


def test_without_the_week_a_well_known_question_would_stay_away_longer() -> None:
    """So that the rule above is seen to bind."""
    recalls = [Recall(after(day).isoformat(), 4) for day in (0, 8, 80, 400, 1500)]
    for certain, most in ((False, 10**6), (True, 7)):
        missed = Recall(after(3000).isoformat(), 1, certain)
        (card,) = cards({"q": (*recalls, missed)}, START)
        assert ((card.due - after(3000)).days > 7) is not certain
        assert (card.due - after(3000)).days <= most


def test_it_is_due_from_the_morning_of_its_day_and_ten_at_a_time() -> None:
    course = CourseIds({"lora/many": LessonIds(questions=MANY)}, total=1)
    answers = [answered(item, False) for item in MANY]
    progress = replay(answers, course)
    assert due(progress, after(0.1)) == []
    morning = (START + timedelta(days=1)).replace(hour=6)
    assert due(progress, morning) == list(MANY[:AT_ONCE])
    reviewed = [answered(item, True, 1, "review.done", rating=3) for item in MANY[:AT_ONCE]]
    practised = replay([*answers, *reviewed], course)
    assert due(practised, morning) == list(MANY[AT_ONCE:])
    assert practised.xp == 0


@given(logs())
def test_any_log_has_a_list_and_it_does_not_depend_on_order(events: list[Event]) -> None:
    progress = replay(events, COURSE)
    now = datetime(2026, 10, 1, tzinfo=UTC)
    found = due(progress, now)
    assert found == due(replay(reversed(events), COURSE), now)
    assert set(found) <= set(QUESTIONS)
    assert len(found) == len(set(found)) <= AT_ONCE
