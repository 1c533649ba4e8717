"""What went wrong in a run, in a few lines."""

from rich.cells import cell_len
from textual.content import Content

from lab.runs.snapshot import RunSnapshot
from lab.runs.state import RunState
from tui.formatting import units
from tui.formatting.sanitize import inert
from tui.locale import Say


def trouble(run: RunSnapshot, say: Say) -> Content:
    """What happened, where, and what to do; and the log's last word."""
    error = run.progress.error
    told = {key: getattr(error, key, "") for key in ("what", "where", "remedy")}
    if run.state is RunState.LOST:
        told["what"] = say("lab.lost")
    if run.verdict:
        told |= {"what": say(f"lab.verdicts.{run.verdict}"), "remedy": say(f"lab.verdict-remedies.{run.verdict}")}
    else:
        told["log"] = run.last_line
    labels = {"what": say("lab.what"), "where": say("lab.where"), "remedy": say("lab.remedy"), "log": "log.txt"}
    width = max(cell_len(label) for label in labels.values()) + 2
    wrong = "$warning" if run.verdict else "$error"
    lines = [
        Content.assemble(
            (units.fit(labels[key], width), "$text-muted"),
            (inert(text), f"bold {wrong}" if key == "what" else "$foreground"),
        )
        for key, text in told.items()
        if text
    ]
    return Content("\n").join(lines)
