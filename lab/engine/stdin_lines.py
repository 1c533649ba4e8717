"""Standard input of a job: lines from whoever asked, and its end when that one is gone, for which nothing goes on."""

import os
import signal
import threading
import time
from queue import SimpleQueue
from typing import Final

GRACE: Final = 2.0
"""Seconds to clean up."""


class Inbox:
    """Lines are read in a thread, since the process works in the meantime. On a `leash` it ends with them, whatever it
    does just then; without, so do the lines."""

    def __init__(self, leash: bool = True) -> None:
        self._leash = leash
        self._lines: SimpleQueue[bytes] = SimpleQueue()
        threading.Thread(target=self._listen, name="inbox", daemon=True).start()

    def _listen(self) -> None:
        held = b""
        while data := os.read(0, 1 << 16):  # not sys.stdin, whose lock Python wants when it ends
            *lines, held = (held + data).split(b"\n")
            for line in lines:
                self._lines.put(line)
        if self._leash:  # whoever asked is gone, also in the middle of loading
            if callable(signal.getsignal(signal.SIGTERM)):  # there is something to clean up
                signal.raise_signal(signal.SIGTERM)
                time.sleep(GRACE)
            os._exit(0)
        self._lines.put(held)
        self._lines.put(b"")

    def empty(self) -> bool:
        """Whether nobody waits."""
        return self._lines.empty()

    def next(self) -> bytes:
        """The oldest line that was not taken yet, waiting for it; an empty one is the end."""
        return self._lines.get()

    def newest(self) -> bytes:
        """The newest line, waiting for it; those before it were overtaken."""
        line = self._lines.get()
        while not self._lines.empty():
            line = self._lines.get()
        return line
