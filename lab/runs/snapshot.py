"""What a run says now, in bounded memory, whatever its length. Reading blocks: call it in a thread."""

import os
import shlex
from pathlib import Path

from foreign import Refused, opened
from lab.events.curves import Curves
from lab.events.digest import Digest, glimpse
from lab.events.missing import Kind, Missing, why
from lab.events.progress import RunProgress
from lab.events.schema import LastWord
from lab.runs.crash_recovery import settle
from lab.runs.damage import fenced
from lab.runs.directory import Run
from lab.runs.method import method_of
from lab.runs.outcome import in_vain
from lab.runs.state import RunState
from lab.runs.stop import hasten

LOG_TAIL = 4096
MUCH = 4 << 20
"""With more bytes of events than that unread, a picture is drawn from a few of them first."""
AT_ONCE = 4
"""Slices of events that are read before anybody can ask for something else."""


class RunSnapshot:
    """One run. `poll` goes on from where reading ended; all of it can be read back from the run's folder."""

    def __init__(self, run: Run, cache: Path) -> None:
        with fenced(run):
            self._begin(run, cache)

    def _begin(self, run: Run, cache: Path) -> None:
        spec = run.spec
        self.run = run
        self.id = run.id
        self.model, self.data = spec.model, spec.data
        self.kind: str = spec.fine_tune_type
        self.method = method_of(run, cache)
        self.rank = spec.lora_parameters.rank
        self.command = shlex.join(spec.command())
        self.digest = Digest.open(run)
        self.digest.progress.iterations = self.digest.progress.iterations or spec.iters
        self.curves = Curves(spec.iters)
        self.state = RunState.WAITING
        self._polled = False
        self.overdue = False
        """Whether it was asked to stop, and has taken so long that it is being ended."""
        self.files: list[tuple[str, int]] = []
        self.result: LastWord | None = None
        self.last_line = ""
        self._glimpse: RunProgress | None = None

    @property
    def ended(self) -> bool:
        return self.state.ended

    def missing(self, kind: Kind) -> Missing:
        """Why there is no figure of this kind."""
        return why(kind, self.progress, ended=self.ended, unread=self.unread > 0)

    @property
    def outcome(self) -> LastWord | None:
        """result.json, or the last event where there is none."""
        return self.result or self.progress.outcome

    @property
    def verdict(self) -> str:
        """ "worse" or "untrained" where a training that ended was for nothing."""
        return in_vain(self.outcome) if self.ended else ""

    @property
    def troubled(self) -> bool:
        """Whether there is something to say of how it ended."""
        return self.state in (RunState.FAILED, RunState.LOST) or bool(self.verdict)

    @property
    def progress(self) -> RunProgress:
        """What the events say; while there is much to read, what a look at a few of them says."""
        return self._glimpse or self.digest.progress

    @property
    def unread(self) -> int:
        """Bytes of events that were written and not yet read: worth asking again at once."""
        return self.digest.behind

    @property
    def read(self) -> float:
        """Share of the events that were read."""
        return self.digest.offset / max(1, self.digest.offset + self.unread)

    def poll(self) -> bool:
        """Read what is new, about a megabyte at most; True when anything was.

        A run whose engine was killed gets its last word here. Raises LabError if the run's files are damaged.
        """
        with fenced(self.run):
            return self._poll()

    def _poll(self) -> bool:
        state = settle(self.run)
        overdue = state is RunState.STOPPING and hasten(self.run) in ("told", "killed")
        changed = not self._polled or (state, overdue) != (self.state, self.overdue)
        self._polled = True
        self.overdue = overdue
        unread = self.digest.behind
        if unread > MUCH and not self.digest.offset:
            self._glimpse = glimpse(self.run)
            self.curves = Curves.of(self._glimpse)
        changed = any([self.digest.read() for _ in range(AT_ONCE)]) or changed
        if not self.unread:
            self._glimpse = None
            if self.digest.offset - self.digest.kept > MUCH:
                self.digest.keep()
        if state.ended and changed:
            self.result = self.run.result()
            if not self.progress.ended and self.result:
                self.progress.apply([self.result])
            self.files = self.run.files()
            self.last_line = last_line(self.run.path / "log.txt")
        self.state = state
        if changed and self._glimpse is None:
            self.curves = Curves.of(self.progress)
        return changed


def last_line(log: Path) -> str:
    """The last line with anything on it, or nothing."""
    try:
        with opened(log) as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - LOG_TAIL))
            lines = file.read().decode("utf-8", "replace").splitlines()
    except (OSError, Refused):
        return ""
    return next((line.strip() for line in reversed(lines) if line.strip()), "")
