"""Asking the engine about one job, without an event loop."""

from pathlib import Path
from typing import Any

from lab.client import EngineClient, Progress
from lab.runs.directory import Run
from tui.cli.common import Status, cache


def ask(
    job: str, about: str | Path, *options: str, log: Path | None = None, progress: Progress = lambda _: None
) -> dict[str, Any]:
    """The engine's answer to a job about a run or a data set. Raises LabError if it failed."""
    return EngineClient(cache()).ask_blocking(job, about, *options, log=log, progress=progress)


def run_job(run: Run, job: str, *options: str) -> dict[str, Any]:
    """One job of the engine on a run: its last JSON line, with progress on a terminal. Raises LabError if it failed."""
    with Status() as status:

        def progress(event: dict[str, Any]) -> None:
            status.show(f"{event['stage']:<12}{event['done']:>5}/{event['total']}")

        return ask(job, run.path, *options, progress=progress)
