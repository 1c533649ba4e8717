"""What run it is, and what state it is in, in one line each."""

from typing import Final

from textual.content import Content

from lab.paths import shown
from lab.runs.snapshot import RunSnapshot
from lab.runs.state import RunState
from tui.formatting.sanitize import inert
from tui.formatting.short_paths import NARROW, short_path
from tui.locale import Say

MARKS: Final = {
    "finished": ("✓", "$success"),
    "stopped": ("■", "$warning"),
    "failed": ("✗", "$error"),
    "lost": ("✗", "$error"),
}
GOING: Final = ("●", "$primary")


def title(run: RunSnapshot) -> Content:
    """Method, rank, model and data in one line."""
    rank = "" if run.kind == "full" else f" r{run.rank}"
    rest = " · ".join(short_path(inert(shown(each)), NARROW) for each in (run.model, run.data))
    return Content.assemble((f"{run.method}{rank}", "bold $heading"), (f" · {rest}", "$text-muted"))


def state_line(run: RunSnapshot, say: Say) -> Content:
    """The state in words, and the run's id."""
    progress = run.progress
    mark, style = ("!", "$warning") if run.verdict else MARKS.get(run.state, GOING)
    text = say(f"lab.states.{run.state}")
    if run.state is RunState.RUNNING and progress.stage:
        try:
            text = say(f"lab.stages.{progress.stage}")
        except KeyError:  # a stage of a newer engine
            text = inert(progress.stage)
    return Content.assemble((f"{mark} {text}", style), (f"  {inert(run.id)}", "$text-disabled"))


def waiting_line(run: RunSnapshot, say: Say) -> str:
    """Behind whom the run waits for its turn, or nothing."""
    progress = run.progress
    if run.state is not RunState.WAITING or not progress.behind:
        return ""
    return say("lab.waiting-behind", run=inert(progress.behind), position=progress.position or 1)
