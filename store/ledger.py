"""The account that a replay keeps. One function for each kind of event says what it changes."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from store.event import Event
from store.reviews import CERTAIN, CONFIDENCE, Recall, rating
from store.xp import METHODS, XP, question_xp

_DATE = len("2026-11-30")

__all__ = ["CONFIDENCE", "Answered", "Award", "ExerciseState", "Ledger", "LessonIds"]

PROOFS = ("run.resumed", "run.failed", "run.baseline", "run.fused", "run.voted", "runs.compared", "runs.banded")
"""Kinds of events that say what run directories prove; a later one of the same kind and item takes its place."""


@dataclass(frozen=True, slots=True)
class LessonIds:
    """The ids of one lesson; `predictions` are whole: the exercise's id, "/", the prediction's."""

    sections: tuple[str, ...] = ()
    questions: tuple[str, ...] = ()
    exercise: str | None = None
    predictions: tuple[str, ...] = ()


class Award(NamedTuple):
    """Points given once for `item`: by the event with the id `event`, which happened `at` (ISO 8601)."""

    item: str
    award: str
    xp: int
    event: str = ""
    at: str = ""


class Answered(NamedTuple):
    """A question's answers: ever `right`, how many `tries`, right at the first, what was last `chosen`.

    `attempt` is the number of the last try, from 0: the numbers in the question follow from it. `confidence` is what
    the learner chose before the first answer, one of CONFIDENCE, or "" where nothing was chosen.
    """

    right: bool
    tries: int
    first_try: bool
    chosen: object
    attempt: int = 0
    confidence: str = ""


@dataclass(frozen=True, slots=True)
class ExerciseState:
    """An exercise as far as it was taken; payloads are kept as they were appended.

    `locked` and `measured` are keyed by the events' item: the first lock and the first measurement count.
    `runs` are the last run started for it under each name, "" in events from before runs had names.
    `sentences` are the last words of the learner, and None before any.
    """

    locked: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    measured: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    sentences: str | None = None
    runs: Mapping[str, str] = field(default_factory=dict)

    @property
    def explained(self) -> bool:
        """Measured, and then put in the learner's words: in whichever order the events arrived."""
        return bool(self.measured and self.sentences)


@dataclass(slots=True)
class Ledger:
    """All that the events so far amount to; `apply` takes them in the order of their ids."""

    lessons: Mapping[str, LessonIds]
    awards: dict[tuple[str, str], Award] = field(default_factory=dict)
    languages_read: dict[str, set[str]] = field(default_factory=dict)
    questions: dict[str, Answered] = field(default_factory=dict)
    hints: dict[str, set[int]] = field(default_factory=dict)
    exercises: dict[str, ExerciseState] = field(default_factory=dict)
    position: dict[str, str] = field(default_factory=dict)
    position_block: dict[str, int] = field(default_factory=dict)
    last_lesson: str | None = None
    language: str | None = None
    methods: dict[str, str] = field(default_factory=dict)
    runs_finished: set[str] = field(default_factory=set)
    recalls: dict[str, tuple[Recall, ...]] = field(default_factory=dict)
    settings: dict[str, str] = field(default_factory=dict)
    evidence: dict[tuple[str, str], Mapping[str, object]] = field(default_factory=dict)
    """The payload of the last event about a run or several runs, by the event's kind and item."""
    review_days: set[str] = field(default_factory=set)
    days: set[str] = field(default_factory=set)
    """The dates on which something was learned."""
    question_ids: frozenset[str] = field(init=False)
    """The ids of the questions of the course."""
    lesson_of: dict[str, str] = field(init=False)
    exercise_of: dict[str, str] = field(init=False)

    def __post_init__(self) -> None:
        self.question_ids = frozenset(question for ids in self.lessons.values() for question in ids.questions)
        self.lesson_of = {
            item: lesson
            for lesson, ids in self.lessons.items()
            for item in (*ids.sections, *ids.questions, *((ids.exercise,) if ids.exercise else ()))
        }
        self.exercise_of = {
            item: ids.exercise
            for ids in self.lessons.values()
            if ids.exercise
            for item in (ids.exercise, *ids.predictions)
        }

    def apply(self, event: Event) -> None:
        """Account for one event; kinds and items that this course does not know change nothing."""
        handler = _HANDLERS.get(event.kind)
        if handler:
            handler(self, event)
            if event.at[:10] not in self.days and event.kind not in _NO_LEARNING and (day := _day(event.at)):
                self.days.add(day)

    def share(self, lesson: str) -> float:
        """How much of a lesson is done, 0 to 1."""
        ids = self.lessons[lesson]
        done = [(section, "section") in self.awards for section in ids.sections]
        done += [(question, "question") in self.awards for question in ids.questions]
        done += [(ids.exercise, "explained") in self.awards] if ids.exercise else []
        return sum(done) / len(done) if done else 0.0

    def award(self, event: Event, item: str, award: str, xp: int | None = None) -> None:
        """Give `award` for `item`, unless it was given before; `xp` where it is worth less than usual."""
        if (item, award) not in self.awards:
            points = XP[award] if xp is None else xp
            self.awards[item, award] = Award(item, award, points, event.id, event.at)

    def is_question(self, item: str) -> bool:
        """Whether the course has a question with this id."""
        return item in self.question_ids


def _section_read(ledger: Ledger, event: Event) -> None:
    lesson = ledger.lesson_of.get(event.item)
    if lesson is None or event.item not in ledger.lessons[lesson].sections:
        return
    langs, lang = ledger.languages_read.setdefault(event.item, set()), str(event.payload.get("lang", ""))
    if lang not in langs:
        langs.add(lang)
        ledger.award(event, event.item, "section")


