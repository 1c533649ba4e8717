"""Talking to the engine process about one job: JSON lines come back, the last is the answer."""

import json
import os
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

from lab import launch
from lab.errors import LabError
from lab.runs.directory import Run
from tui.cli.common import Status, cache

GRACE = 2.0
"""Seconds that a job has to clean up."""


def ask(job: str, about: str, *options: str, log: Path, progress: Callable[[dict[str, Any]], None]) -> dict[str, Any]:
    """One job of the engine about a run or a data set: its last JSON line; `progress` gets the others.

    Raises LabError if it failed. What libraries print goes to the end of `log`. The engine outlives neither this
    program nor Ctrl-C, however busy it is.
    """
    command = launch.engine_command(job, *options, "--cache", str(cache()), "--leash", "--", about)
    with launch.open_log(log) as errors:
        process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            env=launch.engine_environment(cache()),
            text=True,
            encoding="utf-8",
            start_new_session=True,
        )
    last: dict[str, Any] = {}
    assert process.stdout is not None
    with process:
        try:
            for line in process.stdout:
                last = json.loads(line)
                if last.get("event") == "progress":
                    progress(last)
        except BaseException:
            process.terminate()  # it may have something to clean up
            try:
                process.wait(GRACE)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)  # with what it started; it has a session of its own
            raise
    if process.returncode or last.get("event") in (None, "failed", "progress"):
        error = last.get("error") or {}
        what = error.get("what") or f"the engine ended with code {process.returncode}"
        where, remedy = error.get("where") or str(log), error.get("remedy") or "read that file"
        raise LabError(what, where=where, remedy=remedy, usage=bool(error.get("usage")))
    return last


def run_job(run: Run, job: str, *options: str) -> dict[str, Any]:
    """One job of the engine on a run: its last JSON line, with progress on a terminal. Raises LabError if it failed."""
    with Status() as status:

        def progress(event: dict[str, Any]) -> None:
            status.show(f"{event['stage']:<12}{event['done']:>5}/{event['total']}")

        return ask(job, str(run.path), *options, log=run.path / "log.txt", progress=progress)
