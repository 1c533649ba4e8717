"""The engine's events, with a heartbeat while it has nothing else to say."""

import threading
import time
from pathlib import Path

import psutil

from lab.events.schema import Event, Heartbeat, LastWord, iteration_of
from lab.events.writer import EventLog

SILENCE = 5.0
"""Seconds without a word after which a heartbeat is due: while a model loads, or a long validation runs."""


class EventWriter(EventLog):
    """A run's event log in the hands of its engine. The heartbeat ends with the last word or `close`."""

    def __init__(self, run: Path, silence: float = SILENCE) -> None:
        super().__init__(run)
        self.iteration = 0
        """Iterations done, by the newest event that told; a heartbeat says it again."""
        self._silence, self._spoke = silence, time.monotonic()
        self._ended = threading.Event()
        threading.Thread(target=self._beat, name="heartbeat", daemon=True).start()

    def write(self, event: Event) -> None:
        super().write(event)
        self._spoke = time.monotonic()
        self.iteration = iteration_of(event, self.iteration)

    def last_word(self, event: LastWord) -> None:
        with self._lock:  # no heartbeat that has begun may come after it
            self._ended.set()
        super().last_word(event)

    def close(self) -> None:
        self._ended.set()
        super().close()

    def _beat(self) -> None:
        process = psutil.Process()
        while not self._ended.wait(max(0.0, self._spoke + self._silence - time.monotonic())):
            with self._lock:
                if self._ended.is_set() or time.monotonic() - self._spoke < self._silence:
                    continue
                try:
                    self.write(Heartbeat(iteration=self.iteration, resident_bytes=process.memory_info().rss))
                except OSError:  # a full disk is for the engine's own next word to tell
                    self._spoke = time.monotonic()
