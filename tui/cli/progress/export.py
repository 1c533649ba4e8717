"""`lowrank progress export`: all progress in one file."""

from pathlib import Path
from typing import Annotated

from typer import Argument

from lab import outputs
from tui.cli.common import Json
from tui.cli.progress.common import answer, open_session


def export(
    file: Annotated[Path, Argument(help="The file to write, for example progress.json.")], as_json: Json = False
) -> int:
    """Write all progress to one file (docs/progress.md says what is in it)."""
    outputs.check_file(file, "name")
    with open_session() as session:
        count = session.export(file)
    answer(as_json, {"file": str(file), "events": count}, f"{count} events in {file}")
    return 0
