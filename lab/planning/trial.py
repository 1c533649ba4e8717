"""A probe: a few real iterations in a run directory that is deleted. A plan's times come from it."""

import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from statistics import median

from lab import preflight
from lab.errors import LabError
from lab.events.schema import Event, Failed, Finished, LastWord, Reason, Stage, Train, Validation
from lab.planning.duration import STEPS, Timing, validation_batches
from lab.planning.row_lengths import Rows
from lab.runs import launch
from lab.runs.directory import Run, Runs
from lab.spec import RunSpec

POLL = 0.05
FAR = 1_000_000_000  # an interval that never comes


@dataclass(frozen=True)
class Trial:
    """Seconds of each iteration; from the launch to the model's being ready; of one batch of validation (0 without a
    validation split); of answering the sample questions once; and the peak in bytes."""

    iterations: list[float]
    start: float
    validation_batch: float
    samples: float
    peak: int


def run(spec: RunSpec, cache: Path, progress: Callable[[str], None] = lambda _: None) -> Trial:
    """Train for a first iteration and three more, with one batch of validation and the samples of the spec.

    Raises LabError if that fails, as the run itself would.
    """
    short = spec.model_copy(update={"iters": 1 + STEPS, "steps_per_report": 1, "steps_per_eval": FAR, "save_every": FAR,
                                    "val_batches": int(spec.val_batches != 0), "patience": 0,
                                    "lr_schedule": "constant"})  # fmt: skip
    with tempfile.TemporaryDirectory(prefix="lowrank-plan-") as folder:
        trial = preflight.prepare(short, Runs(Path(folder) / "runs"), cache)
        began = time.time()
        launch.start(trial, cache, now=True)
        try:
            return _read(_follow(trial, progress), began)
        finally:
            _end(trial)


def _follow(trial: Run, progress: Callable[[str], None]) -> list[Event]:
    offset = 0
    found: list[Event] = []
    while True:
        alive = trial.lives()
        events, offset = trial.events(offset)
        found += events
        for event in events:
            if isinstance(event, Stage):
                progress(event.stage or "")
            elif isinstance(event, Train):
                progress(f"iteration {event.iteration} of {1 + STEPS}")
        if found and isinstance(found[-1], LastWord):
            return found
        if not alive and not events:
            return found
        time.sleep(POLL)


def _read(events: list[Event], began: float) -> Trial:
    last = events[-1] if events else None
    if not isinstance(last, Finished):
        error = (last.error if isinstance(last, Failed) else None) or Reason(what="", where="", remedy="")
        what = f"the probe ended early ({error.what or 'without a last word'})"
        raise LabError(what, where=error.where, remedy=error.remedy or "use --no-probe")
    at = [datetime.fromisoformat(event.at or "").timestamp() for event in events]
    kinds = [event.kind for event in events]
    elapsed = [event.elapsed_seconds or 0.0 for event in events if isinstance(event, Train)]
    samples = [at[i] - at[i - 1] for i, kind in enumerate(kinds) if kind == "samples" and i]
    validations = [event.seconds or 0.0 for event in events if isinstance(event, Validation)]
    return Trial(
        [after - before for before, after in zip([0.0, *elapsed], elapsed, strict=False)],
        at[kinds.index("started")] - began,
        min(validations, default=0.0),
        min(samples, default=0.0),
        last.peak_memory_bytes or 0,
    )


def _end(trial: Run) -> None:
    process = trial.process()
    if process is not None:
        process.kill()
        process.wait(10)


def timing(spec: RunSpec, rows: Rows, trial: Trial, scale: float) -> Timing:
    """What a trial says about the whole run, whose mean batch is `scale` times the work of those it timed."""
    early = median(trial.iterations[1:] or trial.iterations)
    start = trial.start + max(0.0, trial.iterations[0] - early)
    validation = validation_batches(spec, rows) * trial.validation_batch
    return Timing(early * scale, start, validation, trial.samples, f"a probe of {len(trial.iterations) - 1} iterations")
