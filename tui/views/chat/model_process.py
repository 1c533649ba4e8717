"""Whom one talks with: the engine process that holds one run's base, started with the first question."""

from __future__ import annotations

import asyncio
import json
from asyncio.subprocess import Process
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from tui.views import job

Hear = Callable[[dict[str, Any]], None]


class ModelProcess:
    """`hear` gets what the engine says, in order, on the event loop; at its end, if it was not asked for, "failed".

    The process ends when its standard input closes, so that it never outlives this program.
    """

    def __init__(self, run: Path, cache: Path, hear: Hear) -> None:
        self.run = run
        self._cache, self._hear = cache, hear
        self._task: asyncio.Task[None] | None = None
        self._process: Process | None = None
        self._first: list[bytes] = []

    @property
    def awake(self) -> bool:
        """Whether the process was started and has not ended."""
        return self._task is not None and not self._task.done()

    @property
    def pid(self) -> int | None:
        """Of the process, while it lives."""
        return self._process.pid if self._process is not None and self._process.returncode is None else None

    def wake(self) -> None:
        """Start the process, unless it runs: loading takes a while, and may begin before the question is written."""
        if not self.awake:
            self._task = asyncio.create_task(self._listen())

    def send(self, line: Mapping[str, Any]) -> None:
        """One line to the process, which is started for it; an empty one ends the answer."""
        data = json.dumps(line, ensure_ascii=False).encode("utf-8", "replace") + b"\n"
        if self._process is not None and self._process.stdin is not None and self.awake:
            self._process.stdin.write(data)
        elif line:
            self._first.append(data)
            self.wake()

    def close(self) -> None:
        """End the process; nothing is heard of it any more."""
        if self._task is not None:
            self._task.cancel()
        if self._process is not None:
            job.end(self._process)
        self._task, self._process, self._first = None, None, []

    async def _listen(self) -> None:
        from lab.errors import LabError

        log, last = self.run / "log.txt", {}
        try:
            process = await job.spawn("talk", str(self.run), cache=self._cache, log=log)
        except (OSError, LabError) as error:
            self._hear({"event": "failed", "error": {"what": str(error)}})
            return
        self._process = process
        try:
            assert process.stdin is not None and process.stdout is not None
            for data in self._first:
                process.stdin.write(data)
            self._first.clear()
            async for line in process.stdout:
                last = json.loads(line)
                if last["event"] != "failed":
                    self._hear(last)
            code = await process.wait()
        finally:
            job.end(process)
            self._process = None
        try:
            job.answer(last if last.get("event") == "failed" else {}, code or 1, log)
        except LabError as error:
            self._hear({"event": "failed", "error": {"what": error.what, "where": error.where, "remedy": error.remedy}})
