"""Draws a variant of a question for each attempt: its sizes, and the order of its steps.

Everything follows from the question's id and the number of the attempt, from 0, so that it is the same for every
learner, after a restart and on another machine.
"""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from hashlib import sha256
from math import gcd

from lessons.course import NumberAnswer, Option, Question, Text
from lessons.formula import evaluate
from lessons.grading import MISCONCEPTION_TOLERANCE
from lessons.numbers import show_number
from lessons.text import FEEDBACK_NAMES, fill


def at(question: Question, attempt: int) -> Question:
    """The question as the attempt asks it: the same for every attempt where nothing is drawn."""
    template = question.template
    if template is None or template.number is None:
        return question
    number = template.number
    values = {**number.parameters, **_sizes(question.id, number.sizes, attempt)}
    shown = {name: show_number(value) for name, value in values.items()}

    def told(text: Text) -> Text:
        return {lang: fill(words, shown, FEEDBACK_NAMES) for lang, words in text.items()}

    wrong = tuple(replace(m, title=told(m.title), feedback=told(m.feedback)) for m in number.misconceptions)
    answer = replace(
        number,
        parameters=values,
        unit=told(number.unit),
        right=told(number.right),
        off=told(number.off),
        misconceptions=wrong,
    )
    hints = tuple(told(hint) for hint in template.hints)
    return replace(template, prompt=told(template.prompt), number=answer, hints=hints, template=template)


def shown_steps(question: Question, attempt: int) -> tuple[Option, ...]:
    """The options as they are listed before an answer: steps of an order are mixed, and never in the right order."""
    if question.kind != "order":
        return question.options
    mixed = sorted(question.options, key=lambda step: _number(f"{question.id}:{step.id}:{attempt}"))
    return tuple(mixed if tuple(mixed) != question.options else mixed[1:] + mixed[:1])


def every_size(answer: NumberAnswer) -> Iterator[dict[str, int | float]]:
    """The parameters with every combination of sizes that an attempt could draw."""
    for values in itertools.product(*answer.sizes.values()):
        yield {**answer.parameters, **dict(zip(answer.sizes, values, strict=True))}


def clashes(answer: NumberAnswer, names: Mapping[str, int | float]) -> list[tuple[str, str]]:
    """Pairs of ids that a learner's number could not be told apart for; "" is the answer itself.

    FormulaError where one has no value for these parameters.
    """
    windows = [(float(evaluate(answer.formula, names)), answer.tolerance, "")]
    windows += [(float(evaluate(m.formula, names)), MISCONCEPTION_TOLERANCE, m.id) for m in answer.misconceptions]
    ordered = sorted(windows)
    return [
        (one, other)
        for (below, near, one), (above, close, other) in itertools.pairwise(ordered)
        if below * (1 + near) >= above * (1 - close)
    ]


def _sizes(seed: str, sizes: Mapping[str, Sequence[int]], attempt: int) -> dict[str, int]:
    return {name: _drawn(f"{seed}:{name}", values, attempt) for name, values in sizes.items()}


def _drawn(seed: str, values: Sequence[int], attempt: int) -> int:
    """The first value first; then all the others, in an order of their own, before one comes again."""
    count = len(values)
    step = _number(seed) % max(1, count - 1) + 1
    while gcd(step, count) > 1:
        step = step % (count - 1) + 1
    return values[attempt * step % count]


def _number(seed: str) -> int:
    return int.from_bytes(sha256(seed.encode()).digest()[:8])
