"""Whom one talks with: the engine process that holds one run's base, started with the first question."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lab.client import EngineClient, EngineProcess, Progress
from lab.errors import LabError


class ModelProcess:
    """`hear` gets what the engine says, in order, on the event loop; at its end, if it was not asked for, "failed".

    The process ends when its standard input closes, so that it never outlives this program.
    """

    def __init__(self, run: Path, cache: Path, hear: Progress) -> None:
        self.run = run
        self._client, self._hear = EngineClient(cache), hear
        self._task: asyncio.Task[None] | None = None
        self._process: EngineProcess | None = None
        self._first: list[Mapping[str, Any]] = []

    @property
    def awake(self) -> bool:
        """Whether the process was started and has not ended."""
        return self._task is not None and not self._task.done()

    @property
    def pid(self) -> int | None:
        """Of the process, while it lives."""
        return self._process.pid if self._process is not None and self._process.alive else None

    def wake(self) -> None:
        """Start the process, unless it runs: loading takes a while, and may begin before the question is written."""
        if not self.awake:
            self._task = asyncio.create_task(self._listen())

    def send(self, line: Mapping[str, Any]) -> None:
        """One line to the process, which is started for it; an empty one ends the answer."""
        if self._process is not None and self.awake:
            self._process.send(line)
        elif line:
            self._first.append(line)
            self.wake()

    def close(self) -> None:
        """End the process; nothing is heard of it any more."""
        if self._task is not None:
            self._task.cancel()
        if self._process is not None:
            self._process.kill()
        self._task, self._process, self._first = None, None, []

    async def _listen(self) -> None:
        try:
            await self._talk()
        except LabError as error:
            self._hear({"event": "failed", "error": {"what": error.what, "where": error.where, "remedy": error.remedy}})
        except OSError as error:
            self._hear({"event": "failed", "error": {"what": str(error)}})

    async def _talk(self) -> None:
        """Hear the process to its end. Raises LabError, since it does not end by itself, and OSError."""
        process = self._process = await self._client.start("talk", self.run)
        failed: dict[str, Any] = {"event": "failed"}
        try:
            for line in self._first:
                process.send(line)
            self._first.clear()
            async for said in process.lines():
                if said["event"] == "failed":
                    failed = said
                else:
                    self._hear(said)
            await process.wait()
        finally:
            process.kill()
            self._process = None
        await process.checked(failed)
