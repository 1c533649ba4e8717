"""Tells when a run ends, whoever started it and wherever one is in the program."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from lab.runs.state import RunState
from tui.formatting import units
from tui.formatting.sanitize import inert
from tui.locale import say

if TYPE_CHECKING:
    from lab.runs.monitor import EndedRun, RunMonitor
    from lessons.course import Lang


class RunWatcher:
    """The monitor of this program, imported and asked in a thread, since the first frame does not wait for it."""

    def __init__(self, runs: Path, cache: Path) -> None:
        self._paths = runs, cache
        self._monitor: RunMonitor | None = None

    async def watch(self, on_end: "Callable[[EndedRun], None]") -> None:
        """Call `on_end` with every run that ends from now on."""
        self._monitor = await asyncio.to_thread(self._made)
        await self._monitor.watch(on_end)

    async def active(self) -> bool:
        """Whether any run trains, or waits for its turn, at this moment."""
        return self._monitor is not None and await asyncio.to_thread(self._monitor.active)

    def _made(self) -> "RunMonitor":
        from lab.runs.monitor import RunMonitor

        return RunMonitor(*self._paths)


def told(ended: "EndedRun", lang: "Lang") -> tuple[str, str]:
    """What to say of a run that has ended, in one line, and as which kind of line."""
    run, result = inert(ended.run), ended.result
    if ended.state is RunState.FAILED:
        error = getattr(result, "error", None)
        return say(lang, "watch.failed", run=run, reason=inert(error.what if error else "") or "?"), "trouble"
    if ended.state is RunState.STOPPED:
        return say(lang, "watch.stopped", run=run, iteration=(result and result.iterations) or 0), ""
    loss = result.val_loss if result else None
    if loss is None:  # nothing to validate on
        return say(lang, "watch.finished-unvalidated", run=run), "cheer"
    return say(lang, "watch.finished", run=run, loss=units.loss(loss)), "cheer"
