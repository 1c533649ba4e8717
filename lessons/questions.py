"""Reads questions from lesson.toml and the quiz.toml of each language.

Every [[questions]] has `id`, `kind`, `section`, and may have `hints = 2` (how many; quiz.toml lists their
texts) and a table [questions.chart] (below). Under the question's id, quiz.toml has `prompt`, `hints`, and

- kind "one", "many": `options` (ids) and `correct` (ids); for each option `text` and `why`.
- kind "order": `steps` (ids, at least three, in the right order; they are shown mixed); for each of
  them under `options` its `text` and `why` it stands where it does.
- kind "number": `parameters`, `answer` (a formula over them), `tolerance` (0.01 is 1 %) and a table
  [questions.misconceptions] (id = "formula"); texts `unit`, `right`, `off`, and for each misconception
  `title` and `feedback`. A parameter is a whole number, or drawn anew for each attempt, the first
  value first, from `{ from = 2, to = 12, step = 2 }` or `{ among = [4, 8, 16] }`, or read off the question's chart:
  `{ line = "validation", take = "x-of-lowest" }` (see lessons.series.TAKES).
- kind "flag": `command` with ___ where something is missing, `accept` (spellings, the best one first) and
  a table [questions.mistakes] (id = ["spelling", …]); texts `right`, `off`, and for each mistake `title`
  and `feedback`, all of which may say {{answer}}. Spellings are compared as lessons.command_spelling makes them.

[questions.chart] says what is drawn, as lessons.charts reads it; quiz.toml has `chart.x`, `chart.y` (the titles of the
axes) and `chart.lines.NAME`.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import get_args

from lessons.charts import chart
from lessons.command_spelling import spelled
from lessons.content_file import Table
from lessons.course import GAP, Chart, Gap, Kind, KnownMistake, NumberAnswer, Option, Question
from lessons.exercises import checked_formula, checked_id, checked_ids, misconceptions
from lessons.figures import Figures
from lessons.lesson_texts import Words, filled
from lessons.question_variants import at
from lessons.series import TAKES, take
from lessons.text import FEEDBACK_NAMES

KINDS: tuple[Kind, ...] = get_args(Kind)
MOST_HINTS = 3
MOST_STEPS = 9
"""As many as there are digits to choose with."""
MOST_SIZES = 1000


def questions(
    structure: Table, words: Words, lesson: str, sections: tuple[str, ...], figures: Figures
) -> tuple[Question, ...]:
    """The questions of a lesson in the order of its lesson.toml."""
    found = tuple(_question(table, words, lesson, sections, figures) for table in structure.tables("questions"))
    words.done()
    return found


def _question(table: Table, words: Words, lesson: str, sections: tuple[str, ...], figures: Figures) -> Question:
    id, section = checked_id(table), table.text("section")
    if section not in sections:
        raise table.error(f"there is no section {section!r}", "section")
    asked = table.one_of("kind", *KINDS)
    kind = next(each for each in KINDS if each == asked)
    texts, picture = words.table(id), None
    if table.has("chart"):
        picture = chart(table.table("chart"), texts.table("chart"), figures)
    parts = _Parts()
    match kind:
        case "one" | "many":
            parts.options = _choice(table, texts, kind)
        case "order":
            parts.options = _steps(table, texts)
        case "number":
            parameters, sizes = _parameters(table.table("parameters"), picture)
            drawn = {name: values[0] for name, values in sizes.items()}
            texts = words.table(id, parameters, frozenset(sizes))
            parts.number = _number(table, texts, {**parameters, **drawn}, sizes)
        case "flag":
            parts.gap, texts = _gap(table, words, id)
    if picture is not None:
        texts.table("chart")
    hints = table.integer("hints") if table.has("hints") else 0
    if hints > MOST_HINTS:
        raise table.error(f"a question has at most {MOST_HINTS} hints", "hints")
    table.done()
    question = Question(
        f"{lesson}?{id}",
        kind,
        f"{lesson}#{section}",
        texts.text("prompt"),
        parts.options,
        parts.number,
        parts.gap,
        picture,
        texts.texts("hints", hints) if hints else (),
    )
    texts.done()
    if parts.number is not None and parts.number.sizes:
        return at(replace(question, template=question), 0)
    return question


@dataclass
class _Parts:
    """What only some kinds have."""

    options: tuple[Option, ...] = ()
    number: NumberAnswer | None = None
    gap: Gap | None = None


def _choice(table: Table, texts: Words, kind: str) -> tuple[Option, ...]:
    ids, correct = checked_ids(table, "options"), table.strings("correct")
    for id in correct:
        if id not in ids:
            raise table.error(f"the correct option {id!r} is not among the options", "correct")
    if (len(correct) != 1) if kind == "one" else not 0 < len(correct) < len(ids):
        raise table.error(f"{len(correct)} of {len(ids)} options are correct, which does not suit {kind!r}")
    return _options(texts, ids, correct)


def _steps(table: Table, texts: Words) -> tuple[Option, ...]:
    ids = checked_ids(table, "steps")
    if not 3 <= len(ids) <= MOST_STEPS:
        raise table.error(f"an order has from 3 to {MOST_STEPS} steps", "steps")
    return _options(texts, ids, ids)


def _options(texts: Words, ids: Sequence[str], correct: Sequence[str]) -> tuple[Option, ...]:
    all_options = texts.table("options")
    found = []
    for id in ids:
        option = all_options.table(id)
        found.append(Option(id, option.text("text"), option.text("why"), id in correct))
        option.done()
    all_options.done()
    return tuple(found)


def _parameters(given: Table, chart: Chart | None) -> tuple[dict[str, int | float], dict[str, Sequence[int]]]:
    """The parameters that stay, and those that are drawn with all that they may be."""
    fixed: dict[str, int | float] = {}
    sizes: dict[str, Sequence[int]] = {}
    for name in given.data:
        if not isinstance(given.raw(name), dict):
            fixed[name] = given.integer(name)
            continue
        entry = given.table(name)
        if entry.has("line"):
            fixed[name] = _read_off(entry, chart)
        else:
            sizes[name] = _sizes(entry)
        entry.done()
    return fixed, sizes


def _sizes(entry: Table) -> Sequence[int]:
    values: Sequence[int]
    if entry.has("among"):
        values = entry.integers("among")
    else:
        values = range(
            entry.integer("from"), entry.integer("to") + 1, entry.integer("step") if entry.has("step") else 1
        )
    if not 2 <= len(values) <= MOST_SIZES:
        raise entry.error(f"draws from {len(values)} sizes; it must be from 2 to {MOST_SIZES:,}")
    return values


def _read_off(entry: Table, chart: Chart | None) -> float:
    id, what = entry.text("line"), entry.one_of("take", *TAKES)
    lines = {line.id: line.points for line in chart.lines} if chart else {}
    if id not in lines:
        raise entry.error(f"the chart of this question has no line {id!r}", "line")
    return take(lines[id], what)


def _number(
    table: Table, texts: Words, parameters: Mapping[str, int | float], sizes: Mapping[str, Sequence[int]]
) -> NumberAnswer:
    formula = checked_formula(table, "answer", parameters)
    wrong = misconceptions(table.table("misconceptions"), texts.table("misconceptions"), parameters)
    return NumberAnswer(
        formula,
        parameters,
        texts.text("unit"),
        table.fraction("tolerance"),
        texts.text("right", FEEDBACK_NAMES),
        texts.text("off", FEEDBACK_NAMES),
        tuple(wrong.values()),
        sizes,
    )


def _gap(table: Table, words: Words, id: str) -> tuple[Gap, Words]:
    command = filled(table.text("command"), words.shown, lambda message: table.error(message, "command"))
    if re.findall("_{3,}", command) != [GAP]:
        raise table.error(f"'command' must hold {GAP} once, where something is missing", "command")
    accepted = table.strings("accept")
    if not accepted or not all(accepted):
        raise table.error("'accept' must list the spellings that are right", "accept")
    texts = words.table(id, {"answer": accepted[0]})
    entries, all_words = table.table("mistakes"), texts.table("mistakes")
    found, taken = [], dict.fromkeys(map(spelled, accepted), "accept")
    for mistake in entries.data:
        spellings = entries.strings(mistake)
        for spelling in spellings:
            if spelled(spelling) in taken:
                raise entries.error(f"{spelling!r} stands in {taken[spelled(spelling)]!r} already", mistake)
            taken[spelled(spelling)] = mistake
        if not spellings:
            raise entries.error(f"{mistake!r} must list at least one spelling", mistake)
        text = all_words.table(mistake)
        found.append(KnownMistake(mistake, spellings, text.text("title"), text.text("feedback")))
        text.done()
    all_words.done()
    return Gap(command, accepted, texts.text("right"), texts.text("off"), tuple(found)), texts
