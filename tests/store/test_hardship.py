"""A full disk, a home that cannot be written to, a clock that goes backwards: nothing acknowledged is lost."""

import errno
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from learned import COURSE

from store import storage
from store.errors import StoreError
from store.event_log import EventLog
from store.progress import replay
from tui.session import LearnerSession

TRACKS = Path(__file__).parents[1] / "tui" / "tracks"


@contextmanager
def no_file_over(size: int) -> Iterator[None]:
    """The system itself refuses to write more: the nearest to a full disk that needs no disk of one's own."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


def failing(real: Callable[..., object], at: list[int]) -> Callable[..., object]:
    """`real`, until it is called for the `at`th time; then the disk is full, and stays so."""

    def call(*given: object, **named: object) -> object:
        at[0] -= 1
        if at[0] < 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return real(*given, **named)

    return call


@pytest.mark.parametrize("name", ["_flush", "create_folder"])
def test_a_disk_that_is_full_at_any_moment_costs_nothing_acknowledged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """The nth flush fails, for each n: an event is then kept and acknowledged, or it can be kept later, once."""
    monkeypatch.setattr(storage, "BACKUP_EVERY", 2)
    failed = 0
    for moment in range(14):
        folder = tmp_path / f"{name}-{moment}"
        log = EventLog(folder)
        kept, refused = [log.append("n", "first")], []
        with monkeypatch.context() as patch:
            patch.setattr(storage, name, failing(getattr(storage, name), [moment]))
            for number in range(3):
                try:
                    kept.append(log.append("n", str(number)))
                except StoreError as error:
                    assert "No space left on device" in str(error)
                    assert error.event
                    refused.append(error.event)
        failed += len(refused)
        assert all(event in EventLog(folder).events() for event in kept)
        assert EventLog(folder).notices == []
        log.keep(refused, own=True)
        assert sorted(event.item for event in EventLog(folder).events()) == ["0", "1", "2", "first"]
        assert log.events() == EventLog(folder).events()
        assert not list(folder.rglob("*.tmp"))
    assert failed


def test_a_copy_that_there_was_no_room_for_does_not_pass_for_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = EventLog(tmp_path)
    log.append("n", "first")
    with monkeypatch.context() as patch:
        # The file itself, and the folder it is in; then the disk is full.
        patch.setattr(storage, "_flush", failing(storage._flush, [2]))
        second = log.append("n", "second")
    assert list(tmp_path.glob("*.bak")) == []
    log.append("n", "third")
    (file,) = tmp_path.glob("*-*.json")
    file.write_bytes(b"")
    assert second in EventLog(tmp_path).events()


def test_what_there_was_no_room_for_counts_and_is_kept_as_soon_as_there_is(tmp_path: Path) -> None:
    study = LearnerSession(tmp_path, TRACKS)
    study.load()
    study.record("section.read", "demo/thin#start", {"lang": "en"})
    with no_file_over(100):
        change = study.record("question.answered", "demo/thin?one", {"right": True, "loss": float("nan")})
        study.record("setting.set", "theme", {"value": "lowrank-light"})
    assert change.xp == 7
    (problem,) = study.problems
    assert (problem.kind, problem.detail) == ("home", f"{tmp_path / 'progress'}: {os.strerror(errno.EFBIG)}")
    study.record("lesson.position", "demo/thin", {"section": "demo/thin#start", "block": 0})
    assert study.problems == []
    again = LearnerSession(tmp_path, TRACKS)
    again.load()
    assert again.progress == study.progress
    assert again.setting("theme") == "lowrank-light"
    assert len({event.device for event in EventLog(tmp_path / "progress").events()}) == 1


def test_a_file_damaged_while_the_program_is_open_is_said_at_the_next_step(tmp_path: Path) -> None:
    study = LearnerSession(tmp_path, TRACKS)
    study.load()
    study.record("question.answered", "demo/thin?one", {"right": True})
    (file,) = (tmp_path / "progress").glob("*-*.json")
    file.write_bytes(b"spoilt")
    study.record("setting.set", "theme", {"value": "lowrank-light"})
    study.record("setting.set", "theme", {"value": "lowrank-dark"})
    assert [problem.kind for problem in study.problems] == ["recovered"]
    assert study.progress.xp == 7


READ_ONLY = """
import asyncio, os, sys
from pathlib import Path
import filelock, tinydb, store.sync, store.transfer
from store.event_log import EventLog
from store.errors import StoreError
from tui.session import LearnerSession
home, tracks = map(Path, sys.argv[1:])
asyncio.run(LearnerSession(Path(os.devnull) / "none", tracks).open())  # imports what it needs, while it may
if os.getuid() == 0:  # nothing is read-only to root
    os.setgid(65534); os.setuid(65534)
log = EventLog(home / "progress")
print(len(log.events()))
try:
    log.append("n")
except StoreError as error:
    print(error)
try:
    store.sync.sync(log.folder, home / "shared")
except StoreError as error:
    print(error)
study = LearnerSession(home, tracks)
asyncio.run(study.open())
print([problem.kind for problem in study.problems], study.progress.xp, study.record("n").xp)
"""


def test_a_home_that_is_read_only_is_read_and_said_to_be(tmp_path: Path) -> None:
    with tempfile.TemporaryDirectory(dir="/tmp" if os.getuid() == 0 else None) as name:  # where nobody may look, too
        home, tracks = Path(name), Path(name) / "tracks"
        EventLog(home / "progress").append("question.answered", "demo/thin?one", {"right": True})
        subprocess.run(["cp", "-r", str(TRACKS), str(tracks)], check=True)
        folders = [home, home / "progress"]
        for path in home.rglob("*"):
            path.chmod(0o755 if path.is_dir() else 0o644)
        for folder in folders:
            folder.chmod(0o555)
        command = [sys.executable, "-c", READ_ONLY, str(home), str(tracks)]
        result = subprocess.run(command, capture_output=True, text=True)
        for folder in folders:
            folder.chmod(0o755)
    assert result.returncode == 0, result.stderr
    assert result.stdout.splitlines() == [
        "1",
        f"Progress could not be written to {home / 'progress'} (Permission denied). "
        "Make room or allow writing there, and try again.",
        f"{home / 'shared'} could not be opened (Permission denied). "
        "Check that the folder above it is there and can be written.",
        "['home'] 7 0",
    ]


def test_with_the_clock_set_back_the_last_thing_done_is_still_the_last(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = EventLog(tmp_path)
    log.append("question.answered", "lora/one?x", {"right": True})
    log.append("lesson.position", "lora/one", {"section": "lora/one#a"})
    real = time.time_ns()
    monkeypatch.setattr(time, "time_ns", lambda: real - 365 * 86_400 * 10**9)
    again = EventLog(tmp_path)
    again.append("lesson.position", "lora/two", {"section": "lora/two#a"})
    again.append("question.answered", "lora/one?x", {"right": False})
    for progress in (replay(EventLog(tmp_path).events(), COURSE), replay(again.arrived(), COURSE)):
        assert progress.last_lesson == "lora/two"
        assert progress.questions["lora/one?x"].first_try
        assert progress.xp == 7
    assert sorted(event.id for event in again.arrived()) == [event.id for event in again.arrived()]
