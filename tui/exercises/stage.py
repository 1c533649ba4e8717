"""Predict, run, compare, explain: the parts of an exercise, and which of them the log does not hold yet."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from lessons.course import Exercise, Step
    from store.progress import ExerciseState

Name = Literal["predict", "run", "compare", "repair", "own-data", "explain", "done"]
TrialState = Literal["none", "waiting", "finished", "failed"]


class Part(NamedTuple):
    """One thing to do, and the steps (their places in the exercise) that it is about."""

    name: Name
    steps: tuple[int, ...] = ()


def item_of(exercise: "Exercise", step: "Step") -> str:
    """The item under which a step's events are kept."""
    return f"{exercise.id}/{step.id}"


def parts(exercise: "Exercise") -> tuple[Part, ...]:
    """Everything to do, in order: what hangs on runs is all predicted before they begin."""
    return (*_parts(exercise), Part("explain"))


def _parts(exercise: "Exercise") -> Iterator[Part]:
    from lessons.course import DataTask, Repair
    from lessons.exercises import trials_of

    hang = tuple(number for number, step in enumerate(exercise.steps) if trials_of(exercise, step))
    tasks = tuple(number for number, step in enumerate(exercise.steps) if isinstance(step, DataTask))
    for number, step in enumerate(exercise.steps):
        match step:
            case Repair():
                yield Part("repair", (number,))
            case DataTask():
                if number == tasks[0]:
                    yield Part("own-data", tasks)
            case _ if number not in hang:
                yield from (Part("predict", (number,)), Part("compare", (number,)))
            case _ if number == hang[0]:
                yield from (Part("predict", (each,)) for each in hang)
                yield Part("run", hang)
                yield from (Part("compare", (each,)) for each in hang)


def is_done(exercise: "Exercise", part: Part, state: "ExerciseState") -> bool:
    """Whether the log holds all that this part asks for."""
    if part.name == "explain":
        return bool(state.sentences)
    kept = state.locked if part.name == "predict" else state.measured
    return all(item_of(exercise, exercise.steps[number]) in kept for number in part.steps)


def stage(exercise: "Exercise", state: "ExerciseState") -> Part:
    """The first part that is not done. Tasks on the learner's own data may wait: what follows may be done first."""
    return next((part for part in parts(exercise) if not is_done(exercise, part, state)), Part("done"))


def run_of(exercise: "Exercise", state: "ExerciseState", name: str) -> str | None:
    """The id of the run begun under this name; what was begun before runs had names was the first one."""
    first = exercise.trials[0].name == name if exercise.trials else False
    return state.runs.get(name) or (state.runs.get("") if first else None)


def run_state(runs: Path, run_id: str | None) -> TrialState:
    """What became of a run; one whose folder is gone was never started, one that diverged has told what it could."""
    if run_id is None:
        return "none"
    from lab.errors import LabError
    from lab.runs.crash_recovery import settle
    from lab.runs.directory import Runs
    from lab.runs.outcome import diverged

    try:
        run = Runs(runs).get(run_id)
        state = settle(run)
    except (LabError, OSError):
        return "none"
    if state.active:
        return "waiting"
    return "finished" if state == "finished" or diverged(run.result()) else "failed"


def run_states(exercise: "Exercise", state: "ExerciseState", runs: Path) -> dict[str, TrialState]:
    """The same for every run of an exercise by its name."""
    return {trial.name: run_state(runs, run_of(exercise, state, trial.name)) for trial in exercise.trials}


def to_begin(exercise: "Exercise", state: "ExerciseState", states: Mapping[str, TrialState]) -> list[str]:
    """The names of the runs that something still hangs on, and that are neither there nor under way."""
    from lessons.exercises import trials_of

    wanted = {
        name
        for step in exercise.steps
        if item_of(exercise, step) not in state.measured
        for name in trials_of(exercise, step)
    }
    return [
        trial.name for trial in exercise.trials if trial.name in wanted and states[trial.name] in ("none", "failed")
    ]


def as_number(value: object) -> float:
    """A number from the log; anything else, which a newer version may have written, counts as 0."""
    return float(value) if isinstance(value, int | float) else 0.0
