"""A loss series of any length in bounded memory, and its reduction to the columns of a chart."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

Over = Literal["iteration", "tokens", "seconds"]
"""What a curve is drawn over: iterations, supervised tokens trained, or seconds spent training."""


class Point(NamedTuple):
    """One measurement: iteration and loss, and the tokens and seconds of training it took to get there."""

    x: float
    y: float
    tokens: float = 0.0
    seconds: float = 0.0

    @classmethod
    def read(cls, told: Sequence[Any]) -> Point:
        """A point that stood in a file. Raises TypeError for whatever else."""
        if not all(type(each) in (int, float) for each in told):
            raise TypeError("is no point")
        return cls(*told)

    def over(self, axis: Over) -> Point:
        """The same with tokens or seconds in the place of the iteration."""
        return self if axis == "iteration" else Point(getattr(self, axis), self.y)


class Bucket(NamedTuple):
    """The lowest and the highest point of a stretch of consecutive points."""

    low: Point
    high: Point


class Series:
    """Points added in order of x, kept as at most `capacity` buckets of lowest and highest point.

    When the buckets are used up, neighbours are merged and every bucket then covers twice as many points,
    so the cost of `points` does not depend on how many were added. First and last point are always kept.
    """

    def __init__(self, capacity: int = 256) -> None:
        if capacity < 2 or capacity % 2:
            raise ValueError("capacity must be an even number of at least 2")
        self.capacity = capacity
        self.count = 0
        self._width = 1
        self._filled = 0
        self._buckets: list[Bucket] = []
        self._first: Point | None = None
        self._last: Point | None = None

    def add(self, x: float, y: float, tokens: float = 0.0, seconds: float = 0.0) -> bool:
        """Keep one point; False, and nothing kept, when it is not finite or lies before the last one."""
        if not math.isfinite(x + y + tokens + seconds) or (self._last is not None and x < self._last.x):
            return False
        point = Point(x, y, tokens, seconds)
        if self._first is None:
            self._first = point
        self._last = point
        self.count += 1
        if self._buckets and self._filled < self._width:
            low, high = self._buckets[-1]
            if y < low.y:
                self._buckets[-1] = Bucket(point, high)
            elif y > high.y:
                self._buckets[-1] = Bucket(low, point)
            self._filled += 1
            return True
        if len(self._buckets) == self.capacity:
            self._halve()
        self._buckets.append(Bucket(point, point))
        self._filled = 1
        return True

    def cut(self, x: float) -> None:
        """Forget the points after `x`; of a bucket that reaches beyond it, what is kept may be less than there was."""
        kept = [[point for point in bucket if point.x <= x] for bucket in self._buckets]
        self._buckets = [Bucket(points[0], points[-1]) for points in kept if points]
        self._filled = self._width
        if self._last is not None and self._last.x > x:
            self._first = self._first if self._first and self._first.x <= x else None
            self._last = max((point for bucket in self._buckets for point in bucket), default=self._first)
        if self._last is None:
            self.count = 0

    def _halve(self) -> None:
        """Merge neighbours; every bucket is full when this is called, and so is every merged one."""
        pairs = zip(self._buckets[::2], self._buckets[1::2], strict=True)
        self._buckets = [
            Bucket(
                a.low if a.low.y <= b.low.y else b.low,
                a.high if a.high.y >= b.high.y else b.high,
            )
            for a, b in pairs
        ]
        self._width *= 2

    @property
    def first(self) -> Point | None:
        """The point added first."""
        return self._first

    @property
    def last(self) -> Point | None:
        """The point added last."""
        return self._last

    def points(self) -> list[Point]:
        """At most 2 * capacity + 2 of the points added, ordered by x."""
        if self._first is None or self._last is None:
            return []
        kept = [self._first]
        for low, high in self._buckets:
            early, late = (low, high) if low.x <= high.x else (high, low)
            for point in (early, late):
                if point != kept[-1]:
                    kept.append(point)
        if self._last != kept[-1]:
            kept.append(self._last)
        return kept

    def __len__(self) -> int:
        return self.count

    def as_json(self) -> dict[str, Any]:
        """Everything, as JSON can hold it."""
        buckets = [[*low, *high] for low, high in self._buckets]
        ends = [self._first, self._last]
        return {"capacity": self.capacity, "count": self.count, "width": self._width, "filled": self._filled,
                "ends": ends, "buckets": buckets}  # fmt: skip

    @classmethod
    def from_json(cls, found: dict[str, Any]) -> Series:
        """What `as_json` gave. Raises KeyError, TypeError or ValueError if it is something else."""
        series = cls(int(found["capacity"]))
        series.count, series._width, series._filled = (int(found[key]) for key in ("count", "width", "filled"))
        series._first, series._last = (None if end is None else Point.read(end) for end in found["ends"])
        series._buckets = [Bucket(Point.read(both[:4]), Point.read(both[4:])) for both in found["buckets"]]
        return series


def height(curve: Sequence[Point], x: float) -> float:
    """The height of a curve of at least one point at x, straight between its points and level beyond them."""
    right = bisect_left(curve, x, key=lambda point: point.x)
    if right == len(curve) or right == 0:
        return curve[-1 if right else 0].y
    before, after = curve[right - 1], curve[right]
    return before.y + (x - before.x) / (after.x - before.x) * (after.y - before.y)


Keep = Literal["extremes", "last"]


def thin(points: Sequence[Point], lower: float, upper: float, columns: int, keep: Keep = "extremes") -> list[Point]:
    """Reduce points ordered by x to what `columns` columns between lower and upper can show.

    "extremes" keeps the lowest and highest point of a column (at most 2 * columns points), "last" one.
    """
    if columns < 1 or upper <= lower:
        return list(points[-1:])
    scale = columns / (upper - lower)
    cells: dict[int, Bucket] = {}
    for point in points:
        if not lower <= point.x <= upper:
            continue
        column = min(columns - 1, int((point.x - lower) * scale))
        seen = cells.get(column)
        if keep == "last" or seen is None:
            cells[column] = Bucket(point, point)
        else:
            cells[column] = Bucket(
                point if point.y < seen.low.y else seen.low,
                point if point.y > seen.high.y else seen.high,
            )
    kept: list[Point] = []
    for column in sorted(cells):
        low, high = cells[column]
        kept.extend([low] if low == high else sorted((low, high)))
    return kept
