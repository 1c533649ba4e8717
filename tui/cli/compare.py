"""`lowrank compare`: runs side by side."""

from collections.abc import Callable
from typing import Annotated, Any

from typer import Argument

import i18n
from lab.reports.comparison import Comparison, Contender, plain
from lab.reports.comparison import as_json as rows_of
from tui.cli.common import Json, cache, runs, say, write
from tui.cli.completion import run_ids
from tui.cli.histogram import line
from tui.cli.table import table
from tui.formatting import units

ABREAST, CURVE = 4, 14
"""Runs beside each other, and the cells of each one's loss curve."""


def compare(
    names: Annotated[
        list[str],
        Argument(metavar="RUN RUN…", help="Run ids, their beginnings, paths, or `last`.", autocompletion=run_ids),
    ],
    as_json: Json = False,
) -> int:
    """Put runs side by side: how they differ, what they reached, what it cost."""
    show(Comparison.of([runs().get(name) for name in names], cache()), as_json)
    return 0


def show(comparison: Comparison, json: bool) -> None:
    differs = comparison.differs | comparison.shown_otherwise
    if json:
        say({"runs": rows_of(comparison), "differs": differs})
        return
    for number, each in enumerate(comparison.contenders, 1):
        name = f"  {each.about.name}" if each.about.name else ""
        write(f"{number:>2}  {each.run.id}{name}")
    for first in range(0, len(comparison.contenders), ABREAST):
        write("", *_block(comparison, differs, slice(first, first + ABREAST)))
    told = [f"! {DOUBTS[doubt.kind]}" + (f" ({', '.join(doubt.what)})" if doubt.what else "")
            for doubt in comparison.doubts()]  # fmt: skip
    write(*["", *told] if told else [])


def _block(comparison: Comparison, differs: dict[str, list[Any]], some: slice) -> list[str]:
    """The lines about some of the runs, no more than fit beside each other."""
    contenders = comparison.contenders
    rows = [("run", *(str(number + 1) for number in range(len(contenders))[some]))]
    rows += [("method", *(each.method for each in contenders[some]))]
    rows += [(name, *(plain(name, value) for value in values[some])) for name, values in differs.items()]
    rows += [("state", *(each.state for each in contenders[some]))]
    rows += [(label, *(_told(each, key, form) for each in contenders[some])) for label, key, form in MEASURES]
    if any(each.score for each in contenders):
        rows += [("of questions", *(_questions(each) for each in contenders[some]))]
    curves = [[point.y for point in each.digest.train()] for each in contenders[some]]
    rows += [("training loss", *(line(losses, CURVE) for losses in curves))]
    return table(rows, shrink=[range(1, len(rows[0]))], across=True)


def _questions(each: Contender) -> str:
    """Over how many questions exact match was measured, or why that is not known."""
    number = (each.score or {}).get("examples")
    return i18n.text("en", f"missing.{each.missing('exact_match')}") if number is None else str(number)


def _told(each: Contender, key: str, form: Callable[[float | None], str]) -> str:
    """A figure, or why there is none."""
    text = form(each.value(key))
    return i18n.text("en", f"missing.{each.missing(key)}") if text == units.NOTHING else text


def _seconds(value: float | None) -> str:
    return units.NOTHING if value is None else f"{value:.3f} s"


def _share(value: float | None) -> str:
    return units.percent(value, 1)


MEASURES = (
    ("iterations", "iterations", units.count),
    ("train loss", "train_loss", units.loss),
    ("validation loss", "val_loss", units.loss),
    ("best validation", "best_val_loss", units.loss),
    ("best at iteration", "best_iteration", units.count),
    ("exact match", "exact_match", _share),
    ("tokens/s", "tokens_per_second", units.count),
    ("per iteration", "seconds_per_iteration", _seconds),
    ("peak memory", "peak_memory_bytes", units.size),
    ("trainable", "trainable_parameters", units.parameters),
    ("adapter", "adapter_bytes", units.size),
)
DOUBTS = {
    "validation": "the validation sets differ, so validation losses cannot be compared",
    "tokens": "the bases cut text into other tokens, so losses a token cannot be compared",
    "questions": "exact match was measured over other questions",
    "length": "the runs did not train for as many iterations",
}
