"""Notices when a run ends, whoever started it and wherever one is in the program."""

import asyncio
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from lab.runs.state import RunState
from tui.formatting import units
from tui.formatting.sanitize import inert
from tui.locale import say

if TYPE_CHECKING:
    from lab.events.schema import LastWord
    from lab.runs.directory import Run
    from lessons.course import Lang

SECONDS_BETWEEN_LOOKS: Final = 2.0


@dataclass(frozen=True)
class Ended:
    """A run that has said its last word since we began to look; `result` is its result.json."""

    run: str
    state: RunState
    method: str
    result: "LastWord | None"

    def told(self, lang: "Lang") -> tuple[str, str]:
        """What to say of it in one line, and as which kind of line."""
        run, result = inert(self.run), self.result
        if self.state is RunState.FAILED:
            error = getattr(result, "error", None)
            return say(lang, "watch.failed", run=run, reason=inert(error.what if error else "") or "?"), "trouble"
        if self.state is RunState.STOPPED:
            return say(lang, "watch.stopped", run=run, iteration=(result and result.iterations) or 0), ""
        loss = result.val_loss if result else None
        if loss is None:  # nothing to validate on
            return say(lang, "watch.finished-unvalidated", run=run), "cheer"
        return say(lang, "watch.finished", run=run, loss=units.loss(loss)), "cheer"


class Watcher:
    """Looks at the folders that changed, and at the runs that are going on. Blocking, for a thread."""

    def __init__(self, runs: Path) -> None:
        self._runs = runs
        self._stamps: dict[str, int] = {}
        self._going: set[str] = set()
        self._known = False
        self._looked = 0.0

    def look(self) -> list[Ended]:
        """Runs that ended since the last time; the first time only finds out which are going on."""
        since, self._looked = self._looked, time.time()
        stamps = self._changed()
        suspects = {name for name, stamp in stamps.items() if self._stamps.get(name) != stamp} | self._going
        first, self._known = not self._known, True
        ended = []
        for name in sorted(suspects & stamps.keys()):
            before, fresh = name in self._going, name not in self._stamps
            state, run = self._state(name)
            self._going = self._going | {name} if state and state.active else self._going - {name}
            # A folder that is new and whose run has ended is one that was quick, unless it was put back from elsewhere.
            if state and state.terminal and not first and (before or (fresh and _age(run) >= since)):
                ended.append(_told(run, state))
        self._stamps = stamps
        self._going &= stamps.keys()
        return ended

    def going(self) -> bool:
        """Whether any run is going on, or waiting for its turn, at this moment."""
        self.look()
        return bool(self._going)

    def _changed(self) -> dict[str, int]:
        """When something was last made or taken away in each run folder, which a last word and a resume do."""
        try:
            with os.scandir(self._runs) as found:
                return {each.name: each.stat().st_mtime_ns for each in found if not each.name.startswith(".")}
        except OSError:
            return {}

    def _state(self, name: str) -> "tuple[RunState | None, Run]":
        from lab.errors import LabError
        from lab.runs.crash_recovery import settle
        from lab.runs.damage import fenced
        from lab.runs.directory import Run

        run = Run(self._runs / name)
        if not os.path.lexists(run.path / "spec.yaml"):
            return None, run
        try:
            with fenced(run):
                return settle(run), run
        except LabError:
            return None, run


def _age(run: "Run") -> float:
    """When the last word was written, in seconds since the epoch."""
    try:
        return (run.path / "result.json").stat().st_mtime
    except OSError:
        return 0.0


def _told(run: "Run", state: RunState) -> Ended:
    last = run.result() or run.last_event()
    from lab.events.schema import LastWord

    started = run.started()
    method = (started.method if started else "") or ""
    return Ended(run.id, state, method, last if isinstance(last, LastWord) else None)


async def watch(watcher: Watcher, on_end: Callable[[Ended], None]) -> None:
    """Look again and again, and call `on_end` with every run that ended."""
    while True:
        for ended in await asyncio.to_thread(watcher.look):
            on_end(ended)
        await asyncio.sleep(SECONDS_BETWEEN_LOOKS)
