"""`lowrank lab` and `keys`: the program at another door, and the keys it answers to."""

from typing import Annotated

import typer
from typer import Argument, Option

from lab.errors import LabError
from tui import terminal
from tui.cli.common import note, runs, say, write
from tui.cli.completion import run_ids
from tui.home import home

Json = Annotated[bool, Option("--json", help="Print one JSON object.")]


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command("lab")(lab)
    app.command("keys")(keys)


def lab(
    names: Annotated[
        list[str] | None,
        Argument(metavar="[RUN…]", help="A run to look at, or several to compare.", autocompletion=run_ids),
    ] = None,
) -> int:
    """Open the program in the laboratory, at a run or at the comparison of several."""
    found = [runs().get(name).id for name in names or []]
    terminal.require()
    from tui.startup_tuning import begin

    begin()
    from tui.app import LowrankApp
    from tui.views.view import RunSelection

    app = LowrankApp(home())
    app.open_at(RunSelection(run=found[0] if found else "", marked=tuple(found)))
    return terminal.show(app)


def keys(as_json: Json = False) -> int:
    """List every named action with its keys, and say where keys of one's own are kept."""
    from tui.actions import named_actions
    from tui.keymap import FILE, KeymapError, check, read

    file = home() / FILE
    try:
        own = read(home())
        check(own, home())
    except KeymapError as error:
        raise LabError(str(error), remedy="put the line right, or delete the file") from None
    actions = named_actions()
    rows = [
        {"action": name, "keys": own.get(name, binding.key), "about": binding.description, "own": name in own}
        for name, binding in sorted(actions.items())
    ]
    if as_json:
        say({"file": str(file), "keys": rows})
        return 0
    widest = max(len(str(row["action"])) for row in rows)
    for row in rows:
        shown = " ".join(key for key in str(row["keys"]).split(",") if key.isascii())
        write(f"{row['action']:<{widest}}  {shown:<22} {row['about']}{'  (yours)' if row['own'] else ''}")
    note()
    note(f'To change one, write a line such as  "app.quit" = "ctrl+x"  into {file}')
    return 0
