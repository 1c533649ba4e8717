"""When a section counts as read."""

from typing import Final

WORDS_PER_MINUTE: Final = 250
FASTEST: Final = 3
"""A reader who skims what they half know is this many times faster than the usual pace."""


def seconds_to_read(words: int) -> float:
    """The least time in which a person can have read this many words."""
    return words * 60 / WORDS_PER_MINUTE / FASTEST


class ReadingTimer:
    """Time spent on one section: it runs only while the section is on the screen."""

    def __init__(self, words: int) -> None:
        self.needed = seconds_to_read(words)
        self._spent = 0.0
        self._since: float | None = None

    def run(self, now: float) -> None:
        if self._since is None:
            self._since = now

    def rest(self, now: float) -> None:
        self._spent += self._running(now)
        self._since = None

    def remaining(self, now: float) -> float:
        """Seconds still missing; 0 once the section can have been read."""
        return max(self.needed - self._spent - self._running(now), 0.0)

    def _running(self, now: float) -> float:
        return 0.0 if self._since is None else max(now - self._since, 0.0)
