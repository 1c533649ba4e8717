"""Exercises: every answer can be right, every wrong one meets words of its own, what is broken can be repaired."""

import random
from collections.abc import Callable, Iterator, Mapping, Sequence

from lessons.course import Exercise, Feedback, Misconception, Prediction, Repair, Selection
from lessons.exercises import measured_names
from lessons.formula import FormulaError, evaluate
from lessons.grading import grade_prediction, grade_selection, truth_of, values_of
from lessons.numbers import show_number
from lessons.validation.lesson_files import LoadedLesson
from lessons.validation.problems import Problem

DRAWS = 300
"""Measurements that are made up for a choice, among which every option must once be the true one."""

Names = Mapping[str, int | float]


def check_exercise(loaded: LoadedLesson, exercise: Exercise) -> Iterator[Problem]:
    known: dict[str, float] = {**exercise.typical}
    for trial in exercise.trials:
        try:
            found = loaded.tools.trial(trial)
        except ValueError as error:
            near = ("[exercise", f"runs.{trial.name}]")
            yield loaded.in_structure(
                "answer", near, f"the run {trial.name!r} cannot be made: {error}", "mend its fields"
            )
            continue
        known |= {f"{trial.name}.{name}": value for name, value in found.items()}
    named = {name for step in exercise.steps for name in measured_names(step)}
    for name in exercise.typical.keys() - named:
        owner, _, key = name.partition(".")
        near = (f"[exercise.typical.{owner}]", key)
        yield loaded.in_structure("unused", near, f"no formula names the typical {name!r}", "take it away")
    for step in exercise.steps:
        match step:
            case Prediction():
                yield from _prediction(loaded, exercise, step, known)
            case Selection():
                yield from _selection(loaded, exercise, step, known)
            case Repair():
                yield from _repair(loaded, step)


def _wrong(loaded: LoadedLesson, step: str, more: Sequence[str], what: str, remedy: str) -> Problem:
    near = ("[[exercise.steps]]", f'"{step}"', *more)
    return loaded.in_structure("answer", near, f"prediction {step!r}: {what}", remedy)


def _prediction(loaded: LoadedLesson, exercise: Exercise, step: Prediction, known: Names) -> Iterator[Problem]:
    missing = [name for name in measured_names(step) if name not in known]
    if missing:
        remedy = "make the run once and write what it measured below [exercise.typical.RUN]"
        yield _wrong(loaded, step.id, (), f"nobody can tell how it is judged: no typical {', '.join(missing)}", remedy)
        return
    try:
        names = {**known, **loaded.tools.shape(exercise, step)}
        truth = truth_of(step, names)
    except ValueError as error:
        yield _wrong(loaded, step.id, (), f"it cannot be judged: {error}", "mend its source, its run or its formula")
        return
    if grade_prediction(step, truth, truth, names).kind != "exact":
        yield _wrong(loaded, step.id, (), "the truth does not pass", "mend `truth` or `tolerance`")
    if not 0 <= truth <= step.most:
        what = f"the truth ({show_number(truth)}) cannot be predicted: numbers from 0 to {show_number(step.most)} can"
        yield _wrong(loaded, step.id, ("most",), what, "write a larger `most`, or mend `truth`")
    told = {step.off["en"]: "no misconception at all"}
    for wrong in step.misconceptions:
        if (words := wrong.feedback["en"]) in told:
            what = f"the misconception {wrong.id!r} says the same as {told[words]}"
            yield _wrong(loaded, step.id, ("misconceptions", wrong.id), what, "say what this one means")
        told.setdefault(words, repr(wrong.id))

    def graded(value: float) -> Feedback:
        return grade_prediction(step, round(value, step.digits), truth, names)

    for wrong, what, remedy in unrecognised(step.misconceptions, names, graded):
        yield _wrong(loaded, step.id, ("misconceptions", wrong.id), what, remedy)


def _selection(loaded: LoadedLesson, exercise: Exercise, step: Selection, known: Names) -> Iterator[Problem]:
    told: dict[str, str] = {}
    for option in step.options:
        if (words := option.chosen["en"]) in told:
            what = f"the option {option.id!r} is told the same as {told[words]!r}"
            yield _wrong(loaded, step.id, ("options", option.id), what, "say what this choice means")
        told.setdefault(words, option.id)
    try:
        shape = loaded.tools.shape(exercise, step)
    except ValueError as error:
        yield _wrong(loaded, step.id, (), f"it cannot be judged: {error}", "mend its source or its run")
        return
    never = {option.id for option in step.options}
    draw = random.Random(0)
    for _ in range(DRAWS):
        names = {**{name: draw.uniform(0.1, 10) for name in measured_names(step)}, **shape}
        try:
            values = values_of(step, names)
        except FormulaError:
            continue
        never.discard((min if step.take == "lowest" else max)(values, key=values.__getitem__))
        for option in step.options:
            verdict = grade_selection(step, option.id, values)
            if (verdict.truth.id == option.id) != (verdict.kind == "exact"):
                never.add(option.id)
    for id in sorted(never):
        what = f"the option {id!r} is never the true one, whatever is measured"
        yield _wrong(loaded, step.id, ("options", id), what, "mend its formula, or leave it out")
    if all(name in known for name in measured_names(step)):
        values = values_of(step, {**known, **shape})
        if all(grade_selection(step, option.id, values).right for option in step.options):
            yield _wrong(loaded, step.id, ("tie",), "every option counts as right", "make `tie` smaller")


def _repair(loaded: LoadedLesson, step: Repair) -> Iterator[Problem]:
    broken, repaired = loaded.tools.data(str(step.broken)), loaded.tools.data(str(step.repaired))
    if broken is None or repaired is None:
        return
    if step.passes(broken):
        yield _wrong(loaded, step.id, ("folder",), f"nothing is broken in data/{step.folder}", "break something in it")
    if not step.passes(repaired):
        rest = f"{repaired['errors']:.0f} errors, {repaired['warnings']:.0f} warnings, {repaired['rows']:.0f} rows"
        what = f"data/{step.repaired.name} does not pass: {rest}"
        yield _wrong(loaded, step.id, ("folder",), what, "`lowrank data check` says what is wrong with it")


def unrecognised(
    misconceptions: Sequence[Misconception], names: Names, graded: Callable[[float], Feedback]
) -> Iterator[tuple[Misconception, str, str]]:
    """The misconceptions whose own value meets other words than theirs."""
    for wrong in misconceptions:
        try:
            value = evaluate(wrong.formula, names)
        except FormulaError as error:
            yield wrong, f"the misconception {wrong.id!r} has no value: {error}", "mend its formula"
            continue
        met = graded(value)
        if met.right:
            what = f"the misconception {wrong.id!r} ({show_number(value)}) counts as right"
            yield wrong, what, "leave it out here, or choose other sizes"
        elif met.misconception is not wrong:
            other = repr(met.misconception.id) if met.misconception else "no misconception at all"
            what = f"the misconception {wrong.id!r} ({show_number(value)}) meets the words of {other}"
            yield wrong, what, "leave one of them out here, or choose other sizes"
