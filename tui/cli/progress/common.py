"""What the commands of `lowrank progress` share: the session, and one way to answer."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from lab.errors import LabError
from tui.cli.common import note, say, write
from tui.home import home

if TYPE_CHECKING:
    from tui.session import LearnerSession


@contextmanager
def open_session() -> Iterator["LearnerSession"]:
    """The learner's session, with its errors in the words of the command line and what was damaged told of."""
    from store.errors import StoreError
    from tui.session import LearnerSession

    session = LearnerSession(home())
    try:
        session.load()
        session.ensure_kept()
        yield session
        session.ensure_kept()
    except StoreError as error:
        raise LabError(str(error)) from error
    for notice in session.notices:
        note(f"lowrank: {notice}")


def answer(as_json: bool, fields: dict[str, object], text: str) -> None:
    if as_json:
        say(fields)
    else:
        write(text)
