"""`lowrank data fetch`: a data set from the hub."""

from pathlib import Path
from typing import Annotated

from typer import Argument

from lab.errors import LabError
from lab.hub import is_data_id, source
from tui.cli.common import Json, say, write
from tui.cli.hub_fetch import fetch_data


def fetch(
    data_id: Annotated[str, Argument(metavar="ID", help="Id of a data set on the hub: org/name, or org/name:subset.")],
    as_json: Json = False,
) -> int:
    """Fetch a data set from the hub, as `train`, `plan` and `data check` do when they are given its id."""
    if not is_data_id(data_id):
        raise LabError(f"{data_id!r} is no id of a data set", where="ID", remedy="give one like org/name", usage=True)
    folder = Path(fetch_data(data_id))
    say({"path": str(folder), **source(folder)}) if as_json else write(str(folder))
    return 0
