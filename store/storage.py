"""TinyDB files that are whole on disk or not there at all: atomic, locked, sealed and kept twice.

A file is ordinary TinyDB JSON with one more table in front, `seal`, that holds a checksum of the rest:
so a flipped bit inside a string is noticed as surely as a missing half.
"""

import fcntl
import json
import os
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tinydb.storages import Storage

LOCK_SECONDS = 10.0
POLL_SECONDS = 0.005

_SEAL = b'{"seal":{"1":{"crc32":"%08x"}},'
_SEAL_BYTES = len(_SEAL % 0)

Tables = dict[str, dict[str, Any]]


class StoreError(Exception):
    """Progress could not be written; the text says what happened, where, and what to do."""


@dataclass(frozen=True)
class Notice:
    """A damaged file that was met: `recovered` from its copy, or only set aside.

    `kept` is where the damaged file lies now; None where the folder could not be written.
    """

    file: Path
    kept: Path | None
    recovered: bool

    def __str__(self) -> str:
        what = (
            "was damaged and has been recovered from its copy; nothing is lost."
            if self.recovered
            else "and its copy are damaged; the progress they held is missing."
        )
        where = f" The damaged file is kept as {self.kept}." if self.kept else ""
        return f"{self.file} {what}{where}"


class Damaged(Exception):
    """A file that is not what was written."""


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold `folder` against every other thread and process; raises StoreError after LOCK_SECONDS."""
    # Importing filelock takes longer than all the rest of the store, and reading never needs it.
    import filelock

    try:
        create_folder(folder)
        # One lock object for each path, so that a thread that holds it may ask again.
        with filelock.FileLock(folder / "lock", timeout=LOCK_SECONDS, poll_interval=POLL_SECONDS, is_singleton=True):
            yield
    except filelock.Timeout:
        raise StoreError(
            f"Another program has held {folder / 'lock'} for {LOCK_SECONDS:.0f} seconds. Close it and try again."
        ) from None
    except OSError as error:
        reason = error.strerror or str(error)
        raise StoreError(
            f"Progress could not be written to {folder} ({reason}). Make room or allow writing there, and try again."
        ) from error


def create_folder(folder: Path) -> None:
    """Create `folder` and its parents so that they, too, survive a power cut."""
    if not folder.is_dir():
        create_folder(folder.parent)
        folder.mkdir(exist_ok=True)
        _sync(folder.parent)


def replace(path: Path, content: bytes) -> None:
    """Put `content` at `path`, on disk before this returns; a crash leaves the old file or the new one.

    Call it under the folder's lock: the temporary file has one fixed name, so that crashes leave no litter.
    """
    draft = path.with_name(path.name + ".tmp")
    with open(draft, "wb") as file:
        file.write(content)
        file.flush()
        _flush(file.fileno())
    os.replace(draft, path)
    _sync(path.parent)


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        _flush(handle)
    finally:
        os.close(handle)


def _flush(handle: int) -> None:
    # macOS leaves the drive's cache unwritten after fsync; some file systems there lack the stronger call.
    full = getattr(fcntl, "F_FULLFSYNC", None)
    if full is not None:
        try:
            fcntl.fcntl(handle, full)
            return
        except OSError:
            pass
    os.fsync(handle)


def seal(tables: Tables) -> bytes:
    """The file content for `tables`."""
    rest = json.dumps(tables, separators=(",", ":")).encode("ascii")[1:]
    return _SEAL % zlib.crc32(rest) + rest


def unseal(content: bytes) -> Tables:
    """The tables in a file's content; raises Damaged unless every byte is as it was written."""
    rest = content[_SEAL_BYTES:]
    if content[:_SEAL_BYTES] != _SEAL % zlib.crc32(rest):
        raise Damaged
    tables: Tables = json.loads(b"{" + rest)
    return tables


class AtomicStorage(Storage):
    """One TinyDB file and its copy (`.bak`), which is written second and so never runs ahead of it.

    Writing needs the folder's lock (`locked`); reading does not, as a file is only ever replaced whole.
    """

    def __init__(self, path: Path, on_damage: Callable[[Notice], None]) -> None:
        self.path = path
        self.copy = path.with_name(path.name + ".bak")
        self.on_damage = on_damage

    def read(self) -> Tables | None:
        """The tables, or None where there is no file; a damaged file is first recovered or set aside."""
        try:
            return _load(self.path)
        except Damaged:
            return self._recover()
        except FileNotFoundError:
            return self._recover() if self.copy.exists() else None

    def write(self, data: Tables) -> None:
        content = seal(data)
        replace(self.path, content)
        replace(self.copy, content)

    def _recover(self) -> Tables | None:
        try:
            with locked(self.path.parent):
                return self._mend()
        except StoreError:
            tables = self._from_copy()
            self.on_damage(Notice(self.path, None, tables is not None))
            return tables

    def _mend(self) -> Tables | None:
        try:
            return _load(self.path)
        except (Damaged, FileNotFoundError):
            pass
        kept = _set_aside(self.path)
        tables = self._from_copy()
        if tables is None:
            spare = _set_aside(self.copy)
            kept = kept or spare
        else:
            replace(self.path, seal(tables))
        self.on_damage(Notice(self.path, kept, tables is not None))
        return tables

    def _from_copy(self) -> Tables | None:
        try:
            return _load(self.copy)
        except (Damaged, FileNotFoundError):
            return None


def _load(path: Path) -> Tables:
    return unseal(path.read_bytes())


def _set_aside(path: Path) -> Path | None:
    if not path.exists():
        return None
    kept = path.with_name(f"{path.name}.damaged-{time.time_ns()}")
    os.replace(path, kept)
    _sync(path.parent)
    return kept
