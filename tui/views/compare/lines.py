"""What stands around the table and the chart: the head, what is going on, the parts, and an empty bench. Pure."""

from collections.abc import Callable

from textual.content import Content

from lab.reports.comparison import Comparison
from tui.formatting.text_layout import Lines, bar, join, spread, styled
from tui.views.compare import table
from tui.views.compare.progress import Asking, sentence, share
from tui.views.empty_state import nothing_yet
from tui.widgets.action_bar import ActionItem

Say = Callable[..., str]


def head(comparison: Comparison, three: bool, say: Say, width: int) -> Lines:
    """What is compared, how it differs, and what one should know before one compares."""
    title = say("compare.title.three-way") if three else say("compare.title", count=len(comparison.contenders))
    actions = [ActionItem("", say(f"key.compare.{name}"), name).content() for name in ("measure", "report")]
    return [
        spread(styled(title, "bold $heading"), join(actions, "  "), width),
        *table.differences(comparison, say, width),
        *table.doubts(comparison, say, width),
    ]


def going_on(comparison: Comparison, asking: Asking | None, three: bool, say: Say, width: int) -> Content:
    """How far training and measuring are; afterwards, on what exact match was measured."""
    if told := sentence(comparison, asking, say):
        line = bar(share(comparison, asking, three), min(30, width // 3))
        return line + styled(f"  {told}", "$text-muted")
    asked = sorted({int(each.score["examples"]) for each in comparison.contenders if each.score})
    if not asked:
        return styled(say("compare.asked.none"), "$text-muted")
    part = any(each.score["rows"] for each in comparison.contenders if each.score)
    return styled(
        say("compare.asked.some" if part else "compare.asked", examples="–".join(map(str, asked))), "$text-muted"
    )


def choices(curve: str, over: str, say: Say) -> list[ActionItem]:
    """What the chart shows, each to be changed by a click."""
    return [
        ActionItem("", say(f"compare.curve.{curve}"), "curve"),
        ActionItem("", say(f"compare.axis.{over}"), "axis"),
        ActionItem("", say("compare.log"), "log_scale"),
    ]


def empty(say: Say, width: int) -> Lines:
    keys = {"view.three-way": "compare.empty.three-way", "view.runs": "compare.empty.runs"}
    return nothing_yet(say, width, "compare.empty.text", "compare.empty.title", keys)
