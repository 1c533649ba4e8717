"""Waiting for a thing, never for a time."""

import time
from collections.abc import Callable
from typing import TypeVar

Found = TypeVar("Found")

PATIENCE = 120.0
"""Seconds; far more than anything here takes on an idle machine."""


def wait_for(condition: Callable[[], Found], seconds: float = PATIENCE) -> Found:
    """What the condition gives, as soon as it is true; fails when it never is."""
    end = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.005)
    return found
