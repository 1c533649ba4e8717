"""`lowrank runs`: every run, newest first."""

from pathlib import Path

import i18n
from lab.runs.run_index import Row, RunIndex
from lab.sanitize import inert
from tui.cli.common import Json, cache, say, write
from tui.cli.common import runs as all_runs
from tui.cli.table import table
from tui.formatting import units

TOLD = (
    *("run", "state", "method", "model", "data", "iterations", "train_loss", "val_loss", "started"),
    *("name", "tags", "group", "total_bytes", "problem", "verdict"),
)
"""Of a run, for scripts."""


def runs(as_json: Json = False) -> int:
    """List the runs, newest first."""
    rows = RunIndex(all_runs(), cache()).read()
    if as_json:
        say({"runs": [{key: getattr(row, key) for key in TOLD} for row in rows]})
    elif not rows:
        write("No runs yet. `lowrank train` starts one; so does the lab.")
    else:
        head = ("run", "state", "method", "model", "data", "it", "train", "val")
        cells = [
            (r.run, r.verdict or r.state, r.method, Path(r.model).name, Path(r.data).name, str(r.iterations),
             _told(r, "train_loss"), _told(r, "val_loss")) for r in rows
        ]  # fmt: skip
        write(*_named(table([head, *cells], shrink=((3, 4), (0,)), right=(5, 6, 7)), rows))
    return 0


def _told(row: Row, key: str) -> str:
    """A loss, or why there is none."""
    value = getattr(row, key)
    return i18n.text("en", f"missing.{row.missing(key)}") if value is None else units.loss(value)


def _named(lines: list[str], rows: list[Row]) -> list[str]:
    """The table with the name and tags of a run, if it has any, on a line of their own below it, and so what is wrong
    with it."""
    found = lines[:1]
    for listed, row in zip(lines[1:], rows, strict=True):
        found.append(listed)
        if said := " ".join([row.name, *(f"#{tag}" for tag in row.tags)]).strip():
            found += [units.fit(f"  {inert(said)}", 80).rstrip()]
        if row.problem:
            found += [units.fit(f"  ✗ {inert(row.problem)}", 80).rstrip()]
    return found
