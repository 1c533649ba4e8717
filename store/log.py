"""The append-only log of what the learner did: TinyDB files that any number of windows may write at once."""

import json
import os
import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tinydb import TinyDB
from tinydb.table import Table

from store.event import Event, from_document, now, uuid7
from store.storage import AtomicStorage, Notice, StoreError, locked, replace

SEGMENT = 256
"""Events in one file; TinyDB rewrites the last file for each event, so this keeps the cost of one flat."""

_DEVICE = re.compile(r"[0-9a-f]{16}")
_SEGMENT_NAME = re.compile(r"[0-9a-f]{16}-\d{6}\.json")
_Stat = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class _Seen:
    """A segment as last read: its stat (None where only its copy was there) and its number of events."""

    stat: _Stat | None
    count: int


class EventLog:
    """The events under `folder`, of every device; opening writes nothing, not even the folder.

    `notices` collects the damaged files that were met. Safe to use from several threads.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.notices: list[Notice] = []
        self._guard = threading.RLock()
        self._seen: dict[Path, _Seen] = {}
        self._events: dict[str, Event] = {}
        self._newest: dict[str, str] = {}
        self._ordered: tuple[Event, ...] | None = None
        self._device = ""
        self.reload()

    def append(self, kind: str, item: str = "", payload: Mapping[str, object] | None = None) -> Event:
        """Write one event and return it once it is on disk; takes some milliseconds.

        Numbers that JSON lacks (NaN and the infinities) become None. Raises StoreError where nothing
        could be written, and TypeError for a payload that is not JSON.
        """
        plain = json.loads(json.dumps(dict(payload or {})), parse_constant=lambda _: None)
        with self._guard, locked(self.folder):
            device = self._own_device()
            self.reload()
            event = Event(uuid7(after=self._newest.get(device, "")), device, now(), kind, item, plain)
            path = self._active(device)
            self._table(path).insert(event.document())
            count = self._seen[path].count if path in self._seen else 0
            self._seen[path] = _Seen(_stat(path), count + 1)
            self._remember(event)
        return event

    def events(self) -> tuple[Event, ...]:
        """Every event known, in the order of their ids, each once."""
        with self._guard:
            if self._ordered is None:
                self._ordered = tuple(self._events[key] for key in sorted(self._events))
            return self._ordered

    def reload(self) -> bool:
        """Read what other programs wrote since; True if anything is new. Raises StoreError."""
        with self._guard:
            known = len(self._events)
            try:
                for path in self._segments():
                    stat = _stat(path)
                    if path not in self._seen or self._seen[path].stat != stat:
                        events = [from_document(document) for document in self._table(path)]
                        self._seen[path] = _Seen(stat, len(events))
                        for event in events:
                            self._remember(event)
            except OSError as error:
                raise StoreError(
                    f"Progress could not be read from {self.folder} ({error.strerror or error}). "
                    "Allow reading there, and try again."
                ) from error
            return len(self._events) > known

    def _remember(self, event: Event) -> None:
        if event.id not in self._events:
            self._events[event.id] = event
            self._newest[event.device] = max(event.id, self._newest.get(event.device, ""))
            self._ordered = None

    def _notice(self, notice: Notice) -> None:
        if notice not in self.notices:
            self.notices.append(notice)

    def _segments(self) -> list[Path]:
        """Every segment of which the file or its copy is there, oldest first for each device."""
        if not self.folder.exists():
            return []
        names = {name.removesuffix(".bak") for name in os.listdir(self.folder)}
        return [self.folder / name for name in sorted(names) if _SEGMENT_NAME.fullmatch(name)]

    def _table(self, path: Path) -> Table:
        # A fresh table each time: TinyDB remembers the next free key, which another process may have taken.
        return TinyDB(path, self._notice, storage=AtomicStorage).table("events")

    def _active(self, device: str) -> Path:
        own = sorted(path for path in self._seen if path.name.startswith(f"{device}-"))
        if not own:
            return self.folder / f"{device}-000001.json"
        last = own[-1]
        if self._seen[last].count < SEGMENT:
            return last
        return self.folder / f"{device}-{int(last.stem.rpartition('-')[2]) + 1:06d}.json"

    def _own_device(self) -> str:
        if not self._device:
            file = self.folder / "device"
            text = file.read_text("ascii", "replace").strip() if file.exists() else ""
            if not _DEVICE.fullmatch(text):
                text = os.urandom(8).hex()
                replace(file, text.encode("ascii") + b"\n")
            self._device = text
        return self._device


def _stat(path: Path) -> _Stat | None:
    try:
        info = path.stat()
    except FileNotFoundError:
        return None
    return info.st_ino, info.st_size, info.st_mtime_ns
