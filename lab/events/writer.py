"""Writing a run's events: one JSON object a line, appended whole, flushed at once."""

import json
import os
import threading
from datetime import datetime
from pathlib import Path

from lab.events.digest import Digest
from lab.events.schema import STAMP, VERSION, Event, LastWord, Saved
from lab.runs.directory import Run

KEPT = (Saved, LastWord)
"""Events that are on disk for good when `write` returns."""


class EventLog:
    """Appends to a run's events.jsonl, from any thread; a last word also becomes result.json.

    A line that a killed writer left unfinished is closed first, so that it costs no event after it.
    """

    def __init__(self, run: Path) -> None:
        self.run = run
        self._lock = threading.RLock()
        self._digest: Digest | None = None
        self._file = os.open(run / "events.jsonl", os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)

    def write(self, event: Event) -> None:
        """Append one event, and set its time. Raises OSError, on a full disk for instance."""
        event.v, event.at = VERSION, datetime.now().astimezone().isoformat(timespec="milliseconds")
        event.absent -= STAMP
        line = json.dumps(event.to_json(), ensure_ascii=False)
        with self._lock:
            data = (
                (b"\n" if self._torn() else b"") + line.encode("utf-8", "replace") + b"\n"
            )  # half a surrogate pair is "?"
            while data:
                data = data[os.write(self._file, data) :]
            if isinstance(event, KEPT):
                os.fsync(self._file)
                self._digested()

    def last_word(self, event: LastWord) -> None:
        """Write result.json whole or not at all, then the event; the event also where result.json does not fit."""
        temporary = self.run / ".result.json"
        told = {name: value for name, value in event.to_json().items() if name not in STAMP}
        try:
            temporary.write_text(json.dumps(told, indent=2), encoding="utf-8", errors="replace")
            with temporary.open("rb") as file:
                os.fsync(file.fileno())
            os.replace(temporary, self.run / "result.json")
        finally:
            temporary.unlink(missing_ok=True)
            self.write(event)

    def close(self) -> None:
        """Write no more; the file is closed with the object's last thread."""
        with self._lock:
            if self._file >= 0:
                os.close(self._file)
                self._file = -1

    def _digested(self) -> None:
        """Keep the digest beside the events, so that no reader has to read them all."""
        self._digest = self._digest or Digest.open(Run(self.run))
        while self._digest.read():
            pass
        self._digest.keep()

    def _torn(self) -> bool:
        end = os.lseek(self._file, 0, os.SEEK_END)
        return end > 0 and os.pread(self._file, 1, end - 1) != b"\n"
