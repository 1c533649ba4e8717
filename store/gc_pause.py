"""Pausing the garbage collector while many events are handled."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

MANY = 1000


@contextmanager
def without_collection(count: int = MANY) -> Iterator[None]:
    """Meanwhile Python does not search for cycles, if `count` events are many: it would walk all of them again and
    again while they are made, and find none."""
    pause = count >= MANY and gc.isenabled()
    if pause:
        gc.disable()
    try:
        yield
    finally:
        if pause:
            gc.enable()
