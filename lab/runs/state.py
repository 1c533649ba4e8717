"""The states of a run; light, since the first frame imports it."""

from enum import StrEnum
from typing import Final


class RunState(StrEnum):
    """What a run does, or how it ended. The values are those of the files and of `--json`.

    FINISHED, STOPPED and FAILED are last words: the event and result.json call them the same.
    """

    WAITING = "waiting"
    RUNNING = "running"
    STOPPING = "stopping"
    FINISHED = "finished"
    STOPPED = "stopped"
    FAILED = "failed"
    LOST = "lost"
    """Its engine is gone, and nobody has written its last word."""

    @property
    def active(self) -> bool:
        """An engine works on the run, or will."""
        return self in (RunState.WAITING, RunState.RUNNING, RunState.STOPPING)

    @property
    def ended(self) -> bool:
        """No engine works on the run."""
        return not self.active

    @property
    def terminal(self) -> bool:
        """The run has ended with a last word."""
        return self in TERMINAL

    @property
    def keeps_adapter(self) -> bool:
        """The run has ended, and what it learned is kept."""
        return self in (RunState.FINISHED, RunState.STOPPED)

    @property
    def resumable(self) -> bool:
        """The run has ended, and can go on."""
        return self.ended and self is not RunState.FINISHED


TERMINAL: Final = (RunState.FINISHED, RunState.STOPPED, RunState.FAILED)
"""The last words, which are events too."""
