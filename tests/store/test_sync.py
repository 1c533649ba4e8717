"""Devices that share a folder: whatever the order and however often, all come to know the same."""

import json
import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from learned import COURSE, events

from store import sync as sync_module
from store import transfer
from store.errors import StoreError
from store.event import RESET, Event, uuid7
from store.event_log import EventLog
from store.progress import replay
from store.sync import Synced, sync


def devices(folder: Path, count: int) -> list[EventLog]:
    return [EventLog(folder / f"home-{number}") for number in range(count)]


def test_three_devices_come_to_the_same(tmp_path: Path) -> None:
    shared = tmp_path / "shared"
    logs = devices(tmp_path, 3)
    for number, log in enumerate(logs):
        for step in range(number + 1):
            log.append("section.read", f"lora/one#{step}", {"lang": "en"})
    assert sync(logs[0].folder, shared) == Synced(sent=1, received=0, devices=1)
    assert sync(logs[1].folder, shared) == Synced(sent=2, received=1, devices=2)
    assert sync(logs[2].folder, shared) == Synced(sent=3, received=3, devices=3)
    assert sync(logs[0].folder, shared) == Synced(sent=0, received=5, devices=3)
    assert sync(logs[1].folder, shared) == Synced(sent=0, received=3, devices=3)
    known = [EventLog(log.folder).events() for log in logs]
    assert known[0] == known[1] == known[2]
    assert len(known[0]) == 6
    files = {path.name: path.read_bytes() for path in shared.iterdir()}
    assert len(files) == 3
    for log in logs:
        assert sync(log.folder, shared) == Synced(0, 0, 3)
    assert {path.name: path.read_bytes() for path in shared.iterdir()} == files


_steps = st.lists(
    st.tuples(st.integers(min_value=0, max_value=2), st.none() | events | st.just(Event("", "", "", RESET))),
    max_size=14,
)


@given(_steps, st.permutations(range(3)), st.permutations(range(3)))
def test_three_devices_in_every_order_end_in_one_state(
    steps: list[tuple[int, Event | None]], first: list[int], second: list[int]
) -> None:
    """Each step is something done on a device, or a sync of it; in the end each syncs, in any order, twice."""
    with tempfile.TemporaryDirectory() as name:
        shared, logs = Path(name) / "shared", devices(Path(name), 3)
        done = []
        for number, event in steps:
            if event is None:
                sync(logs[number].folder, shared)
            else:
                done.append(logs[number].append(event.kind, event.item, event.payload))
        for number in (*first, *second):
            sync(logs[number].folder, shared)
        states = [EventLog(log.folder).events() for log in logs]
        assert {event.id for event in done} == {event.id for event in states[0]}
        assert states[0] == states[1] == states[2]
        assert replay(states[1], COURSE) == replay(done, COURSE)
        before = {path: path.read_bytes() for path in shared.iterdir()}
        for number in second:
            assert sync(logs[number].folder, shared).received == 0
        assert {path: path.read_bytes() for path in shared.iterdir()} == before


def test_what_is_done_after_a_sync_is_later_than_all_that_came_with_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Clocks that differ by an hour must not let a learner's next step count as an earlier one."""
    import time

    real = time.time_ns
    ahead, behind = devices(tmp_path, 2)
    monkeypatch.setattr(time, "time_ns", lambda: real() + 3600 * 10**9)
    early = ahead.append("lesson.position", "lora/one")
    monkeypatch.undo()
    sync(ahead.folder, tmp_path / "shared")
    sync(behind.folder, tmp_path / "shared")
    late = EventLog(behind.folder).append("lesson.position", "lora/two")
    assert late.id > early.id


def test_a_device_writes_none_but_its_own_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sync_module, "PART", 3)
    shared = tmp_path / "shared"
    here, there = devices(tmp_path, 2)
    for number in range(7):
        here.append("n", str(number))
    sync(here.folder, shared)
    before = {path: (path.stat().st_mtime_ns, path.read_bytes()) for path in shared.iterdir()}
    assert sorted(path.name[-9:] for path in before) == ["0001.json", "0002.json", "0003.json"]
    there.append("n", "x")
    sync(there.folder, shared)
    sync(here.folder, shared)
    assert {path: (path.stat().st_mtime_ns, path.read_bytes()) for path in before} == before
    assert {path.name.split("-")[1] for path in shared.iterdir()} == {here.device, there.device}


