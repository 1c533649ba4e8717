"""`lowrank new lesson`: a skeleton of a lesson."""

from pathlib import Path
from typing import Annotated

from typer import Argument, Option

from lab.errors import LabError
from tui.cli.common import Json, content_errors, note, say, write


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
    with content_errors():
        folder = new_lesson(root, track, own)
    if as_json:
        say({"lesson": name, "path": str(folder)})
        return 0
    write(shown(folder))
    note(f"lowrank preview {shown(folder)}   shows it while you write")
    note(f"lowrank check {shown(folder)}   lists what is left")
    return 0
