"""A run's events in bounded memory, kept on disk beside them, so that a long run opens as fast as a short one.

`state/digest.json` is a cache: whoever finds none, or one of other events, reads the events and writes it anew.
"""

import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from hashlib import blake2b
from pathlib import Path

from foreign import read_object
from lab.events.progress import RunProgress
from lab.events.schema import Answer, Event, Resumed, Samples, Train, Validation, parse
from lab.events.series import Over, Point
from lab.runs.directory import Run

VERSION = 3
TAIL = 512
"""Bytes before the digest's end that tell whether the file still begins as it was read."""
STRIDE = 1 << 16
MOST = 2048
"""Places of samples, and places in the file by iteration, that are remembered at most."""
SLICE = 1 << 18
"""Bytes read at once: few, so that reading takes little memory and leaves little behind."""
LONG = 1 << 20
"""Bytes of events from which on a reader keeps what it made of them."""
SPOTS = 200
SPOT = 1536


class Digest:
    """What the events up to byte `offset` say. `samples` are (iteration, byte offset) in order of iteration."""

    def __init__(self, run: Run, iterations: int = 0) -> None:
        self.run = run
        self.progress = RunProgress(iterations=iterations)
        self.samples: list[tuple[int, int]] = []
        self.places: list[tuple[int, int]] = []
        self.offset = 0
        self.kept = 0
        """The offset that is on disk."""
        self._stride = STRIDE

    @classmethod
    def of(cls, run: Run) -> "Digest":
        """All that was said up to now, however long that takes to read; one that took long is kept."""
        digest = cls.open(run)
        while digest.read():
            pass
        if digest.offset - digest.kept > LONG:
            digest.keep()
        return digest

    @classmethod
    def open(cls, run: Run) -> "Digest":
        """What is kept on disk, if it belongs to these events, and else an empty one; `read` goes on from there."""
        digest = cls(run)
        try:
            found = read_object(_path(run))
            if found["version"] == VERSION and found["tail"] == _tail(run, int(found["offset"])):
                digest.progress = RunProgress.from_json(found["progress"])
                digest.samples = [(int(at), int(offset)) for at, offset in found["samples"]]
                digest.places = [(int(at), int(offset)) for at, offset in found["places"]]
                digest._stride, digest.offset = int(found["stride"]), int(found["offset"])
                digest.kept = digest.offset
        except (OSError, ValueError, ArithmeticError, AttributeError, LookupError, TypeError):
            return cls(run)
        return digest

    @property
    def behind(self) -> int:
        """Bytes that were written and not yet read."""
        try:
            return max(0, (self.run.path / "events.jsonl").stat().st_size - self.offset)
        except OSError:
            return 0

    def read(self, limit: int = SLICE) -> bool:
        """Take in at most about `limit` more bytes; True when there were any."""
        before = self.offset
        data, end = self.run.lines(before, limit)
        for line in data.splitlines(keepends=True):
            if event := parse(line):
                self._take(event)
            self.offset += len(line)
        self.offset = end
        return end > before

    def keep(self) -> None:
        """Write it beside the events, whole or not at all; where that cannot be, nothing is lost but time."""
        found = {"version": VERSION, "offset": self.offset, "tail": _tail(self.run, self.offset),
                 "stride": self._stride, "samples": self.samples, "places": self.places,
                 "progress": self.progress.as_json()}  # fmt: skip
        with suppress(OSError):
            path = _path(self.run)
            handle, name = tempfile.mkstemp(prefix=".digest-", dir=path.parent)
            try:
                with os.fdopen(handle, "w", encoding="utf-8") as file:
                    json.dump(found, file)
                os.replace(name, path)
                self.kept = self.offset
            finally:
                Path(name).unlink(missing_ok=True)

    def train(self, over: Over = "iteration") -> list[Point]:
        """Training losses, at most a few thousand whatever the length of the run; extremes are always there."""
        return [point.over(over) for point in self.progress.train.points()]

    def smooth(self, over: Over = "iteration") -> list[Point]:
        """The moving average of the training loss."""
        return [point.over(over) for point in self.progress.smooth.points()]

    def validation(self, over: Over = "iteration") -> list[Point]:
        """Validation losses, the untrained model's at 0."""
        return [point.over(over) for point in self.progress.validation.points()]

    def best(self, over: Over = "iteration") -> Point | None:
        """The lowest validation loss of the trained model."""
        return self.progress.best and self.progress.best.over(over)

    def answers(self, iteration: float) -> tuple[int, list[Answer]] | None:
        """Iteration and answers of the samples at or before an iteration, or None if there are none."""
        found = next(((at, offset) for at, offset in reversed(self.samples) if at <= iteration), None)
        if found is None:
            return None
        event = parse(self.run.lines(found[1], 1 << 16)[0].partition(b"\n")[0])
        return found[0], (event.answers or []) if isinstance(event, Samples) else []

    def report(self, iteration: float) -> Train | None:
        """The newest report at or before an iteration, read from the file; None if there is none."""
        begin, end = self.stretch(iteration, iteration)
        told: list[tuple[int, Train]] = []
        for event, _ in _events(self.run, begin, end):
            if isinstance(event, Resumed) and event.iteration is not None:
                told = [each for each in told if each[0] <= (event.iteration or 0)]
            elif isinstance(event, Train) and event.iteration is not None and event.iteration <= iteration:
                told.append((event.iteration, event))
        return told[-1][1] if told else None

    def stretch(self, low: float, high: float) -> tuple[int, int]:
        """The bytes, from and to, in which everything between two iterations was said."""
        before = [offset for at, offset in self.places if at < low]
        after = [offset for at, offset in self.places if at > high]
        return (before[-1] if before else 0), (after[0] if after else self.offset)

    def detail(self, low: float, high: float, most: int) -> RunProgress | None:
        """The same with every loss between two iterations, or None if that means reading more than `most` bytes."""
        begin, end = self.stretch(low, high)
        if end - begin > most:
            return None
        progress = RunProgress(iterations=self.progress.iterations)
        progress.apply(event for event, _ in _events(self.run, begin, end))
        return progress

    def _take(self, event: Event) -> None:
        self.progress.apply((event,))
        at = self.progress.iteration
        if isinstance(event, Resumed):
            self.samples = [each for each in self.samples if each[0] <= at]
            self.places = [each for each in self.places if each[0] <= at]
        elif isinstance(event, Samples) and (told := event.iteration) is not None:
            self.samples = [each for each in self.samples if each[0] != told]
            self.samples.append((told, self.offset))
            if len(self.samples) > MOST:
                self.samples = [*self.samples[:-1:2], self.samples[-1]]
        elif type(event) is Train and self.offset >= (self.places[-1][1] if self.places else 0) + self._stride:
            self.places.append((at, self.offset))
            if len(self.places) > MOST:
                self.places, self._stride = self.places[1::2], self._stride * 2


