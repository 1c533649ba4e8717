"""Predict, run, compare, explain: how far an exercise is, and what was measured. Draws nothing."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from lessons.model import Exercise, Feedback, Prediction
    from store.progress import ExerciseState

Name = Literal["predict", "run", "compute", "explain", "done"]
RunState = Literal["none", "waiting", "finished", "failed"]


class Stage(NamedTuple):
    """What is to be done now; `step` is the prediction concerned, and the number of them all after the last."""

    name: Name
    step: int


def item_of(exercise: "Exercise", step: "Prediction") -> str:
    """The item under which a prediction's events are kept."""
    return f"{exercise.id}/{step.id}"


def stage(exercise: "Exercise", state: "ExerciseState") -> Stage:
    """The first thing that the log does not hold yet."""
    for number, step in enumerate(exercise.steps):
        item = item_of(exercise, step)
        if item not in state.locked:
            return Stage("predict", number)
        if item not in state.measured:
            return Stage("run" if step.source == "run" else "compute", number)
    return Stage("done" if state.sentences else "explain", len(exercise.steps))


def run_state(runs: Path, run_id: str | None) -> RunState:
    """What became of the exercise's run; one whose folder is gone counts as never started."""
    if run_id is None:
        return "none"
    from lab.errors import LabError
    from lab.runs.directory import Runs

    try:
        state = Runs(runs).get(run_id).state()
    except (LabError, OSError):
        return "none"
    if state == "finished":
        return "finished"
    return "waiting" if state in ("waiting", "running", "stopping") else "failed"


def measured_truth(runs: Path, run_id: str) -> int:
    """Parameters in the run's adapter file, counted from its header; LabError when it is no good."""
    from lab.params import count_safetensors
    from lab.runs.directory import Runs

    return count_safetensors(Runs(runs).get(run_id).adapters / "adapters.safetensors")


def shape_for(exercise: "Exercise", step: "Prediction", cache: Path) -> Mapping[str, int]:
    """The sizes that the prediction's formulas speak of: the model's own, with the run's rank and blocks."""
    from lab.models import preset_shape, shape_of
    from lab.spec import RunSpec

    spec = RunSpec.make(dict(exercise.run))
    kind, _, preset = step.source.partition(":")
    shape = dict(preset_shape(preset) if kind == "preset" else shape_of(spec.model, cache))
    # mlx-lm adapts 16 blocks unless told otherwise, which is what the question about a preset speaks of.
    asked = (16 if kind == "preset" else shape["blocks"]) if spec.num_layers < 1 else spec.num_layers
    return {**shape, "rank": spec.lora_parameters.rank, "layers": min(asked, shape["blocks"])}


def compare(exercise: "Exercise", step: "Prediction", predicted: float, truth: int | None, cache: Path) -> "Feedback":
    """The grader's verdict; without a measured `truth`, it is computed from the published shape."""
    from lessons.grade import grade_prediction, truth_of

    shape = shape_for(exercise, step, cache)
    return grade_prediction(step, predicted, truth_of(step, shape) if truth is None else truth, shape)


def measure(exercise: "Exercise", state: "ExerciseState", runs: Path, cache: Path) -> tuple[str, dict[str, object]]:
    """What `exercise.measured` keeps of the prediction that waits for its truth: its item, and the payload.

    LabError when there is no adapter to count, ValueError when the grader cannot judge.
    """
    name, number = stage(exercise, state)
    step = exercise.steps[number]
    predicted = as_number(state.locked[item_of(exercise, step)].get("value"))
    truth = measured_truth(runs, state.run or "") if name == "run" else None
    feedback = compare(exercise, step, predicted, truth, cache)
    return item_of(exercise, step), {
        "truth": feedback.truth,
        "value": predicted,
        "feedback": feedback.kind,
        "misconception": feedback.misconception.id if feedback.misconception else None,
    }


def as_number(value: object) -> float:
    """A number from the log; anything else, which a newer version may have written, counts as 0."""
    return float(value) if isinstance(value, int | float) else 0.0