def test_files_that_are_not_whole_not_ours_or_too_new_are_passed_over(tmp_path: Path) -> None:
    shared = tmp_path / "shared"
    here, there, third = devices(tmp_path, 3)
    for log in (here, there):
        log.append("n", log.device)
        sync(log.folder, shared)
    theirs = shared / f"lowrank-{there.device}-0001.json"
    whole = theirs.read_bytes()
    theirs.write_bytes(whole[: len(whole) // 2])
    conflict = shared / f"lowrank-{there.device}-0001 (conflicted copy 2026-11-23).json"
    (shared / f"lowrank-{'e' * 16}-0001.json").write_bytes(b"")
    (shared / f".lowrank-{'d' * 16}-0001.json.icloud").write_bytes(b"bplist00")
    (shared / f".lowrank-{'d' * 16}-0001.json.123.tmp").write_bytes(b"half")
    (shared / "package.json").write_text('{"name": "something else"}')
    (shared / "notes.md").write_text("lowrank")
    (shared / "folder.json").mkdir()
    newer = shared / f"lowrank-{'c' * 16}-0001.json"
    newer.write_text('{"format": "lowrank-progress", "version": 2}')
    done = sync(third.folder, shared)
    assert (done.received, done.newer) == (1, (newer.name,))
    half, absent = f"lowrank-{'e' * 16}-0001.json", f".lowrank-{'d' * 16}-0001.json.icloud"
    assert set(done.waiting) == {theirs.name, half, absent}
    conflict.write_bytes(whole)
    assert sync(third.folder, shared).received == 1
    sync(there.folder, shared)
    assert theirs.read_bytes() == whole
    assert newer.exists() and json.loads(newer.read_text())["version"] == 2


def test_a_home_that_was_copied_loses_nothing_on_either_machine(tmp_path: Path) -> None:
    shared, first = tmp_path / "shared", EventLog(tmp_path / "first")
    for number in range(3):
        first.append("n", str(number))
    sync(first.folder, shared)
    shutil.copytree(first.folder, tmp_path / "second")
    second = EventLog(tmp_path / "second")
    assert first.device == second.device
    first.append("n", "first")
    second.append("n", "second")
    sync(first.folder, shared)
    sync(second.folder, shared)
    sync(first.folder, shared)
    assert first.device != second.device
    second.append("n", "after")
    for log in (second, first, second):
        sync(log.folder, shared)
    known = [EventLog(log.folder).events() for log in (first, second)]
    assert known[0] == known[1]
    assert sorted(event.item for event in known[0]) == ["0", "1", "2", "after", "first", "second"]


def test_another_window_is_no_other_machine(tmp_path: Path) -> None:
    first = EventLog(tmp_path / "home")
    first.append("n", "0")
    device = first.device
    EventLog(tmp_path / "home").append("n", "1")
    transfer.export(EventLog(tmp_path / "home"), tmp_path / "all.json")
    assert transfer.import_(first, tmp_path / "all.json").new == 0
    assert first.device == device


def test_two_copies_that_overwrite_one_another_in_the_folder_lose_nothing(tmp_path: Path) -> None:
    """Both wrote under one name before either read: as when the folder's program lets the last one win."""
    first = EventLog(tmp_path / "first")
    first.append("n", "0")
    shutil.copytree(first.folder, tmp_path / "second")
    second = EventLog(tmp_path / "second")
    shared = tmp_path / "shared"
    for log, item in ((first, "first"), (second, "second")):
        log.append("n", item)
        sync(log.folder, tmp_path / f"apart {item}")
        shutil.copytree(tmp_path / f"apart {item}", shared, dirs_exist_ok=True)
    for log in (first, second, first):
        sync(log.folder, shared)
    for log in (first, second):
        assert sorted(event.item for event in EventLog(log.folder).events()) == ["0", "first", "second"]


def test_what_a_device_imported_it_carries_to_the_others(tmp_path: Path) -> None:
    old, here, there = devices(tmp_path, 3)
    event = old.append("n", "old")
    transfer.export(old, tmp_path / "old.json")
    transfer.import_(here, tmp_path / "old.json")
    for log in (here, there, here):
        sync(log.folder, tmp_path / "shared")
    assert EventLog(there.folder).events() == (event,)
    sync(old.folder, tmp_path / "shared")
    assert sync(here.folder, tmp_path / "shared").sent == 0
    assert old.device == event.device


def test_a_folder_that_is_no_place_for_it_is_said_plainly(tmp_path: Path) -> None:
    (log,) = devices(tmp_path, 1)
    log.append("a")
    with pytest.raises(StoreError, match="the folder above it is there"):
        sync(log.folder, tmp_path / "no drive" / "shared")
    with pytest.raises(StoreError, match="where Lowrank keeps progress itself"):
        sync(log.folder, log.folder)
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="could not be opened") as caught:
        sync(log.folder, tmp_path / "file")
    assert "열지 못했어요(이미 있어요)" in caught.value.text["ko"]
    newer = tmp_path / "newer" / f"lowrank-{log.device}-0001.json"
    newer.parent.mkdir()
    newer.write_text('{"format": "lowrank-progress", "version": 2}')
    with pytest.raises(StoreError, match=r"newer Lowrank\. Update"):
        sync(log.folder, newer.parent)
    assert json.loads(newer.read_text())["version"] == 2


def test_events_with_the_highest_ids_do_not_stop_the_clock(tmp_path: Path) -> None:
    here, there = devices(tmp_path, 2)
    poison = Event("ffffffff-ffff-7fff-bfff-ffffffffffff", "e" * 16, "", "n", "poison")
    here.keep([poison])
    mine = [here.append("n", str(number)) for number in range(3)]
    sync(here.folder, tmp_path / "shared")
    sync(there.folder, tmp_path / "shared")
    assert {event.id for event in EventLog(there.folder).events()} == {poison.id, *(event.id for event in mine)}
    assert uuid7(after=poison.id) != uuid7(after=poison.id)
