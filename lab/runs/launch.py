"""Starting an engine that trains: in a session of its own, so that a run survives the program that began it."""

import json
import os
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Final

from lab import preflight
from lab.client import engine_command, engine_environment
from lab.errors import LabError
from lab.runs.directory import NOTE, Run
from lab.runs.lock import launching, take_engine_lock
from lab.runs.state import RunState

SECONDS_TO_GO: Final = 30
"""How long an engine may take to leave after its last word; on a busy machine MLX needs more than one to let go."""


def start(run: Run, cache: Path, *, now: bool = False) -> int:
    """Start training `run` in the background and return the process id. Output goes to the run's log.txt.

    It waits until the runs before it have ended, or with `now` trains beside them. One that failed, was stopped or was
    lost goes on from its checkpoint. Raises LabError, and leaves the run as it was, if it cannot be started.
    """
    with claimed([run], cache) as locks:
        return begin(run, cache, locks[0], now=now)


@contextmanager
def claimed(runs: Sequence[Run], cache: Path) -> Iterator[list[int]]:
    """The engine's locks of runs that may be started now, in their order, to be handed to who will work on them.

    An engine that has said its last word is waited for until it is gone. Raises LabError if one of the runs has
    finished, lives, or names what is not there any more; then, or if they are not handed on, the runs are as they were.
    """
    kept: dict[Path, bytes | None] = {}
    with ExitStack() as held:
        for run in sorted(set(runs), key=lambda run: run.path):  # in one order, so that no two wait for each other
            held.enter_context(launching(run.path))
        locks: list[int] = []
        try:
            for run in runs:
                locks.append(_claim(run, cache))
            for run in runs:
                state = run.path / "state"
                kept |= {path: _bytes(path) for path in (run.path / "result.json", state / "stop", state / NOTE)}
                (run.path / "result.json").unlink(missing_ok=True)
                (state / "stop").unlink(missing_ok=True)
                note_process(run.path, None, _size(run.path / "log.txt"))
            yield locks
        except BaseException:
            _close(locks)
            for path, data in kept.items():
                if any(run.lives() for run in runs if path.is_relative_to(run.path)):
                    continue
                if data is None:
                    path.unlink(missing_ok=True)
                else:
                    path.write_bytes(data)
            raise
        _close(locks)


def _claim(run: Run, cache: Path) -> int:
    """The engine's lock of a run that may be started; its launch.lock is held."""
    if run.last_word() is not RunState.FINISHED:
        if run.lives() and not run.result():
            raise LabError(f"is {run.state()} already", where=run.id, remedy=f"`lowrank stop {run.id}` stops it")
        if run.noted():  # it was looked at when it was made, which may be long ago
            preflight.check_again(run, cache)
        lock = take_engine_lock(run.path, SECONDS_TO_GO)
        if lock is None:
            raise LabError("has ended, but its engine is still there", where=run.id, remedy="try again in a while")
        if run.last_word() is not RunState.FINISHED:
            return lock
        os.close(lock)  # its last word came while we waited
    raise LabError("has finished: there is nothing to resume", where=run.id, remedy="start a new run")


def _bytes(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def _close(locks: list[int]) -> None:
    """Let go of locks; whoever inherited one holds it on, which LOCK_UN would take from him."""
    for lock in locks:
        os.close(lock)
    locks.clear()


def begin(run: Run, cache: Path, lock: int, *, now: bool = False) -> int:
    """Start the engine of a run both of whose locks are held, and hand it its own; the process id."""
    command = engine_command("train", str(run.path), "--cache", str(cache), "--lock", str(lock))
    with (run.path / "log.txt").open("ab") as log:
        begins = log.tell()
        process = subprocess.Popen(
            command + ["--now"] * now,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env=engine_environment(cache),
            start_new_session=True,
            pass_fds=(lock,),
        )
    with suppress(OSError):  # it does so itself, should the disk be full just now
        note_process(run.path, process.pid, begins)
    return process.pid


def note_process(path: Path, pid: int | None, log_bytes: int = 0) -> None:
    """Write down which process works on the run, to send it signals; only for who holds the engine's lock.

    None is for a run that has no process of its own yet. `log_bytes` is where its part of the log begins, and the time
    tells whether the machine was restarted since.
    """
    target = path / "state" / NOTE
    temporary = target.with_suffix(f".{os.getpid()}.tmp")
    temporary.write_text(json.dumps({"pid": pid, "created": time.time(), "log_bytes": log_bytes}), encoding="utf-8")
    os.replace(temporary, target)
