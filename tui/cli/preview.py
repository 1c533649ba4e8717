"""`lowrank preview`: a course in the program, shown anew whenever a file is saved."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from typer import Argument

from tui import terminal
from tui.cli.common import course_of
from tui.home import home

if TYPE_CHECKING:
    from lessons.validation.problems import Problem


def problems(root: Path) -> "Sequence[Problem]":
    """What `lowrank check` finds, but for commands of mlx-lm, which it may start an engine for."""
    from lessons.validation.course import check_course
    from tui.cli.check import tools

    return check_course(root, tools(ask_mlx_lm=False)).problems


def preview(
    folder: Annotated[Path, Argument(metavar="FOLDER", help="A course, a track or a lesson.")],
) -> int:
    """Open the program on a course while it is written: what is saved is shown at once, in its place.

    Progress and runs go to a folder of their own, so that nothing here counts as learned.
    """
    root, below = course_of(folder)
    terminal.require()
    from tui.preview import PreviewApp

    return terminal.show(PreviewApp(home() / "preview", root, below, problems))
