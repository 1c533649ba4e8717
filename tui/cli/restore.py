"""`lowrank restore`: take runs back from the trash, list it, or empty it."""

from datetime import datetime
from typing import Annotated

from typer import Argument, Option

from lab.runs.disk_usage import use
from tui.cli.common import Json, megabytes, note, say, service, write
from tui.cli.completion import deleted_ids


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
        freed = service().empty_trash()
        say({"freed": freed}) if as_json else note(f"freed {megabytes(freed)}")
        return 0
    if list_:
        return _list(as_json)
    back = [service().restore(name)] if name else service().undo_delete()
    if as_json:
        say({"restored": [run.id for run in back]})
    else:
        write(*(run.id for run in back))
    return 0


def _list(as_json: bool) -> int:
    there = service().deleted()
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
