"""`lowrank compare`, `three-way` and `report`: runs side by side, three worth it, and what was found written down."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer
from typer import Argument, Option

from lab.errors import LabError
from lab.paths import absolute
from lab.queue import three_way as threeway
from lab.reports import markdown as report
from lab.reports.comparison import Comparison, Contender, plain
from lab.reports.comparison import as_json as rows_of
from lab.reports.words import Lang
from lab.runs import evaluation
from lab.runs.directory import Run
from lab.runs.state import RunState
from tui.cli.common import Status, cache, note, runs, say, write
from tui.cli.completion import run_ids
from tui.cli.generate import engine
from tui.cli.histogram import line
from tui.cli.table import table
from tui.formatting import units
from tui.locale import words

Json = Annotated[bool, Option("--json", help="Print one JSON object.")]
POLL = 0.5
"""Seconds between looks at the runs."""
ABREAST, CURVE = 4, 14
"""Runs beside each other, and the cells of each one's loss curve."""


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command("compare")(compare)
    app.command("three-way")(three_way)
    app.command("report")(write_report)


def three_way(
    detach: Annotated[
        bool, Option("--detach", help="Put the runs in line, print their ids, and return at once.")
    ] = False,
    as_json: Json = False,
) -> int:
    """Train LoRA, LoRA on 4 bits (QLoRA) and DoRA on 4 bits, 50 iterations each, all else alike, and compare them."""
    made = threeway.begin(runs(), cache())
    if detach:
        say({"runs": [run.id for run in made]}) if as_json else write(*(run.id for run in made))
        return 0
    note("3 runs in line  (they go on if this terminal closes)")
    comparison = Comparison.of(made, cache())
    try:
        _attend(comparison)
        for run in threeway.unmeasured(made):
            engine(run, "evaluate", "--first", str(threeway.ROWS), "--adapter-only")
    except KeyboardInterrupt:
        note("the runs are left to themselves; `lowrank runs` shows them, `lowrank compare` compares them")
        return 130
    comparison.read()
    _show(comparison, as_json)
    return 0 if all(each.state is RunState.FINISHED for each in comparison.contenders) else 1


def _attend(comparison: Comparison) -> None:
    """Wait for the end of all of them, saying on a terminal how far they are."""
    with Status() as status:
        while not comparison.ended:
            comparison.read()
            going = next((each for each in comparison.contenders if not each.ended), None)
            if going is not None:
                done = going.digest.progress
                status.show(f"{going.method:<8}{done.iteration:>4}/{going.spec.iters}  {done.stage or 'waiting'}")
            time.sleep(POLL)


def compare(
    names: Annotated[
        list[str],
        Argument(metavar="RUN RUN…", help="Run ids, their beginnings, paths, or `last`.", autocompletion=run_ids),
    ],
    as_json: Json = False,
) -> int:
    """Put runs side by side: how they differ, what they reached, what it cost."""
    _show(Comparison.of([runs().get(name) for name in names], cache()), as_json)
    return 0


def _show(comparison: Comparison, json: bool) -> None:
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
    rows += [(name, *(plain(value) for value in values[some])) for name, values in differs.items()]
    rows += [("state", *(each.state for each in contenders[some]))]
    rows += [(label, *(_told(each, key, form) for each in contenders[some])) for label, key, form in MEASURES]
    if any(each.score for each in contenders):
        rows += [("of questions", *(str((each.score or {}).get("examples", "–")) for each in contenders[some]))]
    curves = [[point.y for point in each.digest.train()] for each in contenders[some]]
    rows += [("training loss", *(line(losses, CURVE) for losses in curves))]
    return table(rows, shrink=[range(1, len(rows[0]))], across=True)


def _told(each: Contender, key: str, form: Callable[[float | None], str]) -> str:
    """A figure, or why there is none."""
    text = form(each.value(key))
    return words("en")[f"missing.{each.missing(key)}"] if text == units.NOTHING else text


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


def write_report(
    names: Annotated[
        list[str], Argument(metavar="RUN…", help="Run ids, their beginnings, paths, or `last`.", autocompletion=run_ids)
    ],
    output: Annotated[
        Path | None,
        Option(
            "--output", "-o", parser=absolute, metavar="FILE", help="The Markdown file; its charts stand beside it."
        ),
    ] = None,
    lang: Annotated[str, Option(help="en or ko.")] = "en",
    measure: Annotated[bool, Option("--measure", help="First measure exact match where it is not known.")] = False,
    as_json: Json = False,
) -> int:
    """Write a run, or a comparison of several, as Markdown with SVG charts: figures, curves, answers, commands."""
    language: Lang | None = "en" if lang == "en" else "ko" if lang == "ko" else None
    if language is None:
        raise LabError(f"unknown language {lang!r}", where="--lang", remedy="give en or ko", usage=True)
    if output is not None:
        report.check(output)
    found = [runs().get(name) for name in names]
    for run in _unknown(found) if measure else ():
        engine(run, "evaluate", "--adapter-only")
    path = report.write(Comparison.of(found, cache()), Path(), language, output)
    say({"path": str(path)}) if as_json else write(path)
    return 0


def _unknown(found: list[Run]) -> list[Run]:
    return [run for run in found if evaluation.read(run) is None]
