"""Keys go first: what looks at the disk or draws by its own clock asks here whether it may, or keys are coming."""

from time import monotonic
from typing import Final

COMING: Final = 0.15
"""Seconds after a key in which the next one is expected."""
LONGEST: Final = 1.0
"""Seconds that anything waits at most, however long somebody goes on typing."""

_heard = float("-inf")


def heard() -> None:
    """A key was pressed."""
    global _heard
    _heard = monotonic()


def waits(since: float) -> bool:
    """Whether to leave it for now, where it was last done at `since` of the monotonic clock."""
    now = monotonic()
    return now - _heard < COMING and now - since < LONGEST
