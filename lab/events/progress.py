"""What a run's events say so far, in bounded memory. Pure: everything here can be read back from the file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import datetime
from typing import Any, Final

from lab.events.schema import (
    Event,
    Failed,
    Heartbeat,
    LastWord,
    Reason,
    Resumed,
    Saved,
    Stage,
    Started,
    Train,
    Validation,
    from_object,
)
from lab.events.series import Point, Series

NUMBERS = {
    "learning_rate",
    "tokens_per_second",
    "iterations_per_second",
    "trained_tokens",
    "peak_memory_bytes",
    "elapsed_seconds",
    "remaining_seconds",
}
CAPACITY = 512
"""Buckets of a series: two for each column of a wide chart."""
SERIES = ("train", "smooth", "validation")
KEPT: Final = ("report", "outcome")
"""The fields that are events."""
MOMENTS = ("_started_at", "_ended_at")


def number(event: Mapping[str, object], key: str) -> float | None:
    """The value as a number, or None: the file may have been written by anything."""
    value = event.get(key)
    if type(value) is float:
        return value
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if abs(value) < 1e300 or isinstance(value, float) else None


@dataclass
class RunProgress:
    """The state of one run as told by its events; losses per iteration, sizes in bytes, times in seconds."""

    iteration: int = 0
    iterations: int = 0
    stage: str = ""
    behind: str = ""
    """The run just in front while this one waits, and the place in line."""
    position: int | None = None
    device: str = ""
    trainable_parameters: int | None = None
    total_parameters: int | None = None
    base_bytes: int | None = None
    saved: int | None = None
    """Iteration of the newest checkpoint."""
    resident: int | None = None
    """Bytes of memory of the engine by its newest heartbeat."""
    train_loss: float | None = None
    validated: bool = False
    """A validation was told of, be its loss a number or not."""
    val_loss: float | None = None
    best: Point | None = None
    report: Train | None = None
    train: Series = field(default_factory=lambda: Series(CAPACITY))
    smooth: Series = field(default_factory=lambda: Series(CAPACITY))
    validation: Series = field(default_factory=lambda: Series(CAPACITY))
    outcome: LastWord | None = None
    """Its last word, unless another event follows it."""
    _average: float | None = None
    _told: Point | None = None
    _started_at: datetime | None = None
    _ended_at: datetime | None = None

    def apply(self, events: Iterable[Event]) -> bool:
        """Take in more events, in the order of the file; True when there was anything to take in."""
        changed = False
        for event in events:
            if type(event) is Train:  # of which there can be millions
                self._on_train(event)
            elif not self._take(event):
                continue
            if self.outcome is not None and self.outcome is not event:
                self.outcome = self._ended_at = None
            changed = True
        return changed

    def _take(self, event: Event) -> bool:
        """Take in one that is no report; False for one that tells nothing here."""
        match event:
            case Started():
                self._on_started(event)
            case Resumed():
                self._on_resumed(event)
            case Stage():
                self.stage, self.behind, self.position = event.stage or "", event.behind or "", event.position
            case Validation():
                self._on_validation(event)
            case Saved():
                self.saved = event.iteration
            case Heartbeat():
                self._advance(event.iteration)
                self.resident = event.resident_bytes
            case LastWord():
                self._on_last_word(event)
            case _:
                return False
        return True

    def _on_started(self, event: Started) -> None:
        self.iterations = max(0, event.iterations or 0) or self.iterations
        self.trainable_parameters = event.trainable_parameters
        self.total_parameters = event.total_parameters
        self.base_bytes = event.base_bytes
        self.device = event.device or ""
        self._started_at = _moment(event)
        self._enter("training")  # nothing else says so where there is no validation

    def _on_resumed(self, event: Resumed) -> None:
        """What was told of later iterations is void."""
        self.iteration = event.iteration or 0
        for series in (self.train, self.smooth, self.validation):
            series.cut(self.iteration)
        self._average = self.smooth.last.y if self.smooth.last else None
        if self.best is not None and self.best.x > self.iteration:
            trained = (point for point in self.validation.points() if point.x)
            self.best = min(trained, key=lambda point: point.y, default=None)
        self._told = last = self.train.last
        self.val_loss = self.validation.last.y if self.validation.last else None
        self.train_loss = last.y if last else None
        if last is None:
            self.report = None
        elif self.report is not None and (self.report.iteration or 0) > last.x:
            told: dict[str, Any] = {"trained_tokens": int(last.tokens), "elapsed_seconds": last.seconds}
            told = {name: value for name, value in told.items() if getattr(self.report, name) is not None}
            self.report = replace(self.report, iteration=int(last.x), train_loss=last.y, **told)

    def _enter(self, stage: str) -> None:
        if self.stage != stage:
            self.stage, self.behind, self.position = stage, "", None

    def _on_train(self, event: Train) -> None:
        self._advance(event.iteration)
        self._enter("training")
        if event.absent and self.report:  # what it does not tell still holds
            event = replace(event, **{name: getattr(self.report, name) for name in event.absent})
        self.report = event
        loss = event.train_loss
        tokens, seconds = event.trained_tokens or 0, event.elapsed_seconds or 0.0
        self._told = Point(self.iteration, loss or 0.0, tokens, seconds)
        if loss is None:
            return
        self.train_loss = loss
        if self.train.add(*self._told):
            before = loss if self._average is None else self._average
            self._average = before + self._weight() * (loss - before)
            self.smooth.add(self.iteration, self._average, tokens, seconds)

    def _on_validation(self, event: Validation) -> None:
        self._advance(event.iteration)
        self.validated = True
        loss = event.val_loss
        if loss is None:
            return
        self.val_loss = loss
        at = event.iteration or 0
        point = Point(at, loss, *self._spent(at))
        if self.validation.add(*point) and at and (self.best is None or loss < self.best.y):
            self.best = point

    def _on_last_word(self, event: LastWord) -> None:
        self.outcome = event
        self._ended_at = _moment(event)
        self.train_loss = self.train_loss if event.train_loss is None else event.train_loss
        self.val_loss = self.val_loss if event.val_loss is None else event.val_loss
        if event.trainable_parameters is not None:
            self.trainable_parameters = event.trainable_parameters

    def _spent(self, iteration: float) -> tuple[float, float]:
        """Tokens and seconds of training up to an iteration, at the pace of the newest report where it tells none."""
        told = self._told
        if told is None or not told.x:
            return 0.0, 0.0
        share = iteration / told.x
        return told.tokens * share, told.seconds * share

    def _advance(self, iteration: int | None) -> None:
        if iteration is not None and iteration > self.iteration:
            self.iteration = iteration

    def _weight(self) -> float:
        """Share of the newest loss in the average over a twentieth of the run, at least five reports."""
        first = self.train.first
        reports = self.iterations / first.x if first and first.x and self.iterations else 100.0
        return 2 / (max(5.0, reports / 20) + 1)

    @property
    def ended(self) -> str:
        """The kind of its last word; "" while it goes on."""
        return "" if self.outcome is None else self.outcome.kind

    @property
    def error(self) -> Reason | None:
        """Why it failed, if it did and anything was told."""
        return self.outcome.error if isinstance(self.outcome, Failed) else None

    @property
    def measured(self) -> dict[str, float]:
        """The numbers of the newest report, by their names in the events."""
        found = {key: getattr(self.report, key, None) for key in NUMBERS}
        return {key: value for key, value in found.items() if value is not None}

    @property
    def held(self) -> int:
        """Bytes of memory by the newest heartbeat, or else by the newest report, which speaks of arrays alone."""
        return self.resident or (self.report.peak_memory_bytes if self.report else 0) or 0

    @property
    def done(self) -> float:
        """Share of the iterations done, 0 to 1."""
        return min(1.0, self.iteration / self.iterations) if self.iterations else 0.0

    @property
    def elapsed(self) -> float | None:
        """Seconds the run took by its own account or by the clock, or has taken at the last report."""
        if self.outcome is not None and self.outcome.seconds is not None:
            return self.outcome.seconds
        if self._started_at and self._ended_at:
            return (self._ended_at - self._started_at).total_seconds()
        return self.measured.get("elapsed_seconds")

    def outcome_number(self, key: str) -> float | None:
        """A number of the result, or the last one measured under the same name."""
        value: float | None = getattr(self.outcome, key, None)
        return self.measured.get(key) if value is None else value

    def as_json(self) -> dict[str, Any]:
        """Everything, as JSON can hold it."""
        found = {each.name: getattr(self, each.name) for each in fields(self)}
        found |= {name: getattr(self, name).as_json() for name in SERIES}
        found |= {name: found[name] and found[name].to_json() for name in KEPT}
        return found | {name: found[name] and found[name].isoformat() for name in MOMENTS}

    @classmethod
    def from_json(cls, found: dict[str, Any]) -> RunProgress:
        """What `as_json` gave. Raises KeyError, TypeError or ValueError if it is something else."""
        found = found | {name: Series.from_json(found[name]) for name in SERIES}
        found |= {name: found[name] and datetime.fromisoformat(found[name]) for name in MOMENTS}
        found |= {name: found[name] and from_object(found[name]) for name in KEPT}
        found |= {name: found[name] and Point.read(found[name]) for name in ("best", "_told")}
        return cls(**{each.name: _of_its_type(str(each.type), found[each.name]) for each in fields(cls)})


def _of_its_type(kind: str, value: Any) -> Any:
    """The value, which stood in a file, if it may stand in a field annotated so; raises TypeError."""
    known = {"int": int, "float": int | float, "str": str, "bool": bool, "None": type(None), "Train": Train,
             "LastWord": LastWord}  # fmt: skip
    allowed = tuple(known[name] for name in kind.split(" | ") if name in known)
    wrong = bool(allowed) and not isinstance(value, (*allowed, Point, datetime))
    if wrong or isinstance(value, bool) is not (kind == "bool"):
        raise TypeError(f"{value!r} is no {kind}")
    return value


def _moment(event: Event) -> datetime | None:
    try:
        moment = datetime.fromisoformat(event.at or "")
    except ValueError:
        return None
    return moment if moment.tzinfo else None
