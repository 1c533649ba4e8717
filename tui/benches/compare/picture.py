"""The curves of a comparison as a plot: one marker a run, or a mean and its band where runs differ only in seed."""

import math
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from typing import Final, Literal

from lab.events.series import Over, Point
from lab.report.comparison import Comparison, at, curve_of, mean_and_band
from tui.benches.compare.table import name_of
from tui.labroom.plot import SERIES, Line, Plot

Say = Callable[..., str]
Kind = Literal["train", "validation"]
AXES: Final[tuple[Over, ...]] = ("iteration", "tokens", "seconds")
STEEP: Final = 6.0
"""Highest over lowest loss from which on a linear scale would press all ends together."""
PLACES: Final = 60
"""Markers of all lines together from one end to the other: about the columns that a chart has."""


def plot(comparison: Comparison, shown: Collection[str], kind: Kind, over: Over, log: bool | None, say: Say) -> Plot:
    """What to draw of the runs shown; `log` None leaves the scale to the losses."""
    lines: list[Line] = []
    for group in comparison.seeds():
        members = [place for place in group if comparison.contenders[place].run.id in shown]
        curves = [curve_of(comparison.contenders[place], kind, over) for place in members]
        if len(members) > 1 and all(curves):
            lines.append(_banded(comparison, members, curves, say))
        else:
            lines += [_line(comparison, place, curve) for place, curve in zip(members, curves, strict=True)]
    losses = [point.y for line in lines for point in line.points]
    steep = bool(losses) and min(losses) > 0 and max(losses) / min(losses) > STEEP
    logarithmic = steep if log is None else log
    if len(lines) > 1:
        lines = _staggered(lines, logarithmic)
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


def _line(comparison: Comparison, place: int, points: list[Point]) -> Line:
    marker, style = SERIES[place % len(SERIES)]
    return Line(name_of(comparison, place), marker, style, points, joined=True)


def _staggered(lines: list[Line], log: bool) -> list[Line]:
    """The same lines, each with its markers where the others have none, so that none hides another that it follows."""
    ends = [end.x for line in lines for end in (*line.points[:1], *line.points[-1:])]
    low, high = min(ends, default=0.0), max(ends, default=0.0)
    return [replace(line, points=_dotted(line.points, turn, len(lines), low, high, log), joined=False)
            for turn, line in enumerate(lines)]  # fmt: skip


def _dotted(points: Sequence[Point], turn: int, turns: int, low: float, high: float, log: bool) -> list[Point]:
    """A point at every place of this line's turn between its ends, and at its last point."""
    if not points:
        return []
    heights = [point._replace(y=math.log(point.y)) for point in points if point.y > 0] if log else points
    places = (low + (high - low) * step / (PLACES - 1) for step in range(turn, PLACES, turns))
    inner = [Point(x, at(heights, x)) for x in places if heights and points[0].x <= x <= points[-1].x]
    return [*(Point(x, math.exp(y) if log else y) for x, y, *_ in inner), points[-1]]


def _banded(comparison: Comparison, members: list[int], curves: list[list[Point]], say: Say) -> Line:
    marker, style = SERIES[members[0] % len(SERIES)]
    mean, band = mean_and_band(curves)
    name = f"{comparison.contenders[members[0]].method}: {say('compare.band', n=len(members))}"
    return Line(name, marker, style, mean, joined=True, band=band)
