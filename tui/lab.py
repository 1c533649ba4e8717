"""The lab as the screens see it: blocking calls, made in a thread."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from lab.runs.monitor import RunMonitor
from lab.runs.service import RunService
from lab.runs.snapshot import RunSnapshot


class Lab:
    """Runs below one folder; models made on first use are kept in `cache`."""

    def __init__(self, runs: Path, cache: Path) -> None:
        self.root = runs
        self.cache = cache
        self.service = RunService(runs, cache)
        self.monitor = RunMonitor(runs, cache)

    def begin(self, fields: Mapping[str, object]) -> RunSnapshot:
        """Check, make the run directory and start the engine. Raises LabError."""
        run = self.service.create(dict(fields))
        self.service.start(run)
        return self.monitor.snapshot(run)