def glimpse(run: Run) -> RunProgress:
    """A first picture of a run of any length, from a few hundred places spread over its events; for the meantime."""
    progress = RunProgress()
    try:
        size = (run.path / "events.jsonl").stat().st_size
    except OSError:
        return progress
    progress.apply(event for event, _ in _events(run, 0, min(size, SLICE // 4)))
    for spot in range(1, SPOTS):
        lines = run.bytes_at(size * spot // SPOTS, SPOT).splitlines(keepends=True)[1:]
        told = (event for line in lines if line.endswith(b"\n") and (event := parse(line)))
        progress.apply(event for event in told if isinstance(event, Train | Validation))
    lines = run.bytes_at(max(0, size - SLICE // 4), SLICE // 4).splitlines()[1:]
    progress.apply(event for line in lines if (event := parse(line)))
    return progress


def _events(run: Run, begin: int, end: int) -> Iterator[tuple[Event, int]]:
    """The events that begin in a stretch of bytes, which begins with a line, each with its offset."""
    offset = begin
    while offset < end:
        data, behind = run.lines(offset, min(SLICE, end - offset))
        if behind == offset:
            return
        for line in data.splitlines(keepends=True):
            if offset >= end:
                return
            if event := parse(line):
                yield event, offset
            offset += len(line)
        offset = behind


def _path(run: Run) -> Path:
    return run.path / "state" / "digest.json"


def _tail(run: Run, offset: int) -> str:
    begin = max(0, offset - TAIL)
    return blake2b(run.bytes_at(begin, offset - begin), digest_size=16).hexdigest()
