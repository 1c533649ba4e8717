"""Progress as one file that moves: exported, carried by whatever means, and imported. docs/progress.md says how."""

import hashlib
import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from store.event import Event, from_document, is_id
from store.log import EventLog
from store.storage import StoreError, put

FORMAT = "lowrank-progress"
VERSION = 1

_HEAD = f'{{"format":"{FORMAT}",'


class Imported(NamedTuple):
    """How many events of a file were `new`, and how many `known` already."""

    new: int
    known: int


class NotProgress(StoreError):
    """A file that was never progress, as far as one can tell."""


class Spoilt(StoreError):
    """A progress file that is not whole, or not as it was written."""


class Newer(StoreError):
    """A progress file of a version that this program does not know."""


def dump(events: Iterable[Event]) -> bytes:
    """The content of a progress file; the same for the same events in the same order."""
    lines = [_line(event.document()) for event in events]
    head = f'{_HEAD}"version":{VERSION},"count":{len(lines)},"sha256":"{_digest(lines)}","events":[\n'
    return (head + ",\n".join(lines) + "\n]}\n").encode("ascii")


def read(path: Path) -> list[Event]:
    """The events of a progress file; raises NotProgress, Spoilt, Newer, or StoreError where it cannot be read."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise StoreError(
            f"{path} could not be read ({error.strerror or error}). Check its name and try again."
        ) from error
    try:
        found = json.loads(content, parse_constant=_refuse)
    except (ValueError, RecursionError):
        if content.lstrip()[: len(_HEAD)] == _HEAD.encode():
            raise Spoilt(_spoilt(path, "it breaks off or was changed")) from None
        raise NotProgress(_foreign(path)) from None
    if not isinstance(found, dict) or found.get("format") != FORMAT:
        raise NotProgress(_foreign(path))
    version, documents = found.get("version"), found.get("events")
    if type(version) is not int or version < 1:
        raise Spoilt(_spoilt(path, "it has no version"))
    if version > VERSION:
        raise Newer(
            f"{path} was written by a newer Lowrank (format {version}, this one reads {VERSION}). "
            "Update Lowrank, and try again. Nothing was changed."
        )
    if not isinstance(documents, list) or not all(
        isinstance(each, dict) and is_id(each.get("id")) for each in documents
    ):
        raise Spoilt(_spoilt(path, "it holds what is no event"))
    if found.get("sha256") != _digest([_line(each) for each in documents]):
        raise Spoilt(_spoilt(path, "its checksum differs"))
    return [from_document(each) for each in documents]


def export(log: EventLog, path: Path) -> int:
    """Write every event to `path` and return their number; raises StoreError.

    A file that is there is replaced only if it is progress, too.
    """
    log.reload()
    events = log.events()
    try:
        if path.exists():
            with open(path, "rb") as file:
                if file.read(len(_HEAD)) != _HEAD.encode():
                    raise StoreError(f"{path} is there and is not progress. Give another name; it was left as it is.")
        write(path, dump(events))
    except OSError as error:
        raise StoreError(
            f"{path} could not be written ({error.strerror or error}). Check the folder and its free space."
        ) from error
    return len(events)


def import_(log: EventLog, path: Path) -> Imported:
    """Add the events of `path` to `log`; raises StoreError, and then either nothing has changed or, where the disk
    is full, importing again adds the rest."""
    events = {event.id: event for event in read(path)}
    new = log.keep(events.values())
    return Imported(new, len(events) - new)


def write(path: Path, content: bytes) -> None:
    """Replace `path` in one step; raises OSError. The draft is hidden from programs that copy folders."""
    put(path, content, path.with_name(f".{path.name}.{os.getpid()}.tmp"))


def _line(document: object) -> str:
    return json.dumps(document, sort_keys=True, separators=(",", ":"))


def _digest(lines: list[str]) -> str:
    return hashlib.sha256("\n".join(lines).encode("ascii")).hexdigest()


def _refuse(constant: str) -> object:
    raise ValueError(constant)


def _foreign(path: Path) -> str:
    return f"{path} is not progress that Lowrank exported. Nothing was changed."


def _spoilt(path: Path, why: str) -> str:
    return f"{path} is not whole: {why}. Export it again, or fetch it again. Nothing was changed."
