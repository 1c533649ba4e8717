"""`lowrank delete`: put runs into the trash."""

from typing import Annotated

from typer import Argument

from lab.runs.disk_usage import use
from tui.cli.common import Json, megabytes, note, runs, say, service, write
from tui.cli.completion import run_ids


def delete(
    names: Annotated[
        list[str], Argument(metavar="RUN…", help="Run ids, their beginnings, or `last`.", autocompletion=run_ids)
    ],
    as_json: Json = False,
) -> int:
    """Put runs aside, after stopping what is going on; `lowrank restore` takes back those deleted last."""
    found = {found.id: found for found in map(runs().get, names)}
    gone = service().delete(*found.values())
    size = sum(use(each.run).total for each in gone)
    if as_json:
        say({"deleted": [each.id for each in gone], "bytes": size})
        return 0
    for each in gone:
        write(each.id)
    note(f"deleted {len(gone)}, {megabytes(size)}; `lowrank restore` takes back, and with --empty frees the disk")
    return 0
