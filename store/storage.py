"""TinyDB storage that writes a file whole or not at all: atomic, locked, with a checksum, a copy and backups.

A file is ordinary TinyDB JSON with one more table in front, `seal`, that holds a checksum of the rest:
so a flipped bit inside a string is noticed as surely as a missing half.
"""

import errno
import fcntl
import json
import os
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tinydb.storages import Storage

import foreign
from store.errors import StoreError, reason

LOCK_SECONDS = 10.0
POLL_SECONDS = 0.005

LARGEST = 256 << 20
"""Bytes of a file of the log, at most."""

BACKUPS = 2
"""Older states kept of a file in the folder `backups`, beside its copy."""

BACKUP_EVERY = 16
"""Events from one backup to the next: a count, since a clock may be wrong."""

_SEAL = b'{"seal":{"1":{"crc32":"%08x"}},'
_SEAL_BYTES = len(_SEAL % 0)

Tables = dict[str, dict[str, Any]]


@dataclass(frozen=True)
class Notice:
    """A damaged file that was met: `recovered` from its copy or a backup, or only set aside.

    `whole` says that nothing is lost. `kept` is where the damaged file lies now; None where the folder could not
    be written.
    """

    file: Path
    kept: Path | None
    recovered: bool
    whole: bool = True

    def __str__(self) -> str:
        if self.recovered and self.whole:
            what = "was damaged and has been recovered from its copy; nothing is lost."
        elif self.recovered:
            what = (
                "and its copy were damaged; it has been recovered from a backup, which may lack the last things done."
            )
        else:
            what = "and its copies are damaged; the progress they held is missing."
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
            f"Another program has held {folder / 'lock'} for {LOCK_SECONDS:.0f} seconds. Close it and try again.",
            f"{folder / 'lock'}: 다른 프로그램이 {LOCK_SECONDS:.0f}초 동안 놓지 않았어요. 닫고 다시 해 주세요.",
        ) from None
    except OSError as error:
        why = reason(error)
        raise StoreError(
            f"Progress could not be written to {folder} ({why['en']}). Make room or allow writing there, "
            "and try again.",
            f"{folder}: 진도를 쓰지 못했어요({why['ko']}). 공간을 비우거나 쓸 수 있게 하고 다시 해 주세요.",
        ) from error


def create_folder(folder: Path) -> None:
    """Create `folder` and its parents so that they, too, survive a power cut."""
    if not folder.is_dir():
        create_folder(folder.parent)
        folder.mkdir(exist_ok=True)
        _sync(folder.parent)


def replace(path: Path, content: bytes, spare: bool = False) -> None:
    """Put `content` at `path`, on disk before this returns; a crash leaves the old file or the new one.

    A `spare` may still be in the drive's own cache. Call it under the folder's lock: the temporary file has one fixed
    name, so that crashes leave no litter.
    """
    put(path, content, path.with_name(path.name + ".tmp"), spare)


def put(path: Path, content: bytes, draft: Path, spare: bool = False) -> None:
    """`replace` by way of `draft`, which nobody else may be writing, and which is gone if this fails."""
    try:
        with open(draft, "wb") as file:
            file.write(content)
            file.flush()
            _flush(file.fileno(), full=not spare)
        os.replace(draft, path)
    except BaseException:
        with suppress(OSError):
            draft.unlink(missing_ok=True)
        raise
    if not spare:
        _sync(path.parent)


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        _flush(handle)
    except OSError as error:
        # Some network and cloud file systems cannot flush a folder, and keep the file all the same.
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):
            raise
    finally:
        os.close(handle)


def _flush(handle: int, full: bool = True) -> None:
    # macOS leaves the drive's cache unwritten after fsync; some file systems there lack the stronger call.
    stronger = getattr(fcntl, "F_FULLFSYNC", None)
    if full and stronger is not None:
        try:
            fcntl.fcntl(handle, stronger)
            return
        except OSError:
            pass
    os.fsync(handle)


