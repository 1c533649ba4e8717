"""`lowrank runs` and `compare`: every run, and some of them side by side."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer
from typer import Argument, Option

from lab.lost import settle
from lab.outcome import curve, differing, outcome
from lab.runs import Run
from lab.shelf import Row, Shelf
from tui.commands import cache, inert, runs, say
from tui.commands.spark import line
from tui.commands.table import table
from tui.labroom import units

Json = Annotated[bool, Option("--json", help="Print one JSON object.")]
TOLD = (
    *("run", "state", "method", "model", "data", "iterations", "train_loss", "val_loss", "started"),
    *("name", "tags", "group", "total_bytes"),
)
"""Of a run, for scripts."""
ABREAST, CURVE = 4, 14
"""Runs beside each other, and the cells of each one's loss curve."""


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command("runs")(list_runs)
    app.command("compare")(compare)


def list_runs(as_json: Json = False) -> int:
    """List the runs, newest first."""
    rows = Shelf(runs(), cache()).read()
    if as_json:
        say({"runs": [{key: getattr(row, key) for key in TOLD} for row in rows]})
    elif not rows:
        print("No runs yet. `lowrank train` starts one; so does the lab.")
    else:
        head = ("run", "state", "method", "model", "data", "it", "train", "val")
        cells = [
            (r.run, r.state, r.method, Path(r.model).name, Path(r.data).name, str(r.iterations),
             units.loss(r.train_loss), units.loss(r.val_loss)) for r in rows
        ]  # fmt: skip
        print("\n".join(_named(table([head, *cells], shrink=((3, 4), (0,)), right=(5, 6, 7)), rows)))
    return 0


def _named(lines: list[str], rows: list[Row]) -> list[str]:
    """The table with the name and tags of a run, if it has any, on a line of their own below it."""
    found = lines[:1]
    for listed, row in zip(lines[1:], rows, strict=True):
        found.append(listed)
        if said := " ".join([row.name, *(f"#{tag}" for tag in row.tags)]).strip():
            found += [units.fit(f"  {inert(said)}", 80).rstrip()]
    return found


def compare(
    names: Annotated[list[str], Argument(metavar="RUN RUN…", help="Run ids, their beginnings, paths, or `last`.")],
    as_json: Json = False,
) -> int:
    """Put runs side by side: how they differ, what they reached, what it cost."""
    found = [runs().get(name) for name in names]
    for run in found:
        settle(run)
    reached, differs = [outcome(run) for run in found], differing(found)
    if as_json:
        print(json.dumps({"runs": reached, "differs": differs}, ensure_ascii=False))
        return 0
    for number, run in enumerate(found, 1):
        print(inert(f"{number:>2}  {run.id}"))
    for first in range(0, len(found), ABREAST):
        print("\n" + "\n".join(_block(found, reached, differs, slice(first, first + ABREAST))))
    return 0


def _block(found: list[Run], reached: list[dict[str, Any]], differs: dict[str, list[Any]], some: slice) -> list[str]:
    """The lines about some of the runs, no more than fit beside each other."""
    rows = [("run", *(str(number + 1) for number in range(len(found))[some]))]
    rows += [(name, *(_plain(value) for value in values[some])) for name, values in differs.items()]
    rows += [("state", *(str(r["event"]) for r in reached[some]))]
    rows += [(label, *(form(r[key]) for r in reached[some])) for label, key, form in MEASURES]
    rows += [("training loss", *(line([loss for _, loss in curve(run)], CURVE) for run in found[some]))]
    return table(rows, shrink=[range(1, len(rows[0]))])


def _plain(value: object) -> str:
    if isinstance(value, float):
        return f"{value:g}"
    return "-" if value is None else json.dumps(value, ensure_ascii=False) if isinstance(value, dict) else str(value)


def _seconds(value: float | None) -> str:
    return units.NOTHING if value is None else f"{value:.3f} s"


MEASURES = (
    ("iterations", "iterations", units.count),
    ("train loss", "train_loss", units.loss),
    ("validation loss", "val_loss", units.loss),
    ("best validation", "best_val_loss", units.loss),
    ("best at iteration", "best_iteration", units.count),
    ("tokens/s", "tokens_per_second", units.count),
    ("per iteration", "seconds_per_iteration", _seconds),
    ("peak memory", "peak_memory_bytes", units.size),
    ("trainable", "trainable_parameters", units.parameters),
    ("adapter", "adapter_bytes", units.size),
)
