import math
import time
from dataclasses import replace

import plotext
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from lab.progress import RunProgress
from lab.series import Series
from tui.labroom.curves import BEST, SMOOTH, TRAIN, VALIDATION, Curves, loss_plot
from tui.labroom.plot import Plot, coloured, draw, value_label, y_scale
from tui.labroom.words import words


def plot(curves: Curves, title: str = "") -> Plot:
    return replace(loss_plot(curves, words("en")), x_title=title)


def curves(reports: int, iterations: int) -> Curves:
    progress = RunProgress(iterations=iterations)
    for index in range(1, reports + 1):
        loss = 3.5 * math.exp(-3 * index / reports) + 0.1 * math.sin(index)
        progress.apply([{"event": "train", "iteration": index, "train_loss": loss}])
        if index % max(1, reports // 4) == 0:
            progress.apply([{"event": "validation", "iteration": index, "val_loss": loss + 0.1}])
    return Curves.of(progress)


@pytest.mark.parametrize("size", [(36, 6), (40, 20), (76, 12), (120, 30)])
@pytest.mark.parametrize("title", ["iteration", "반복"])
def test_the_picture_fills_its_place_exactly(size: tuple[int, int], title: str) -> None:
    width, height = size
    lines = draw(plotext, plot(curves(40, 80), title), width, height)
    assert [cell_len(line) for line in lines] == [width] * height
    assert title in "".join(lines)


def test_every_series_has_its_own_marker_and_colour() -> None:
    shown = plot(curves(40, 80), "iteration")
    lines = draw(plotext, shown, 60, 16)
    picture = "\n".join(lines[:-3])
    assert all(marker in picture for marker in (TRAIN, SMOOTH, VALIDATION, BEST))
    content = coloured(shown, lines, 60, 16)
    assert content.plain == "\n".join(lines)
    for start, end, style in content.spans:
        marks = set(content.plain[start:end])
        if style == "$chart-train":
            assert marks == {TRAIN}
        if style == "bold $chart-best":
            assert marks == {BEST}
    assert "$chart-smooth" not in {span.style for span in content.spans if span.start > content.plain.find("└")}


def test_the_frame_stands_before_there_is_data() -> None:
    lines = draw(plotext, plot(Curves(200), "iteration"), 40, 12)
    assert len(lines) == 12
    assert "200" in lines[-2]
    assert all(line.startswith("    │") for line in lines[:9])
    assert not any(marker in "".join(lines) for marker in (TRAIN, VALIDATION, BEST))


def test_a_place_too_small_stays_empty() -> None:
    assert draw(plotext, plot(curves(10, 10)), 8, 3) == []


losses = st.lists(st.floats(1e-6, 1e5), min_size=1, max_size=40)


@given(losses, st.integers(2, 40))
def test_the_scale_holds_every_loss_in_few_ticks(values: list[float], rows: int) -> None:
    scale = y_scale(values, False, rows)
    assert scale.lower <= min(values)
    assert max(values) <= scale.upper * (1 + 1e-9)
    assert len(scale.ticks) <= 8
    assert all(cell_len(value_label(tick)) == 4 for tick in scale.ticks)


def test_a_chart_of_a_million_points_costs_what_one_of_a_hundred_does() -> None:
    """From the kept series to the finished picture, which is what every redraw costs."""

    def wave(length: int) -> Series:
        series = Series()
        for x in range(length):
            series.add(x, 1 + math.sin(x))
        return series

    def cost(series: Series) -> float:
        best = math.inf
        for _ in range(7):
            begin = time.perf_counter()
            points = tuple(series.points())
            draw(plotext, plot(Curves(len(series), points, points), "iteration"), 76, 16)
            best = min(best, time.perf_counter() - begin)
        return best

    few, many = wave(100), wave(1_000_000)
    assert len(many.points()) <= 2 * many.capacity + 2
    assert cost(many) < 3 * cost(few)
