"""One job of the engine while the screen goes on: JSON lines come back, the last is the answer."""

import asyncio
import json
import os
import signal
from asyncio.subprocess import PIPE, Process
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

LIMIT = 64 << 20
"""Bytes of one line, at most: an answer with all its tables is one line."""

GRACE = 2.0
"""Seconds that a job has to clean up."""

Progress = Callable[[dict[str, Any]], None]


async def spawn(job: str, about: str, *options: str, cache: Path, log: Path) -> Process:
    """Start a job about a run or a data set, with its output piped; what libraries print goes to the end of `log`.

    It ends when its input does, which is when this program ends, however that happens.
    """
    from lab import launch

    command = launch.engine_command(job, *options, "--cache", str(cache), "--leash", "--", about)
    environment = await asyncio.to_thread(launch.engine_environment, cache)  # may build a shim, once
    with launch.open_log(log) as errors:
        return await asyncio.create_subprocess_exec(
            *command,
            stdin=PIPE,
            stdout=PIPE,
            stderr=errors,
            env=environment,
            limit=LIMIT,
            start_new_session=True,
        )


async def ask(
    job: str, about: str, *options: str, cache: Path, log: Path, progress: Progress = lambda _: None
) -> dict[str, Any]:
    """The last JSON line of a job; `progress` gets those before it. Raises LabError if it failed.

    Cancelling the task that waits for it ends the job, which may still clean up.
    """
    process = await spawn(job, about, *options, cache=cache, log=log)
    last: dict[str, Any] = {}
    try:
        assert process.stdout is not None
        async for line in process.stdout:
            last = json.loads(line)
            if last.get("event") == "progress":
                progress(last)
        code = await process.wait()
    except BaseException:
        if process.returncode is None:
            process.terminate()
            asyncio.get_running_loop().call_later(GRACE, end, process)
        raise
    return answer(last, code, log)


def answer(last: dict[str, Any], code: int, log: Path) -> dict[str, Any]:
    """The last line of a job, if it is an answer. Raises LabError saying why there is none."""
    from lab.errors import LabError

    if code or last.get("event") in (None, "failed", "progress"):
        error = last.get("error") or {}
        what = error.get("what") or f"the engine ended with code {code}"
        where, remedy = error.get("where") or str(log), error.get("remedy") or "read that file"
        raise LabError(what, where=where, remedy=remedy, usage=bool(error.get("usage")))
    return last


def end(process: Process) -> None:
    """Kill the job if it lives, with what it started; it has a session of its own."""
    if process.returncode is None:
        with suppress(ProcessLookupError):  # it has ended, and nobody has told us yet
            os.killpg(process.pid, signal.SIGKILL)
