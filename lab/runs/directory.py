"""Run directories: the truth about every run. Whoever is interested reads them; only the engine writes events.

runs/<id>/  spec.yaml  events.jsonl  log.txt  result.json  adapters/  state/
"""

import os
import shutil
import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import psutil

from foreign import Refused, opened, read_object
from lab.errors import LabError
from lab.events.schema import Event, LastWord, Stage, Started, from_object, parse
from lab.hyperparameters import write_spec
from lab.runs.lock import engine_lives
from lab.runs.state import RunState
from lab.spec import RunSpec

DRAFT = ".new-"
"""A run directory that is being made is called so."""
OLD = 3600.0
"""Seconds after which nobody makes it any more."""
NOTE = "process.json"
TRASH = ".deleted"
"""The folder of deleted runs, among the runs."""
LONGEST = 32 << 20
"""Bytes of a line of events that is read; a longer one is passed over, so that it hides none after it."""
BEGINNING = 16 << 20
"""Bytes of events in which the engine's first words are looked for."""


@dataclass(frozen=True)
class Run:
    """One run directory. Everything is read from disk when asked for, so it is never out of date."""

    path: Path

    @property
    def id(self) -> str:
        return self.path.name

    @property
    def spec(self) -> RunSpec:
        return RunSpec.read(self.path / "spec.yaml")

    @property
    def adapters(self) -> Path:
        return self.path / "adapters"

    def events(self, offset: int = 0, limit: int = 1 << 20) -> tuple[list[Event], int]:
        """The complete events in about `limit` bytes after byte `offset`, and the offset to go on from, which is the
        same as long as nothing was added."""
        data, end = self.lines(offset, limit)
        return [event for line in data.splitlines() if (event := parse(line))], end

    def lines(self, offset: int, limit: int) -> tuple[bytes, int]:
        """The complete lines in `limit` bytes of events after byte `offset`, or in as many as one long line takes, and
        the offset behind them. Of a line that is too long nothing is returned but the offset to go on from."""
        data = self.bytes_at(offset, limit)
        while not (end := data.rfind(b"\n") + 1) and len(data) == limit < LONGEST:
            limit = min(limit * 8, LONGEST)  # samples can be long lines
            data = self.bytes_at(offset, limit)
        if not end and len(data) == limit:
            return b"", offset + limit
        return data[:end], offset + end

    def bytes_at(self, offset: int, count: int) -> bytes:
        """At most so many bytes of the events from byte `offset`; none where there are none, or they can't be read."""
        try:
            with opened(self.path / "events.jsonl") as file:
                file.seek(offset)
                return file.read(count)
        except (OSError, Refused):
            return b""

    def last_event(self) -> Event | None:
        """The newest event, read from the end of the file."""
        try:
            with opened(self.path / "events.jsonl") as file:
                end, size = file.seek(0, os.SEEK_END), 8192
                while True:
                    file.seek(max(0, end - size))
                    lines = file.read(size).splitlines()
                    event = next((event for line in reversed(lines) if (event := parse(line))), None)
                    if event or size >= min(end, LONGEST):
                        return event
                    size *= 8  # samples can be long lines
        except (OSError, Refused):
            return None

    def result(self) -> LastWord | None:
        """result.json, or None while there is none that holds a last word."""
        try:
            found = read_object(self.path / "result.json")
        except (OSError, Refused):
            return None
        found.setdefault("event", "finished")
        word = from_object(found)
        return word if isinstance(word, LastWord) else None

    def state(self) -> RunState:
        """What the run does now, or how it ended.

        `lab.runs.crash_recovery.settle` gives a lost run the last word it could not say.
        """
        result = self.result()
        if result:
            return RunState(result.kind)
        alive = self.lives()
        last = self.last_event()  # read after the engine was looked at, which may just have said its last word
        if not alive:
            return RunState(last.kind) if isinstance(last, LastWord) else RunState.LOST
        if self.asked_to_stop():
            return RunState.STOPPING
        return RunState.WAITING if isinstance(last, Stage) and last.stage == "waiting" else RunState.RUNNING

    def last_word(self) -> RunState | None:
        """How the run ended last, whether or not an engine works on it again; None if it never did."""
        word = self.result() or self.last_event()
        return RunState(word.kind) if isinstance(word, LastWord) else None

    def lives(self) -> bool:
        """Whether an engine works on it or will, since it stands in line: whether somebody holds the engine's lock."""
        return engine_lives(self.path)

    def noted(self) -> dict[str, Any]:
        """What was written down when the engine started (`lab.runs.launch.note_process`); empty if it never was."""
        try:
            return read_object(self.path / "state" / NOTE)
        except (OSError, Refused):
            return {}

    def asked_to_stop(self) -> bool:
        """Whether somebody asked the present engine, or the last one, to stop."""
        return (self.path / "state" / "stop").exists()

    @property
    def reported(self) -> Path:
        """Names the report that was last written about this run; not there before one was."""
        return self.path / "state" / "reported"

    def process(self) -> psutil.Process | None:
        """The engine's process, to send it a signal; None if there is none, or if the run only stands in line."""
        try:
            process = psutil.Process(int(self.noted()["pid"]))
        except (ValueError, KeyError, TypeError, OverflowError, psutil.Error):
            return None
        return process if self.lives() else None  # asked last: while the lock is held, the number is the holder's

    def files(self) -> list[tuple[str, int]]:
        """Name and bytes of each file of the adapter folder, the adapter itself first."""
        found = [
            (p.name, p.stat().st_size) for p in self.adapters.glob("*") if p.is_file() and not p.name.startswith(".")
        ]
        return sorted(found, key=lambda f: (f[0] != "adapters.safetensors", f[0]))

    def started(self) -> Started | None:
        """What the engine said of the training when it began; None before."""
        offset = 0
        while offset < BEGINNING:
            events, end = self.events(offset, 1 << 16 if offset else 1 << 12)  # it is among the first few
            if found := next((event for event in events if isinstance(event, Started)), None):
                return found
            if end == offset:
                break
            offset = end
        return None

    def begun(self) -> float:
        """Seconds since 1970 at which it began, by its engine's word; of one that has not, at which it was made."""
        try:
            started = self.started()
            return datetime.fromisoformat(started.at or "" if started else "").timestamp()
        except (LabError, ValueError, OverflowError, OSError):
            pass
        try:
            return (self.path / "spec.yaml").stat().st_mtime  # which is written once
        except OSError:
            return 0.0


