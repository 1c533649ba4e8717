"""`lowrank progress undo-reset`: take a reset back."""

from lab.errors import LabError
from tui.cli.common import Json
from tui.cli.progress.common import answer, open_log, state_of


def undo_reset(as_json: Json = False) -> int:
    """Let everything from before the last reset count again, beside what was done since."""
    from store.event import RESET_UNDONE

    with open_log() as log:
        before = state_of(log).reset
        if not before:
            raise LabError("there is no reset to undo")
        log.append(RESET_UNDONE, payload={"reset": before})
        state = state_of(log)
    answer(as_json, {"undone": before, "xp": state.xp}, f"back to {state.xp} XP")
    return 0
