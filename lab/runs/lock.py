"""The two locks of a run. The kernel takes both from a process that ends, however it ended.

engine.lock  held by the engine for as long as it lives, or for a run in line by who will start it: a run is alive if
             and only if somebody holds this lock. Numbers of processes are given away again, and clocks are set.
launch.lock  held for a moment by whoever starts, resumes, stops, deletes, restores or speaks for a run, so that what
             was found out still holds when something is done about it. Who needs both takes this one first.

Both are flock's, which belong to the open file and not to the process: whoever starts an engine takes its lock and
hands the open file over, so that there is no moment in which nobody holds it. (filelock cannot hand one over, nor share
one, and makes the folder of a run anew that was just deleted.)
"""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from lab.errors import LabError, naming

PATIENCE: Final = 60.0
"""Seconds to wait for launch.lock, which is held for half a minute where an engine takes its time to leave."""
GLANCE: Final = 2.0
"""Seconds in which engine.lock comes free where nobody but `engine_lives` holds it."""
LOOK: Final = 0.01


def engine_lives(run: Path) -> bool:
    """Whether somebody holds the engine's lock. It is shared while we look, so those who look never see each other."""
    try:
        file = os.open(run / "state" / "engine.lock", os.O_RDONLY | os.O_NONBLOCK)
    except OSError:
        return False
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:  # no lock can be taken on this disk, so no engine has one
        return False
    finally:
        os.close(file)
    return False


def take_engine_lock(run: Path, patience: float = GLANCE) -> int | None:
    """The engine's lock as an open file, held until every copy of it is closed; None if it is not free in time."""
    return _take(run / "state" / "engine.lock", patience)


@contextmanager
def launching(run: Path, patience: float = PATIENCE) -> Iterator[None]:
    """Hold launch.lock.

    Raises LabError if somebody else holds it for too long, or if the run is gone. An OSError, also one of the block,
    names the run instead of a file in it.
    """
    path = run / "state" / "launch.lock"
    with naming(run):
        try:
            with suppress(FileExistsError):
                os.mkdir(path.parent)  # not there in a folder that somebody damaged
            lock = _take(path, patience)
        except (FileNotFoundError, NotADirectoryError) as error:
            if os.path.lexists(path.parent) and not path.parent.is_dir():
                raise
            raise _gone(run) from error
    if lock is None:
        what = "somebody else is starting, stopping or deleting it"
        raise LabError(what, where=run.name, remedy="try again in a while")
    try:
        if not path.exists():  # it was moved while we waited
            raise _gone(run)
        with naming(run):
            yield
    finally:
        os.close(lock)


def _take(path: Path, patience: float) -> int | None:
    """A lock that nobody else may hold, not even to share it; the folder must be there, since a run may be gone."""
    file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NONBLOCK, 0o666)
    end = time.monotonic() + patience
    try:
        while True:
            with suppress(BlockingIOError):
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return file
            if time.monotonic() > end:
                break
            time.sleep(LOOK)
    except BaseException:
        os.close(file)
        raise
    os.close(file)
    return None


def _gone(run: Path) -> LabError:
    return LabError("is not there any more", where=str(run), remedy="`lowrank runs` lists every run")
