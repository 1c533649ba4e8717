"""The log under real processes: writing at the same time, and killed in the middle of it."""

import os
import random
import subprocess
import sys
from collections import Counter
from contextlib import suppress
from pathlib import Path

import pytest

from benchmarks.progress import acknowledged, kill, writer
from store.event_log import SEGMENT, EventLog
from store.sync import sync

SYNC = """
import sys
from pathlib import Path
from store.sync import sync
print("begins", flush=True)
while True:
    sync(Path(sys.argv[1]), Path(sys.argv[2]))
"""


def test_two_processes_write_at_once_and_nothing_is_lost_or_doubled(tmp_path: Path) -> None:
    writers = [writer(tmp_path, name, SEGMENT, 150) for name in ("a", "b")]
    own = EventLog(tmp_path)
    mine = [own.append("test.written", f"own-{number}").item for number in range(50)]
    wrote = mine + [item for writer in writers for item in acknowledged(writer)]
    assert len(wrote) == 350
    log = EventLog(tmp_path)
    assert Counter(event.item for event in log.events()) == Counter(wrote)
    assert len({event.device for event in log.events()}) == 1
    own.reload()
    assert own.events() == log.events()


def test_what_another_process_wrote_is_seen_on_reload(tmp_path: Path) -> None:
    log = EventLog(tmp_path)
    assert not log.reload()
    items = acknowledged(writer(tmp_path, "other", SEGMENT, 3))
    assert log.events() == ()
    assert log.reload()
    assert [event.item for event in log.events()] == items
    assert not log.reload()


@pytest.mark.parametrize("kills", [4, pytest.param(40, marks=pytest.mark.long)])
def test_kills_while_two_processes_write(kills: int, tmp_path: Path) -> None:
    """SIGKILL at random moments: whatever was acknowledged is there, once, and every file always reads."""
    assert kill(tmp_path, kills, random.Random(0)) == 0
    assert len(EventLog(tmp_path).events()) >= kills


def test_killed_in_the_middle_of_a_sync_devices_still_come_to_the_same(tmp_path: Path) -> None:
    shared, moments = tmp_path / "shared", random.Random(0)
    logs = [EventLog(tmp_path / name) for name in ("a", "b")]
    for lap in range(4):
        for log in logs:
            log.append("test.written", f"{log.folder.name}-{lap}")
            process = subprocess.Popen(
                [sys.executable, "-c", SYNC, str(log.folder), str(shared)], stdout=subprocess.PIPE, text=True
            )
            assert process.stdout and process.stdout.readline()
            with suppress(subprocess.TimeoutExpired):
                process.wait(timeout=moments.uniform(0, 0.03))
            process.kill()
            process.communicate()
    for draft in shared.glob(".*.tmp"):
        os.utime(draft, (0, 0))
    for log in (*logs, *logs):
        sync(log.folder, shared)
        log.reload()
    assert logs[0].events() == logs[1].events() and len(logs[0].events()) == 8
    assert not [notice for log in logs for notice in log.notices] and not list(shared.glob(".*.tmp"))