class Runs:
    """All runs below one folder."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def create(self, spec: RunSpec, *, model_path: Path | str, data_path: Path | str) -> Run:
        """A new run directory with its spec, there whole or not at all. Raises LabError naming the place if it cannot
        be made, as on a full disk."""
        stem = f"{datetime.now():%Y%m%d-%H%M%S}-{Path(spec.data).name}-{spec.fine_tune_type}"
        work = self.root / f"{DRAFT}{uuid4().hex}"
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            self._sweep()
            for part in (work, work / "adapters", work / "state"):
                part.mkdir()
            number = 0
            while True:
                number += 1
                target = self.root / (stem if number == 1 else f"{stem}-{number}")
                if target.exists():
                    continue
                adapters = target / "adapters"
                write_spec(spec, work / "spec.yaml", model_path=model_path, data_path=data_path, adapter_path=adapters)
                try:
                    os.rename(work, target)
                except OSError:
                    if not target.exists():  # else somebody made it in this moment
                        raise
                else:
                    return Run(target)
        except OSError as error:
            raise LabError(f"no run can be made here ({error.strerror or error})", where=str(self.root),
                           remedy="check the folder, its permissions and its free space") from error  # fmt: skip
        finally:
            shutil.rmtree(work, ignore_errors=True)

    def _sweep(self) -> None:
        """Take away what was begun to be made and never became a run, because whoever made it was killed."""
        for path in self.root.glob(f"{DRAFT}*"):
            with suppress(OSError):
                if time.time() - path.stat().st_mtime > OLD:
                    shutil.rmtree(path, ignore_errors=True)

    def all(self) -> list[Run]:
        """Every run, newest first: by when it began, and by its id where two began at once."""
        if not self.root.is_dir():
            return []
        found = (p for p in self.root.iterdir() if not p.name.startswith(".") and os.path.lexists(p / "spec.yaml"))
        return sorted((Run(p) for p in found), key=lambda run: (run.begun(), run.id), reverse=True)

    def get(self, name: str) -> Run:
        """The run of that id or unique beginning of one, or at that path; "last" is the newest. Raises LabError."""
        folder = Path(name).expanduser()
        if name and (folder / "spec.yaml").exists():
            return Run(folder.resolve())
        runs = self.all()
        if name == "last" and runs:
            return runs[0]
        matches = [r for r in runs if name and r.id.startswith(name)]
        exact = [r for r in matches if r.id == name]
        if len(exact or matches) == 1:
            return (exact or matches)[0]
        what = f"{len(matches)} runs begin with {name!r}" if matches else f"no run {name!r}"
        raise LabError(what, where=str(self.root), remedy="`lowrank runs` lists them; `last` is the newest", usage=True)
