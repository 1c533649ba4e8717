"""What was predicted beside what was measured: the payload that the log keeps, and what is said about it."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from tui.exercises.measurements import shape_for
from tui.exercises.stage import as_number

if TYPE_CHECKING:
    from lessons.course import Exercise, Feedback, Prediction, Selection
    from lessons.grading import Selected

Numbers = Mapping[str, float]
Payload = Mapping[str, object]


def judge(
    exercise: "Exercise", step: "Prediction | Selection", locked: Payload, measured: Numbers, cache: Path
) -> dict[str, object]:
    """What `exercise.measured` keeps: the verdict, and the measurements that it hangs on.

    Raises LabError without such a model, FormulaError without such a measurement, and ValueError for an answer that
    the grader cannot judge.
    """
    from lessons.course import Prediction
    from lessons.exercises import measured_names
    from lessons.formula import FormulaError
    from lessons.grading import grade_prediction, grade_selection, truth_of, values_of

    for name in measured_names(step):
        if name not in measured:
            raise FormulaError(f"{name} was not measured")
    kept = {"names": {name: measured[name] for name in measured_names(step)}} if measured_names(step) else {}
    names = {**shape_for(exercise, step, cache), **measured}
    if isinstance(step, Prediction):
        value = as_number(locked.get("value"))
        found = grade_prediction(step, value, truth_of(step, names), names)
        wrong = found.misconception.id if found.misconception else None
        return {"truth": found.truth, "value": value, "feedback": found.kind, "misconception": wrong, **kept}
    chosen = str(locked.get("value"))
    selected = grade_selection(step, chosen, values_of(step, names))
    return {"truth": selected.truth.id, "value": chosen, "feedback": selected.kind, **kept}


def numbers_in(payload: Payload) -> dict[str, float]:
    """The measurements that a kept verdict hangs on."""
    names = payload.get("names")
    return {str(name): as_number(value) for name, value in names.items()} if isinstance(names, Mapping) else {}


def feedback(exercise: "Exercise", step: "Prediction", locked: Payload, payload: Payload, cache: Path) -> "Feedback":
    """What is said about a number that was judged before."""
    from lessons.grading import grade_prediction

    names = {**shape_for(exercise, step, cache), **numbers_in(payload)}
    truth = as_number(payload.get("truth"))
    return grade_prediction(step, as_number(locked.get("value")), truth if step.digits else round(truth), names)


def selected(
    exercise: "Exercise", step: "Selection", locked: Payload, payload: Payload, cache: Path
) -> "tuple[Selected, dict[str, float]]":
    """What is said about a choice that was judged before, and what was measured for every option."""
    from lessons.grading import grade_selection, values_of

    values = values_of(step, {**shape_for(exercise, step, cache), **numbers_in(payload)})
    return grade_selection(step, str(locked.get("value")), values), values
