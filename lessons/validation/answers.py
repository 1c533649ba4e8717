"""Questions: every option teaches, every answer passes, every misconception meets its own words."""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import replace

from rich.cells import cell_len

from lessons.course import Feedback, KnownMistake, Lang, NumberAnswer, Option, Question
from lessons.formula import evaluate
from lessons.grading import grade, grade_number
from lessons.numbers import show_number
from lessons.question_variants import every_size
from lessons.validation.exercise import check_exercise, unrecognised
from lessons.validation.lesson_files import LoadedLesson, local
from lessons.validation.problems import Problem

SHORTEST_WHY = 12
"""Cells; what is shorter than this repeats the verdict and explains nothing."""
UNEVEN = 2.5
"""A longest option this many times as long as the shortest one tells which it is."""


MOST_SIZES = 500
"""Combinations of drawn sizes that are looked at; more would take long and show little else."""


def check_answers(loaded: LoadedLesson) -> Iterator[Problem]:
    for question in loaded.lesson.questions:
        for lang in loaded.langs if question.options else ():
            yield from _options(loaded, lang, question)
        for answer, key in _right_answers(question):
            if not grade(question, answer).right:
                yield _wrong(loaded, question, (key,), "its own answer does not pass", f"mend `{key}`")
        if question.number is not None:
            yield from _number(loaded, question, question.number)
        for mistake in question.gap.mistakes if question.gap else ():
            yield from _mistake(loaded, question, mistake)
    yield from _places(loaded)
    if loaded.lesson.exercise is not None:
        yield from check_exercise(loaded, loaded.lesson.exercise)


def _right_answers(question: Question) -> Iterator[tuple[str | Sequence[str], str]]:
    """Every answer that must pass, and the key of lesson.toml that says so; numbers are looked at by size."""
    match question.kind:
        case "one" | "many":
            yield [option.id for option in question.options if option.correct], "correct"
        case "order":
            yield [option.id for option in question.options], "steps"
        case "flag" if question.gap is not None:
            yield from ((spelling, "accept") for spelling in question.gap.accepted)


def _mistake(loaded: LoadedLesson, question: Question, mistake: KnownMistake) -> Iterator[Problem]:
    for spelling in mistake.spellings:
        verdict = grade(question, spelling)
        if verdict.right or getattr(verdict, "mistake", None) is not mistake:
            what = f"the mistake {mistake.id!r} ({spelling}) does not meet its own words"
            yield _wrong(loaded, question, (f"{mistake.id} =",), what, "list each spelling once")


def _options(loaded: LoadedLesson, lang: Lang, question: Question) -> Iterator[Problem]:
    def found(option: Option, key: str, what: str, remedy: str, kind: str = "option") -> Problem:
        keys = (local(question.id), "options", option.id, key)
        return loaded.in_text(kind, lang, "quiz.toml", keys, f"the option {option.id!r} {what}", remedy)

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


def _number(loaded: LoadedLesson, question: Question, answer: NumberAnswer) -> Iterator[Problem]:
    """The answer and every misconception, for all sizes that an attempt may draw."""
    told = set()
    for names in itertools.islice(every_size(answer), MOST_SIZES):
        drawn = replace(question, number=replace(answer, parameters=names))
        sizes = ", ".join(f"{name} = {names[name]}" for name in answer.sizes)
        where = f" for {sizes}" if sizes else ""

        def graded(value: float, drawn: Question = drawn) -> Feedback:
            return grade_number(drawn, show_number(value))

        if "" not in told and not graded(evaluate(answer.formula, names)).right:
            told.add("")
            yield _wrong(loaded, question, ("answer",), f"its own answer does not pass{where}", "mend `answer`")
        for wrong, what, remedy in unrecognised(answer.misconceptions, names, graded):
            if wrong.id not in told:
                told.add(wrong.id)
                yield _wrong(loaded, question, (f"{wrong.id} =",), f"{what}{where}", remedy)


def _wrong(loaded: LoadedLesson, question: Question, near: str | Sequence[str], what: str, remedy: str) -> Problem:
    more = (near,) if isinstance(near, str) else tuple(near)
    name = local(question.id)
    return loaded.in_structure("answer", ("[[questions]]", f'"{name}"', *more), f"question {name!r}: {what}", remedy)


def _places(loaded: LoadedLesson) -> Iterator[Problem]:
    """The right answer must not always stand in the same place."""
    choices = [question for question in loaded.lesson.questions if question.kind == "one"]
    places = {next(i for i, o in enumerate(question.options) if o.correct) for question in choices}
    if len(choices) > 2 and len(places) == 1:
        what = f"the right option of every question is number {places.pop() + 1}"
        yield loaded.in_structure("guessable", ("[[questions]]",), what, "order the options differently")
