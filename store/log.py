"""The append-only log of what the learner did: TinyDB files that any number of windows may write at once."""

import json
import os
import re
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from tinydb import TinyDB
from tinydb.table import Table

from store.bulk import without_collection
from store.event import Event, from_document, is_id, now, uuid7
from store.storage import AtomicStorage, Notice, StoreError, locked, replace

SEGMENT = 256
"""Events in one file; TinyDB rewrites the last file for each event, so this keeps the cost of one flat."""

_DEVICE = re.compile(r"[0-9a-f]{16}")
_SEGMENT_NAME = re.compile(r"[0-9a-f]{16}-\d{6}\.json")
_CONFLICT_NAME = re.compile(r"[0-9a-f]{16}-\d{6}\W.+\.json")
"""What programs that copy folders make of a segment written in two places; it is read and never written."""

_NOBODY = "0" * 16
"""Whose files hold the events of a device whose id is none."""

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
        self._arrived: list[Event] = []
        self._ordered: tuple[Event, ...] | None = None
        self._highest = ""
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
            event = Event(uuid7(after=self._newest()), device, now(), kind, item, plain)
            self._write(device, [event])
        return event

    def keep(self, events: Iterable[Event]) -> int:
        """Write those of `events`, of whatever device, that are not known yet, as they are; return how many.

        Raises StoreError; what was written until then stays, and the same call goes on from there.
        """
        with self._guard, locked(self.folder):
            own = self._own_device()
            self.reload()
            fresh = sorted({event.id: event for event in events if event.id not in self._events}.items())
            devices: dict[str, list[Event]] = {}
            for _, event in fresh:
                devices.setdefault(event.device if _DEVICE.fullmatch(event.device) else _NOBODY, []).append(event)
            for device, theirs in devices.items():
                self._write(device, theirs)
            if own in devices:
                # Somebody else goes by this id, since a home was copied: so from now on this is another device.
                self._name_device()
        return len(fresh)

    @property
    def device(self) -> str:
        """The id of this device; raises StoreError where it has none yet and none can be written."""
        with self._guard, locked(self.folder):
            return self._own_device()

    def events(self) -> tuple[Event, ...]:
        """Every event known, in the order of their ids, each once."""
        with self._guard:
            if self._ordered is None:
                self._ordered = tuple(self._events[key] for key in sorted(self._events))
            return self._ordered

    def arrived(self, since: int = 0) -> list[Event]:
        """Every event known but the first `since`, in the order in which this object came to know them."""
        with self._guard:
            return self._arrived[since:]

    def reload(self) -> bool:
        """Read what other programs wrote since; True if anything is new. Raises StoreError."""
        with self._guard:
            known = len(self._events)
            try:
                changed = [(path, stat) for path in self._segments() if (stat := _stat(path)) != self._last_stat(path)]
                with without_collection(SEGMENT * len(changed)):
                    for path, stat in changed:
                        self._read(path, stat)
            except OSError as error:
                raise StoreError(
                    f"Progress could not be read from {self.folder} ({error.strerror or error}). "
                    "Allow reading there, and try again."
                ) from error
            return len(self._events) > known

    def _read(self, path: Path, stat: _Stat | None) -> None:
        # TinyDB's own reading wraps each document, which for a long log takes longer than all the rest.
        tables = AtomicStorage(path, self._notice).read() or {}
        documents = [each for each in tables.get("events", {}).values() if isinstance(each, dict)]
        self._seen[path] = _Seen(stat, len(documents))
        for document in documents:
            self._remember(from_document(document))

    def _last_stat(self, path: Path) -> object:
        seen = self._seen.get(path)
        return seen.stat if seen else ""

    def _write(self, device: str, events: list[Event]) -> None:
        """Add to the files of `device`, as many to each as it holds."""
        while events:
            path = self._active(device)
            count = self._seen[path].count if path in self._seen else 0
            part, events = events[: SEGMENT - count], events[SEGMENT - count :]
            self._table(path).insert_multiple(event.document() for event in part)
            self._seen[path] = _Seen(_stat(path), count + len(part))
            for event in part:
                self._remember(event)

    def _newest(self) -> str:
        """The highest id of all devices, so that what is done after a sync also counts as later."""
        if not self._events:
            return ""
        if not is_id(self._highest):
            return max(filter(is_id, self._events), default="")
        return self._highest

    def _remember(self, event: Event) -> None:
        if event.id not in self._events:
            self._events[event.id] = event
            self._arrived.append(event)
            if event.id > self._highest:
                self._highest = event.id
            self._ordered = None

    def _notice(self, notice: Notice) -> None:
        if notice not in self.notices:
            self.notices.append(notice)

    def _segments(self) -> list[Path]:
        """Every segment of which the file or its copy is there, oldest first for each device."""
        if not self.folder.exists():
            return []
        names = {name.removesuffix(".bak") for name in os.listdir(self.folder)}
        if not self._seen and (self.folder / "backups").is_dir():
            names |= {name.rpartition(".")[0] for name in os.listdir(self.folder / "backups")}
        fits = (name for name in sorted(names) if _SEGMENT_NAME.fullmatch(name) or _CONFLICT_NAME.fullmatch(name))
        return [self.folder / name for name in fits]

    def _table(self, path: Path) -> Table:
        # A fresh table each time: TinyDB remembers the next free key, which another process may have taken.
        return TinyDB(path, self._notice, storage=AtomicStorage).table("events")

    def _active(self, device: str) -> Path:
        own = sorted(
            path for path in self._seen if path.name.startswith(f"{device}-") and _SEGMENT_NAME.fullmatch(path.name)
        )
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
            if _DEVICE.fullmatch(text):
                self._device = text
            else:
                self._name_device()
        return self._device

    def _name_device(self) -> None:
        name = os.urandom(8).hex()
        replace(self.folder / "device", name.encode("ascii") + b"\n")
        self._device = name


def _stat(path: Path) -> _Stat | None:
    try:
        info = path.stat()
    except FileNotFoundError:
        return None
    return info.st_ino, info.st_size, info.st_mtime_ns
