"""The plan of what stands in the form: guessed from bytes at once, then counted by the engine, then timed."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from typing import Any

from lab.client import EngineClient, EngineSession
from lab.datasets.find import find_data
from lab.errors import LabError
from lab.planning import calibration, machine, trial
from lab.planning.base_model import Base, find_base
from lab.planning.duration import work
from lab.planning.engine_answer import with_answer, with_trial
from lab.planning.plan import Inputs, Plan, make, method, step_of
from lab.planning.row_lengths import counted, guess
from lab.runs.directory import Runs
from lab.spec import RunSpec
from tui.views.new_run.fields import Known

SMALL = 4_000_000
"""Bytes of training rows up to which they are read here too, for a guess; larger ones only the engine reads."""


@dataclass(frozen=True)
class PlanResult:
    """A plan with what it was made from, and the engine's answer (lengths, a row), empty while it is a guess."""

    plan: Plan
    inputs: Inputs
    answer: Mapping[str, Any]
    known: Known
    measured: bool = False

    @property
    def exact(self) -> bool:
        return bool(self.answer)


@dataclass(frozen=True)
class Measured:
    """A trial, and the spec it was of."""

    spec: RunSpec
    trial: trial.Trial


class Cancelled(Exception):
    """The learner wants no trial any more."""


def look(spec: RunSpec, cache: Path) -> tuple[Known, Base]:
    """What the model and the data are, without reading weights or many rows. Raises LabError if one is no good."""
    base = find_base(spec.model, cache, spec.bits)
    here = find_data(spec.data) if training_bytes(spec.data) <= SMALL else None
    rows, form = (here.rows["train"], here.format) if here else (0, "")
    return Known(base.bits, base.shape.get("blocks", 0), rows, form, base.bundled), base


def training_bytes(name: str) -> int:
    """The size of a data set's training rows. Raises LabError if there is no such data set."""
    from lab.datasets.check.folder import find_files

    try:
        return find_files(name)["train"].stat().st_size
    except (KeyError, OSError) as error:
        raise LabError("holds no train.jsonl", where=name, remedy="put train.jsonl and valid.jsonl there") from error


def guessed(spec: RunSpec, cache: Path) -> PlanResult | None:
    """The plan as far as it can be had without the engine, or nothing. Raises LabError if model or data is no good."""
    known, base = look(spec, cache)
    if not known.rows or not base.exact:
        return None
    inputs = Inputs(spec, base, guess(find_data(spec.data), spec), machine.guess())
    return PlanResult(make(inputs), inputs, {}, known)


class Planner:
    """Plans specs one after another; a trial teaches it how fast this machine is."""

    def __init__(self, runs: Path, cache: Path) -> None:
        self._runs, self._cache = Runs(runs), cache
        self.engine = EngineSession(EngineClient(cache), "preview", runs, cache / "preview.log")
        """Knows tokenizers, and keeps those that it has loaded."""
        self._measured: Measured | None = None
        self._answered: tuple[object, dict[str, Any]] | None = None

    async def plan(self, spec: RunSpec, row: int, progress: Callable[[dict[str, Any]], None]) -> PlanResult:
        """The plan with rows as the engine counts them. Raises LabError if the spec is no good."""
        asked = _asked(spec, row)
        if self._answered is None or self._answered[0] != asked:
            answer = await self.engine.ask("plan", progress, fields=spec.model_dump(), row=row)
            self._answered = asked, answer
        return await asyncio.to_thread(self.outlook, spec, self._answered[1])

    def forget(self) -> None:
        """Ask the engine anew: a run has ended, or a file has changed."""
        self._answered = None

    def measure(self, spec: RunSpec, progress: Callable[[str], None]) -> None:
        """Train a few iterations of the spec to see how long they take. Raises LabError if that fails.

        It blocks for some seconds; an exception that `progress` raises ends it.
        """
        self._measured = Measured(spec, trial.run(spec, self._cache, progress))

    def outlook(self, spec: RunSpec, answer: dict[str, Any]) -> PlanResult:
        """The plan that the engine's answer comes to, with what finished runs and a trial taught."""
        base = find_base(spec.model, self._cache, spec.bits)
        data = answer["data"]
        rows = counted(answer["rows"]) if answer["rows"] else guess(find_data(spec.data), spec)
        inputs = with_answer(Inputs(spec, base, rows, machine.guess()), answer, self._runs, self._cache)
        inputs, measured = self._learned(inputs)
        blocks = (inputs.shape or inputs.base.shape).get("blocks", 0)
        known = Known(inputs.base.bits, blocks, data["rows"]["train"], data["format"], inputs.base.bundled)
        return PlanResult(make(inputs), inputs, answer, known, measured)

    def _learned(self, inputs: Inputs) -> tuple[Inputs, bool]:
        """With what the trial measured: all of it for the spec it was of, and for others its speed."""
        if self._measured is None:
            return inputs, False
        spec, found = self._measured.spec, self._measured.trial
        if _timed(spec) == _timed(inputs.spec):
            return with_trial(inputs, found), True
        if spec.model != inputs.spec.model or inputs.pasts:
            return inputs, False
        seconds = median(found.iterations[1:] or found.iterations)
        past = calibration.Past(
            method(inputs.spec, inputs.base), 0.0, work(step_of(inputs, inputs.rows.timed)) / seconds
        )
        return replace(inputs, pasts=[past]), True


def _timed(spec: RunSpec) -> dict[str, Any]:
    """All of a spec that decides how long an iteration takes."""
    free = {"iters", "learning_rate", "lr_schedule", "steps_per_report", "steps_per_eval", "save_every", "patience"}
    return spec.model_dump(exclude=free)


def _asked(spec: RunSpec, row: int) -> object:
    """All of a spec that the engine's answer depends on."""
    free = {"learning_rate", "lr_schedule", "optimizer", "optimizer_config", "steps_per_report", "steps_per_eval"}
    return row, spec.model_dump_json(exclude=free | {"save_every", "patience", "samples", "sample_prompts"})
