"""Export and import of progress as one file. docs/progress.md describes it."""

import hashlib
import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import foreign
from store.errors import StoreError, reason
from store.event import Event, from_document, is_id
from store.event_log import EventLog
from store.storage import put

FORMAT = "lowrank-progress"
VERSION = 1
LARGEST = 1 << 30
"""Bytes of a file of progress, at most: some millions of events."""

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
        content = foreign.read_bytes(path, LARGEST)
    except foreign.Refused:
        raise _foreign(path) from None
    except OSError as error:
        why = reason(error)
        raise StoreError(
            f"{path} could not be read ({why['en']}). Check its name and try again.",
            f"{path}: 읽지 못했어요({why['ko']}). 이름을 확인하고 다시 해 주세요.",
        ) from error
    try:
        found = json.loads(content, parse_constant=_refuse)
        foreign.check_depth(found)
    except (ValueError, RecursionError):
        if content.lstrip()[: len(_HEAD)] == _HEAD.encode():
            raise _spoilt(path, "it breaks off or was changed", "중간에 끊겼거나 바뀌었어요") from None
        raise _foreign(path) from None
    if not isinstance(found, dict) or found.get("format") != FORMAT:
        raise _foreign(path)
    version, documents = found.get("version"), found.get("events")
    if type(version) is not int or version < 1:
        raise _spoilt(path, "it has no version", "버전이 없어요")
    if version > VERSION:
        raise Newer(
            f"{path} was written by a newer Lowrank (format {version}, this one reads {VERSION}). "
            "Update Lowrank, and try again. Nothing was changed.",
            f"{path}: 더 새로운 Lowrank가 쓴 파일이에요(형식 {version}, 지금 것은 {VERSION}까지 읽어요). "
            "Lowrank를 업데이트하고 다시 해 주세요. 바뀐 것은 없어요.",
        )
    if not isinstance(documents, list) or not all(
        isinstance(each, dict) and is_id(each.get("id")) for each in documents
    ):
        raise _spoilt(path, "it holds what is no event", "기록이 아닌 것이 들어 있어요")
    if found.get("sha256") != _digest([_line(each) for each in documents]):
        raise _spoilt(path, "its checksum differs", "체크섬이 달라요")
    return [from_document(each) for each in documents]


def export(log: EventLog, path: Path) -> int:
    """Write every event to `path` and return their number; raises StoreError.

    A file that is there is replaced only if it is progress, too.
    """
    log.reload()
    events = log.events()
    try:
        if path.exists() and _head(path) != _HEAD.encode():
            raise StoreError(
                f"{path} is there and is not progress. Give another name; it was left as it is.",
                f"{path}: 이미 있고 진도 파일이 아니에요. 다른 이름을 주세요. 그 파일은 그대로예요.",
            )
        write(path, dump(events))
    except OSError as error:
        why = reason(error)
        raise StoreError(
            f"{path} could not be written ({why['en']}). Check the folder and its free space.",
            f"{path}: 쓰지 못했어요({why['ko']}). 폴더와 남은 공간을 확인해 주세요.",
        ) from error
    return len(events)


def import_(log: EventLog, path: Path) -> Imported:
    """Add the events of `path` to `log`; raises StoreError, and then either nothing has changed or, where the disk
    is full, importing again adds the rest."""
    events = {event.id: event for event in read(path)}
    new = log.keep(events.values())
    return Imported(new, len(events) - new)


def _head(path: Path) -> bytes:
    """How a file begins; nothing for what is no file."""
    try:
        with foreign.opened(path) as file:
            return file.read(len(_HEAD))
    except foreign.Refused:
        return b""


def write(path: Path, content: bytes) -> None:
    """Replace `path` in one step; raises OSError. The draft is hidden from programs that copy folders."""
    put(path, content, path.with_name(f".{path.name}.{os.getpid()}.tmp"))


def _line(document: object) -> str:
    return json.dumps(document, sort_keys=True, separators=(",", ":"))


def _digest(lines: list[str]) -> str:
    return hashlib.sha256("\n".join(lines).encode("ascii")).hexdigest()


def _refuse(constant: str) -> object:
    raise ValueError(constant)


def _foreign(path: Path) -> NotProgress:
    return NotProgress(
        f"{path} is not progress that Lowrank exported. Nothing was changed.",
        f"{path}: Lowrank가 내보낸 진도 파일이 아니에요. 바뀐 것은 없어요.",
    )


def _spoilt(path: Path, en: str, ko: str) -> Spoilt:
    return Spoilt(
        f"{path} is not whole: {en}. Export it again, or fetch it again. Nothing was changed.",
        f"{path}: 온전하지 않아요. {ko}. 다시 내보내거나 다시 받아 주세요. 바뀐 것은 없어요.",
    )
