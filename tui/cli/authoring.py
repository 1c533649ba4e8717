"""`lowrank new lesson`, `stamp` and `preview`: writing lessons of one's own."""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer
from typer import Argument, Option

from lab.errors import LabError
from tui import terminal
from tui.cli.check import course_of
from tui.cli.common import note, say, write
from tui.home import home

Json = Annotated[bool, Option("--json", help="Print one JSON object.")]
new = typer.Typer(help="Begin a lesson of your own.", no_args_is_help=True, rich_markup_mode=None)


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    new.command("lesson")(lesson)
    app.add_typer(new, name="new")
    app.command("stamp")(stamp)
    app.command("preview")(preview)


@new.callback()
def _new() -> None:
    """So that `lesson` stays a command of its own while there is no other."""


def lesson(
    name: Annotated[str, Argument(metavar="TRACK/NAME", help="Its id, for ever: lower-case words joined by '-'.")],
    course: Annotated[
        Path | None, Option(metavar="FOLDER", help="The course; made if it is not there (default: the one we are in).")
    ] = None,
    as_json: Json = False,
) -> int:
    """Make a skeleton in both languages; what is to be written is marked TODO, and `lowrank check` lists it."""
    from lessons.skeleton_lesson import new_lesson
    from lessons.validation.course import find_root
    from lessons.validation.problems import shown

    track, slash, own = name.partition("/")
    if not slash or "/" in own:
        raise LabError(f"{name!r} is not TRACK/NAME", remedy="give, for example, letters/first-letter", usage=True)
    root = course.absolute() if course else find_root(Path.cwd())
    if root is None:
        remedy = "go into one, or give --course FOLDER, which is made if it is not there"
        raise LabError("this folder is in no course", where=str(Path.cwd()), remedy=remedy)
    with _content_errors():
        folder = new_lesson(root, track, own)
    if as_json:
        say({"lesson": name, "path": str(folder)})
        return 0
    write(shown(folder))
    note(f"lowrank preview {shown(folder)}   shows it while you write")
    note(f"lowrank check {shown(folder)}   lists what is left")
    return 0


def stamp(
    folder: Annotated[Path, Argument(metavar="LESSON", help="The folder of a lesson.")],
    sections: Annotated[
        list[str] | None, Argument(metavar="[SECTION…]", help="Those whose translation is up to date; none for all.")
    ] = None,
    as_json: Json = False,
) -> int:
    """Record that translations were made from the English text as it is now, so that they no longer count as stale."""
    from lessons.translation_status import stamp as record

    course_of(folder)
    path = folder.absolute()
    with _content_errors():
        record(path, path.parent.name, frozenset(sections or ()))
    if as_json:
        say({"path": str(path), "sections": list(sections or ())})
    return 0


def preview(
    folder: Annotated[Path, Argument(metavar="FOLDER", help="A course, a track or a lesson.")],
) -> int:
    """Open the program on a course while it is written: what is saved is shown at once, in its place.

    Progress and runs go to a folder of their own, so that nothing here counts as learned.
    """
    root, below = course_of(folder)
    terminal.require()
    from tui.screens.lesson_preview import PreviewApp

    return terminal.show(PreviewApp(home() / "preview", root, below))


@contextlib.contextmanager
def _content_errors() -> Iterator[None]:
    """A problem of the course as one line of the command line."""
    from lessons.course import ContentError

    try:
        yield
    except ContentError as error:
        raise LabError(error.message, where=f"{error.file}:{error.line}") from None
