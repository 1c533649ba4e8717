"""From quiz and exercise files to questions and predictions."""

import re

from lessons.formula import FormulaError, evaluate
from lessons.model import Exercise, Misconception, NumberAnswer, Option, Prediction, Question
from lessons.source import Table
from lessons.text import FEEDBACK_NAMES, clean
from lessons.words import Words

SHAPE_NAMES = (
    "hidden",
    "intermediate",
    "layers",
    "blocks",
    "heads",
    "kv_heads",
    "head_dim",
    "kv_dim",
    "vocab",
    "rank",
)
"""What a formula of an exercise may name; `layers` counts the adapted blocks, `blocks` all of them."""

_ID = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_PROBE = dict.fromkeys(SHAPE_NAMES, 8)


def checked_id(table: Table) -> str:
    value = table.text("id")
    if not _ID.fullmatch(value):
        raise table.error(f"the id {value!r} must be lower-case words joined by '-'")
    return value


def checked_ids(table: Table, key: str) -> tuple[str, ...]:
    """The ids listed under `key`."""
    values = table.strings(key)
    for value in values:
        if not _ID.fullmatch(value):
            raise table.error(f"the id {value!r} must be lower-case words joined by '-'", key)
    return values


def questions(structure: Table, words: Words, lesson: str, sections: tuple[str, ...]) -> tuple[Question, ...]:
    """The questions of a lesson in the order of its lesson.toml."""
    found = tuple(_question(table, words, lesson, sections) for table in structure.tables("questions"))
    words.done()
    return found


def _question(table: Table, words: Words, lesson: str, sections: tuple[str, ...]) -> Question:
    id = checked_id(table)
    section = table.text("section")
    if section not in sections:
        raise table.error(f"there is no section {section!r}", "section")
    kind = table.one_of("kind", "one", "many", "number")
    options: tuple[Option, ...] = ()
    number = None
    parameters: dict[str, int] = {}
    if kind == "number":
        given = table.table("parameters")
        parameters = {name: given.integer(name) for name in given.data}
        texts = words.table(id, parameters)
        number = _number(table, texts, parameters)
    else:
        texts = words.table(id)
        options = _options(table, texts)
        correct = sum(option.correct for option in options)
        if (correct != 1) if kind == "one" else not 0 < correct < len(options):
            raise table.error(f"{correct} of {len(options)} options are correct, which does not suit {kind!r}")
    table.done()
    question = Question(
        f"{lesson}?{id}",
        "number" if number else "one" if kind == "one" else "many",
        f"{lesson}#{section}",
        texts.text("prompt"),
        options,
        number,
    )
    texts.done()
    return question


def _options(table: Table, texts: Words) -> tuple[Option, ...]:
    ids, correct = checked_ids(table, "options"), table.strings("correct")
    for id in correct:
        if id not in ids:
            raise table.error(f"the correct option {id!r} is not among the options", "correct")
    all_options = texts.table("options")
    found = []
    for id in ids:
        option = all_options.table(id)
        found.append(Option(id, option.text("text"), option.text("why"), id in correct))
        option.done()
    all_options.done()
    return tuple(found)


def _number(table: Table, texts: Words, parameters: dict[str, int]) -> NumberAnswer:
    formula = _formula(table, "answer", parameters)
    wrong = _misconceptions(table.table("misconceptions"), texts.table("misconceptions"), parameters)
    return NumberAnswer(
        formula,
        parameters,
        texts.text("unit"),
        table.fraction("tolerance"),
        texts.text("right", FEEDBACK_NAMES),
        texts.text("off", FEEDBACK_NAMES),
        tuple(wrong.values()),
    )


def _formula(table: Table, key: str, names: dict[str, int]) -> str:
    formula = table.text(key)
    try:
        evaluate(formula, names)
    except FormulaError as error:
        raise table.error(f"{key!r}: {error}", key) from None
    return formula


def _misconceptions(table: Table, words: Words, names: dict[str, int]) -> dict[str, Misconception]:
    found = {}
    for id in table.data:
        if not _ID.fullmatch(id):
            raise table.error(f"the id {id!r} must be lower-case words joined by '-'", id)
        text = words.table(id)
        formula = _formula(table, id, names)
        feedback = text.text("feedback", FEEDBACK_NAMES)
        found[id] = Misconception(id, formula, text.text("title"), feedback)
        text.done()
    words.done()
    return found


def exercise(table: Table, words: Words, lesson: str) -> Exercise:
    """The exercise of a lesson; what its steps share (the truth, the misconceptions) is written once."""
    id = checked_id(table)
    table.one_of("kind", "predict")
    truth = _formula(table, "truth", _PROBE)
    wrong = _misconceptions(table.table("misconceptions"), words.table("misconceptions"), _PROBE)
    texts = words.table("steps")
    steps = tuple(_step(step, texts, truth, wrong) for step in table.tables("steps"))
    if not steps:
        raise table.error("an exercise needs at least one [[exercise.steps]]")
    texts.done()
    run = {clean(key): value for key, value in table.table("run").data.items()}
    title, intro, explain = words.text("title"), words.text("intro"), words.text("explain")
    table.done()
    words.done()
    return Exercise(f"{lesson}!{id}", "predict", title, intro, steps, run, explain)


def _step(table: Table, words: Words, truth: str, wrong: dict[str, Misconception]) -> Prediction:
    id = checked_id(table)
    source = table.text("source")
    if source != "run" and not re.fullmatch(r"preset:[a-z0-9.-]+", source):
        raise table.error(f"the source {source!r} must be 'run' or 'preset:NAME'", "source")
    chosen = table.strings("misconceptions")
    for name in chosen:
        if name not in wrong:
            raise table.error(f"there is no misconception {name!r}", "misconceptions")
    text = words.table(id)
    step = Prediction(
        id,
        text.text("prompt"),
        source,
        text.text("unit"),
        table.fraction("tolerance"),
        truth,
        text.text("exact", FEEDBACK_NAMES),
        text.text("close", FEEDBACK_NAMES),
        text.text("off", FEEDBACK_NAMES),
        tuple(wrong[name] for name in chosen),
    )
    table.done()
    text.done()
    return step
