"""`lowrank preview`: a course in the program, shown anew whenever a file is saved."""

from pathlib import Path
from typing import Annotated

from typer import Argument

from tui import terminal
from tui.cli.common import course_of
from tui.home import home


def preview(
    folder: Annotated[Path, Argument(metavar="FOLDER", help="A course, a track or a lesson.")],
) -> int:
    """Open the program on a course while it is written: what is saved is shown at once, in its place.

    Progress and runs go to a folder of their own, so that nothing here counts as learned.
    """
    root, below = course_of(folder)
    terminal.require()
    from tui.preview import PreviewApp

    return terminal.show(PreviewApp(home() / "preview", root, below))
