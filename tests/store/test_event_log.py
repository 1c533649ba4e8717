"""The event log in one process: what is kept, in which order, and what is said when it cannot be."""

import math
import resource
import subprocess
import sys
import threading
import time
from datetime import datetime, timedelta
from pathlib import Path

import filelock
import pytest
from tinydb import TinyDB

from store import event_log as log_module
from store import storage
from store.errors import StoreError
from store.event import uuid7
from store.event_log import EventLog


def segments(folder: Path) -> list[Path]:
    return sorted(folder.glob("*-*.json"))


def test_an_event_is_there_after_a_restart(tmp_path: Path) -> None:
    folder = tmp_path / "some home" / "progress"
    log = EventLog(folder)
    assert log.events() == ()
    assert not folder.exists()
    event = log.append("question.answered", "lora/why-lora?frozen", {"right": True, "chosen": ["a", "나"]})
    again = EventLog(folder)
    assert again.events() == (event,) == log.events()
    assert event.v == 1
    assert event.payload == {"right": True, "chosen": ["a", "나"]}
    moment = datetime.fromisoformat(event.at)
    assert moment.utcoffset() is not None
    assert abs(datetime.now().astimezone() - moment) < timedelta(minutes=1)


def test_a_device_keeps_its_id(tmp_path: Path) -> None:
    first = EventLog(tmp_path).append("a")
    second = EventLog(tmp_path).append("b")
    assert first.device == second.device == (tmp_path / "device").read_text().strip()


def test_a_spoilt_device_file_gives_a_new_device_and_keeps_the_old_events(tmp_path: Path) -> None:
    first = EventLog(tmp_path).append("a")
    (tmp_path / "device").write_bytes(b"\xff../../etc")
    second = EventLog(tmp_path).append("b")
    assert first.device != second.device
    assert EventLog(tmp_path).events() == (first, second)


def test_long_logs_are_cut_into_segments(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_module, "SEGMENT", 4)
    log = EventLog(tmp_path)
    events = [log.append("n", str(number)) for number in range(6)]
    events += [EventLog(tmp_path).append("n", str(number)) for number in range(6, 10)]
    assert [path.name[-11:] for path in segments(tmp_path)] == ["000001.json", "000002.json", "000003.json"]
    assert list(EventLog(tmp_path).events()) == events
    assert log.reload()
    assert list(log.events()) == events


def test_stock_tinydb_reads_the_file(tmp_path: Path) -> None:
    event = EventLog(tmp_path).append("a", "b", {"c": 1})
    (path,) = segments(tmp_path)
    with TinyDB(path) as db:
        assert db.table("events").all() == [event.document()]


def test_numbers_that_json_lacks_become_none(tmp_path: Path) -> None:
    event = EventLog(tmp_path).append("run.finished", "r", {"val_loss": math.nan, "all": (math.inf, 1.5)})
    assert event.payload == {"val_loss": None, "all": [None, 1.5]}
    assert EventLog(tmp_path).events() == (event,)


def test_a_payload_that_is_not_json_is_refused_and_nothing_is_written(tmp_path: Path) -> None:
    with pytest.raises(TypeError):
        EventLog(tmp_path).append("a", "b", {"c": object()})
    assert segments(tmp_path) == []


def test_ids_rise_though_the_clock_is_set_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = EventLog(tmp_path)
    first = log.append("a")
    real = time.time_ns()
    monkeypatch.setattr(time, "time_ns", lambda: real - 3600 * 10**9)
    events = (first, log.append("b"), EventLog(tmp_path).append("c"))
    assert EventLog(tmp_path).events() == events


def test_uuid7_has_its_version_and_rises_past_a_full_counter() -> None:
    def fields(text: str) -> tuple[int, int, int]:
        digits = text.replace("-", "")
        return int(digits[:12], 16), int(digits[12], 16), int(digits[16], 16) >> 2

    before = time.time_ns() // 10**6
    stamp, version, variant = fields(uuid7())
    assert (version, variant) == (7, 2)
    assert before <= stamp <= time.time_ns() // 10**6
    future = "ffff00000000-7fff-bfff-ffffffffffff".replace("ffff00000000", "ffff0000-0000")
    following = uuid7(after=future)
    assert following > future
    assert fields(following) == (0xFFFF00000001, 7, 2)
    run = [uuid7()]
    for _ in range(5000):
        run.append(uuid7(after=run[-1]))
    assert run == sorted(set(run))


def test_threads_may_share_a_log(tmp_path: Path) -> None:
    shared = EventLog(tmp_path)

    def write(name: str, log: EventLog) -> None:
        for number in range(15):
            log.append("n", f"{name}{number}")

    threads = [
        threading.Thread(target=write, args=(name, log))
        for name, log in (("a", shared), ("b", shared), ("c", EventLog(tmp_path)))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    expected = sorted(f"{name}{number}" for name in "abc" for number in range(15))
    assert sorted(event.item for event in EventLog(tmp_path).events()) == expected


def test_a_full_disk_is_said_plainly_and_costs_nothing_acknowledged(tmp_path: Path) -> None:
    log = EventLog(tmp_path)
    first = log.append("a")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2000, limits[1]))
    try:
        with pytest.raises(StoreError, match=r"could not be written.*Make room") as caught:
            log.append("b", payload={"text": "x" * 3000})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert str(tmp_path) in str(caught.value)
    assert log.events() == EventLog(tmp_path).events() == (first,)
    second = log.append("c")
    assert EventLog(tmp_path).events() == (first, second)


def test_a_folder_that_cannot_be_made_is_said_plainly(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("a file where the home should be")
    log = EventLog(tmp_path / "home" / "progress")
    with pytest.raises(StoreError, match="could not be written"):
        log.append("a")


def test_a_lock_that_is_never_released_is_said_plainly(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(storage, "LOCK_SECONDS", 0.05)
    with filelock.FileLock(tmp_path / "lock"), pytest.raises(StoreError, match="Another program has held"):
        EventLog(tmp_path).append("a")
    assert EventLog(tmp_path).append("b").kind == "b"


def test_kinds_and_keys_of_newer_versions_are_kept(tmp_path: Path) -> None:
    EventLog(tmp_path).append("a")
    (path,) = segments(tmp_path)
    newer = {"id": uuid7(), "v": 7, "kind": "dream.dreamt", "mood": "good", "payload": [1]}
    path.write_bytes(storage.seal({"events": {"1": newer}, "dreams": {"1": {"of": "rank"}}}))
    log = EventLog(tmp_path)
    (event,) = log.events()
    assert (event.kind, event.v, event.payload) == ("dream.dreamt", 7, {})
    log.append("b")
    tables = storage.unseal(path.read_bytes())
    assert tables["events"]["1"] == newer
    assert tables["dreams"] == {"1": {"of": "rank"}}
    assert len(EventLog(tmp_path).events()) == 2


def test_opening_a_log_loads_nothing_heavy(tmp_path: Path) -> None:
    EventLog(tmp_path).append("a")
    script = (
        "import sys; from pathlib import Path\n"
        "import store.progress; assert 'tinydb' not in sys.modules\n"
        "from store.event_log import EventLog; assert len(EventLog(Path(sys.argv[1])).events()) == 1\n"
        "print(*sorted({'pydantic', 'filelock', 'asyncio', 'yaml', 'textual', 'lessons'} & set(sys.modules)))"
    )
    result = subprocess.run([sys.executable, "-c", script, str(tmp_path)], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == ""
