"""`lowrank progress undo-reset`: take a reset back."""

from lab.errors import LabError
from tui.cli.common import Json
from tui.cli.progress.common import answer, open_session


def undo_reset(as_json: Json = False) -> int:
    """Let everything from before the last reset count again, beside what was done since."""
    with open_session() as session:
        before = session.progress.reset
        if not session.undo_reset():
            raise LabError("there is no reset to undo")
    xp = session.progress.xp
    answer(as_json, {"undone": before, "xp": xp}, f"back to {xp} XP")
    return 0
