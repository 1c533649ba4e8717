"""A small course, what a learner may do in it, and logs of that: sensible ones, and any at all."""

from datetime import datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from store.event import RESET, RESET_UNDONE, Event, now, uuid7
from store.ledger import PROOFS
from store.progress import CourseIds, LessonIds
from store.xp import METHODS

ONE = LessonIds(
    sections=("lora/one#a", "lora/one#b"),
    questions=("lora/one?x", "lora/one?y"),
    exercise="lora/one!count",
    predictions=("lora/one!count/here", "lora/one!count/there"),
)
TWO = LessonIds(sections=("lora/two#a",), questions=("lora/two?x",))
COURSE = CourseIds({"lora/one": ONE, "lora/two": TWO}, total=51)
QUESTIONS = (*ONE.questions, *TWO.questions)
DEVICES = ("a" * 16, "b" * 16, "c" * 16)

_last = [""]


def event(kind: str, item: str = "", **payload: object) -> Event:
    """An event that is newer than all before it."""
    _last[0] = uuid7(after=_last[0])
    return Event(_last[0], "0123456789abcdef", now(), kind, item, payload)


def later(event: Event, days: float = 1) -> Event:
    """The same, some days after it was."""
    return event._replace(at=(datetime.fromisoformat(event.at) + timedelta(days=days)).isoformat())


def everything() -> list[Event]:
    """All there is to do, done well."""
    return [
        *(event("section.read", item, lang=lang) for lang in ("en", "ko") for item in ONE.sections),
        event("section.read", "lora/two#a", lang="en"),
        *(event("question.answered", item, right=True, chosen=["a"]) for item in ONE.questions),
        event("question.answered", "lora/two?x", right=True, chosen=4.0),
        *(event("prediction.locked", item, value=96.0, text="96") for item in ONE.predictions),
        event("exercise.run", "lora/one!count", run="r0"),
        *(event("exercise.measured", item, truth=100, value=96, feedback="close") for item in ONE.predictions),
        event("exercise.explained", "lora/one!count", sentences="It adapts all. I thought one."),
        *(event("run.started", f"r{n}", run=f"r{n}", method=method) for n, method in enumerate(METHODS)),
        *(event("run.finished", f"r{n}", train_loss=0.3) for n, _ in enumerate(METHODS)),
        *(later(event("review.done", item, right=True, rating=3)) for item in QUESTIONS),
    ]


_items = st.sampled_from(
    [
        *(*ONE.sections, *ONE.questions, *ONE.predictions, *TWO.sections, *TWO.questions),
        *("lora/one!count", "lora/one", "r1", "r2", "lora/gone#a", ""),
    ]
)
json_values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=3,
)
_values = json_values | st.sampled_from([True, False, "en", "ko", *METHODS, 100, 97, 10**400, 1, 2, 3, 4, "certain"])
_keys = st.sampled_from(
    [
        *("hint", "confidence", "attempt", "right", "chosen", "lang", "truth", "value", "run", "method", "sentences"),
        *("section", "block", "rating", "after", "explained", "lora", "dora", "votes", "seeds", "faults", "errors"),
    ]
)
_kinds = st.sampled_from(
    [
        *("section.read", "question.answered", "hint.used", "review.done", "prediction.locked", "exercise.run"),
        *("exercise.measured", "exercise.explained", "run.started", "run.finished", "lesson.position", "language.set"),
        *("setting.set", "achievement.earned", "from.the.future", *PROOFS),
    ]
)
_moments = st.sampled_from(
    [
        *("2026-09-01T10:00:00.000+09:00", "2026-09-02T00:10:00.000+09:00", "2026-09-20T23:50:00.000-11:00"),
        *("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00", "2026-09-01", "never", ""),
    ]
)
_payloads = st.fixed_dictionaries({}, optional={"right": st.just(True), "lang": st.just("en")}) | st.dictionaries(
    _keys, _values, max_size=4
)
events = st.builds(
    Event,
    id=st.uuids(version=4).map(str),
    device=st.sampled_from(DEVICES),
    at=_moments,
    kind=_kinds,
    item=_items,
    payload=_payloads,
)


@st.composite
def logs(draw: st.DrawFn, size: int = 40) -> list[Event]:
    """Any log at all, of several devices, with resets that may be undone; each event once, in any order."""
    found = draw(st.lists(events, max_size=size, unique_by=lambda event: event.id))
    for each in draw(st.lists(st.uuids(version=4).map(str), max_size=3, unique=True)):
        found.append(Event(each, "a" * 16, "", RESET))
        if draw(st.booleans()):
            undone = str(draw(st.uuids(version=4)))
            found.append(Event(undone, "b" * 16, "", RESET_UNDONE, "", {"reset": each}))
    return draw(st.permutations(found))
