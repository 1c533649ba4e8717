"""Reads exercise files into exercises. Quizzes use its formulas and misconceptions too."""

import re
from collections.abc import Iterator, Mapping

from lessons.content_file import Table, check_inside
from lessons.course import (
    AFTER,
    CHOICE_NAMES,
    COUNTED,
    DEEDS,
    MEASURED,
    TOLD,
    Alternative,
    DataTask,
    DataTaskKind,
    Exercise,
    Misconception,
    Prediction,
    Repair,
    Selection,
    Step,
    Trial,
)
from lessons.formula import FormulaError, evaluate, names_in
from lessons.lesson_texts import Words
from lessons.numbers import DIGITS
from lessons.text import FEEDBACK_NAMES, clean

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

STEP_KINDS = ("number", "choice", "repair", "deed")
REPAIRED = "repaired"
"""The folder in data/ that shows how a broken one can be repaired."""

MOST = 1e13
"""The most that can be predicted where an exercise says nothing: no model has so many parameters. Of a share, 100."""

_ID = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_NAME = re.compile(r"[a-z][a-z0-9_]*")


def checked_id(table: Table, key: str = "id") -> str:
    value = table.text(key)
    if not _ID.fullmatch(value):
        raise table.error(f"the {key} {value!r} must be lower-case words joined by '-'")
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
    """The exercise of a lesson; what several steps share (the truth, the misconceptions) may be written once."""
    id = checked_id(table)
    trials = _trials(table)
    typical = _typical(table)
    known = _Known(
        table,
        trials,
        table.text("truth") if table.has("truth") else "",
        table.table("misconceptions") if table.has("misconceptions") else None,
        words.table("misconceptions") if any(t.has("misconceptions") for t in words.tables.values()) else None,
    )
    texts = words.table("steps")
    steps = tuple(_step(step, texts.table(checked_id(step)), known) for step in table.tables("steps"))
    if not steps:
        raise table.error("an exercise needs at least one [[exercise.steps]]")
    texts.done()
    known.done(table)
    title, intro, explain = words.text("title"), words.text("intro"), words.text("explain")
    table.done()
    words.done()
    found = Exercise(f"{lesson}!{id}", title, intro, steps, trials, explain, typical)
    for trial in trials:
        if not any(trial.name in trials_of(found, step) for step in steps):
            raise table.error(f"no step asks about the run {trial.name!r}", "runs", trial.name)
    return found


def formulas_of(step: Step) -> Iterator[str]:
    """Every formula of a step."""
    match step:
        case Prediction():
            yield step.truth
            yield from (wrong.formula for wrong in step.misconceptions)
        case Selection():
            yield from (option.formula for option in step.options)


def measured_names(step: Step) -> tuple[str, ...]:
    """The measurements that a step's formulas name, such as lora.train_loss; names of a model's shape are left out."""
    return tuple(dict.fromkeys(name for formula in formulas_of(step) for name in names_in(formula) if "." in name))


def trials_of(exercise: Exercise, step: Step) -> tuple[str, ...]:
    """The names of the runs that have to end before the truth of a step is known."""
    named = {name.partition(".")[0] for name in measured_names(step)}
    kind, _, run = step.source.partition(":") if isinstance(step, Prediction | Selection) else ("", "", "")
    return tuple(trial.name for trial in exercise.trials if trial.name in named or (kind, run) == ("run", trial.name))


def _trials(table: Table) -> tuple[Trial, ...]:
    if not table.has("runs"):
        return ()
    runs = table.table("runs")
    trials = []
    for name in runs.data:
        if not _NAME.fullmatch(name):
            raise runs.error(f"the name {name!r} must be lower-case letters, digits and '_'", name)
        own = runs.table(name)
        after = own.strings("after") if own.has("after") else ()
        for what in after:
            if what not in AFTER:
                raise own.error(f"{what!r} is not measured after a run; there are {', '.join(AFTER)}", "after")
        fields = {clean(key): value for key, value in own.data.items() if key != "after"}
        trials.append(Trial(name, fields, tuple(what for what in AFTER if what in after)))
    return tuple(trials)


