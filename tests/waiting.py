"""Waiting for a thing, never for a time."""

import time
from collections.abc import Callable, Iterator
from typing import TypeVar

Found = TypeVar("Found")

PATIENCE = 180.0
"""Seconds; far more than anything here takes on an idle machine."""


def wait_for(condition: Callable[[], Found], seconds: float = PATIENCE) -> Found:
    """What the condition gives, as soon as it is true; fails when it never is."""
    end, pause = time.monotonic() + seconds, pauses()
    while not (found := condition()):
        assert time.monotonic() < end, "waited in vain"
        time.sleep(next(pause))
    return found


def pauses() -> Iterator[float]:
    """Seconds from one look to the next: ever longer, since looking takes the processor from what is waited for."""
    seconds = 0.005
    while True:
        yield seconds
        seconds = min(1.2 * seconds, 0.1)
