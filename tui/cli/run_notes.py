"""`lowrank note`, `delete` and `restore`: what one writes about a run, and runs put aside and taken back."""

import time
from datetime import datetime
from typing import Annotated, Any

import typer
from typer import Argument, Option

from lab.runs import run_notes, trash
from lab.runs.disk_usage import use
from tui.cli.common import RunName, megabytes, note, runs, say, write, write_text
from tui.cli.completion import deleted_ids, run_ids

Json = Annotated[bool, Option("--json", help="Print one JSON object.")]


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command("note")(write_note)
    app.command("delete")(delete)
    app.command("restore")(restore)


def write_note(
    run: RunName,
    name: Annotated[str | None, Option(help="What to call the run; empty shows its id again.")] = None,
    tags: Annotated[str | None, Option(help="Words with spaces or commas between, in place of its tags.")] = None,
    notes: Annotated[str | None, Option(help="Text in place of its notes.")] = None,
    as_json: Json = False,
) -> int:
    """Name a run, tag it, write notes about it; without options, show what is written."""
    found = runs().get(run)
    given: dict[str, Any] = {"name": name, "notes": notes, "tags": None if tags is None else run_notes.tags_of(tags)}
    given = {key: value for key, value in given.items() if value is not None}
    kept = run_notes.change(found, **given) if given else run_notes.read(found)
    if as_json:
        say({"run": found.id, **vars(kept), "tags": list(kept.tags)})
        return 0
    told = {"name": kept.name, "tags": " ".join(kept.tags), "group": kept.group, "notes": kept.notes}
    write(found.id)
    for key, text in told.items():
        if text:
            write_text(f"{key:<6}{text}")
    return 0


def delete(
    names: Annotated[
        list[str], Argument(metavar="RUN…", help="Run ids, their beginnings, or `last`.", autocompletion=run_ids)
    ],
    as_json: Json = False,
) -> int:
    """Put runs aside, after stopping what is going on; `lowrank restore` takes back those deleted last."""
    found = {found.id: found for found in map(runs().get, names)}
    at = time.time()
    gone = [trash.delete(run, runs(), at) for run in found.values()]
    size = sum(use(each.run).total for each in gone)
    if as_json:
        say({"deleted": [each.id for each in gone], "bytes": size})
        return 0
    for each in gone:
        write(each.id)
    note(f"deleted {len(gone)}, {megabytes(size)}; `lowrank restore` takes back, and with --empty frees the disk")
    return 0


def restore(
    name: Annotated[
        str | None,
        Argument(
            metavar="[RUN]",
            help="A deleted run's id or its beginning (default: those deleted last).",
            autocompletion=deleted_ids,
        ),
    ] = None,
    list_: Annotated[bool, Option("--list", help="Only list what was deleted.")] = False,
    empty: Annotated[bool, Option("--empty", help="Delete all of them for good.")] = False,
    as_json: Json = False,
) -> int:
    """Take deleted runs back, list them, or delete them for good."""
    if empty:
        freed = trash.empty(runs())
        say({"freed": freed}) if as_json else note(f"freed {megabytes(freed)}")
        return 0
    if list_:
        return _list(as_json)
    back = [trash.restore(runs(), name)] if name else trash.undo(runs())
    if as_json:
        say({"restored": [run.id for run in back]})
    else:
        write(*(run.id for run in back))
    return 0


def _list(as_json: bool) -> int:
    there = trash.deleted(runs())
    if as_json:
        say({"deleted": [{"run": each.id, "name": each.name, "at": each.at, "bytes": use(each.run).total}
                         for each in there]})  # fmt: skip
    elif not there:
        write("Nothing was deleted.")
    else:
        for each in there:
            when = f"{datetime.fromtimestamp(each.at):%Y-%m-%d %H:%M}"
            write(f"{when}  {megabytes(use(each.run).total):>9}  {each.id}  {each.name}".rstrip())
    return 0