def _typical(table: Table) -> dict[str, float]:
    """What the author measured, by whole name."""
    if not table.has("typical"):
        return {}
    found = {}
    whole = table.table("typical")
    for owner in whole.data:
        own = whole.table(owner)
        for key in own.data:
            value = own.raw(key)
            if isinstance(value, bool) or not isinstance(value, int | float):
                raise own.error(f"{key!r} must be a number", key)
            found[f"{owner}.{key}"] = float(value)
    return found


class _Known:
    """What formulas of an exercise may name, and what its steps share."""

    def __init__(
        self, table: Table, trials: tuple[Trial, ...], truth: str, wrong: Table | None, words: Words | None
    ) -> None:
        self.table = table
        self.trials = {trial.name: trial for trial in trials}
        self.truth = truth
        self._wrong, self._words = wrong, words
        self._used: set[str] = set()

    def formula(self, table: Table, key: str, source: str) -> str:
        return self.checked(table, key, table.text(key), source)

    def checked(self, table: Table, key: str, formula: str, source: str) -> str:
        """`formula` after every name in it was looked up; ContentError for one that there is not."""
        try:
            names = tuple(names_in(formula))
        except FormulaError as error:
            raise table.error(f"{key!r}: {error}", key) from None
        for name in names:
            if why := self._unknown(name, source):
                raise table.error(f"{key!r}: {why}", key)
        probe = {name: 7 + 3 * number for number, name in enumerate(dict.fromkeys(names))}
        try:
            evaluate(formula, probe)
        except FormulaError as error:
            raise table.error(f"{key!r}: {error}", key) from None
        return formula

    def _unknown(self, name: str, source: str) -> str:
        """Why a formula must not name this; "" when it may."""
        owner, point, what = name.partition(".")
        if not point:
            if name not in SHAPE_NAMES:
                return f"{name!r} is no name of a model's shape; there are {', '.join(SHAPE_NAMES)}"
            return "" if source else f"{name!r} needs a source: which model's?"
        if owner not in self.trials:
            known = ", ".join(self.trials) or "none"
            return "" if what in COUNTED else f"{name!r}: there is no run {owner!r} (runs: {known})"
        if what in TOLD:
            return ""
        for after, names in MEASURED.items():
            if what in names:
                here = after in self.trials[owner].after
                return "" if here else f'{name!r} is known after = ["{after}"] only; write that into its run'
        return (
            f"no run tells {what!r}; there are {', '.join((*TOLD, *(n for names in MEASURED.values() for n in names)))}"
        )

    def misconceptions(self, table: Table, source: str) -> tuple[Misconception, ...]:
        """Those of a step: a list of shared ones by id, or a table of its own."""
        if not table.has("misconceptions"):
            return ()
        own = isinstance(table.raw("misconceptions"), Mapping)
        wrong = table.table("misconceptions") if own else self._wrong
        found = []
        for id in wrong.data if own and wrong is not None else checked_ids(table, "misconceptions"):
            if wrong is None or id not in wrong.data:
                raise table.error(f"there is no misconception {id!r}", "misconceptions")
            if not _ID.fullmatch(id):
                raise wrong.error(f"the id {id!r} must be lower-case words joined by '-'", id)
            if self._words is None:
                raise table.error("exercise.toml has no [misconceptions]", "misconceptions")
            formula = self.formula(wrong, id, source)
            text = self._words.table(id)
            found.append(Misconception(id, formula, text.text("title"), text.text("feedback", FEEDBACK_NAMES)))
            text.done()
            self._used.add(id)
        return tuple(found)

    def done(self, table: Table) -> None:
        """ContentError for a misconception that no step takes up."""
        for id in self._wrong.data if self._wrong is not None else ():
            if id not in self._used:
                raise table.error(f"no step takes up the misconception {id!r}", "misconceptions", id)
        if self._words is not None:
            self._words.done()


