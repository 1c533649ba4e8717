"""The append-only log of what the learner did: TinyDB files that any number of windows may write at once."""

import json
import os
import re
import threading
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from tinydb import TinyDB

import foreign
from store import compact
from store.errors import StoreError, reason
from store.event import LATEST, Event, from_document, is_id, now, uuid7
from store.gc_pause import without_collection
from store.storage import LARGEST, AtomicStorage, Damaged, Notice, Tables, checksum, locked, replace, unseal

SEGMENT = 256
"""Events in one file; TinyDB rewrites the last file for each event, so this keeps the cost of one flat."""

COMPACT = 16
"""Full files that were read the long way before the cache of them is written again."""

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
        self._seen: dict[str, _Seen] = {}
        self._events: dict[str, Event] = {}
        self._arrived: list[Event] = []
        self._ordered: tuple[Event, ...] | None = None
        self._highest = ""
        self._full: dict[str, list[Event]] = {}
        self._missed = 0
        self.reload()

    def append(self, kind: str, item: str = "", payload: Mapping[str, object] | None = None) -> Event:
        """Write one event and return it once it is on disk; takes some milliseconds.

        Numbers that JSON lacks (NaN and the infinities) become None. Raises StoreError where it could not be
        written, with the event, which `keep` may be given later; and TypeError for a payload that is not JSON.
        """
        plain = _plain(payload or {})
        event = Event(uuid7(after=self._newest()), "", now(), kind, item, plain)
        try:
            with self._guard, locked(self.folder):
                self.reload()
                event = event._replace(id=uuid7(after=self._newest()), device=self._own_device())
                self._write(event.device, [event])
        except StoreError as error:
            error.event = event
            raise
        return event

    def keep(self, events: Iterable[Event], own: bool = False) -> int:
        """Write those of `events`, of whatever device, that are not known yet, as they are; return how many.

        `own` ones were made here before there was a device to name: they become this device's.
        Raises StoreError; what was written until then stays, and the same call goes on from there.
        """
        me = self.device
        self.reload()
        if own:
            events = [event._replace(device=me, payload=_plain(event.payload)) for event in events]
        fresh = {event.id: event for event in events if event.id not in self._events}
        devices: dict[str, list[Event]] = {}
        for _, event in sorted(fresh.items()):
            devices.setdefault(event.device if _DEVICE.fullmatch(event.device) else _NOBODY, []).append(event)
        if me in devices and not own:
            # Somebody else goes by this id, since a home was copied: so from now on this is another device.
            with self._guard, locked(self.folder):
                self._name_device()
        new = 0
        for device, theirs in devices.items():
            while theirs:
                # One file at a time, so that another window need not wait for all of a long import.
                with self._guard, locked(self.folder):
                    self.reload()
                    theirs = [event for event in theirs if event.id not in self._events]
                    room = self._room(device)
                    if theirs:
                        self._write(device, theirs[:room])
                    new += len(theirs[:room])
                    theirs = theirs[room:]
        return new

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
                changed = self._changed()
                with without_collection(SEGMENT * len(changed)):
                    self._read_all(changed)
            except OSError as error:
                why = reason(error)
                raise StoreError(
                    f"Progress could not be read from {self.folder} ({why['en']}). Allow reading there, and try again.",
                    f"{self.folder}: 진도를 읽지 못했어요({why['ko']}). 읽을 수 있게 하고 다시 해 주세요.",
                ) from error
            return len(self._events) > known

    def tidy(self) -> None:
        """Write the cache of full files again where enough of them were read the long way; may take a second."""
        with self._guard:
            full, self._full, missed, self._missed = self._full, {}, self._missed, 0
        if missed >= COMPACT:
            with suppress(OSError):
                compact.write(self.folder / "compact", full)

    def _read_all(self, changed: list[tuple[str, _Stat | None]]) -> None:
        many = len(changed) > COMPACT
        cached = compact.read(self.folder / "compact") if many else {}
        for name, stat in changed:
            key, events = self._read(self.folder / name, cached)
            self._seen[name] = _Seen(stat, len(events))
            self._remember(events)
            if many and key and len(events) >= SEGMENT:
                self._full[key] = events
                self._missed += key not in cached

    def _read(self, path: Path, cached: Mapping[str, compact.Rows]) -> tuple[str, list[Event]]:
        """What the cache calls a file as it lies there, and its events; "" for one that was damaged."""
        try:
            content = foreign.read_bytes(path, LARGEST)
            key = f"{path.name} {checksum(content)}"
            if key in cached:
                return key, compact.events(cached[key])
            tables = unseal(content)
        except (Damaged, foreign.Refused, FileNotFoundError):
            key, tables = "", AtomicStorage(path, self._notice).read() or {}
        # TinyDB's own reading wraps each document, which for a long log takes longer than all the rest.
        documents = [each for each in tables.get("events", {}).values() if isinstance(each, dict)]
        return key, [from_document(document) for document in documents]

    def _room(self, device: str) -> int:
        """How many events fit into the file that is being filled."""
        seen = self._seen.get(self._active(device))
        return SEGMENT - seen.count if seen else SEGMENT

    def _write(self, device: str, events: list[Event]) -> None:
        """Add to the file of `device` that is being filled."""
        name = self._active(device)
        path = self.folder / name
        # A fresh table each time: TinyDB remembers the next free key, which another process may have taken.
        table = TinyDB(path, self._notice, storage=_Once).table("events")
        count = len(table)
        table.insert_multiple(event.document() for event in events)
        info = path.stat()
        self._seen[name] = _Seen((info.st_ino, info.st_size, info.st_mtime_ns), count + len(events))
        self._remember(events)

    def _newest(self) -> str:
        """The highest id of all devices, so that what is done after a sync also counts as later."""
        if not self._events:
            return ""
        if not is_id(self._highest):
            return max((key for key in self._events if is_id(key) and key < LATEST), default="")
        return self._highest

    def _remember(self, events: list[Event]) -> None:
        fresh = {event.id: event for event in events if event.id not in self._events}
        if fresh:
            self._events.update(fresh)
            self._arrived += fresh.values()
            self._highest = max(self._highest, max((key for key in fresh if key < LATEST), default=""))
            self._ordered = None

    def _notice(self, notice: Notice) -> None:
        if notice not in self.notices:
            self.notices.append(notice)

    def _changed(self) -> list[tuple[str, _Stat | None]]:
        """The files that are not as they were last read, oldest first for each device, with their stat."""
        found: dict[str, _Stat | None] = {}
        try:
            with os.scandir(self.folder) as entries:
                for entry in entries:
                    if entry.name.endswith(".json"):
                        info = entry.stat()
                        found[entry.name] = (info.st_ino, info.st_size, info.st_mtime_ns)
                    elif entry.name.endswith(".json.bak"):
                        found.setdefault(entry.name.removesuffix(".bak"))
            if not self._seen:
                for name in os.listdir(self.folder / "backups"):
                    found.setdefault(name.rpartition(".")[0])
        except (FileNotFoundError, NotADirectoryError):
            pass
        fits = (_SEGMENT_NAME.fullmatch, _CONFLICT_NAME.fullmatch)
        changed = [name for name, stat in found.items() if name not in self._seen or self._seen[name].stat != stat]
        return [(name, found[name]) for name in sorted(changed) if any(fit(name) for fit in fits)]

    def _active(self, device: str) -> str:
        own = [name for name in self._seen if name.startswith(device) and _SEGMENT_NAME.fullmatch(name)]
        if not own:
            return f"{device}-000001.json"
        last = max(own)
        return last if self._seen[last].count < SEGMENT else f"{device}-{int(last[-11:-5]) + 1:06d}.json"

    def _own_device(self) -> str:
        try:
            text = foreign.read_bytes(self.folder / "device", 1 << 10).decode("ascii", "replace").strip()
        except (FileNotFoundError, foreign.Refused):
            text = ""
        return text if _DEVICE.fullmatch(text) else self._name_device()

    def _name_device(self) -> str:
        name = os.urandom(8).hex()
        replace(self.folder / "device", name.encode("ascii") + b"\n")
        return name


def _plain(payload: Mapping[str, object]) -> dict[str, object]:
    """What JSON makes of it."""
    plain: dict[str, object] = json.loads(json.dumps(dict(payload)), parse_constant=lambda _: None)
    return plain


class _Once(AtomicStorage):
    """TinyDB asks for the tables before each of its steps; under the lock they are the same all the time."""

    _tables: Tables | None = None

    def read(self) -> Tables | None:
        if self._tables is None:
            self._tables = super().read()
        return self._tables
