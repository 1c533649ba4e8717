"""The losses of one run: their markers and colours, and the plot they make."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lab.events.series import Over, Point
from tui.widgets.plot import Line, Plot

if TYPE_CHECKING:
    from lab.events.progress import RunProgress
    from tui.locale import Say

TRAIN, SMOOTH, VALIDATION, BEST = "•", "─", "◆", "★"
STYLES = {
    TRAIN: "$chart-train",
    SMOOTH: "$chart-smooth",
    VALIDATION: "$chart-validation",
    BEST: "bold $chart-best",
}


@dataclass(frozen=True)
class Curves:
    """Losses in order, each with iteration, tokens and seconds; and the iteration the run ends at (0: not known)."""

    iterations: int = 0
    train: Sequence[Point] = ()
    smooth: Sequence[Point] = ()
    validation: Sequence[Point] = ()
    best: Point | None = None

    @classmethod
    def of(cls, progress: RunProgress) -> Curves:
        """A bounded copy: at most a few thousand points whatever the length of the run."""
        return cls(
            max(progress.iterations, progress.iteration),
            tuple(progress.train.points()),
            tuple(progress.smooth.points()),
            tuple(progress.validation.points()),
            progress.best,
        )

    @property
    def end(self) -> Point:
        """The last point told of, as far as it can be told."""
        return max((points[-1] for points in (self.train, self.validation) if points), default=Point(0, 0))

    def limit(self, over: Over) -> float:
        """Where the axis ends, so that the curve grows into a frame that stays: what the whole run will take."""
        seen = self.end
        whole = max(1.0, self.iterations, seen.x)
        return whole if over == "iteration" else max(1.0, seen.over(over).x * whole / max(1.0, seen.x))


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

    lines = (
        measured(TRAIN, "train", curves.train),
        Line(say("lab.series.smooth"), "", STYLES[SMOOTH], (), SMOOTH, _over(curves.smooth, over)),
        measured(VALIDATION, "val", curves.validation),
        measured(BEST, "best", (curves.best,) if curves.best else ()),
    )
    title = say(f"lab.axes.{over}")
    limits = limits or (0.0, curves.limit(over))
    return Plot(lines, title, "", limits, log_y, cursor, "time" if over == "seconds" else "count")


def _over(points: Sequence[Point], over: Over) -> Sequence[Point]:
    return points if over == "iteration" else tuple(point.over(over) for point in points)
