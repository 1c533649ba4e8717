"""Files that are not what was written: noticed, set aside, recovered from their copy."""

import random
from pathlib import Path

import pytest

from store import event_log as log_module
from store import storage
from store.event import Event
from store.event_log import EventLog


@pytest.fixture
def written(tmp_path: Path) -> tuple[Path, tuple[Event, ...]]:
    log = EventLog(tmp_path)
    for number in range(8):
        log.append("question.answered", f"lora/why-lora?q{number}", {"right": True, "chosen": ["a"]})
    (path,) = tmp_path.glob("*-*.json")
    return path, log.events()


def recovers(path: Path, content: bytes, events: tuple[Event, ...]) -> None:
    path.write_bytes(content)
    log = EventLog(path.parent)
    assert log.events() == events
    (notice,) = log.notices
    assert notice.recovered
    assert notice.kept
    assert notice.kept.read_bytes() == content
    assert str(notice).startswith(f"{path} was damaged and has been recovered")
    again = EventLog(path.parent)
    assert again.events() == events
    assert again.notices == []
    notice.kept.unlink()


def test_a_file_cut_at_every_hundredth_byte_is_recovered(written: tuple[Path, tuple[Event, ...]]) -> None:
    path, events = written
    whole = path.read_bytes()
    assert len(whole) > 1000
    for length in range(0, len(whole), 100):
        recovers(path, whole[:length], events)


def test_a_flipped_bit_is_noticed_wherever_it_is(written: tuple[Path, tuple[Event, ...]]) -> None:
    path, events = written
    whole = path.read_bytes()
    chance = random.Random(1)
    for _ in range(40):
        content = bytearray(whole)
        content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
        recovers(path, bytes(content), events)


def test_a_file_that_is_gone_is_restored_from_its_copy(written: tuple[Path, tuple[Event, ...]]) -> None:
    path, events = written
    path.unlink()
    log = EventLog(path.parent)
    assert log.events() == events
    assert [notice.recovered for notice in log.notices] == [True]
    assert path.exists()


def test_damage_met_while_appending_costs_nothing(written: tuple[Path, tuple[Event, ...]]) -> None:
    path, events = written
    log = EventLog(path.parent)
    path.write_bytes(b"{}")
    event = log.append("a")
    assert EventLog(path.parent).events() == (*events, event)
    assert [notice.recovered for notice in log.notices] == [True]


def test_a_file_damaged_with_its_copy_is_set_aside_and_the_rest_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_module, "SEGMENT", 3)
    log = EventLog(tmp_path)
    events = [log.append("n", str(number)) for number in range(7)]
    middle = sorted(tmp_path.glob("*-*.json"))[1]
    copy = middle.with_name(middle.name + ".bak")
    middle.write_bytes(b"\0" * 100)
    copy.write_bytes(copy.read_bytes()[:-1])
    log = EventLog(tmp_path)
    assert list(log.events()) == events[:3] + events[6:]
    (notice,) = log.notices
    assert not notice.recovered
    assert "is missing" in str(notice)
    assert notice.kept
    assert notice.kept.read_bytes() == b"\0" * 100
    event = log.append("n", "8")
    assert list(EventLog(tmp_path).events()) == [*events[:3], events[6], event]
    assert EventLog(tmp_path).notices == []


def test_a_damaged_file_in_a_folder_nobody_can_write_is_read_from_its_copy(
    written: tuple[Path, tuple[Event, ...]],
) -> None:
    path, events = written
    (path.parent / "lock").unlink(missing_ok=True)
    (path.parent / "lock").mkdir()
    path.write_bytes(b"spoilt")
    log = EventLog(path.parent)
    assert log.events() == events
    (notice,) = log.notices
    assert (notice.recovered, notice.kept) == (True, None)
    assert path.read_bytes() == b"spoilt"


@pytest.mark.parametrize(("spoilt", "left"), [(0, 8), (1, 6), (2, 0)])
def test_with_its_copy_a_file_is_recovered_from_the_newest_good_backup(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, spoilt: int, left: int
) -> None:
    monkeypatch.setattr(storage, "BACKUP_EVERY", 2)
    log = EventLog(tmp_path)
    events = [log.append("n", str(number)) for number in range(9)]
    backups = sorted((tmp_path / "backups").iterdir())
    assert [backup.name[-7:] for backup in backups] == [".json.1", ".json.2"]
    for file in (*tmp_path.glob("*-*.json*"), *backups[:spoilt]):
        file.write_bytes(file.read_bytes()[:-1])
    log = EventLog(tmp_path)
    assert list(log.events()) == events[:left]
    (notice,) = log.notices
    assert (notice.recovered, notice.whole) == (left > 0, False)
    assert ("may lack the last things done" if left else "is missing") in str(notice)
    assert notice.kept
    assert len(list(tmp_path.glob("*.damaged-*"))) == 2
    event = log.append("n", "more")
    assert list(EventLog(tmp_path).events()) == [*events[:left], event]


def test_a_file_deleted_with_its_copy_comes_back_from_its_backup(tmp_path: Path) -> None:
    log = EventLog(tmp_path)
    events = [log.append("n", str(number)) for number in range(storage.BACKUP_EVERY)]
    for file in tmp_path.glob("*-*.json*"):
        file.unlink()
    log = EventLog(tmp_path)
    assert list(log.events()) == events
    assert [(notice.recovered, notice.whole) for notice in log.notices] == [(True, False)]


def test_a_copy_of_a_file_made_by_another_program_counts_too(tmp_path: Path) -> None:
    here, there = EventLog(tmp_path / "here"), EventLog(tmp_path / "there")
    event = there.append("n", "there")
    (file,) = (tmp_path / "there").glob("*-*.json")
    here.append("n", "here")
    for name in (f"{file.stem} (conflicted copy).json", f"{file.stem}.sync-conflict-20261123.json"):
        (tmp_path / "here" / name).write_bytes(file.read_bytes())
    log = EventLog(tmp_path / "here")
    assert event in log.events()
    assert len(log.events()) == 2
    assert log.append("n").device == here.device