def seal(tables: Tables) -> bytes:
    """The file content for `tables`."""
    rest = json.dumps(tables, separators=(",", ":")).encode("ascii")[1:]
    return _SEAL % zlib.crc32(rest) + rest


def checksum(content: bytes) -> str:
    """The checksum that a file's content bears; raises Damaged unless every byte is as it was written."""
    crc = zlib.crc32(memoryview(content)[_SEAL_BYTES:])
    if content[:_SEAL_BYTES] != _SEAL % crc:
        raise Damaged
    return f"{crc:08x}-{len(content)}"


def unseal(content: bytes) -> Tables:
    """The tables in a file's content; raises Damaged unless every byte is as it was written."""
    checksum(content)
    try:
        tables: Tables = json.loads(b"{" + content[_SEAL_BYTES:])
    except (ValueError, RecursionError):  # sealed, and yet not what we write
        raise Damaged from None
    return tables


class AtomicStorage(Storage):
    """One TinyDB file, its copy (`.bak`), which is written second and so never runs ahead of it, and its backups.

    Writing needs the folder's lock (`locked`); reading does not, as a file is only ever replaced whole.
    """

    def __init__(self, path: Path, on_damage: Callable[[Notice], None]) -> None:
        self.path = path
        self.copy = path.with_name(path.name + ".bak")
        self.backups = [path.parent / "backups" / f"{path.name}.{number + 1}" for number in range(BACKUPS)]
        self.on_damage = on_damage

    def read(self) -> Tables | None:
        """The tables, or None where there is no file; a damaged file is first recovered or set aside."""
        try:
            return _load(self.path)
        except Damaged:
            return self._recover()
        except FileNotFoundError:
            return self._recover() if any(path.exists() for path in (self.copy, *self.backups)) else None

    def write(self, data: Tables) -> None:
        content = seal(data)
        replace(self.path, content)
        try:
            replace(self.copy, content, spare=True)
            if len(data.get("events", ())) % BACKUP_EVERY == 0:
                self._back_up(content)
        except OSError:
            # What was to be kept is on disk; but a copy that lacks it must not pass for all there is.
            with suppress(OSError):
                self.copy.unlink(missing_ok=True)

    def _back_up(self, content: bytes) -> None:
        create_folder(self.backups[0].parent)
        for older, newer in zip(reversed(self.backups[1:]), reversed(self.backups[:-1]), strict=True):
            with suppress(FileNotFoundError):
                os.replace(newer, older)
        replace(self.backups[0], content, spare=True)

    def _recover(self) -> Tables | None:
        try:
            with locked(self.path.parent):
                return self._mend()
        except StoreError:
            tables, whole = self._newest_copy()
            self.on_damage(Notice(self.path, None, tables is not None, whole))
            return tables

    def _mend(self) -> Tables | None:
        with suppress(Damaged, FileNotFoundError):
            return _load(self.path)
        kept = _set_aside(self.path)
        tables, whole = self._newest_copy()
        if not whole:
            spare = _set_aside(self.copy)
            kept = kept or spare
        if tables is not None:
            replace(self.path, seal(tables))
        self.on_damage(Notice(self.path, kept, tables is not None, whole))
        return tables

    def _newest_copy(self) -> tuple[Tables | None, bool]:
        """The newest good one, and whether nothing lacks in it."""
        for path in (self.copy, *self.backups):
            with suppress(Damaged, FileNotFoundError):
                return _load(path), path is self.copy
        return None, False


def _load(path: Path) -> Tables:
    try:
        return unseal(foreign.read_bytes(path, LARGEST))
    except foreign.Refused:
        raise Damaged from None


def _set_aside(path: Path) -> Path | None:
    if not path.exists():
        return None
    kept = path.with_name(f"{path.name}.damaged-{time.time_ns()}")
    os.replace(path, kept)
    _sync(path.parent)
    return kept
