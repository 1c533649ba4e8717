"""What an exercise has done for it, in engines of their own: runs begun, measured and judged, data checked."""

from asyncio import to_thread
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from tui.exercises.data_copies import did, lay_out, own_runs, workshop
from tui.exercises.stage import item_of, run_of, run_state
from tui.home import Folders

if TYPE_CHECKING:
    from lab.runs.directory import Run
    from lessons.course import After, Exercise, Prediction, Repair, Selection, Trial
    from store.progress import ExerciseState

Report = dict[str, Any]


@dataclass(frozen=True)
class Doing:
    """What an engine does now: evaluate, inspect, fuse or data; of which run or data set, and how far it is."""

    what: str
    of: str
    done: int = 0
    total: int = 0


@dataclass(frozen=True)
class Begun:
    """A run of an exercise that was put in line."""

    name: str
    run: str
    method: str
    model: str
    data: str


@dataclass
class Work:
    """`state` is the exercise as the log has it now, `record` appends to the log, `tell` hears what is being done."""

    exercise: "Exercise"
    place: Folders
    state: "Callable[[], ExerciseState]"
    record: Callable[[str, str, Mapping[str, object]], object]
    tell: Callable[[Doing | None], None]

    def begin(self, names: Sequence[str]) -> list[Begun]:
        """Put the runs of these names in line, behind what trains already. Raises LabError. Blocking."""
        from lab.runs.method import method_of
        from lab.runs.service import RunService

        trials = [trial for trial in self.exercise.trials if trial.name in names]
        group = self.exercise.id.partition("!")[0]
        fields = [dict(trial.fields) for trial in trials]
        runs = RunService(self.place.runs, self.place.cache).queue(fields, group, [trial.name for trial in trials])
        found = []
        for trial, run in zip(trials, runs, strict=True):
            spec = run.spec
            found.append(Begun(trial.name, run.id, method_of(run, self.place.cache), spec.model, spec.data))
        return found

    async def go_on(self) -> list[str]:
        """Put the truth beside every locked prediction that it can be had for by now; what stood in the way, in lines.

        Cancelling it ends the engine that it asks, and whoever calls it again goes on from there.
        """
        from lessons.course import DataTask, Prediction, Selection

        troubles = []
        for step in self.exercise.steps:
            if isinstance(step, Prediction | Selection):
                troubles += await self._measure(step)
        if any(isinstance(step, DataTask) for step in self.exercise.steps):
            troubles += await self._own_data()
        self.tell(None)
        return troubles

    async def _measure(self, step: "Prediction | Selection") -> list[str]:
        from lessons.exercises import trials_of
        from tui.exercises.prediction_result import judge

        item, state = item_of(self.exercise, step), self.state()
        if item not in state.locked or item in state.measured:
            return []
        runs = {name: run_of(self.exercise, state, name) for name in trials_of(self.exercise, step)}
        if any(run_state(self.place.runs, run) != "finished" for run in runs.values()):
            return []
        try:
            measured = await self._numbers(step, {name: run for name, run in runs.items() if run})
            self.record(
                "exercise.measured", item, judge(self.exercise, step, state.locked[item], measured, self.place.cache)
            )
        except Exception as error:  # not measured is never the learner's fault: the step stays open, and says why
            return [_said(error)]
        return []

    async def _numbers(self, step: "Prediction | Selection", runs: Mapping[str, str]) -> dict[str, float]:
        """What the formulas of a step name; what nobody measured yet is measured now."""
        from lab.runs.directory import Runs
        from lessons.exercises import measured_names
        from tui.exercises.measurements import numbers_of

        named = measured_names(step)
        found: dict[str, float] = {}
        for name, run_id in runs.items():
            run, trial = Runs(self.place.runs).get(run_id), self.exercise.trial(name)
            assert trial is not None
            await self._after(run, trial, {each.partition(".")[2] for each in named if each.startswith(f"{name}.")})
            found |= {f"{name}.{key}": value for key, value in (await to_thread(numbers_of, run)).items()}
        for owner in dict.fromkeys(each.partition(".")[0] for each in named):
            if self.exercise.trial(owner) is None:
                found |= {f"{owner}.{key}": value for key, value in (await self._counted(owner)).items()}
        return {name: found[name] for name in named if name in found}

    async def _after(self, run: "Run", trial: "Trial", named: set[str]) -> None:
        from lab.client import EngineClient
        from lessons.course import MEASURED
        from tui.exercises.measurements import after_known, job_of

        for what in trial.after:
            if named.intersection(MEASURED[what]) and not await to_thread(after_known, run, what):
                self.tell(Doing(what, trial.name))
                job, *options = job_of(run, what)
                progress = partial(self._tell, what, trial.name)
                await EngineClient(self.place.cache).ask(job, *options, progress=progress)

    def _tell(self, what: "After | str", of: str, event: Mapping[str, Any]) -> None:
        self.tell(Doing(what, of, int(event.get("done") or 0), int(event.get("total") or 0)))

    async def _counted(self, owner: str) -> dict[str, float]:
        from lessons.course import Repair
        from tui.exercises.measurements import counted

        folders = {step.folder for step in self.exercise.steps if isinstance(step, Repair)}
        name = str(workshop(self.place, self.exercise, owner)) if owner in folders else owner
        return counted(await self._checked(name, owner))

    async def _checked(self, name: str, shown: str, keep: int = 1) -> Report:
        from lab.client import EngineClient

        self.tell(Doing("data", shown))
        client, log = EngineClient(self.place.cache), self.place.cache / "check.log"
        return await client.ask("data", name, "--keep", str(keep), log=log)

    async def look_at(self, step: "Repair") -> Report:
        """The check's report on the learner's copy; what it finds repaired is kept. Raises LabError or OSError."""
        from tui.exercises.measurements import counted

        copy = await to_thread(lay_out, self.place, self.exercise, step)
        report = await self._checked(str(copy), step.folder, keep=KEPT)
        self.tell(None)
        item, counts = item_of(self.exercise, step), counted(report)
        if step.passes(counts) and item not in self.state().measured:
            kept = {name: counts[name] for name in ("errors", "warnings", "rows")}
            self.record("exercise.measured", item, kept)
        return report

    async def _own_data(self) -> list[str]:
        """Keep every deed that is found done with a run of the learner's own."""
        from lessons.course import DataTask

        state = self.state()
        missing = [
            step
            for step in self.exercise.steps
            if isinstance(step, DataTask) and item_of(self.exercise, step) not in state.measured
        ]
        own = await to_thread(lambda: list(own_runs(self.place))) if missing else []
        for step in missing:
            run = await to_thread(lambda step=step: next((run for run in own if did(run, step.deed)), None))  # type: ignore[misc]
            if step.deed == "data-checked" and own:
                try:
                    run = None if (await self._checked(own[0].spec.data, own[0].spec.data))["errors"] else own[0]
                except Exception as error:  # data that is gone by now, for one
                    return [_said(error)]
            if run is not None:
                self.record("exercise.measured", item_of(self.exercise, step), {"deed": step.deed, "run": run.id})
        return []


KEPT = 100
"""Problems of each kind that a check of broken data tells."""


def _said(error: Exception) -> str:
    from lab.errors import LabError

    text = "; ".join(filter(None, (error.what, error.remedy))) if isinstance(error, LabError) else str(error)
    return " ".join(text.split())
