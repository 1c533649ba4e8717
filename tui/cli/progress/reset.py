"""`lowrank progress reset`: start over."""

import sys
from typing import Annotated

import typer
from typer import Option

from lab.errors import LabError
from tui.cli.common import Json
from tui.cli.progress.common import answer, open_session


def reset(
    yes: Annotated[bool, Option("--yes", "-y", help="Do not ask.")] = False,
    as_json: Json = False,
) -> int:
    """Begin anew: what was done so far counts for nothing, until `undo-reset`. Nothing is deleted."""
    with open_session() as session:
        state = session.progress
        if not yes:
            if not sys.stdin.isatty():
                raise LabError("a reset asks first, and nobody is there to answer", remedy="give --yes", usage=True)
            question = f"Begin anew? {state.xp} XP and {len(state.achievements)} achievements will no longer count"
            if not typer.confirm(f"{question} (`lowrank progress undo-reset` takes that back).", err=True):
                raise LabError("nothing was changed")
        session.reset()
    answer(as_json, {"reset": session.progress.reset, "xp_before": state.xp, "xp": 0},
          f"{state.xp} XP put aside; `lowrank progress undo-reset` brings them back")  # fmt: skip
    return 0
