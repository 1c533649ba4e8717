"""Questions and exercises: every option teaches, every answer passes, every misconception meets its own words."""

from collections.abc import Callable, Iterator, Mapping, Sequence

from rich.cells import cell_len

from lessons.check.desk import Desk, local
from lessons.check.problems import Problem
from lessons.formula import FormulaError, evaluate
from lessons.grade import grade_choice, grade_number, grade_prediction, truth_of
from lessons.model import Exercise, Feedback, Lang, Misconception, NumberAnswer, Option, Question
from lessons.numbers import show_number

SHORTEST_WHY = 12
"""Cells; what is shorter than this repeats the verdict and explains nothing."""
UNEVEN = 2.5
"""A longest option this many times as long as the shortest one tells which it is."""


def check_answers(desk: Desk) -> Iterator[Problem]:
    for question in desk.lesson.questions:
        if question.options:
            for lang in desk.langs:
                yield from _options(desk, lang, question)
            yield from _choice(desk, question)
        if question.number is not None:
            yield from _number(desk, question, question.number)
    yield from _places(desk)
    if desk.lesson.exercise is not None:
        yield from _exercise(desk, desk.lesson.exercise)


def _options(desk: Desk, lang: Lang, question: Question) -> Iterator[Problem]:
    def found(option: Option, key: str, what: str, remedy: str, kind: str = "option") -> Problem:
        keys = (local(question.id), "options", option.id, key)
        return desk.in_text(kind, lang, "quiz.toml", keys, what, remedy)

    seen: dict[str, str] = {}
    explained: dict[str, str] = {}
    for option in question.options:
        text, why = (" ".join(each[lang].casefold().split()) for each in (option.text, option.why))
        if text in seen:
            yield found(option, "text", f"says the same as the option {seen[text]!r}", "make the options differ")
        if why in explained:
            what = f"is explained as the option {explained[why]!r} is"
            yield found(option, "why", what, "say why this one is right or wrong")
        if cell_len(why) < SHORTEST_WHY or why == text:
            yield found(option, "why", "explains nothing", "say in a sentence why it is right or wrong")
        seen.setdefault(text, option.id)
        explained.setdefault(why, option.id)
    longest = max(question.options, key=lambda option: cell_len(option.text[lang]))
    shortest = min(cell_len(option.text[lang]) for option in question.options)
    if cell_len(longest.text[lang]) > UNEVEN * shortest:
        what = f"is more than {UNEVEN} times as long as the shortest option"
        yield found(longest, "text", what, "make the options alike in length", kind="guessable")


def _choice(desk: Desk, question: Question) -> Iterator[Problem]:
    correct = frozenset(option.id for option in question.options if option.correct)
    if not grade_choice(question, correct).right:
        yield _wrong(desk, question, (), "its own answer does not pass", "mend `correct`")


def _number(desk: Desk, question: Question, answer: NumberAnswer) -> Iterator[Problem]:
    names = answer.parameters
    truth = evaluate(answer.formula, names)
    if not grade_number(question, show_number(truth)).right:
        yield _wrong(desk, question, ("answer",), "its own answer does not pass", "mend `answer` or `tolerance`")

    def grade(value: float) -> Feedback:
        return grade_number(question, show_number(value))

    for wrong, what, remedy in _unrecognised(answer.misconceptions, names, grade):
        yield _wrong(desk, question, (f"{wrong.id} ="), what, remedy)


def _wrong(desk: Desk, question: Question, near: str | Sequence[str], what: str, remedy: str) -> Problem:
    more = (near,) if isinstance(near, str) else tuple(near)
    name = local(question.id)
    return desk.in_structure("answer", ("[[questions]]", f'"{name}"', *more), f"question {name!r}: {what}", remedy)


def _places(desk: Desk) -> Iterator[Problem]:
    """The right answer must not always stand in the same place."""
    choices = [question for question in desk.lesson.questions if question.kind == "one"]
    places = {next(i for i, o in enumerate(question.options) if o.correct) for question in choices}
    if len(choices) > 2 and len(places) == 1:
        what = f"the right option of every question is number {places.pop() + 1}"
        yield desk.in_structure("guessable", ("[[questions]]",), what, "order the options differently")


def _exercise(desk: Desk, exercise: Exercise) -> Iterator[Problem]:
    for step in exercise.steps:
        near = ("[[exercise.steps]]", f'"{step.id}"')
        try:
            shape = desk.tools.shape(exercise, step)
            truth = truth_of(step, shape)
        except ValueError as error:
            what = f"prediction {step.id!r} cannot be judged: {error}"
            yield desk.in_structure("answer", near, what, "mend its source, its run or its formula")
            continue
        if grade_prediction(step, truth, truth, shape).kind != "exact":
            what = f"prediction {step.id!r}: the truth does not pass"
            yield desk.in_structure("answer", near, what, "mend `truth` or `tolerance`")

        def grade(value: float, step=step, truth=truth, shape=shape) -> Feedback:  # type: ignore[no-untyped-def]
            return grade_prediction(step, value, truth, shape)

        for wrong, what, remedy in _unrecognised(step.misconceptions, shape, grade):
            here = (*near, "misconceptions", f'"{wrong.id}"')
            yield desk.in_structure("answer", here, f"prediction {step.id!r}: {what}", remedy)


def _unrecognised(
    misconceptions: Sequence[Misconception], names: Mapping[str, int | float], grade: Callable[[float], Feedback]
) -> Iterator[tuple[Misconception, str, str]]:
    """The misconceptions whose own value meets other words than theirs."""
    for wrong in misconceptions:
        try:
            value = evaluate(wrong.formula, names)
        except FormulaError as error:
            yield wrong, f"the misconception {wrong.id!r} has no value: {error}", "mend its formula"
            continue
        met = grade(value)
        if met.right:
            what = f"the misconception {wrong.id!r} ({show_number(value)}) counts as right"
            yield wrong, what, "leave it out here, or choose other sizes"
        elif met.misconception is not wrong:
            other = repr(met.misconception.id) if met.misconception else "no misconception at all"
            what = f"the misconception {wrong.id!r} ({show_number(value)}) meets the words of {other}"
            yield wrong, what, "leave one of them out here, or choose other sizes"
