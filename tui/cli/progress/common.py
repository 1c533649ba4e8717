"""What the commands of `lowrank progress` share: the open log, its state, and one way to answer."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from lab.errors import LabError
from tui.cli.common import note, say, write
from tui.home import home

if TYPE_CHECKING:
    from store.event_log import EventLog
    from store.progress import Progress


@contextmanager
def open_log() -> Iterator["EventLog"]:
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


def state_of(log: "EventLog") -> "Progress":
    from lessons.loader import load_course
    from store.progress import course_ids, replay

    return replay(log.events(), course_ids(load_course()))


def answer(as_json: bool, fields: dict[str, object], text: str) -> None:
    if as_json:
        say(fields)
    else:
        write(text)
