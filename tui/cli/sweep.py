"""`lowrank sweep`: runs over the values of one or two fields, trained one after another behind one progress bar."""

import time
from pathlib import Path
from typing import Annotated, Any

from typer import Option

import i18n
from lab.errors import LabError
from lab.mlx_flags import take
from lab.queue import sweep as sweeps
from lab.runs import run_index
from lab.runs.directory import Run
from lab.runs.state import RunState
from lab.spec import RunSpec
from tui.cli.common import Json, Status, cache, note, runs, say, service, write
from tui.cli.completion import data_names, model_names, run_ids
from tui.cli.hub_fetch import fetch_named
from tui.cli.table import table
from tui.formatting import units

POLL = 0.5
"""Seconds between looks at the runs."""
BAR = 30


def sweep(
    over: Annotated[
        list[str], Option(help="FIELD=VALUE,VALUE… such as learning_rate=1e-3,2e-3; give it twice for a grid.")
    ],
    like: Annotated[
        str | None,
        Option(help="A run that all else is taken from (id, its beginning, `last`).", autocompletion=run_ids),
    ] = None,
    config: Annotated[
        Path | None, Option("--config", "-c", help="YAML file as `mlx_lm lora -c` takes that all else is taken from.")
    ] = None,
    model: Annotated[
        str | None, Option(help="Bundled name, model folder, or hub id.", autocompletion=model_names)
    ] = None,
    data: Annotated[
        str | None, Option(help="Bundled name, or folder with train.jsonl and valid.jsonl.", autocompletion=data_names)
    ] = None,
    fine_tune_type: Annotated[str | None, Option(help="lora, dora or full.")] = None,
    iters: Annotated[int | None, Option(help="Iterations of each run.")] = None,
    dry_run: Annotated[bool, Option("--dry-run", help="Only list the runs it would make.")] = False,
    detach: Annotated[
        bool, Option("--detach", help="Put the runs in line, print their ids, and return at once.")
    ] = False,
    as_json: Json = False,
) -> int:
    """Train at most 64 runs that differ in one or two fields; they go on if this terminal closes."""
    fields: dict[str, Any] = runs().get(like).spec.model_dump() if like else {}
    taken = take({"model": model, "data": data, "fine_tune_type": fine_tune_type, "iters": iters}, config)
    fields |= taken.fields
    for line in taken.notes + ["adapter_path: every run keeps its adapter in its own folder"] * bool(
        taken.adapter_path
    ):
        note(line)
    axes = [_axis(text) for text in over]
    wanted = sweeps.grid(fields, axes)
    names = [sweeps.run_name(axes, each) for each in wanted]
    if dry_run:
        return _plan(wanted, names, as_json)
    fetch_named(fields)
    group = sweeps.group_name(axes)
    made = service().queue(wanted, group, names)
    if detach:
        ids = [run.id for run in made]
        say({"group": group, "runs": ids}) if as_json else write(*ids)
        return 0
    note(f"{len(made)} runs in line, group {group}  (they go on if this terminal closes)")
    rows = _attend(made)
    if rows is None:
        note("the runs are left to themselves; `lowrank runs` shows them, `lowrank stop RUN` ends one")
        return 130
    if as_json:
        keys = ("run", "name", "state", "iterations", "train_loss", "val_loss", "best_val_loss", "seconds")
        say({"group": group, "runs": [{key: getattr(row, key) for key in keys} for row in rows]})
    else:
        write(*_table(rows))
    return 0 if all(row.state is RunState.FINISHED for row in rows) else 1


def _axis(text: str) -> sweeps.Axis:
    name, equals, values = text.partition("=")
    name = name.strip().replace("-", "_")
    found = [value.strip() for value in values.split(",") if value.strip()]
    if not equals or not found:
        raise LabError(f"cannot be read ({text!r})", where="--over", remedy="give FIELD=VALUE,VALUE", usage=True)
    return name, found


def _plan(wanted: list[dict[str, Any]], names: list[str], as_json: bool) -> int:
    """The runs, each checked by itself, with what is known of their time."""
    specs = [RunSpec.make(fields) for fields in wanted]
    known = run_index.RunIndex(runs(), cache()).read()
    seconds = [sweeps.estimate(spec.model_dump(), known) for spec in specs]
    whole = None if None in seconds else sum(each or 0 for each in seconds)
    if as_json:
        each = [{"name": name, "estimated_seconds": time} for name, time in zip(names, seconds, strict=True)]
        say({"runs": each, "estimated_seconds": whole})
        return 0
    rows = [(str(n), name, units.duration(s)) for n, (name, s) in enumerate(zip(names, seconds, strict=True), 1)]
    write(*table([("no.", "run", "time"), *rows, ("", "in all", units.duration(whole))], right=(0, 2)))
    return 0


def _attend(made: list[Run]) -> list[run_index.Row] | None:
    """Wait for the last run's end; None if Ctrl-C says not to."""
    try:
        with Status() as status:
            while True:
                rows = [run_index.read(run, cache()) for run in made]
                told = sweeps.standing(rows)
                full = round(told.share * BAR)
                left = f"  about {units.duration(told.remaining)} left" if told.remaining is not None else ""
                status.show(f"{'━' * full}{'─' * (BAR - full)}  {told.ended}/{told.runs} runs{left}")
                if told.ended == told.runs:
                    return rows
                time.sleep(POLL)
    except KeyboardInterrupt:
        return None


def _table(rows: list[run_index.Row]) -> list[str]:
    head = ("run", "name", "state", "train", "val", "best")
    cells = [
        (row.run, row.name, row.state, *(_loss(row, key) for key in ("train_loss", "val_loss", "best_val_loss")))
        for row in rows
    ]
    return table([head, *cells], shrink=((1,), (0,)), right=(3, 4, 5))


def _loss(row: run_index.Row, key: str) -> str:
    """A loss, or why there is none."""
    value = getattr(row, key)
    return i18n.text("en", f"missing.{row.missing(key)}") if value is None else units.loss(value)
