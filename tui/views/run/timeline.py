"""Where in a run one is, and which part of it one looks at. Pure."""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from lab.events.curves import Curves
from lab.events.series import Over, Point

AXES: Final[tuple[Over, ...]] = ("iteration", "tokens", "seconds")
CLOSEST: Final = 4.0
"""Iterations in view, at least."""


@dataclass(frozen=True)
class View:
    """What is drawn over what. `span` is the stretch of iterations in view (None: all), `cursor` one of them."""

    over: Over = "iteration"
    log: bool = False
    span: tuple[float, float] | None = None
    cursor: float | None = None

    def turned(self) -> "View":
        """Over the next axis."""
        return replace(self, over=AXES[(AXES.index(self.over) + 1) % len(AXES)])

    def zoomed(self, factor: float, around: float, whole: float) -> "View":
        """Half as much of the run (factor 0.5), or twice, with `around` where it was in the picture."""
        low, high = self.span or (0.0, whole)
        size = max(min(CLOSEST, whole), (high - low) * factor)
        if size >= whole:
            return replace(self, span=None)
        share = (min(max(around, low), high) - low) / (high - low)
        return replace(self, span=_within(around - share * size, size, whole))

    def panned(self, share: float, whole: float) -> "View":
        """Moved by a share of what is in view; to the left where it is negative."""
        if self.span is None:
            return self
        low, high = self.span
        return replace(self, span=_within(low + share * (high - low), high - low, whole))

    def at(self, cursor: float | None, whole: float) -> "View":
        """With the cursor there, and the view moved so far that it is seen."""
        moved = replace(self, cursor=cursor)
        if cursor is None or self.span is None:
            return moved
        low, high = self.span
        if cursor < low:
            return replace(moved, span=_within(cursor, high - low, whole))
        if cursor > high:
            return replace(moved, span=_within(cursor - (high - low), high - low, whole))
        return moved


def _within(low: float, size: float, whole: float) -> tuple[float, float]:
    low = max(0.0, min(low, whole - size))
    return low, low + size


class Timeline:
    """The moments of a run that a cursor can stand at: every loss that is kept, and every sample."""

    def __init__(self, curves: Curves, samples: Sequence[int] = ()) -> None:
        known = {point.x: point for points in (curves.validation, curves.train) for point in points}
        self._train = [Point(0.0, 0.0), *curves.train]
        for at in samples:
            known.setdefault(at, Point(at, 0.0, *self._spent(at)))
        self.points = [known[at] for at in sorted(known)]
        self._at = [point.x for point in self.points]

    def near(self, x: float, over: Over) -> float | None:
        """The moment closest to an x of an axis; None while there is none."""
        ends = [point.over(over).x for point in self.points]
        if not ends:
            return None
        after = min(bisect_left(ends, x), len(ends) - 1)
        before = max(0, after - 1)
        return self._at[after if abs(ends[after] - x) <= abs(ends[before] - x) else before]

    def step(self, cursor: float | None, by: float) -> float | None:
        """The first moment at least `by` iterations after the cursor (before it, where negative), or the last one."""
        if not self._at:
            return None
        if cursor is None:
            cursor = self._at[-1]
        if by > 0:
            return self._at[min(max(bisect_left(self._at, cursor + by), bisect_right(self._at, cursor)), len(self) - 1)]
        return self._at[max(0, min(bisect_right(self._at, cursor + by), bisect_left(self._at, cursor)) - 1)]

    def x(self, iteration: float, over: Over) -> float:
        """An iteration on an axis; between two reports, in proportion."""
        return iteration if over == "iteration" else self._spent(iteration)[over == "seconds"]

    def iteration(self, x: float, over: Over) -> float:
        """The iteration at an x of an axis."""
        if over == "iteration":
            return x
        ends = [point.over(over).x for point in self._train]
        return _between(x, ends, [point.x for point in self._train])

    def _spent(self, at: float) -> tuple[float, float]:
        xs = [point.x for point in self._train]
        tokens, seconds = ([getattr(point, name) for point in self._train] for name in ("tokens", "seconds"))
        return _between(at, xs, tokens), _between(at, xs, seconds)

    def __len__(self) -> int:
        return len(self.points)


def _between(x: float, xs: Sequence[float], ys: Sequence[float]) -> float:
    """The straight line through the two nearest of a rising series; beyond its ends, through its first and last."""
    if len(xs) < 2:
        return 0.0
    right = min(max(1, bisect_left(xs, x)), len(xs) - 1)
    left = right - 1 if x <= xs[-1] else 0
    span = xs[right] - xs[left]
    return ys[left] + (x - xs[left]) / span * (ys[right] - ys[left]) if span else ys[right]


def before(points: Sequence[Point], at: float) -> Point | None:
    """The last point at or before an iteration."""
    found = bisect_right([point.x for point in points], at)
    return points[found - 1] if found else None
