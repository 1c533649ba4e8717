"""`lowrank progress import`: add the progress of a file."""

from pathlib import Path
from typing import Annotated

from typer import Argument

from tui.cli.common import Json
from tui.cli.progress.common import answer, open_session


def import_(
    file: Annotated[Path, Argument(help="A file written by `lowrank progress export`, or one of a shared folder.")],
    as_json: Json = False,
) -> int:
    """Add the progress in a file to what is here; nothing is replaced, and doing it twice changes nothing."""
    with open_session() as session:
        found = session.import_(file)
    answer(as_json, {"file": str(file), **found._asdict()}, f"{found.new} new events, {found.known} known already")
    return 0
