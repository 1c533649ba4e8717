"""The texts of a lesson in every language, asked for by key, with the lesson's numbers put in."""

from collections.abc import Callable, Mapping

from lessons.content_file import Table
from lessons.course import ContentError, Lang, Text
from lessons.figures import Figures
from lessons.formula import FormulaError, evaluate
from lessons.numbers import DIGITS, show_number
from lessons.text import clean, fill


class Numbers:
    """The [numbers] of a lesson.toml: their values, and how a text shows them.

    A number is written as a whole number, a decimal, a text (such as a version), or
    { formula = "…", digits = 1 } over the numbers above it, or quoted from a measured figure as
    { figure = "rank", flags = { "--rank" = 8 }, take = "val_loss" }. Both need digits where they are not whole.
    """

    def __init__(self, table: Table, figures: Figures) -> None:
        self.figures = figures
        self.values: dict[str, int | float | str] = {}
        self.shown: dict[str, str] = {}
        value: int | float | str
        for name in table.data:
            raw = table.raw(name)
            if isinstance(raw, dict):
                value, self.shown[name] = self._computed(table.table(name))
            elif isinstance(raw, int | float | str) and not isinstance(raw, bool):
                value, self.shown[name] = raw, f"{raw:,}" if isinstance(raw, int) else clean(str(raw))
            else:
                raise table.error(f"{name!r} must be a number, a text, a formula or a figure", name)
            self.values[name] = value

    def _computed(self, table: Table) -> tuple[int | float, str]:
        digits = table.integer("digits", least=0, most=DIGITS) if table.has("digits") else None
        if table.has("figure"):
            value = self.figures.number(table)
        else:
            try:
                value = evaluate(table.text("formula"), self.arithmetic())
            except FormulaError as error:
                raise table.error(str(error)) from None
        table.done()
        if digits is not None:
            return value, f"{value:,.{digits}f}"
        if not float(value).is_integer():
            raise table.error("is not a whole number: say how many digits to show")
        return int(value), f"{int(value):,}"

    def arithmetic(self) -> dict[str, int | float]:
        return {name: value for name, value in self.values.items() if not isinstance(value, str)}


class Words:
    """The same table of a text file in each language; the {{names}} in `later` stay in its texts."""

    def __init__(
        self, tables: Mapping[Lang, Table], shown: Mapping[str, str], later: frozenset[str] = frozenset()
    ) -> None:
        self.tables = tables
        self.shown = shown
        self.later = later

    def text(self, key: str, keep: frozenset[str] = frozenset()) -> Text:
        """The text under `key`; the {{names}} in `keep` stay in it."""
        return {lang: self._filled(table, key, table.text(key), keep) for lang, table in self.tables.items()}

    def texts(self, key: str, count: int) -> tuple[Text, ...]:
        """The `count` texts listed under `key`; ContentError where a language has another number of them."""
        lists = {}
        for lang, table in self.tables.items():
            found = table.strings(key)
            if len(found) != count or not all(text.strip() for text in found):
                raise table.error(f"{key!r} must be {count} texts, as many as lesson.toml says", key)
            lists[lang] = [self._filled(table, key, text.strip(), frozenset()) for text in found]
        return tuple({lang: lists[lang][number] for lang in lists} for number in range(count))

    def _filled(self, table: Table, key: str, text: str, keep: frozenset[str]) -> str:
        return filled(text, self.shown, lambda message: table.error(message, key), keep | self.later)

    def table(
        self, key: str, more: Mapping[str, int | float | str] | None = None, later: frozenset[str] = frozenset()
    ) -> "Words":
        """The table under `key` in each language; its texts may name `more`, and what is in `later` is left in them."""
        own = {name: value if isinstance(value, str) else show_number(value) for name, value in (more or {}).items()}
        tables = {lang: table.table(key) for lang, table in self.tables.items()}
        return Words(tables, {**self.shown, **own}, self.later | later)

    def done(self) -> None:
        for table in self.tables.values():
            table.done()


def filled(
    text: str,
    shown: Mapping[str, str],
    complaint: Callable[[str], ContentError],
    keep: frozenset[str] = frozenset(),
) -> str:
    """`text` with its numbers; raises what `complaint` makes of the message when a name does not exist."""
    if "{{" not in text:
        return text
    try:
        done = fill(text, shown, keep)
    except KeyError as missing:
        raise complaint(f"{{{{{missing.args[0]}}}}} is not among the numbers") from None
    rest = done
    for name in keep:
        rest = rest.replace(f"{{{{{name}}}}}", "")
    if "{{" in rest:
        raise complaint("'{{' begins no reference known here; write {{number_name}}")
    return done