def _step(table: Table, words: Words, known: _Known) -> Step:
    match table.one_of("kind", *STEP_KINDS) if table.has("kind") else "number":
        case "choice":
            step: Step = _selection(table, words, known)
        case "repair":
            step = _repair(table, words)
        case "deed":
            deed: DataTaskKind = DEEDS[DEEDS.index(table.one_of("deed", *DEEDS))]  # type: ignore[assignment]
            step = DataTask(table.text("id"), words.text("prompt"), words.text("exact"), deed)
        case _:
            step = _prediction(table, words, known)
    table.done()
    words.done()
    return step


def _prediction(table: Table, words: Words, known: _Known) -> Prediction:
    source = _source(table, known)
    if table.has("truth") or not known.truth:
        truth = known.formula(table, "truth", source)
    else:
        truth = known.checked(known.table, "truth", known.truth, source)
    if not table.has("tolerance") and not table.has("within"):
        raise table.error("how far off still counts as right: give 'tolerance' or 'within'")
    unit = words.text("unit")
    most = 100.0 if any("%" in shown for shown in unit.values()) else MOST
    return Prediction(
        table.text("id"),
        words.text("prompt"),
        unit,
        source,
        truth,
        table.fraction("tolerance") if table.has("tolerance") else 0.0,
        _number(table, "within") if table.has("within") else 0.0,
        table.integer("digits", least=0, most=DIGITS) if table.has("digits") else 0,
        words.text("exact", FEEDBACK_NAMES),
        words.text("close", FEEDBACK_NAMES),
        words.text("off", FEEDBACK_NAMES),
        known.misconceptions(table, source),
        _number(table, "most") if table.has("most") else most,
    )


def _source(table: Table, known: _Known) -> str:
    if not table.has("source"):
        return ""
    source = table.text("source")
    kind, _, name = source.partition(":")
    if not re.fullmatch(r"preset:[a-z0-9.-]+", source) and not (kind == "run" and name in known.trials):
        raise table.error(f"the source {source!r} must be 'run:' and a run's name, or 'preset:NAME'", "source")
    return source


def _selection(table: Table, words: Words, known: _Known) -> Selection:
    source = _source(table, known)
    listed, texts = table.table("options"), words.table("options")
    options = []
    for id in listed.data:
        if not _ID.fullmatch(id):
            raise listed.error(f"the id {id!r} must be lower-case words joined by '-'", id)
        text = texts.table(id)
        formula = known.formula(listed, id, source)
        options.append(Alternative(id, formula, text.text("text"), text.text("chosen", CHOICE_NAMES)))
        text.done()
    if not 2 <= len(options) <= 9:
        raise table.error("a choice has two to nine options", "options")
    texts.done()
    return Selection(
        table.text("id"),
        words.text("prompt"),
        words.text("unit"),
        tuple(options),
        "lowest" if table.one_of("take", "lowest", "highest") == "lowest" else "highest",
        table.fraction("tie") if table.has("tie") else 0.0,
        table.integer("digits", least=0, most=DIGITS) if table.has("digits") else 0,
        words.text("exact", CHOICE_NAMES),
        source,
    )


def _repair(table: Table, words: Words) -> Repair:
    folder = table.text("folder")
    if not _NAME.fullmatch(folder):
        raise table.error(f"the folder {folder!r} must be lower-case letters, digits and '_'", "folder")
    data = table.source.file.parent / "data"
    for place in (data / folder, data / REPAIRED):
        if not (place / "train.jsonl").is_file():
            raise table.error(f"there is no data/{place.name}/train.jsonl", "folder")
        for path in place.rglob("*"):
            check_inside(path, table.source.root)
            if not path.is_file() and not path.is_dir():
                raise table.error(f"data/{place.name}/{path.name} is neither a file nor a folder", "folder")
    return Repair(
        table.text("id"),
        words.text("prompt"),
        words.text("exact"),
        folder,
        data / folder,
        data / REPAIRED,
        table.switch("clean"),
        table.integer("rows") if table.has("rows") else 1,
    )


def _number(table: Table, key: str) -> float:
    value = table.raw(key)
    if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
        raise table.error(f"{key!r} must be a number of at least 0", key)
    return float(value)
