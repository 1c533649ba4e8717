"""What a run's events say so far, in bounded memory. Pure: everything here can be read back from the file."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any

from lab.events.series import Point, Series
from lab.runs.state import TERMINAL

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
MOMENTS = ("_started_at", "_ended_at")


def number(event: Mapping[str, object], key: str) -> float | None:
    """The value as a number, or None: the file may have been written by anything."""
    value = event.get(key)
    if type(value) is float:
        return value
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if abs(value) < 1e300 or isinstance(value, float) else None


def whole(event: Mapping[str, object], key: str) -> int | None:
    value = number(event, key)
    return int(value) if value is not None and math.isfinite(value) else None


@dataclass
class RunProgress:
    """The state of one run as told by its events; losses per iteration, sizes in bytes, times in seconds."""

    iteration: int = 0
    iterations: int = 0
    stage: str = ""
    stage_done: int | None = None
    stage_total: int | None = None
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
    report: dict[str, object] = field(default_factory=dict)
    train: Series = field(default_factory=lambda: Series(CAPACITY))
    smooth: Series = field(default_factory=lambda: Series(CAPACITY))
    validation: Series = field(default_factory=lambda: Series(CAPACITY))
    ended: str = ""
    outcome: dict[str, object] = field(default_factory=dict)
    error: dict[str, str] = field(default_factory=dict)
    _average: float | None = None
    _told: Point | None = None
    _started_at: datetime | None = None
    _ended_at: datetime | None = None

    def apply(self, events: Iterable[Mapping[str, object]]) -> bool:
        """Take in more events, in the order of the file; True when there was anything to take in."""
        changed = False
        for event in events:
            kind = event.get("event")
            if kind == "train":  # of which there can be millions
                self._on_train(event)
            elif kind in TOLD:
                TOLD[kind](self, event)
            elif kind in TERMINAL:
                self._on_terminal(str(kind), event)
            else:
                continue
            if self.ended and kind not in TERMINAL:
                self.ended, self.outcome, self.error, self._ended_at = "", {}, {}, None
            changed = True
        return changed

    def _on_started(self, event: Mapping[str, object]) -> None:
        self.iterations = max(0, whole(event, "iterations") or 0) or self.iterations
        self.trainable_parameters = whole(event, "trainable_parameters")
        self.total_parameters = whole(event, "total_parameters")
        self.base_bytes = whole(event, "base_bytes")
        self.device = str(event.get("device") or "")
        self._started_at = _moment(event)
        self._enter("training")  # nothing else says so where there is no validation

    def _on_resumed(self, event: Mapping[str, object]) -> None:
        """What was told of later iterations is void."""
        self.iteration = whole(event, "iteration") or 0
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
            self.report = {}
        elif (whole(self.report, "iteration") or 0) > last.x:
            told = {"iteration": last.x, "train_loss": last.y}
            told |= {"trained_tokens": last.tokens, "elapsed_seconds": last.seconds}
            self.report |= {key: value for key, value in told.items() if key in self.report}

    def _on_stage(self, event: Mapping[str, object]) -> None:
        self.stage = str(event.get("stage") or "")
        self.stage_done = whole(event, "done")
        self.stage_total = whole(event, "total")
        self.behind, self.position = str(event.get("behind") or ""), whole(event, "position")

    def _enter(self, stage: str) -> None:
        if self.stage != stage:
            self.stage, self.stage_done, self.stage_total = stage, None, None
            self.behind, self.position = "", None

    def _on_train(self, event: Mapping[str, object]) -> None:
        self._advance(event)
        self._enter("training")
        self.report.update(event)  # numbers are looked for when somebody asks, since there can be millions of reports
        loss = number(event, "train_loss")
        tokens, seconds = number(event, "trained_tokens") or 0.0, number(event, "elapsed_seconds") or 0.0
        self._told = Point(self.iteration, loss or 0.0, tokens, seconds)
        if loss is None:
            return
        self.train_loss = loss
        if self.train.add(*self._told):
            before = loss if self._average is None else self._average
            self._average = before + self._weight() * (loss - before)
            self.smooth.add(self.iteration, self._average, tokens, seconds)

    def _on_validation(self, event: Mapping[str, object]) -> None:
        self._advance(event)
        self.validated = True
        loss = number(event, "val_loss")
        if loss is None:
            return
        self.val_loss = loss
        at = whole(event, "iteration") or 0
        point = Point(at, loss, *self._spent(at))
        if self.validation.add(*point) and at and (self.best is None or loss < self.best.y):
            self.best = point

    def _on_heartbeat(self, event: Mapping[str, object]) -> None:
        self._advance(event)
        self.resident = whole(event, "resident_bytes")

    def _on_saved(self, event: Mapping[str, object]) -> None:
        self.saved = whole(event, "iteration")

    def _on_terminal(self, kind: str, event: Mapping[str, object]) -> None:
        self.ended = kind
        self.outcome = dict(event)
        self._ended_at = _moment(event)
        error = event.get("error")
        if isinstance(error, Mapping):
            self.error = {key: str(error.get(key) or "") for key in ("what", "where", "remedy")}
        for key in ("train_loss", "val_loss"):
            value = number(event, key)
            if value is not None:
                setattr(self, key, value)
        for key in ("trainable_parameters", "total_parameters", "base_bytes"):
            count = whole(event, key)
            if count is not None:
                setattr(self, key, count)

    def _spent(self, iteration: float) -> tuple[float, float]:
        """Tokens and seconds of training up to an iteration, at the pace of the newest report where it tells none."""
        told = self._told
        if told is None or not told.x:
            return 0.0, 0.0
        share = iteration / told.x
        return told.tokens * share, told.seconds * share

    def _advance(self, event: Mapping[str, object]) -> None:
        self.iteration = max(self.iteration, whole(event, "iteration") or 0)

    def _weight(self) -> float:
        """Share of the newest loss in the average over a twentieth of the run, at least five reports."""
        first = self.train.first
        reports = self.iterations / first.x if first and first.x and self.iterations else 100.0
        return 2 / (max(5.0, reports / 20) + 1)

    @property
    def measured(self) -> dict[str, float]:
        """The numbers of the newest reports, by their names in the events."""
        return {key: value for key in NUMBERS if (value := number(self.report, key)) is not None}

    @property
    def held(self) -> int:
        """Bytes of memory by the newest heartbeat, or else by the newest report, which speaks of arrays alone."""
        return self.resident or whole(self.report, "peak_memory_bytes") or 0

    @property
    def done(self) -> float:
        """Share of the iterations done, 0 to 1."""
        return min(1.0, self.iteration / self.iterations) if self.iterations else 0.0

    @property
    def elapsed(self) -> float | None:
        """Seconds the run took by its own account or by the clock, or has taken at the last report."""
        told = number(self.outcome, "seconds")
        if told is not None:
            return told
        if self._started_at and self._ended_at:
            return (self._ended_at - self._started_at).total_seconds()
        return self.measured.get("elapsed_seconds")

    def outcome_number(self, key: str) -> float | None:
        """A number of the result, or the last one measured under the same name."""
        value = number(self.outcome, key)
        return self.measured.get(key) if value is None else value

    def as_json(self) -> dict[str, Any]:
        """Everything, as JSON can hold it."""
        found = {each.name: getattr(self, each.name) for each in fields(self)}
        found |= {name: getattr(self, name).as_json() for name in SERIES}
        return found | {name: found[name] and found[name].isoformat() for name in MOMENTS}

    @classmethod
    def from_json(cls, found: dict[str, Any]) -> RunProgress:
        """What `as_json` gave. Raises KeyError, TypeError or ValueError if it is something else."""
        found = found | {name: Series.from_json(found[name]) for name in SERIES}
        found |= {name: found[name] and datetime.fromisoformat(found[name]) for name in MOMENTS}
        found |= {name: found[name] and Point.read(found[name]) for name in ("best", "_told")}
        return cls(**{each.name: _of_its_type(str(each.type), found[each.name]) for each in fields(cls)})


TOLD: dict[object, Callable[[RunProgress, Mapping[str, object]], None]] = {
    "started": RunProgress._on_started,
    "resumed": RunProgress._on_resumed,
    "stage": RunProgress._on_stage,
    "validation": RunProgress._on_validation,
    "saved": RunProgress._on_saved,
    "heartbeat": RunProgress._on_heartbeat,
}


def _of_its_type(kind: str, value: Any) -> Any:
    """The value, which stood in a file, if it may stand in a field annotated so; raises TypeError."""
    known = {"int": int, "float": int | float, "str": str, "bool": bool, "None": type(None)}
    allowed = tuple(known[name] for name in kind.split(" | ") if name in known)
    wrong = bool(allowed) and not isinstance(value, (*allowed, Point, datetime))
    if kind.startswith("dict"):
        texts = value.values() if kind == "dict[str, str]" and isinstance(value, dict) else ()
        wrong = not isinstance(value, dict) or not all(isinstance(each, str) for each in texts)
    if wrong or isinstance(value, bool) is not (kind == "bool"):
        raise TypeError(f"{value!r} is no {kind}")
    return value


def _moment(event: Mapping[str, object]) -> datetime | None:
    try:
        moment = datetime.fromisoformat(str(event.get("at")))
    except ValueError:
        return None
    return moment if moment.tzinfo else None
