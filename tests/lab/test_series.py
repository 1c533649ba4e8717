import itertools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.events.series import Point, Series, thin

finite = st.floats(-1e6, 1e6, allow_nan=False)
losses = st.lists(finite, min_size=1, max_size=600)


def filled(values: list[float], capacity: int = 8) -> Series:
    series = Series(capacity)
    for x, y in enumerate(values):
        series.add(x, y)
    return series


@given(losses)
def test_keeps_first_last_and_extremes_in_order_within_bounds(values: list[float]) -> None:
    points = filled(values).points()
    assert len(points) <= 2 * 8 + 2
    assert points[0] == Point(0, values[0])
    assert points[-1] == Point(len(values) - 1, values[-1])
    assert min(point.y for point in points) == min(values)
    assert max(point.y for point in points) == max(values)
    assert [point.x for point in points] == sorted({point.x for point in points})
    assert all(values[int(point.x)] == point.y for point in points)


@given(losses)
def test_every_stretch_between_kept_points_is_covered(values: list[float]) -> None:
    """No bucket grows beyond twice its fair share, so no stretch of the run goes unseen."""
    points = filled(values).points()
    gaps = [b.x - a.x for a, b in itertools.pairwise(points)]
    assert max(gaps, default=0) <= max(1, 4 * len(values) / 8)


@given(losses, st.integers(1, 60))
def test_thin_keeps_each_columns_extremes(values: list[float], columns: int) -> None:
    points = [Point(x, y) for x, y in enumerate(values)]
    upper = max(1, len(values) - 1)
    kept = thin(points, 0, upper, columns)
    assert len(kept) <= 2 * columns
    assert kept == sorted(kept)
    assert {min(values), max(values)} <= {point.y for point in kept}
    assert len(thin(points, 0, upper, columns, "last")) <= columns


def test_not_finite_and_backward_points_are_refused() -> None:
    series = filled([1.0, 2.0])
    assert not series.add(2, math.nan)
    assert not series.add(3, math.inf)
    assert not series.add(0, 1.0)
    assert series.add(2, 3.0)
    assert len(series) == 3


def test_odd_capacity_is_refused() -> None:
    with pytest.raises(ValueError, match="even"):
        Series(7)


@given(losses, st.floats(-1, 700), losses)
def test_a_cut_series_holds_nothing_later_and_goes_on_within_its_bounds(
    values: list[float], x: float, more: list[float]
) -> None:
    series = filled(values)
    series.cut(x)
    assert all(point.x <= x for point in series.points())
    assert (series.first == Point(0, values[0])) == (x >= 0)
    for step, y in enumerate(more):
        assert series.add(max(x, 0) + step, y)
    points = series.points()
    assert len(points) <= 2 * 8 + 2 and points[-1].y == more[-1]
    assert [point.x for point in points] == sorted(point.x for point in points)
