"""`lowrank progress …`: what was learned, on its way from one device to another, and begun anew."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from typer import Argument, Option

from lab import outputs
from lab.errors import LabError
from tui.cli.common import note, say, write
from tui.home import home

if TYPE_CHECKING:
    from store.event_log import EventLog
    from store.progress import Progress

Json = Annotated[bool, Option("--json", help="Print one JSON object.")]
progress = typer.Typer(help="Your progress: show it, move it, begin anew.", no_args_is_help=True, rich_markup_mode=None)


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    progress.command("show")(show)
    progress.command("export")(export)
    progress.command("import")(import_)
    progress.command("sync")(sync)
    progress.command("reset")(reset)
    progress.command("undo-reset")(undo_reset)
    app.add_typer(progress, name="progress")


@contextmanager
def _log() -> Iterator["EventLog"]:
    """The log, with its errors in the words of the command line and what was damaged told of."""
    from store.errors import StoreError
    from store.event_log import EventLog

    try:
        log = EventLog(home() / "progress")
        yield log
    except StoreError as error:
        raise LabError(str(error)) from error
    for notice in log.notices:
        note(f"lowrank: {notice}")


def _state(log: "EventLog") -> "Progress":
    from lessons.loader import load_course
    from store.progress import course_ids, replay

    return replay(log.events(), course_ids(load_course()))


def show(as_json: Json = False) -> int:
    """Show level, XP, lessons done, achievements, and how many questions are to be asked again today."""
    from store.reviews import due

    with _log() as log:
        state = _state(log)
    reviews = len(due(state, datetime.now().astimezone()))
    fields = {
        "level": state.level,
        "level_name": state.level_name,
        "xp": state.xp,
        "xp_to_next": state.xp_to_next,
        "lessons_done": state.lessons_done,
        "lessons_total": state.lessons_total,
        "lessons_written": state.lessons_written,
        "achievements": len(state.achievements),
        "achievements_total": state.achievements_total,
        "achievement_ids": list(state.achievements),
        "percent": state.percent,
        "reviews_due": reviews,
    }
    if as_json:
        say(fields)
        return 0
    write(f"Level {state.level} {state.level_name.capitalize()}  {state.xp_in_level}/{state.xp_to_next} XP")
    planned = f"; {state.lessons_total} planned" if state.lessons_total > state.lessons_written else ""
    write(f"Lessons {state.lessons_done} of {state.lessons_written}{planned}  achievements {len(state.achievements)}/"
          f"{state.achievements_total}  {state.percent}%  reviews due {reviews}")  # fmt: skip
    return 0


def export(
    file: Annotated[Path, Argument(help="The file to write, for example progress.json.")], as_json: Json = False
) -> int:
    """Write all progress to one file (docs/progress.md says what is in it)."""
    from store import transfer

    outputs.check_file(file, "name")
    with _log() as log:
        count = transfer.export(log, file)
    _tell(as_json, {"file": str(file), "events": count}, f"{count} events in {file}")
    return 0


def import_(
    file: Annotated[Path, Argument(help="A file written by `lowrank progress export`, or one of a shared folder.")],
    as_json: Json = False,
) -> int:
    """Add the progress in a file to what is here; nothing is replaced, and doing it twice changes nothing."""
    from store import transfer

    with _log() as log:
        found = transfer.import_(log, file)
    _tell(as_json, {"file": str(file), **found._asdict()}, f"{found.new} new events, {found.known} known already")
    return 0


def sync(
    folder: Annotated[Path, Argument(help="A folder that Dropbox, iCloud Drive, Syncthing, git … carries around.")],
    as_json: Json = False,
) -> int:
    """Exchange progress with your other devices through a shared folder."""
    from store.sync import sync as exchange

    with _log() as log:
        done = exchange(log.folder, folder)
    fields = {
        "sent": done.sent,
        "received": done.received,
        "devices": done.devices,
        "waiting": list(done.waiting),
        "newer": list(done.newer),
    }
    _tell(as_json, fields, f"sent {done.sent}, received {done.received}, devices {done.devices}")
    for name in done.waiting:
        note(f"lowrank: {folder / name} is not whole yet and was passed over; sync again when it has arrived.")
    for name in done.newer:
        note(f"lowrank: {folder / name} was written by a newer Lowrank and was passed over; update this one.")
    return 0


def reset(
    yes: Annotated[bool, Option("--yes", "-y", help="Do not ask.")] = False,
    as_json: Json = False,
) -> int:
    """Begin anew: what was done so far counts for nothing, until `undo-reset`. Nothing is deleted."""
    from store.event import RESET

    with _log() as log:
        state = _state(log)
        if not yes:
            if not sys.stdin.isatty():
                raise LabError("a reset asks first, and nobody is there to answer", remedy="give --yes", usage=True)
            question = f"Begin anew? {state.xp} XP and {len(state.achievements)} achievements will no longer count"
            if not typer.confirm(f"{question} (`lowrank progress undo-reset` takes that back).", err=True):
                raise LabError("nothing was changed")
        event = log.append(RESET)
    _tell(as_json, {"reset": event.id, "xp_before": state.xp, "xp": 0},
          f"{state.xp} XP put aside; `lowrank progress undo-reset` brings them back")  # fmt: skip
    return 0


def undo_reset(as_json: Json = False) -> int:
    """Let everything from before the last reset count again, beside what was done since."""
    from store.event import RESET_UNDONE

    with _log() as log:
        before = _state(log).reset
        if not before:
            raise LabError("there is no reset to undo")
        log.append(RESET_UNDONE, payload={"reset": before})
        state = _state(log)
    _tell(as_json, {"undone": before, "xp": state.xp}, f"back to {state.xp} XP")
    return 0


def _tell(as_json: bool, fields: dict[str, object], text: str) -> None:
    if as_json:
        say(fields)
    else:
        write(text)
