"""Where in a run one is: cursor, zoom and axes, as arithmetic."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.events.curves import Curves
from lab.events.series import Point
from tui.views.run.timeline import Timeline, View, before

CURVES = Curves(
    40,
    train=[Point(at, 1.0, at * 100, at * 2) for at in (10, 20, 30, 40)],
    validation=[Point(0, 4.0), Point(20, 2, 2000, 40)],
)
LINE = Timeline(CURVES, samples=(0, 15, 40))


def test_it_stands_at_every_loss_and_every_sample() -> None:
    assert [point.x for point in LINE.points] == [0, 10, 15, 20, 30, 40]
    assert LINE.x(15, "tokens") == 1500 and LINE.iteration(1500, "tokens") == 15
    assert LINE.x(30, "seconds") == 60


@pytest.mark.parametrize(
    "cursor, by, found",
    [
        (None, -1, 30),
        (None, 1, 40),
        (0, 1, 10),
        (10, 1, 15),
        (10, 6, 20),
        (40, 5, 40),
        (0, -5, 0),
        (20, -1, 15),
        (20, -12, 0),
    ],
)
def test_a_step_goes_as_far_as_asked_and_to_the_next_moment_at_least(
    cursor: float | None, by: float, found: float
) -> None:
    assert LINE.step(cursor, by) == found


@pytest.mark.parametrize(
    "x, over, found", [(0, "iteration", 0), (26, "iteration", 30), (1400, "tokens", 15), (999, "seconds", 40)]
)
def test_the_mouse_finds_the_moment_closest(x: float, over: str, found: float) -> None:
    assert LINE.near(x, over) == found  # type: ignore[arg-type]


def test_an_empty_run_has_no_moments() -> None:
    empty = Timeline(Curves())
    assert empty.near(3, "iteration") is None and empty.step(None, 1) is None and empty.x(5, "tokens") == 0
    assert before([], 3) is None


@given(st.lists(st.tuples(st.sampled_from(["in", "out", "left", "right"]), st.floats(0, 1000)), max_size=30))
def test_whatever_one_does_the_view_stays_within_the_run(moves: list[tuple[str, float]]) -> None:
    view = View()
    for move, x in moves:
        if move in ("in", "out"):
            view = view.zoomed(0.5 if move == "in" else 2.0, x, 1000.0)
        else:
            view = view.panned(-0.25 if move == "left" else 0.25, 1000.0)
        view = view.at(x, 1000.0)
        if view.span is not None:
            low, high = view.span
            assert 0 <= low < high <= 1000 + 1e-6 and high - low >= 4 - 1e-6
            assert low - 1e-6 <= x <= high + 1e-6


def test_axes_go_round() -> None:
    view = View()
    assert [view.turned().over, view.turned().turned().over, view.turned().turned().turned().over] == [
        "tokens", "seconds", "iteration"]  # fmt: skip
