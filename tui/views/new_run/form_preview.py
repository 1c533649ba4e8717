"""The engine process that knows tokenizers: started when first asked, asked one thing at a time, ended when idle."""

import asyncio
import json
from asyncio.subprocess import Process
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tui.views import job

Progress = Callable[[dict[str, Any]], None]


class Desk:
    """`ask` starts the process where there is none; a question that is cancelled ends it, since it may be long."""

    def __init__(self, runs: Path, cache: Path) -> None:
        self._runs, self._cache = runs, cache
        self._log = cache / "preview.log"
        self._process: Process | None = None
        self._lock = asyncio.Lock()
        self._number = 0

    async def ask(self, kind: str, progress: Progress = lambda _: None, **request: Any) -> dict[str, Any]:
        """The answer to a request of `lab.engine.form_preview`. Raises LabError if refused, or if the process ends."""
        async with self._lock:
            process = await self._started()
            self._number += 1
            assert process.stdin is not None and process.stdout is not None
            question = json.dumps({"id": self._number, "kind": kind, **request})
            try:
                process.stdin.write(f"{question}\n".encode())
                await process.stdin.drain()
                async for line in process.stdout:
                    answer: dict[str, Any] = json.loads(line)
                    if answer.get("event") == "progress":
                        progress(answer)
                    elif answer.get("id") == self._number:
                        return self._checked(answer)
            except (OSError, asyncio.CancelledError):
                self.end()
                raise
            self._process = None
            return job.answer({}, await process.wait(), self._log)

    def end(self) -> None:
        """End the process; the next question starts another."""
        if self._process is not None:
            job.end(self._process)
            self._process = None

    @property
    def alive(self) -> bool:
        return self._process is not None and self._process.returncode is None

    async def _started(self) -> Process:
        if not self.alive:
            self._process = await job.spawn("preview", str(self._runs), cache=self._cache, log=self._log)
        assert self._process is not None
        return self._process

    def _checked(self, answer: dict[str, Any]) -> dict[str, Any]:
        if answer["event"] == "refused":
            from lab.errors import LabError

            error = answer["error"]
            raise LabError(error["what"], where=error["where"], remedy=error["remedy"], usage=error["usage"])
        return answer
