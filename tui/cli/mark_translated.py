"""`lowrank mark-translated`: record that a translation is up to date."""

from pathlib import Path
from typing import Annotated

from typer import Argument

from tui.cli.common import Json, content_errors, course_of, say


def mark_translated(
    folder: Annotated[Path, Argument(metavar="LESSON", help="The folder of a lesson.")],
    sections: Annotated[
        list[str] | None, Argument(metavar="[SECTION…]", help="Those whose translation is up to date; none for all.")
    ] = None,
    as_json: Json = False,
) -> int:
    """Record that translations were made from the English text as it is now, so that they no longer count as stale."""
    from lessons.translation_status import mark_translated as record

    course_of(folder)
    path = folder.absolute()
    with content_errors():
        record(path, path.parent.name, frozenset(sections or ()))
    if as_json:
        say({"path": str(path), "sections": list(sections or ())})
    return 0
