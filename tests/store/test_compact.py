"""The cache of a long log: faster, never different, and of no account when it is spoilt or gone."""

import marshal
from pathlib import Path

import pytest

from store import compact, storage
from store import event_log as log_module
from store.event import Event
from store.event_log import EventLog


@pytest.fixture
def long(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(log_module, "SEGMENT", 2)
    monkeypatch.setattr(log_module, "COMPACT", 3)
    log = EventLog(tmp_path)
    for number in range(13):
        log.append("n", str(number), {"list": [number, {"한": 1.5}], "same": True})
    EventLog(tmp_path).tidy()
    return tmp_path


def counted(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """What is read the long way from now on."""
    read: list[object] = []
    real = log_module.unseal

    def unseal(content: bytes) -> storage.Tables:
        read.append(content)
        return real(content)

    monkeypatch.setattr(log_module, "unseal", unseal)
    return read


def test_a_long_log_is_read_from_it_and_is_the_same(long: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(compact, "read", lambda path: {})
        events = EventLog(long).events()
    read = counted(monkeypatch)
    log = EventLog(long)
    assert log.events() == events
    assert len(events) == 13
    assert len(read) == 1  # the file that is not full
    assert [event.document() for event in log.events()] == [event.document() for event in events]


@pytest.mark.parametrize(
    "spoil", [lambda content: content[:-1], lambda content: b"", lambda content: content.replace(b"1", b"2", 1)]
)
def test_one_that_is_spoilt_is_not_used_and_is_written_again(
    long: Path, monkeypatch: pytest.MonkeyPatch, spoil: object
) -> None:
    events, file = EventLog(long).events(), long / "compact"
    good = file.read_bytes()
    file.write_bytes(spoil(good))  # type: ignore[operator]
    log = EventLog(long)
    assert log.events() == events
    assert log.notices == []
    log.tidy()
    assert compact.read(file).keys() == {key for key in marshal.loads(good[len(b"lowrank compact 1\n") + 8 :])}


def test_a_file_that_is_damaged_or_another_one_is_not_taken_from_it(long: Path) -> None:
    events = EventLog(long).events()
    first, second, *_ = sorted(long.glob("*-*.json"))
    first.write_bytes(first.read_bytes().replace(b'"item":"0"', b'"item":"9"'))
    tables = storage.unseal(second.read_bytes())
    tables["events"]["2"]["item"] = "other"
    second.write_bytes(storage.seal(tables))
    log = EventLog(long)
    assert [notice.recovered for notice in log.notices] == [True]
    assert [event.item for event in log.events()] == ["0", "1", "2", "other", *(event.item for event in events[4:])]


def test_what_newer_versions_wrote_is_not_cut_short_by_it(long: Path) -> None:
    (first, *_) = sorted(long.glob("*-*.json"))
    tables = storage.unseal(first.read_bytes())
    tables["events"]["1"]["mood"] = "good"
    first.write_bytes(storage.seal(tables))
    (long / "compact").unlink()
    EventLog(long).tidy()
    assert EventLog(long).events()[0].document()["mood"] == "good"


def test_what_an_event_costs_does_not_grow_with_the_log(long: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In bytes read and written, since a clock would measure the machine."""
    costs = []
    real = storage.put
    for count in (1, 60):
        for number in range(count):
            EventLog(long).append("n", str(number))
        log = EventLog(long)
        log.append("n")
        written: list[int] = []
        read = counted(monkeypatch)

        def put(path: Path, content: bytes, draft: Path, spare: bool = False, written: list[int] = written) -> None:
            written.append(len(content))
            real(path, content, draft, spare)

        with monkeypatch.context() as patch:
            patch.setattr(storage, "put", put)
            log.append("n")
            log.append("n")
        costs.append((sum(written), len(read)))
    assert costs[1][0] <= 1.2 * costs[0][0]
    assert costs[1][1] == costs[0][1] == 0


def test_without_the_cache_nothing_changes_for_a_short_log(tmp_path: Path) -> None:
    log = EventLog(tmp_path)
    events: list[Event] = [log.append("n", str(number)) for number in range(3)]
    EventLog(tmp_path).tidy()
    assert not (tmp_path / "compact").exists()
    assert list(EventLog(tmp_path).events()) == events
