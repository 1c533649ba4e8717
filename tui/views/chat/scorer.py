"""Measuring how often a checkpoint is right, while one goes on talking."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lab.client import EngineClient
from tui.views.chat.run_source import read_score
from tui.views.chat.state import Scene

if TYPE_CHECKING:
    from lab.errors import LabError


class Scorer:
    """The engine's job `evaluate` on the scene's checkpoint, begun at once; it keeps the result beside the run.

    `grown` is called when more questions are answered, and `ended` with what went wrong, or None.
    """

    def __init__(
        self, scene: Scene, cache: Path, grown: Callable[[], None], ended: Callable[[LabError | None], None]
    ) -> None:
        self._scene, self._cache, self._grown, self._ended = scene, cache, grown, ended
        scene.scoring = {"checkpoint": scene.settings.checkpoint}
        self._task = asyncio.create_task(self._measure(scene.settings.checkpoint))
        grown()

    def stop(self) -> None:
        """Measure no more, and keep nothing."""
        self._task.cancel()

    def _progress(self, event: dict[str, Any]) -> None:
        self._scene.scoring = {**event, "checkpoint": (self._scene.scoring or event).get("checkpoint", "")}
        self._grown()

    async def _measure(self, checkpoint: str) -> None:
        from lab.errors import LabError

        subject, problem = self._scene.subject, None
        run = subject.run
        arguments = (str(run.path), "--checkpoint", checkpoint, "--split", subject.split)
        try:
            await EngineClient(self._cache).ask("evaluate", *arguments, progress=self._progress)
            await asyncio.to_thread(read_score, self._scene.subject, checkpoint)
        except LabError as error:
            problem = error
        finally:
            self._scene.scoring = None
            self._ended(problem)
