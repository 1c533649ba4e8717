"""What the log amounts to: a pure function of the events and of the ids of the course."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from store.achievements import ACHIEVEMENTS, TOTAL
from store.event import Event
from store.ledger import CONFIDENCE, Answered, Award, ExerciseState, Ledger, LessonIds
from store.xp import METHODS, XP, standing

if TYPE_CHECKING:
    from lessons.model import Course

__all__ = [
    "CONFIDENCE",
    "Answered",
    "Award",
    "CourseIds",
    "ExerciseState",
    "LessonIds",
    "Progress",
    "calibration",
    "content_total",
    "course_ids",
    "replay",
]


@dataclass(frozen=True, slots=True)
class CourseIds:
    """The ids that can earn something, by lesson; `total` counts the lessons the whole course will have."""

    lessons: Mapping[str, LessonIds]
    total: int


@dataclass(frozen=True, slots=True)
class Progress:
    """Everything the interface shows of the learner's progress.

    `xp_to_next` is the whole length of the level (100 at level 0; 0 at the last), `xp_in_level` the part
    of it that is done. `percent` is of the whole course, one decimal, rounded down; a lesson begun counts
    in part. `position` is where each lesson was left: the section, and in `position_block` the block of it.
    `achievements` are in the order in which they were earned, as are `awards`. `hints` are the numbers, from 1, of
    the hints shown, by question.
    """

    xp: int
    level: int
    level_name: str
    xp_in_level: int
    xp_to_next: int
    lessons_done: int
    lessons_done_ids: frozenset[str]
    lessons_total: int
    achievements: tuple[str, ...]
    achievements_total: int
    percent: float
    sections_read: frozenset[str]
    questions: Mapping[str, Answered]
    hints: Mapping[str, frozenset[int]]
    exercises: Mapping[str, ExerciseState]
    position: Mapping[str, str]
    position_block: Mapping[str, int]
    last_lesson: str | None
    language: str | None
    runs_finished: frozenset[str]
    awards: tuple[Award, ...]

    @property
    def questions_right(self) -> frozenset[str]:
        """The questions answered right at least once."""
        return frozenset(key for key, answered in self.questions.items() if answered.right)

    @property
    def exercises_done(self) -> frozenset[str]:
        """The exercises measured and explained."""
        return frozenset(key for key, state in self.exercises.items() if state.explained)


def course_ids(course: Course) -> CourseIds:
    """The ids of every lesson written so far."""
    return CourseIds(
        lessons={
            lesson.id: LessonIds(
                sections=tuple(section.id for section in lesson.sections),
                questions=tuple(question.id for question in lesson.questions),
                exercise=lesson.exercise.id if lesson.exercise else None,
                predictions=tuple(f"{lesson.exercise.id}/{step.id}" for step in lesson.exercise.steps)
                if lesson.exercise
                else (),
            )
            for track in course.tracks
            for lesson in track.lessons
        },
        total=course.total_lessons,
    )


def content_total(course: CourseIds) -> int:
    """The XP that doing everything earns, and nothing exceeds."""
    points = len(METHODS) * XP["run"]
    for ids in course.lessons.values():
        points += len(ids.sections) * XP["section"]
        points += len(ids.questions) * (XP["question"] + XP["first-try"])
        points += (XP["measured"] + XP["explained"]) if ids.exercise else 0
    return points


def calibration(questions: Iterable[Answered]) -> dict[str, tuple[int, int]]:
    """(right, all) by the confidence stated, of first answers only: before a second one, the first was graded."""
    found = dict.fromkeys(CONFIDENCE, (0, 0))
    for answered in questions:
        if answered.confidence:
            right, total = found[answered.confidence]
            found[answered.confidence] = (right + answered.first_try, total + 1)
    return found


def replay(events: Iterable[Event], course: CourseIds) -> Progress:
    """The progress that `events` amount to, in whatever order and however often each of them comes."""
    ledger = Ledger(course.lessons)
    unlocked: list[str] = []
    locked = list(ACHIEVEMENTS)
    for _, event in sorted({event.id: event for event in events}.items()):
        ledger.apply(event)
        earned = [each for each in locked if each.kind == event.kind and each.earned(ledger, event)]
        unlocked += [each.id for each in earned]
        locked = [each for each in locked if each not in earned] if earned else locked
    return _progress(ledger, tuple(unlocked), course)


def _progress(ledger: Ledger, achievements: tuple[str, ...], course: CourseIds) -> Progress:
    awards = tuple(ledger.awards.values())
    xp = sum(award.xp for award in awards)
    level, name, in_level, to_next = standing(xp)
    shares = {lesson: _share(ledger, ids) for lesson, ids in course.lessons.items()}
    done = frozenset(lesson for lesson, share in shares.items() if share == 1)
    return Progress(
        xp=xp,
        level=level,
        level_name=name,
        xp_in_level=in_level,
        xp_to_next=to_next,
        lessons_done=len(done),
        lessons_done_ids=done,
        lessons_total=course.total,
        achievements=achievements,
        achievements_total=TOTAL,
        percent=math.floor(1000 * math.fsum(shares.values()) / course.total) / 10 if course.total else 0.0,
        sections_read=frozenset(ledger.languages_read),
        questions=ledger.questions,
        hints={question: frozenset(shown) for question, shown in ledger.hints.items()},
        exercises=ledger.exercises,
        position=ledger.position,
        position_block=ledger.position_block,
        last_lesson=ledger.last_lesson,
        language=ledger.language,
        runs_finished=frozenset(ledger.runs_finished),
        awards=awards,
    )


def _share(ledger: Ledger, ids: LessonIds) -> float:
    """How much of a lesson is done, 0 to 1."""
    done = [(section, "section") in ledger.awards for section in ids.sections]
    done += [(question, "question") in ledger.awards for question in ids.questions]
    done += [(ids.exercise, "explained") in ledger.awards] if ids.exercise else []
    return sum(done) / len(done) if done else 0.0
