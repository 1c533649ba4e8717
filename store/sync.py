"""Sharing progress between devices through a folder that another program synchronizes.

Each device writes only files with its own id in their names, reads everybody's, and takes the union.
So neither order nor repetition matters, and nothing that one device does can take anything from another.
"""

import os
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import foreign
from store.errors import StoreError, reason
from store.event import Event
from store.event_log import EventLog
from store.transfer import FORMAT, Newer, dump, read, write

PART = 1024
"""Events in one file of the folder: only the last one changes from day to day."""

STALE = 3600
"""Seconds after which a draft in the folder is nobody's."""

_HEAD = 200


@dataclass(frozen=True, slots=True)
class Synced:
    """Events newly `sent` and `received`, the `devices` whose progress is now here, and the files that were passed
    over: `waiting` to be downloaded or whole, or written by a `newer` Lowrank."""

    sent: int
    received: int
    devices: int
    waiting: tuple[str, ...] = ()
    newer: tuple[str, ...] = ()


def sync(log_folder: Path, folder: Path) -> Synced:
    """Take from `folder` what is not known here, and leave there what is known here; raises StoreError.

    `folder` is created, its parent is not: a drive that is not there must not pass for an empty one.
    """
    try:
        if Path(os.path.realpath(folder)).is_relative_to(os.path.realpath(log_folder)):
            raise StoreError(
                f"{folder} is where Lowrank keeps progress itself. Choose a folder elsewhere.",
                f"{folder}: Lowrank가 진도를 보관하는 폴더예요. 다른 폴더를 골라 주세요.",
            )
        folder.mkdir(exist_ok=True)
        names = sorted(path.name for path in folder.iterdir())
    except OSError as error:
        why = reason(error)
        raise StoreError(
            f"{folder} could not be opened ({why['en']}). Check that the folder above it is there and can be written.",
            f"{folder}: 열지 못했어요({why['ko']}). 바로 위 폴더가 있고 쓸 수 있는지 확인해 주세요.",
        ) from error
    log = EventLog(log_folder)
    shared: dict[str, dict[str, Event]] = {}
    waiting, newer = [], []
    for name in names:
        if name.startswith(".lowrank-") and name.endswith(".icloud"):
            waiting.append(name)
        if name.startswith(".") or not name.endswith(".json") or not _ours(folder / name):
            continue
        try:
            shared[name] = {event.id: event for event in read(folder / name)}
        except Newer:
            newer.append(name)
        except StoreError:
            waiting.append(name)
    there = {key: event for file in shared.values() for key, event in file.items()}
    before = log.device
    received = log.keep(there.values())
    after, events = log.device, log.events()
    sent = [event for event in events if event.id not in there]
    mine = {event.id for event in sent} | {event.id for event in events if event.device in (before, after)}
    # What this device once carried for another it goes on carrying, lest two leave it to each other.
    own = f"lowrank-{after}-"
    mine |= {key for name, file in shared.items() if name.startswith(own) for key in file}
    if name := next((name for name in newer if name.startswith(own)), ""):
        raise StoreError(
            f"{folder / name} was written here by a newer Lowrank. Update Lowrank, and sync again.",
            f"{folder / name}: 더 새로운 Lowrank가 쓴 파일이에요. Lowrank를 업데이트하고 다시 동기화해 주세요.",
        )
    _publish([event for event in events if event.id in mine], folder, own, shared)
    return Synced(len(sent), received, len({event.device for event in events}), tuple(waiting), tuple(newer))


def _ours(path: Path) -> bool:
    """Whether it calls itself progress; much else may lie in such a folder, and be large."""
    if path.name.startswith("lowrank-"):
        return True
    try:
        with foreign.opened(path) as file:
            return FORMAT.encode() in file.read(_HEAD)
    except (OSError, foreign.Refused):
        return False


def _publish(events: list[Event], folder: Path, own: str, shared: dict[str, dict[str, Event]]) -> None:
    for draft in folder.glob(f".{own}*.tmp"):  # of a sync that was killed; a younger one may still be written
        with suppress(OSError):
            if time.time() - draft.stat().st_mtime > STALE:
                draft.unlink()
    parts = [events[at : at + PART] for at in range(0, len(events), PART)]
    # The last file first: an event that moves on to the next file is then never in neither.
    for number, part in reversed(list(enumerate(parts, 1))):
        name = f"{own}{number:04d}.json"
        if list(shared.get(name, ())) != _ids(part):
            try:
                write(folder / name, dump(part))
            except OSError as error:
                why = reason(error)
                raise StoreError(
                    f"{folder / name} could not be written ({why['en']}). Make room or allow writing there, "
                    "and sync again; nothing is lost.",
                    f"{folder / name}: 쓰지 못했어요({why['ko']}). 공간을 비우거나 쓸 수 있게 하고 다시 동기화해 "
                    "주세요. 잃은 것은 없어요.",
                ) from error


def _ids(events: Iterable[Event]) -> list[str]:
    return [event.id for event in events]
