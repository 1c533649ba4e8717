"""Being asked to stop, at any moment of the engine's life: while it waits, loads, trains, or answers.

The first time, whoever works looks at `asked` when it can stop and keeps what it has; where nothing is learned yet
(`at_once`), it stops where it is. Who is asked again has taken too long
(`lab.runs.stop`) and stops where it is, too.
"""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NoReturn


class Stopped(BaseException):
    """Raised between two parts of work. Not an Exception, so that nobody takes it for a fault of what was done."""


class Leave(BaseException):
    """Raised in the midst of anything: nothing is to be kept any more but what is on disk."""


# Plain flags, because a handler runs in the middle of anything and must not wait for a lock.
_asked = False
_at_once = False
_raised = False


def listen() -> None:
    """From now on SIGTERM and Ctrl-C ask. Main thread only."""
    signal.signal(signal.SIGTERM, _heard)
    signal.signal(signal.SIGINT, _heard)


def asked() -> bool:
    """Whether somebody has asked."""
    return _asked


def ask() -> None:
    """Ask, where no signal could."""
    global _asked
    _asked = True


def check() -> None:
    """Raise Stopped if somebody has asked."""
    if _asked:
        raise Stopped


@contextmanager
def at_once() -> Iterator[None]:
    """Raise Leave, here and now, when somebody asks before the block has ended. Main thread only."""
    global _at_once
    _at_once = True
    try:
        if _asked:
            _leave()
        yield
    finally:
        _at_once = False


def _heard(*_: Any) -> None:
    global _asked
    again, _asked = _asked, True
    if (again or _at_once) and not _raised:
        _leave()


def _leave() -> NoReturn:
    """Once only: the last word is being said from then on."""
    global _raised
    _raised = True
    raise Leave
