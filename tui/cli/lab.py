"""`lowrank lab`: the program, opened in the laboratory."""

from typing import Annotated

from typer import Argument

from tui import terminal
from tui.cli.common import runs
from tui.cli.completion import run_ids
from tui.home import home


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
