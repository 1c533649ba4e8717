"""The curves of a comparison as a plot: one marker a run, or a mean and its band where runs differ only in seed."""

from collections.abc import Callable, Collection
from typing import Final, Literal

from lab.comparison import Comparison, curve_of, mean_and_band
from lab.series import Over, Point
from tui.benches.compare.table import name_of
from tui.labroom.plot import SERIES, Line, Plot

Say = Callable[..., str]
Kind = Literal["train", "validation"]
AXES: Final[tuple[Over, ...]] = ("iteration", "tokens", "seconds")
STEEP: Final = 6.0
"""Highest over lowest loss from which on a linear scale would press all ends together."""


def plot(comparison: Comparison, shown: Collection[str], kind: Kind, over: Over, log: bool | None, say: Say) -> Plot:
    """What to draw of the runs shown; `log` None leaves the scale to the losses."""
    lines: list[Line] = []
    for group in comparison.seeds():
        members = [at for at in group if comparison.contenders[at].run.id in shown]
        curves = [curve_of(comparison.contenders[at], kind, over) for at in members]
        if len(members) > 1 and all(curves):
            lines.append(_banded(comparison, members, curves, say))
        else:
            lines += [_line(comparison, at, curve) for at, curve in zip(members, curves, strict=True)]
    losses = [point.y for line in lines for point in line.points]
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


def _line(comparison: Comparison, at: int, points: list[Point]) -> Line:
    marker, style = SERIES[at % len(SERIES)]
    return Line(name_of(comparison, at), marker, style, points, joined=True)


def _banded(comparison: Comparison, members: list[int], curves: list[list[Point]], say: Say) -> Line:
    marker, style = SERIES[members[0] % len(SERIES)]
    mean, band = mean_and_band(curves)
    name = f"{comparison.contenders[members[0]].method}: {say('compare.band', n=len(members))}"
    return Line(name, marker, style, mean, joined=True, band=band)
