"""`lowrank three-way` and `report`: the three runs worth comparing, and what was found written down."""

import sys
import time
from pathlib import Path
from typing import Annotated

import typer
from typer import Argument, Option

from lab import evaluation, report, threeway
from lab.comparison import Comparison, as_json
from lab.errors import LabError
from lab.report_words import Lang
from lab.runs import Run
from tui.commands import cache, inert, note, runs, say
from tui.commands.asking import engine
from tui.commands.table import table
from tui.labroom import units

POLL = 0.5
"""Seconds between looks at the runs."""


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command("three-way")(three_way)
    app.command("report")(write_report)


def three_way(
    detach: Annotated[
        bool, Option("--detach", help="Put the runs in line, print their ids, and return at once.")
    ] = False,
    as_json: Annotated[bool, Option("--json", help="Print one JSON object.")] = False,
) -> int:
    """Train LoRA, LoRA on 4 bits (QLoRA) and DoRA on 4 bits, 50 iterations each, all else alike, and compare them."""
    made = threeway.begin(runs(), cache())
    if detach:
        say({"runs": [run.id for run in made]}) if as_json else print("\n".join(run.id for run in made))
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
    return 0 if all(each.state == "finished" for each in comparison.contenders) else 1


def _attend(comparison: Comparison) -> None:
    """Wait for the end of all of them, saying on a terminal how far they are."""
    told = ""
    while not comparison.ended:
        comparison.read()
        going = next((each for each in comparison.contenders if not each.ended), None)
        if going is not None and sys.stderr.isatty():
            done = going.digest.progress
            line = f"{going.method:<8}{done.iteration:>4}/{going.spec.iters}  {done.stage or 'waiting'}"
            told = line.ljust(len(told))
            print(f"\r{told}", end="", file=sys.stderr, flush=True)
        time.sleep(POLL)
    if told:
        print("\r" + " " * len(told) + "\r", end="", file=sys.stderr, flush=True)


def _show(comparison: Comparison, json: bool) -> None:
    if json:
        say({"runs": as_json(comparison), "differs": comparison.differs})
        return
    head = ("", "base", "best val", "train", "exact match", "s/it", "peak", "trainable", "adapter")
    rows = [
        (label, base, units.loss(each.value("best_val_loss")), units.loss(each.value("train_loss")),
         units.percent(each.value("exact_match"), 1), _seconds(each.value("seconds_per_iteration")),
         units.size(each.value("peak_memory_bytes")), units.parameters(each.value("trainable_parameters")),
         units.size(each.value("adapter_bytes")))
        for label, base, each in zip(comparison.labels, comparison.bases, comparison.contenders, strict=True)
    ]  # fmt: skip
    print("\n".join(inert(line) for line in table([head, *rows], shrink=((0, 1),), right=tuple(range(2, len(head))))))
    asked = {each.score["examples"] for each in comparison.contenders if each.score}
    if asked:
        print(f"\nexact match over the first {'–'.join(map(str, sorted(asked)))} test questions")


def _seconds(value: float | None) -> str:
    return units.NOTHING if value is None else f"{value:.3f}"


def write_report(
    names: Annotated[list[str], Argument(metavar="RUN…", help="Run ids, their beginnings, paths, or `last`.")],
    output: Annotated[
        Path | None, Option("--output", "-o", help="The Markdown file; its charts stand beside it.")
    ] = None,
    lang: Annotated[str, Option(help="en or ko.")] = "en",
    measure: Annotated[bool, Option("--measure", help="First measure exact match where it is not known.")] = False,
    as_json: Annotated[bool, Option("--json", help="Print one JSON object.")] = False,
) -> int:
    """Write a run, or a comparison of several, as Markdown with SVG charts: figures, curves, answers, commands."""
    language: Lang | None = "en" if lang == "en" else "ko" if lang == "ko" else None
    if language is None:
        raise LabError(f"unknown language {lang!r}", where="--lang", remedy="give en or ko", usage=True)
    found = [runs().get(name) for name in names]
    for run in _unknown(found) if measure else ():
        engine(run, "evaluate", "--adapter-only")
    path = report.write(Comparison.of(found, cache()), Path(), language, output)
    say({"path": str(path)}) if as_json else print(inert(str(path)))
    return 0


def _unknown(found: list[Run]) -> list[Run]:
    return [run for run in found if evaluation.read(run) is None]
