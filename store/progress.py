"""Progress as a pure function of the events and of the ids of the course."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from store.achievements import ACHIEVEMENTS, TOTAL, Achievement, Far, how_far
from store.event import EARNED, LATEST, RESET, RESET_UNDONE, Event
from store.gc_pause import without_collection
from store.ledger import CONFIDENCE, Answered, Award, ExerciseState, Ledger, LessonIds
from store.reviews import Recall
from store.xp import METHODS, XP, standing

if TYPE_CHECKING:
    from lessons.course import Course

__all__ = [
    "CONFIDENCE",
    "Account",
    "Answered",
    "Award",
    "CourseIds",
    "ExerciseState",
    "LessonIds",
    "Progress",
    "Recall",
    "calibration",
    "content_total",
    "course_ids",
    "replay",
]


_RESETS = (RESET, RESET_UNDONE)
_LASTING = ("language.set", "setting.set")
"""What a reset leaves as it is."""


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
    the hints shown, by question. `read_in` are the languages that each section was read in, `recalls` what was
    remembered of each question on which day, `settings` the values last chosen. `reset` is the id of the reset that
    nothing before it counts for, "" where there is none, and `reset_at` when that was (ISO 8601, as all moments).
    `lessons_total` counts the lessons that the course will have, `lessons_written` those that are there. `unlocked` is
    when each achievement was earned, `far` how many of how many are done of those that can be counted. `evidence` is
    the last payload about runs by an event's kind and item, `days` the dates on which something was learned.
    """

    xp: int
    level: int
    level_name: str
    xp_in_level: int
    xp_to_next: int
    lessons_done: int
    lessons_done_ids: frozenset[str]
    lessons_total: int
    lessons_written: int
    achievements: tuple[str, ...]
    achievements_total: int
    percent: float
    questions: Mapping[str, Answered]
    hints: Mapping[str, frozenset[int]]
    exercises: Mapping[str, ExerciseState]
    position: Mapping[str, str]
    position_block: Mapping[str, int]
    last_lesson: str | None
    language: str | None
    runs_finished: frozenset[str]
    awards: tuple[Award, ...]
    read_in: Mapping[str, frozenset[str]]
    recalls: Mapping[str, tuple[Recall, ...]]
    settings: Mapping[str, str]
    reset: str
    reset_at: str
    unlocked: Mapping[str, str]
    far: Mapping[str, Far]
    evidence: Mapping[tuple[str, str], Mapping[str, object]]
    days: frozenset[str]

    @property
    def sections_read(self) -> frozenset[str]:
        """The sections read to their end, in whatever language."""
        return frozenset(self.read_in)

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
        points += len(ids.questions) * (XP["question"] + XP["first-try"] + XP["review"])
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


class Account:
    """The progress of one learner, kept up to date event by event; it equals a replay of all events given so far.

    Events may come in any order and more than once. One that is newer than all others costs little;
    an older one, and a reset, costs a replay.
    """

    def __init__(self, course: CourseIds, events: Iterable[Event] = ()) -> None:
        self.course = course
        self._events: dict[str, Event] = {}
        self._newest = ""
        self._progress: Progress | None = None
        self._begin("")
        self.extend(events)

    @property
    def progress(self) -> Progress:
        """What all of it amounts to now; never changes afterwards."""
        if self._progress is None:
            self._progress = _progress(self._ledger, self._unlocked, self.course, self._events.get(self._reset))
        return self._progress

    def add(self, event: Event) -> None:
        """Account for one event more."""
        self.extend((event,))

    def extend(self, events: Iterable[Event]) -> None:
        """Account for `events`."""
        known = self._events
        fresh = {event.id: event for event in events if event.id not in known}
        if not fresh:
            return
        known.update(fresh)
        order = sorted(fresh)
        in_line = order[0] > self._newest
        self._newest = max(self._newest, order[-1])
        resets = any(event.kind in _RESETS for event in fresh.values())
        with without_collection(len(known)):
            if in_line and not resets:
                for key in order:
                    self._apply(fresh[key])
            else:
                self._replay()
        self._progress = None

    def _begin(self, reset: str) -> None:
        self._reset = reset
        self._ledger = Ledger(self.course.lessons)
        self._unlocked: dict[str, str] = {}
        self._locked: dict[str, list[Achievement]] = {}
        for each in ACHIEVEMENTS:
            for kind in each.kinds:
                self._locked.setdefault(kind, []).append(each)

    def _replay(self) -> None:
        events = self._events
        undone = {str(event.payload.get("reset")) for event in events.values() if event.kind == RESET_UNDONE}
        resets = (key for key, event in events.items() if event.kind == RESET and key not in undone and key < LATEST)
        self._begin(max(resets, default=""))
        for key in sorted(events):
            if key >= self._reset or events[key].kind in _LASTING:
                self._apply(events[key])

    def _apply(self, event: Event) -> None:
        self._ledger.apply(event)
        if event.kind == EARNED:
            for each in ACHIEVEMENTS:
                if each.id == event.item:
                    self._unlock(each, event)
        for each in self._locked.get(event.kind, ()):
            if each.earned(self._ledger, event):
                self._unlock(each, event)

    def _unlock(self, achievement: Achievement, event: Event) -> None:
        self._unlocked.setdefault(achievement.id, event.at)
        for kind in achievement.kinds:
            self._locked[kind] = [other for other in self._locked[kind] if other is not achievement]


def replay(events: Iterable[Event], course: CourseIds) -> Progress:
    """The progress that `events` amount to, in whatever order and however often each of them comes."""
    return Account(course, events).progress


def _progress(ledger: Ledger, unlocked: Mapping[str, str], course: CourseIds, reset: Event | None) -> Progress:
    awards = tuple(ledger.awards.values())
    xp = sum(award.xp for award in awards)
    level, name, in_level, to_next = standing(xp)
    shares = {lesson: ledger.share(lesson) for lesson in course.lessons}
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
        lessons_written=len(course.lessons),
        achievements=tuple(unlocked),
        achievements_total=TOTAL,
        percent=math.floor(1000 * math.fsum(shares.values()) / course.total) / 10 if course.total else 0.0,
        questions=dict(ledger.questions),
        hints={question: frozenset(shown) for question, shown in ledger.hints.items()},
        exercises=dict(ledger.exercises),
        position=dict(ledger.position),
        position_block=dict(ledger.position_block),
        last_lesson=ledger.last_lesson,
        language=ledger.language,
        runs_finished=frozenset(ledger.runs_finished),
        awards=awards,
        read_in={section: frozenset(langs) for section, langs in ledger.languages_read.items()},
        recalls=dict(ledger.recalls),
        settings=dict(ledger.settings),
        reset=reset.id if reset else "",
        reset_at=reset.at if reset else "",
        unlocked=dict(unlocked),
        far=how_far(ledger),
        evidence=dict(ledger.evidence),
        days=frozenset(ledger.days),
    )
