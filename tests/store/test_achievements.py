"""Fifteen achievements: each is earned by what was recorded of it, and by nothing less."""

from dataclasses import replace
from typing import Any

import pytest
from learned import COURSE, ONE, QUESTIONS, event, everything, later

from store.achievements import ACHIEVEMENTS, TOTAL
from store.event import Event
from store.progress import CourseIds, LessonIds, replay

MANY = CourseIds({"lora/big": LessonIds(questions=tuple(f"lora/big?{n}" for n in range(25)))}, total=51)


def unlocked(*events: Event, course: CourseIds = COURSE) -> tuple[str, ...]:
    return replay(events, course).achievements


def finished(run: str = "r1") -> Event:
    return event("run.finished", run, method="LoRA")


FUSED = {"way": "dequantized", "kl": 0.0001, "effect": 0.4, "faults": 0, "exact_match": 0.9, "exact_match_adapter": 0.9}


def test_there_are_fifteen_and_none_by_itself() -> None:
    assert TOTAL == 15 == len({each.id for each in ACHIEVEMENTS})
    assert unlocked() == ()


@pytest.mark.parametrize(
    ("deed", "kind", "item", "payload", "short"),
    [
        ("post-mortem", "run.failed", "r1", {"verdict": "nan", "explained": "note"}, {"explained": ""}),
        ("upset", "runs.compared", "r1 r2", {"lora": 0.4, "dora": 0.5}, {"lora": 0.5}),
        ("upset", "runs.compared", "r1 r2", {"lora": 0.4, "dora": 0.5}, {"dora": None}),
        ("same-again", "run.fused", "r1", FUSED, {"faults": 1}),
        ("same-again", "run.fused", "r1", FUSED, {"exact_match": 0.89}),
        ("same-again", "run.fused", "r1", FUSED, {"effect": 0.0}),
        ("same-again", "run.fused", "r1", FUSED, {"exact_match": None, "exact_match_adapter": None}),
        ("clean-hands", "exercise.measured", ONE.predictions[0], {"errors": 0, "rows": 90}, {"errors": 2}),
        ("blind-taste", "run.voted", "r1", {"votes": 5}, {"votes": 4}),
        ("error-bars", "runs.banded", "r1 r2 r3", {"seeds": 3}, {"seeds": 2}),
    ],
)
def test_what_one_event_proves(deed: str, kind: str, item: str, payload: dict[str, Any], short: dict[str, Any]) -> None:
    assert deed in unlocked(event(kind, item, **payload))
    assert deed not in unlocked(event(kind, item, **payload | short))


def test_what_was_earned_stays_when_the_course_grows_and_goes_only_with_a_reset() -> None:
    answers = [event("question.answered", each, right=True, chosen="a") for each in ONE.questions]
    kept = event("achievement.earned", "full-marks")
    grown = CourseIds({"lora/one": replace(ONE, questions=(*ONE.questions, "lora/one?new"))}, total=51)
    alone = CourseIds({"lora/one": ONE}, total=51)
    assert "full-marks" in unlocked(*answers, course=alone) and "full-marks" not in unlocked(*answers, course=grown)
    assert "full-marks" in unlocked(*answers, kept, course=grown)
    assert replay([*answers, kept], alone).unlocked["full-marks"] == answers[-1].at, "with the date of the deed"
    assert unlocked(*answers, kept, event("progress.reset"), course=grown) == ()
    assert unlocked(event("achievement.earned", "of-a-newer-version"), course=grown) == ()


def test_a_run_comes_back_from_a_kill_only_when_it_finishes() -> None:
    killed = event("run.resumed", "r1", at=20, after="killed")
    assert "second-wind" not in unlocked(killed)
    assert "second-wind" in unlocked(killed, finished())
    assert "second-wind" in unlocked(finished(), event("run.resumed", "r1", at=20, after="killed"))
    assert "second-wind" not in unlocked(killed, finished("r2"))
    assert "second-wind" not in unlocked(event("run.resumed", "r1", at=20, after="stopped"), finished())


def test_a_prediction_that_was_measured_is_no_repair() -> None:
    assert "clean-hands" not in unlocked(event("exercise.measured", ONE.predictions[0], truth=0, value=1, errors=0))


def test_votes_are_counted_for_one_adapter_at_a_time() -> None:
    votes = [event("run.voted", run, votes=3) for run in ("r1", "r2")]
    assert replay(votes, COURSE).far["blind-taste"] == (3, 5)


def test_certain_means_twenty_answers_and_four_of_five_right() -> None:
    def answers(count: int, wrong: int) -> list[Event]:
        questions = MANY.lessons["lora/big"].questions[:count]
        return [
            event("question.answered", each, right=number >= wrong, confidence="certain")
            for number, each in enumerate(questions)
        ]

    assert "calibrated" in unlocked(*answers(20, 4), course=MANY)
    assert "calibrated" not in unlocked(*answers(20, 5), course=MANY)
    assert "calibrated" not in unlocked(*answers(19, 0), course=MANY)
    assert replay(answers(7, 7), MANY).far["calibrated"] == (7, 20)


def test_seven_days_of_reviews_and_not_seven_reviews() -> None:
    first = event("question.answered", QUESTIONS[0], right=True)
    days = [later(event("review.done", QUESTIONS[0], right=False, rating=1), days=n + 1) for n in range(7)]
    assert "seven-days" in unlocked(first, *days)
    assert replay([first, *days[:6]], COURSE).far["seven-days"] == (6, 7)
    again = [later(event("review.done", QUESTIONS[0], right=True, rating=3)) for _ in range(9)]
    assert replay([first, *again], COURSE).far["seven-days"] == (1, 7)


def test_a_track_is_whole_with_its_last_lesson() -> None:
    progress = replay(everything(), COURSE)
    assert "whole-track" in progress.achievements and progress.far["whole-track"] == (2, 2)
    missing = [each for each in everything() if each.item != "lora/two#a"]
    assert replay(missing, COURSE).far["whole-track"] == (1, 2)


def test_each_has_the_moment_at_which_it_was_earned() -> None:
    run = later(finished(), days=3)
    assert replay([run, later(finished("r2"), days=9)], COURSE).unlocked == {"first-light": run.at}


def test_how_far_is_told_where_it_can_be_counted() -> None:
    far = replay([], COURSE).far
    assert far == {
        "blind-taste": (0, 5),
        "error-bars": (0, 3),
        "full-marks": (0, 2),
        "calibrated": (0, 20),
        "seven-days": (0, 7),
        "whole-track": (0, 2),
    }


def test_days_with_something_learned_leave_out_what_is_none() -> None:
    read = event("section.read", ONE.sections[0], lang="en")
    other = later(event("setting.set", "theme", value="lowrank-light"))
    assert replay([read, other], COURSE).days == {read.at[:10]}
