"""From exercise files to predictions, and the formulas and misconceptions that a quiz is made of as well."""

import re
from collections.abc import Mapping

from lessons.formula import FormulaError, evaluate
from lessons.model import Exercise, Misconception, Prediction
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


def checked_formula(table: Table, key: str, names: Mapping[str, int | float]) -> str:
    """The formula under `key`; ContentError when it has no value for these names."""
    formula = table.text(key)
    try:
        evaluate(formula, names)
    except FormulaError as error:
        raise table.error(f"{key!r}: {error}", key) from None
    return formula


def misconceptions(table: Table, words: Words, names: Mapping[str, int | float]) -> dict[str, Misconception]:
    """id = "formula" in the structure, title and feedback in the texts; by id."""
    found = {}
    for id in table.data:
        if not _ID.fullmatch(id):
            raise table.error(f"the id {id!r} must be lower-case words joined by '-'", id)
        text = words.table(id)
        formula = checked_formula(table, id, names)
        feedback = text.text("feedback", FEEDBACK_NAMES)
        found[id] = Misconception(id, formula, text.text("title"), feedback)
        text.done()
    words.done()
    return found


def exercise(table: Table, words: Words, lesson: str) -> Exercise:
    """The exercise of a lesson; what its steps share (the truth, the misconceptions) is written once."""
    id = checked_id(table)
    table.one_of("kind", "predict")
    truth = checked_formula(table, "truth", _PROBE)
    wrong = misconceptions(table.table("misconceptions"), words.table("misconceptions"), _PROBE)
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
