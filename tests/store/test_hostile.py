"""Progress files that somebody else wrote: none waits for ever, and none takes away what is learned afterwards."""

import os
import random
from pathlib import Path

import pytest

from store import transfer
from store.errors import StoreError
from store.event import LATEST, RESET, RESET_UNDONE, Event, is_id, uuid7
from store.event_log import EventLog
from store.progress import Account, CourseIds, LessonIds, replay
from store.sync import sync

COURSE = CourseIds({"a/b": LessonIds(("a/b#one", "a/b#two"), ("a/b?q",))}, 1)
HIGHEST = (
    "ffffffff-ffff-ffff-ffff-ffffffffffff",
    "ffffffff-ffff-7fff-bfff-ffffffffffff",
    f"{LATEST}-7000-8000-000000000000",
)


def read(section: str, id: str = "") -> Event:
    return Event(id or uuid7(), "a" * 16, "2026-11-30T10:00:00+00:00", "section.read", section, {"lang": "en"})


@pytest.mark.parametrize("highest", HIGHEST)
def test_a_reset_with_the_highest_id_takes_nothing_that_is_learned_later(highest: str, tmp_path: Path) -> None:
    assert is_id(highest)
    log, file = EventLog(tmp_path / "log"), tmp_path / "theirs.json"
    log.append("section.read", "a/b#one", {"lang": "en"})
    file.write_bytes(transfer.dump([Event(highest, "b" * 16, "2026-11-30T10:00:00+00:00", RESET)]))
    assert transfer.import_(log, file).new == 1
    log.append("section.read", "a/b#two", {"lang": "en"})
    log.append("question.answered", "a/b?q", {"right": True})
    assert replay(log.events(), COURSE).xp == 17
    ids = [event.id for event in log.arrived() if event.kind != RESET]
    assert ids == sorted(ids) and all(id < LATEST for id in ids)
    again = EventLog(tmp_path / "log")
    assert replay(again.events(), COURSE).xp == 17 and highest in {event.id for event in again.events()}


def test_a_reset_by_a_clock_that_runs_ahead_still_counts_and_is_followed(tmp_path: Path) -> None:
    ahead = "1d000000-0000-7000-8000-000000000000"
    log, file = EventLog(tmp_path / "log"), tmp_path / "theirs.json"
    log.append("section.read", "a/b#one", {"lang": "en"})
    file.write_bytes(transfer.dump([Event(ahead, "b" * 16, "2026-11-30T10:00:00+00:00", RESET)]))
    transfer.import_(log, file)
    assert replay(log.events(), COURSE).xp == 0
    log.append("section.read", "a/b#two", {"lang": "en"})
    assert replay(log.events(), COURSE).xp == 5


def test_the_order_in_which_such_events_come_changes_nothing() -> None:
    one = uuid7()
    two = uuid7(after=one)
    three = uuid7(after=two)
    resets = [Event(id, "b" * 16, "", RESET) for id in (*HIGHEST, two)]
    events = [
        read("a/b#one", one),
        *resets,
        read("a/b#two", three),
        Event(uuid7(after=three), "a", "", RESET_UNDONE, "", {"reset": HIGHEST[0]}),
    ]
    whole = replay(events, COURSE)
    for seed in range(20):
        mixed = random.Random(seed).sample(events, len(events))
        account = Account(COURSE)
        for event in mixed:
            account.add(event)
        assert account.progress == whole and whole.xp == 5


@pytest.mark.parametrize("what", ["pipe", "folder", "loop", "device", "deep"])
def test_what_is_no_file_of_progress_is_refused_at_once(what: str, tmp_path: Path) -> None:
    path, shared = tmp_path / "progress.json", tmp_path / "shared"
    shared.mkdir()
    for place in (path, shared / "lowrank-0-0001.json", shared / "other.json"):
        match what:
            case "pipe":
                os.mkfifo(place)
            case "folder":
                place.mkdir()
            case "loop":
                place.symlink_to(place.name)
            case "device":
                place.symlink_to("/dev/zero")
            case "deep":
                place.write_bytes(transfer.dump([])[:-5] + b"[" * 100_000)
    log = EventLog(tmp_path / "log")
    log.append("section.read", "a/b#one", {"lang": "en"})
    with pytest.raises(StoreError):
        transfer.import_(log, path)
    if what != "loop":  # a link that leads nowhere may be replaced
        with pytest.raises(StoreError) if what != "deep" else pytest.MonkeyPatch.context():
            transfer.export(log, path)
    assert sync(tmp_path / "log", shared).received == 0


@pytest.mark.parametrize("name", ["segment", "copy", "device", "compact"])
def test_a_pipe_in_the_log_is_a_damaged_file(name: str, tmp_path: Path) -> None:
    log = EventLog(tmp_path / "log")
    log.append("section.read", "a/b#one", {"lang": "en"})
    (segment,) = (tmp_path / "log").glob("*.json")
    path = {"segment": segment, "copy": segment.with_name(f"{segment.name}.bak")}.get(name, tmp_path / "log" / name)
    path.unlink(missing_ok=True)
    os.mkfifo(path)
    again = EventLog(tmp_path / "log")
    again.append("section.read", "a/b#two", {"lang": "en"})
    assert replay(again.events(), COURSE).xp == 10
