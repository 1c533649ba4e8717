"""The events of a run, version 1: one class for each kind, made by the writers and read back by `parse`.

docs/events.md says the same for people. The tests hold its tables, and every event of real runs, against these classes.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import MISSING, Field, dataclass, field, fields, is_dataclass
from datetime import datetime
from types import NoneType, UnionType
from typing import Annotated, Any, ClassVar, Final, Literal, NamedTuple, TypeVar, Union, get_args, get_origin

from foreign import from_json

VERSION: Final = 1
TOLD: Final = "told"
T = TypeVar("T")
Told = Annotated[T | None, TOLD]
"""What every writer of this version tells. A reader finds None where a line has nothing, or a value of another type."""
Count = Annotated[int, 0]
"""A whole number, 0 or more."""
Place = Annotated[int, 1]
"""A whole number, 1 or more."""
OMITTED: Final[Mapping[str, bool]] = {"omitted": True}
"""Of a field that is not written where it is empty."""
STAMP: Final = frozenset({"v", "at"})
"""What the log writes itself."""


@dataclass(slots=True, kw_only=True)
class Event:
    """What every event has. `more` are keys that this version does not know; they are kept as they came."""

    kind: ClassVar[str] = ""
    v: Told[int] = VERSION
    at: Told[str] = None
    """ISO 8601 with milliseconds and time zone; the log sets it when the event is written."""
    more: Mapping[str, Any] | None = field(default=None, repr=False)
    absent: frozenset[str] = field(default=frozenset(), repr=False)
    """Fields that the line did not hold, or not in their type."""

    def to_json(self) -> dict[str, Any]:
        """The event as the object that stands on a line."""
        found: dict[str, Any] = {"v": self.v, "at": self.at, "event": self.kind}
        found |= {name: plain(getattr(self, name)) for name in self.written()}
        found |= self.more or {}
        return {name: value for name, value in found.items() if name not in self.absent} if self.absent else found

    def written(self) -> list[str]:
        """The fields of its own kind that are written."""
        return [name for name, known in known_fields(type(self)).items()
                if name not in STAMP and not (known.omitted and getattr(self, name) is None)]  # fmt: skip


@dataclass(slots=True, kw_only=True)
class Unknown(Event):
    """An event of a kind that this version does not know; all that it says is in `more`."""

    name: str = ""

    def to_json(self) -> dict[str, Any]:
        return {"event": self.name, **(self.more or {})}


StageName = Literal["waiting", "quantizing", "loading", "training", "evaluating"]


@dataclass(slots=True, kw_only=True)
class Stage(Event):
    """What the engine is about to do, when that changes."""

    kind: ClassVar[str] = "stage"
    stage: Told[StageName]
    behind: str | None = field(default=None, metadata=OMITTED)
    position: Place | None = field(default=None, metadata=OMITTED)


@dataclass(slots=True, kw_only=True)
class Started(Event):
    """The model is ready; also written after a resume."""

    kind: ClassVar[str] = "started"
    pid: Told[int]
    ranks: Told[Place] = 1
    run: Told[str]
    method: Told[str]
    model: Told[str]
    data: Told[str]
    iterations: Told[Count]
    trainable_parameters: Told[Count]
    total_parameters: Told[Count]
    base_bytes: Told[Count]
    padding_share: float | None
    device: Told[str]
    blas: Told[str]


@dataclass(slots=True, kw_only=True)
class Resumed(Event):
    """The run goes on from its checkpoint: what was said before about later iterations is void."""

    kind: ClassVar[str] = "resumed"
    iteration: Told[Count]


@dataclass(slots=True, kw_only=True)
class Train(Event):
    """Every `steps_per_report` iterations, and at the last."""

    kind: ClassVar[str] = "train"
    iteration: Told[Count]
    train_loss: float | None
    learning_rate: Told[float]
    tokens_per_second: Told[float]
    iterations_per_second: Told[float]
    trained_tokens: Told[Count]
    peak_memory_bytes: Told[Count]
    elapsed_seconds: Told[float]
    remaining_seconds: Told[float]


@dataclass(slots=True, kw_only=True)
class Validation(Event):
    """The whole validation set was looked at."""

    kind: ClassVar[str] = "validation"
    iteration: Told[Count]
    val_loss: float | None
    best: Told[bool]
    worse: Told[bool] = False
    seconds: Told[float]


@dataclass(slots=True, kw_only=True)
class Test(Event):
    """The adapter was measured on the test split, after training."""

    __test__: ClassVar[bool] = False  # pytest would take it for tests
    kind: ClassVar[str] = "test"
    iteration: Told[Count]
    test_loss: float | None
    perplexity: float | None
    rows: Told[Count]
    seconds: Told[float]


@dataclass(slots=True, kw_only=True)
class Answer:
    """One sample: what was asked, what the data has (None for a prompt of one's own), what the model said."""

    prompt: str
    expected: str | None
    text: str
    more: Mapping[str, Any] | None = field(default=None, repr=False)


@dataclass(slots=True, kw_only=True)
class Samples(Event):
    """The model answered the sample prompts."""

    kind: ClassVar[str] = "samples"
    iteration: Told[Count]
    answers: Told[list[Answer]]


@dataclass(slots=True, kw_only=True)
class Saved(Event):
    """The adapter and, with it, the checkpoint for a resume are on disk."""

    kind: ClassVar[str] = "saved"
    iteration: Told[Count]
    file: Told[str]


@dataclass(slots=True, kw_only=True)
class Heartbeat(Event):
    """Nothing else was said for five seconds; the engine lives."""

    kind: ClassVar[str] = "heartbeat"
    iteration: Told[Count]
    resident_bytes: Told[Count]


VerdictKind = Literal["", "patience", "nan", "diverged", "worse", "untrained"]


@dataclass(slots=True, kw_only=True)
class Verdict:
    """Why a run ended other than by its number of iterations, or what is to be said of a training that did."""

    kind: VerdictKind
    what: str = field(default="", metadata=OMITTED)
    more: Mapping[str, Any] | None = field(default=None, repr=False)


@dataclass(slots=True, kw_only=True)
class Reason:
    """Why a run failed, in words."""

    what: str
    where: str
    remedy: str
    more: Mapping[str, Any] | None = field(default=None, repr=False)


@dataclass(slots=True, kw_only=True)
class LastWord(Event):
    """How a run ended and what it reached; also result.json. None is what it did not reach, or nobody knows."""

    run: Told[str]
    run_dir: Told[str]
    iterations: Count | None = None
    train_loss: float | None = None
    val_loss: float | None = None
    best_iteration: Count | None = None
    best_val_loss: float | None = None
    verdict: Told[Verdict] = field(default=None, metadata=OMITTED)
    test_loss: float | None = None
    test_perplexity: float | None = None
    trainable_parameters: Count | None = None
    trained_tokens: Count | None = None
    tokens_per_second: float | None = None
    seconds_per_iteration: float | None = None
    seconds: float | None = None
    peak_memory_bytes: Count | None = None
    peak_resident_bytes: Count | None = None
    adapter_bytes: Count | None = None


@dataclass(slots=True, kw_only=True)
class Finished(LastWord):
    """All iterations are done, or validation got no better for as long as `patience` says."""

    kind: ClassVar[str] = "finished"


@dataclass(slots=True, kw_only=True)
class Stopped(LastWord):
    """Somebody asked; the run can be resumed."""

    kind: ClassVar[str] = "stopped"


@dataclass(slots=True, kw_only=True)
class Failed(LastWord):
    """Something went wrong; the run can be resumed once that is mended."""

    kind: ClassVar[str] = "failed"
    error: Told[Reason]


EVENTS: Final[tuple[type[Event], ...]] = (
    *(Stage, Started, Resumed, Train, Validation, Test, Samples, Saved, Heartbeat, Finished, Stopped, Failed),
)
BY_KIND: Final = {each.kind: each for each in EVENTS}


def parse(line: bytes) -> Event | None:
    """The event on a line; None where no JSON object of UTF-8 stands there."""
    try:
        told = from_json(line.decode())
    except ValueError:
        return None
    return from_object(told) if type(told) is dict else None


def iteration_of(event: Event | None, other: int = 0) -> int:
    """The iteration that an event tells of, or `other` where it tells of none."""
    found: int | None = getattr(event, "iteration", None)
    return other if found is None else found


def from_object(told: dict[str, Any]) -> Event:
    """The event that a JSON object stands for. It is emptied on the way."""
    name = told.pop("event", None)
    known = _READERS.get(name) if type(name) is str else None
    if known is None:
        return Unknown(name=name if type(name) is str else "", more=told)
    kind, types = known
    for key, value in told.items():
        if value is not None and type(value) not in types.get(key, ()):
            return _mended(kind, told)
    try:
        return kind(**told)
    except TypeError:  # something is missing
        return _mended(kind, told)


def _mended(kind: type[Event], told: Mapping[str, Any]) -> Event:
    """The same of an object that is not as this version writes it, or that holds objects."""
    known, found = known_fields(kind), {}
    for name, each in known.items():
        value = _read(each, told[name]) if name in told else None
        if value is not None or (name in told and told[name] is None):
            found[name] = value
    absent = frozenset(known.keys() - found.keys())
    more = {name: value for name, value in told.items() if name not in known}
    return kind(**dict.fromkeys(absent) | found, more=more or None, absent=absent)


class Known(NamedTuple):
    """The type of a field: what a JSON value may be, whether null is meant, and whether it may be missing.

    `part` is the class of an object inside it, or of each object of its list; `choices` and `least` bind writers alone.
    """

    types: tuple[type, ...]
    nullable: bool
    optional: bool
    omitted: bool = False
    part: type[Any] | None = None
    choices: tuple[str, ...] = ()
    least: int | None = None


_KNOWN: dict[Any, dict[str, Known]] = {}


def known_fields(kind: type[Any]) -> dict[str, Known]:
    """The fields of an event or of a part of one, by name, in the order in which they are written."""
    if kind not in _KNOWN:
        names = (each for each in fields(kind) if each.name not in ("more", "absent", "name"))
        _KNOWN[kind] = {each.name: _known(each) for each in names}
    return _KNOWN[kind]


def _known(given: Field[Any]) -> Known:
    kind: Any = given.type
    marks: list[object] = []
    nullable = False
    while get_origin(kind) in (Annotated, Union, UnionType):
        inner = get_args(kind)
        if get_origin(kind) is Annotated:
            marks += inner[1:]
            kind = inner[0]
        else:
            nullable = NoneType in inner
            kind = next(each for each in inner if each is not NoneType)
    choices = get_args(kind) if get_origin(kind) is Literal else ()
    many = get_origin(kind) is list
    part: Any = get_args(kind)[0] if many else kind if is_dataclass(kind) else None
    types = (str,) if choices else (list,) if many else (dict,) if part else (float, int) if kind is float else (kind,)
    optional = given.default is not MISSING and given.name not in STAMP
    least = next((mark for mark in marks if isinstance(mark, int)), None)
    return Known(types, nullable and TOLD not in marks, optional, "omitted" in given.metadata, part, choices, least)


def _read(known: Known, value: Any) -> Any:
    """The value of a field, its objects as parts; None where it is of another type."""
    if type(value) not in known.types:
        return None
    if known.part is None:
        return value
    if type(value) is dict:
        return _part(known.part, value)
    return [part for each in value if type(each) is dict and (part := _part(known.part, each, strict=True))]


def _part(kind: type[Any], told: Mapping[str, Any], strict: bool = False) -> Any:
    """An object inside an event, with "" where a text is missing; with `strict`, None for one that is not whole."""
    known = known_fields(kind)
    found = {name: told[name] for name, each in known.items() if type(told.get(name)) in each.types}
    if strict and any(name not in found and not each.nullable for name, each in known.items()):
        return None
    blank = {name: None if each.nullable else "" for name, each in known.items()}
    more = {name: value for name, value in told.items() if name not in known}
    return kind(**blank | found, more=more or None)


def plain(value: Any) -> Any:
    """A value as JSON has it: objects for parts, and null for NaN and infinity."""
    if isinstance(value, list):
        return [plain(each) for each in value]
    if is_dataclass(value):
        known = known_fields(type(value))
        told = {name: plain(getattr(value, name)) for name in known if getattr(value, name) or not known[name].omitted}
        return told | (getattr(value, "more", None) or {})
    return None if isinstance(value, float) and not math.isfinite(value) else value


def check(line: str | bytes) -> None:
    """Raise ValueError if one line of events.jsonl is not an event just as this version writes it."""
    told = json.loads(line)
    kind = BY_KIND.get(told["event"])
    if kind is None:
        raise ValueError(f"{told['event']!r} is no kind of event")
    if told["v"] != VERSION or not datetime.fromisoformat(told["at"]).tzinfo:
        raise ValueError("v or at is not of this version")
    _check(kind, {name: value for name, value in told.items() if name != "event"})


def _check(kind: type[Any], told: Mapping[str, Any]) -> None:
    known = known_fields(kind)
    if more := told.keys() - known.keys():
        raise ValueError(f"{kind.__name__} has no {', '.join(sorted(more))}")
    for name, each in known.items():
        if name not in told:
            if not each.optional:
                raise ValueError(f"{kind.__name__} without {name}")
            continue
        value = told[name]
        if value is None:
            good = each.nullable
        else:
            good = type(value) in each.types and (not each.choices or value in each.choices)
            good = good and (each.least is None or value >= each.least)
        if not good:
            raise ValueError(f"{kind.__name__}: {name} is {value!r}")
        if each.part:
            for inner in value if type(value) is list else [value]:
                _check(each.part, inner)


_READERS: Final = {
    kind.kind: (kind, {name: () if known.part else known.types for name, known in known_fields(kind).items()})
    for kind in EVENTS
}
"""By kind: the class, and the types that are taken as they are; what has objects inside takes another way."""
