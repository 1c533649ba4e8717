"""Run directories: the truth about every run. Whoever is interested reads them; only the engine writes events.

runs/<id>/  spec.yaml  events.jsonl  log.txt  result.json  adapters/  state/
"""

import json
import os
import shutil
import signal
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import psutil

from lab.errors import LabError
from lab.runs.lock import engine_lives, launching
from lab.spec import RunSpec

ENDED = ("finished", "stopped", "failed")
NOTE = "process.json"
Event = dict[str, Any]


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
        """The complete events in the `limit` bytes after byte `offset`, and the offset to go on from."""
        try:
            with (self.path / "events.jsonl").open("rb") as file:
                file.seek(offset)
                data = file.read(limit)
        except FileNotFoundError:
            return [], 0
        end = data.rfind(b"\n") + 1
        return [event for line in data[:end].splitlines() if (event := _parse(line))], offset + end

    def last_event(self) -> Event:
        """The newest event, read from the end of the file (an empty dict if there is none)."""
        try:
            with (self.path / "events.jsonl").open("rb") as file:
                end, size = file.seek(0, os.SEEK_END), 8192
                while True:
                    file.seek(max(0, end - size))
                    lines = file.read(size).splitlines()
                    event = next((event for line in reversed(lines) if (event := _parse(line))), {})
                    if event or size >= end:
                        return event
                    size *= 8  # samples can be long lines
        except FileNotFoundError:
            return {}

    def result(self) -> Event | None:
        """result.json, or None while there is none."""
        try:
            found = json.loads((self.path / "result.json").read_text(encoding="utf-8"))
        except (FileNotFoundError, ValueError):
            return None
        return found if isinstance(found, dict) else None

    def state(self) -> str:
        """One of finished, stopped, failed; waiting, running, stopping; or lost: gone without a last word.

        `lab.runs.lost.settle` gives a lost run the last word it could not say.
        """
        result = self.result()
        if result:
            return str(result.get("event", "finished"))
        alive = self.lives()
        last = self.last_event()  # read after the engine was looked at, which may just have said its last word
        if not alive:
            return str(last["event"]) if last.get("event") in ENDED else "lost"
        if self.asked_to_stop():
            return "stopping"
        return "waiting" if last.get("stage") == "waiting" else "running"

    def last_word(self) -> str:
        """How the run ended last, in one of `ENDED`, whether or not an engine works on it again; "" if it never did."""
        word = (self.result() or self.last_event()).get("event")
        return str(word) if word in ENDED else ""

    def lives(self) -> bool:
        """Whether an engine works on it or will, since it stands in line: whether somebody holds the engine's lock."""
        return engine_lives(self.path)

    def noted(self) -> dict[str, Any]:
        """What was written down when the engine started (`lab.launch.note_process`); empty if it never was."""
        try:
            noted = json.loads((self.path / "state" / NOTE).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return noted if isinstance(noted, dict) else {}

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

    def stop(self) -> bool:
        """Ask the engine to stop at its next step and keep what it has; false if it is not running or just ends.

        Raises LabError if the run is gone, or if somebody else does something to it that takes too long.
        """
        with launching(self.path):
            process = self.process()
            if not self.lives() or self.result():
                return False
            (self.path / "state" / "stop").touch()
            if process is not None:  # whoever holds the lock without one looks at the note
                with suppress(psutil.Error):  # it ended in this moment
                    process.send_signal(signal.SIGTERM)
        return True

    def files(self) -> list[tuple[str, int]]:
        """Name and bytes of each file of the adapter folder, the adapter itself first."""
        found = [
            (p.name, p.stat().st_size) for p in self.adapters.glob("*") if p.is_file() and not p.name.startswith(".")
        ]
        return sorted(found, key=lambda f: (f[0] != "adapters.safetensors", f[0]))

    def started(self) -> Event:
        """The `started` event (an empty dict before the engine wrote it)."""
        try:
            with (self.path / "events.jsonl").open("rb") as file:
                for line in file:
                    event = _parse(line) if line.endswith(b"\n") else None
                    if event and event.get("event") == "started":
                        return event
        except FileNotFoundError:
            pass
        return {}

    @property
    def base_bytes(self) -> int:
        return int(self.started().get("base_bytes", 0))


class Runs:
    """All runs below one folder."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def create(self, spec: RunSpec, *, model_path: Path | str, data_path: Path | str) -> Run:
        """A new run directory with its spec, there whole or not at all."""
        self.root.mkdir(parents=True, exist_ok=True)
        stem = f"{datetime.now():%Y%m%d-%H%M%S}-{Path(spec.data).name}-{spec.fine_tune_type}"
        work = self.root / f".new-{uuid4().hex}"
        work.mkdir()
        number = 1
        while True:
            target = self.root / (stem if number == 1 else f"{stem}-{number}")
            if not target.exists():
                break
            number += 1
        (work / "adapters").mkdir()
        (work / "state").mkdir()
        spec.write(work / "spec.yaml", model_path=model_path, data_path=data_path, adapter_path=target / "adapters")
        try:
            os.rename(work, target)
        except OSError:
            shutil.rmtree(work, ignore_errors=True)
            return self.create(spec, model_path=model_path, data_path=data_path)
        return Run(target)

    def all(self) -> list[Run]:
        """Every run, newest first."""
        if not self.root.is_dir():
            return []
        found = (p for p in self.root.iterdir() if not p.name.startswith(".") and (p / "spec.yaml").exists())
        return [Run(p) for p in sorted(found, key=lambda p: p.name, reverse=True)]

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


def _parse(line: bytes) -> Event | None:
    try:
        event = json.loads(line)
    except ValueError:
        return None
    return event if isinstance(event, dict) else None
