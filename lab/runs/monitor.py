"""Looks at the runs below one folder, whoever started them: which there are, which go on, and which have ended.

Everything but `watch` blocks: call it in a thread.
"""

import asyncio
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from lab.errors import LabError
from lab.events.schema import LastWord
from lab.runs.crash_recovery import settle
from lab.runs.damage import fenced
from lab.runs.directory import Run, Runs
from lab.runs.snapshot import RunSnapshot
from lab.runs.state import RunState

SECONDS_BETWEEN_LOOKS = 2.0


@dataclass(frozen=True)
class EndedRun:
    """A run that has said its last word since we began to look; `result` is its result.json."""

    run: str
    state: RunState
    method: str
    result: LastWord | None


class RunMonitor:
    """A look reads only the folders that changed, and the runs that are active."""

    def __init__(self, runs: Path, cache: Path) -> None:
        self._runs, self._cache = Runs(runs), cache
        self._stamps: dict[str, int] = {}
        self._active: set[str] = set()
        self._known = False
        self._looked = 0.0

    def names(self) -> frozenset[str]:
        """The run folders there are now: one directory listing, cheap enough to repeat."""
        try:
            return frozenset(name for name in os.listdir(self._runs.root) if not name.startswith("."))
        except OSError:
            return frozenset()

    def newest(self) -> tuple[str, str]:
        """The newest run that is active and the newest that has ended, or "" for each."""
        active, ended = "", ""
        for run in self._runs.all():
            try:
                with fenced(run):
                    state = run.state()
            except LabError:
                continue
            if state.ended:
                ended = ended or run.id
            else:
                active = active or run.id
        return active, ended

    def snapshot(self, run: Run | str) -> RunSnapshot:
        """What a run says now. Raises LabError if there is none of that id, or if it cannot be read."""
        found = RunSnapshot(self._runs.get(run) if isinstance(run, str) else run, self._cache)
        found.poll()
        return found

    async def watch(self, on_end: Callable[[EndedRun], None]) -> None:
        """Look again and again, and call `on_end` with every run that ended."""
        while True:
            for ended in await asyncio.to_thread(self.look):
                on_end(ended)
            await asyncio.sleep(SECONDS_BETWEEN_LOOKS)

    def look(self) -> list[EndedRun]:
        """Runs that ended since the last time; the first time only finds out which are active."""
        since, self._looked = self._looked, time.time()
        stamps = self._changed()
        suspects = {name for name, stamp in stamps.items() if self._stamps.get(name) != stamp} | self._active
        first, self._known = not self._known, True
        ended = []
        for name in sorted(suspects & stamps.keys()):
            before, fresh, run = name in self._active, name not in self._stamps, Run(self._runs.root / name)
            state = _state(run)
            self._active = self._active | {name} if state and state.active else self._active - {name}
            # A folder that is new and whose run has ended is one that was quick, unless it was put back from elsewhere.
            if state and state.terminal and not first and (before or (fresh and _age(run) >= since)):
                ended.append(_ended(run, state))
        self._stamps = stamps
        self._active &= stamps.keys()
        return ended

    def active(self) -> bool:
        """Whether any run trains, or waits for its turn, at this moment."""
        self.look()
        return bool(self._active)

    def _changed(self) -> dict[str, int]:
        """When something was last made or taken away in each run folder, which a last word and a resume do."""
        try:
            with os.scandir(self._runs.root) as found:
                return {each.name: each.stat().st_mtime_ns for each in found if not each.name.startswith(".")}
        except OSError:
            return {}


def _state(run: Run) -> RunState | None:
    if not os.path.lexists(run.path / "spec.yaml"):
        return None
    try:
        with fenced(run):
            return settle(run)
    except LabError:
        return None


def _age(run: Run) -> float:
    """When the last word was written, in seconds since the epoch."""
    try:
        return (run.path / "result.json").stat().st_mtime
    except OSError:
        return 0.0


def _ended(run: Run, state: RunState) -> EndedRun:
    last, started = run.result() or run.last_event(), run.started()
    method = (started.method if started else "") or ""
    return EndedRun(run.id, state, method, last if isinstance(last, LastWord) else None)
