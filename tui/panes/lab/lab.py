"""The lab as the screens see it: blocking calls, made in a thread."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from pathlib import Path

from lab.datasets.find import bundled
from lab.errors import LabError
from lab.models.find import list_models
from lab.runs.monitor import RunMonitor
from lab.runs.service import RunService
from lab.runs.snapshot import RunSnapshot
from lab.spec import RunSpec
from tui.panes.lab.fields import Choices, Data, Model


class Lab:
    """Runs below one folder; models made on first use are kept in `cache`."""

    def __init__(self, runs: Path, cache: Path) -> None:
        self.root = runs
        self.cache = cache
        self.service = RunService(runs, cache)
        self.monitor = RunMonitor(runs, cache)

    def choices(self) -> Choices:
        """The bundled models and data sets, and the default learning rate."""
        found = list_models(self.cache)
        models = tuple(Model(m.name, m.bits, m.parameters, m.shape.get("blocks", 0)) for m in found)
        data = tuple(Data(d.name, d.format, d.rows["train"]) for d in bundled())
        standard = Choices()
        rate = RunSpec.make({}).learning_rate
        return Choices(models or standard.models, data or standard.data, rate)

    def command(self, fields: Mapping[str, object]) -> str:
        """The equal command line of a form's values, or nothing when RunSpec does not take them."""
        try:
            return shlex.join(RunSpec.make(dict(fields)).command())
        except LabError:
            return ""

    def begin(self, fields: Mapping[str, object]) -> RunSnapshot:
        """Check, make the run directory and start the engine. Raises LabError."""
        run = self.service.create(dict(fields))
        self.service.start(run)
        return self.monitor.snapshot(run)
