"""The log under real processes: writing at the same time, and killed in the middle of it."""

import random
import subprocess
import sys
from collections import Counter
from contextlib import suppress
from pathlib import Path

import pytest

from store.log import SEGMENT, EventLog

WRITER = Path(__file__).with_name("writer.py")


def start(folder: Path, name: str, count: int, segment: int = SEGMENT) -> subprocess.Popen[str]:
    command = [sys.executable, str(WRITER), str(folder), name, str(count), str(segment)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def acknowledged(process: subprocess.Popen[str]) -> list[str]:
    """What the writer printed and ended with a newline; its end closes the pipe."""
    assert process.stdout
    lines = process.stdout.read().splitlines(keepends=True)
    process.stdout.close()
    process.wait()
    return [line.strip() for line in lines if line.endswith("\n")]


def test_two_processes_write_at_once_and_nothing_is_lost_or_doubled(tmp_path: Path) -> None:
    writers = [start(tmp_path, name, 150) for name in ("a", "b")]
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
    items = acknowledged(start(tmp_path, "other", 3))
    assert log.events() == ()
    assert log.reload()
    assert [event.item for event in log.events()] == items
    assert not log.reload()


@pytest.mark.parametrize(("laps", "segment"), [(6, SEGMENT), (4, 3)])
def test_twenty_kills_while_two_processes_write(tmp_path: Path, laps: int, segment: int) -> None:
    """SIGKILL at random moments: whatever was acknowledged is there, once, and every file always reads."""
    moments = random.Random(segment)
    promised: list[str] = []
    writers = 2
    for lap in range(laps):
        pair = [start(tmp_path, f"{lap}-{number}", 10_000, segment) for number in range(writers)]
        for process in pair:
            assert process.stdout
            promised += [process.stdout.readline().strip() for _ in range(moments.randrange(1, 8))]
        for process in pair:
            with suppress(subprocess.TimeoutExpired):
                process.wait(timeout=moments.uniform(0, 0.012))
            process.kill()
            promised += acknowledged(process)
        log = EventLog(tmp_path)
        written = Counter(event.item for event in log.events())
        assert log.notices == []
        assert not set(promised) - set(written)
        assert set(written.values()) == {1}
        assert len(written) <= len(promised) + writers * (lap + 1)
