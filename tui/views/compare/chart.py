"""The curves of a comparison as a plot: one marker a run, or a mean and its band where runs differ only in seed."""

from collections.abc import Callable, Collection
from typing import Final, Literal

from lab.events.series import Over, Point
from lab.reports.comparison import Comparison, curve_of, mean_and_band, shared
from tui.views.compare.table import name_of
from tui.widgets.plot import SERIES, STROKES, Line, Plot

Say = Callable[..., str]
Kind = Literal["train", "validation"]
AXES: Final[tuple[Over, ...]] = ("iteration", "tokens", "seconds")
STEEP: Final = 6.0
"""Highest over lowest loss from which on a linear scale would press all ends together."""


def plot(comparison: Comparison, shown: Collection[str], kind: Kind, over: Over, log: bool | None, say: Say) -> Plot:
    """What to draw of the runs shown; `log` None leaves the scale to the losses."""
    lines: list[Line] = []
    for group in comparison.seeds():
        members = [place for place in group if comparison.contenders[place].run.id in shown]
        curves = [curve_of(comparison.contenders[place], kind, over) for place in members]
        if len(members) > 1 and all(curves):
            lines.append(_banded(comparison, members, curves, kind, say))
        else:
            lines += [_line(comparison, place, curve, kind) for place, curve in zip(members, curves, strict=True)]
    losses = [point.y for line in lines for point in line.joined]
    steep = bool(losses) and min(losses) > 0 and max(losses) / min(losses) > STEEP
    logarithmic = steep if log is None else log
    title = say(f"compare.curve.{kind}") + (f" · {say('compare.log')}" if logarithmic else "")
    return Plot(
        lines,
        say(f"compare.axis.{over}"),
        title,
        x_limits=_limits(comparison, over),
        log_y=logarithmic,
        x_unit="time" if over == "seconds" else "count",
    )


def _limits(comparison: Comparison, over: Over) -> tuple[float, float] | None:
    """By iteration, up to the end of the longest run, so that the curves grow into a frame that stays."""
    last = max((each.spec.iters for each in comparison.contenders), default=0)
    return (0.0, float(last)) if over == "iteration" and last else None


def _line(comparison: Comparison, place: int, curve: list[Point], kind: Kind) -> Line:
    marker, style = SERIES[place % len(SERIES)]
    points = curve if kind == "validation" else []  # a smoothed loss was measured nowhere
    return Line(name_of(comparison, place), marker, style, points, STROKES[place % len(STROKES)], curve)


def _banded(comparison: Comparison, members: list[int], curves: list[list[Point]], kind: Kind, say: Say) -> Line:
    marker, style = SERIES[members[0] % len(SERIES)]
    stroke = STROKES[members[0] % len(STROKES)]
    mean, band = mean_and_band(curves)
    name = f"{comparison.contenders[members[0]].method}: {say('compare.band', count=len(members))}"
    points = shared(mean, curves) if kind == "validation" else []
    return Line(name, marker, style, points, stroke, mean, band)
