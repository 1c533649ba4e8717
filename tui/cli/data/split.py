"""`lowrank data split`: rows of one file as train, valid and test."""

import shlex
from pathlib import Path
from typing import Annotated

from typer import Argument, Option

from lab.datasets.find import is_bundled
from lab.datasets.split import SHARE, Division, divide, target_of
from lab.errors import LabError
from lab.paths import absolute, shown
from tui.cli.common import Json, say, write
from tui.cli.hub_fetch import fetch_data


def split(
    path: Annotated[str, Argument(metavar="PATH", help="One file of rows, a folder with train.jsonl, or a hub id.")],
    valid: Annotated[float, Option(help="Share of the rows to validate on.")] = SHARE,
    test: Annotated[float, Option(help="Share of the rows to test on at the end.")] = SHARE,
    seed: Annotated[int, Option(help="Draws which rows.")] = 0,
    by: Annotated[str, Option(metavar="COLUMN", help="Rows with the same value here stay in one split.")] = "",
    output: Annotated[
        Path | None,
        Option("--output", "-o", parser=absolute, metavar="DIR", help="Folder to make (default: PATH-split)."),
    ] = None,
    as_json: Json = False,
) -> int:
    """Divide rows that came in one piece into train, valid and test, in a new folder."""
    how = Division(valid, test, seed, by)
    how.check()
    if is_bundled(path):
        raise LabError("has a validation split already", where=path, remedy="train on it as it is", usage=True)
    here = Path(path).expanduser().exists()
    place = absolute(path if here else fetch_data(path))
    target = output or (target_of(place) if here else absolute(f"{place.name}-split"))
    rows = divide(place, target, how)
    if as_json:
        say({"path": str(target), "rows": rows})
        return 0
    write(f"{', '.join(f'{count:,} {name}' for name, count in rows.items())} rows in {shown(target)}")
    write(f"lowrank train --data {shlex.quote(shown(target))}")
    return 0