def _question_answered(ledger: Ledger, event: Event) -> None:
    item, payload = event.item, event.payload
    if item not in ledger.question_ids:
        return
    right, confidence = payload.get("right") is True, payload.get("confidence")
    certainty = confidence if isinstance(confidence, str) and confidence in CONFIDENCE else ""
    chosen, attempt = payload.get("chosen"), _counted(payload.get("attempt"), 0)
    before = ledger.questions.get(item)
    if before is None:
        ledger.questions[item] = Answered(right, 1, right, chosen, attempt, certainty)
    else:
        _, tries, first_try, *_, first_certainty = before
        ledger.questions[item] = Answered(right or before.right, tries + 1, first_try, chosen, attempt, first_certainty)
    if right and (before is None or not before.right):
        ledger.award(event, item, "question", question_xp(len(ledger.hints.get(item, ()))))
        if before is None:
            ledger.award(event, item, "first-try")
    if _new_day(ledger, event):
        _recall(ledger, event, rating(right, len(ledger.hints.get(item, ())), certainty))


def _review_done(ledger: Ledger, event: Event) -> None:
    """Pays once, for remembering on a later day what was answered right; of what never was, it is practice."""
    if event.item not in ledger.questions:
        return
    right, given = event.payload.get("right") is True, _counted(event.payload.get("rating"), 1)
    day, first = _day(event.at), ledger.awards.get((event.item, "question"))
    if first and day:
        ledger.review_days.add(day)
    if right and first and "" < _day(first.at) < day:
        ledger.award(event, event.item, "review")
    if _new_day(ledger, event):
        _recall(ledger, event, given if right and given in (2, 3, 4) else rating(right))


def _new_day(ledger: Ledger, event: Event) -> bool:
    """Of each day the first answer tells what was remembered; the others repeat what was just read."""
    before = ledger.recalls.get(event.item)
    return not (before and before[-1].at[:_DATE] == event.at[:_DATE]) and _day(event.at) != ""


def _recall(ledger: Ledger, event: Event, grade: int) -> None:
    recall = Recall(event.at, grade, event.payload.get("confidence") == CERTAIN)
    ledger.recalls[event.item] = (*ledger.recalls.get(event.item, ()), recall)


def _day(at: str) -> str:
    """The learner's own date of a moment; "" for what is none, or of no time in which anybody learns."""
    try:
        moment = datetime.fromisoformat(at)
    except ValueError:
        return ""
    return at[:_DATE] if moment.tzinfo and at[4:5] == "-" and 2000 <= moment.year < 3000 else ""


def _hint_used(ledger: Ledger, event: Event) -> None:
    """Each hint of a question counts once, and only before the question's award is given."""
    hint = _counted(event.payload.get("hint"), 1)
    if ledger.is_question(event.item) and hint:
        ledger.hints.setdefault(event.item, set()).add(hint)


def _counted(value: object, least: int) -> int:
    """A payload's whole number; 0 for anything else."""
    return value if type(value) is int and value >= least else 0


def _exercise(ledger: Ledger, event: Event) -> None:
    exercise = ledger.exercise_of.get(event.item)
    if exercise is None:
        return
    state = ledger.exercises.get(exercise, ExerciseState())
    locked, measured, runs = dict(state.locked), dict(state.measured), dict(state.runs)
    sentences = state.sentences
    match event.kind:
        case "prediction.locked":
            locked.setdefault(event.item, event.payload)
        case "exercise.measured":
            measured.setdefault(event.item, event.payload)
        case "exercise.run":
            if run := str(event.payload.get("run", "")):
                runs[str(event.payload.get("name", ""))] = run
        case "exercise.explained":
            sentences = str(event.payload.get("sentences", "")).strip() or sentences
    state = ExerciseState(locked, measured, sentences, runs)
    ledger.exercises[exercise] = state
    if state.measured:
        ledger.award(event, exercise, "measured")
    if state.explained:
        ledger.award(event, exercise, "explained")


def _run(ledger: Ledger, event: Event) -> None:
    method = event.payload.get("method")
    if isinstance(method, str):
        ledger.methods[event.item] = method
    if event.kind == "run.finished":
        ledger.runs_finished.add(event.item)
    method = ledger.methods.get(event.item)
    if method in METHODS and event.item in ledger.runs_finished:
        ledger.award(event, method, "run")


def _proof(ledger: Ledger, event: Event) -> None:
    ledger.evidence[event.kind, event.item] = event.payload


def _position(ledger: Ledger, event: Event) -> None:
    if event.item not in ledger.lessons:
        return
    block = event.payload.get("block")
    ledger.position[event.item] = str(event.payload.get("section", ""))
    ledger.position_block[event.item] = block if isinstance(block, int) else 0
    ledger.last_lesson = event.item


def _language(ledger: Ledger, event: Event) -> None:
    lang = event.payload.get("lang")
    if isinstance(lang, str):
        ledger.language = lang


def _setting(ledger: Ledger, event: Event) -> None:
    value = event.payload.get("value")
    if isinstance(value, str):
        ledger.settings[event.item] = value


_NO_LEARNING = ("lesson.position", "language.set", "setting.set")
_HANDLERS: Mapping[str, Callable[[Ledger, Event], None]] = {
    "section.read": _section_read,
    "question.answered": _question_answered,
    "hint.used": _hint_used,
    "review.done": _review_done,
    "prediction.locked": _exercise,
    "exercise.run": _exercise,
    "exercise.measured": _exercise,
    "exercise.explained": _exercise,
    "run.started": _run,
    "run.finished": _run,
    **dict.fromkeys(PROOFS, _proof),
    "lesson.position": _position,
    "language.set": _language,
    "setting.set": _setting,
}
