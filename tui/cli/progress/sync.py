"""`lowrank progress sync`: exchange progress through a shared folder."""

from pathlib import Path
from typing import Annotated

from typer import Argument

from tui.cli.common import Json, note
from tui.cli.progress.common import answer, open_session


def sync(
    folder: Annotated[Path, Argument(help="A folder that Dropbox, iCloud Drive, Syncthing, git … carries around.")],
    as_json: Json = False,
) -> int:
    """Exchange progress with your other devices through a shared folder."""
    with open_session() as session:
        done = session.sync(folder)
    fields = {
        "sent": done.sent,
        "received": done.received,
        "devices": done.devices,
        "waiting": list(done.waiting),
        "newer": list(done.newer),
    }
    answer(as_json, fields, f"sent {done.sent}, received {done.received}, devices {done.devices}")
    for name in done.waiting:
        note(f"lowrank: {folder / name} is not whole yet and was passed over; sync again when it has arrived.")
    for name in done.newer:
        note(f"lowrank: {folder / name} was written by a newer Lowrank and was passed over; update this one.")
    return 0
