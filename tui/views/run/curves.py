"""The losses of one run: their markers and colours, and the plot they make."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from lab.events.curves import Curves
from lab.events.series import Over, Point
from tui.widgets.plot import Line, Plot

if TYPE_CHECKING:
    from tui.locale import Say

TRAIN, SMOOTH, VALIDATION, BEST = "•", "─", "◆", "★"
STYLES = {
    TRAIN: "$chart-train",
    SMOOTH: "$chart-smooth",
    VALIDATION: "$chart-validation",
    BEST: "bold $chart-best",
}
FEW: Final = 12
"""Measured losses that stand above their smoothed line; more would hide it."""


def loss_plot(
    curves: Curves,
    say: Say,
    over: Over = "iteration",
    *,
    limits: tuple[float, float] | None = None,
    log_y: bool = False,
    cursor: float | None = None,
) -> Plot:
    """The smoothed loss under the measured ones, the best validation over all."""

    def measured(mark: str, name: str, points: Sequence[Point]) -> Line:
        return Line(say(f"lab.series.{name}"), mark, STYLES[mark], _over(points, over))

    train = measured(TRAIN, "train", curves.train)
    smooth = Line(say("lab.series.smooth"), "", STYLES[SMOOTH], (), SMOOTH, _over(curves.smooth, over))
    few = len(curves.train) <= FEW
    lines = (
        *((smooth, train) if few else (train, smooth)),
        measured(VALIDATION, "val", curves.validation),
        measured(BEST, "best", (curves.best,) if curves.best else ()),
    )
    title = say(f"lab.axes.{over}")
    limits = limits or (0.0, curves.limit(over))
    return Plot(lines, title, "", limits, log_y, cursor, "time" if over == "seconds" else "count")


def _over(points: Sequence[Point], over: Over) -> Sequence[Point]:
    return points if over == "iteration" else tuple(point.over(over) for point in points)
