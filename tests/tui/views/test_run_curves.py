import math
import time
from dataclasses import replace

import plotext
import pytest
from event_of import event_of
from hypothesis import example, given
from hypothesis import strategies as st
from rich.cells import cell_len

from lab.events.curves import Curves
from lab.events.progress import RunProgress
from lab.events.series import Point, Series
from tui.locale import sayer
from tui.views.run.curves import BEST, SMOOTH, TRAIN, VALIDATION, loss_plot
from tui.widgets import plot as plots
from tui.widgets.plot import (
    SERIES,
    STROKES,
    Line,
    Plot,
    column,
    room,
    upright,
    value_label,
    x_scale,
    y_scale,
)


def draw(shown: Plot, width: int, height: int) -> list[str]:
    """The lines of the picture."""
    return plots.draw(plotext, shown, width, height).plain.split("\n")


def braille(text: str) -> bool:
    """Whether a stroke in braille is in it."""
    return any("\u2800" < each <= "\u28ff" for each in text)


def plot(curves: Curves, title: str = "") -> Plot:
    return replace(loss_plot(curves, sayer("en")), x_title=title)


def curves(reports: int, iterations: int) -> Curves:
    progress = RunProgress(iterations=iterations)
    for index in range(1, reports + 1):
        loss = 3.5 * math.exp(-3 * index / reports) + 0.1 * math.sin(index)
        progress.apply([event_of("train", iteration=index, train_loss=loss)])
        if index % max(1, reports // 4) == 0:
            progress.apply([event_of("validation", iteration=index, val_loss=loss + 0.1)])
    return Curves.of(progress)


@pytest.mark.parametrize("size", [(36, 6), (40, 20), (76, 12), (120, 30)])
@pytest.mark.parametrize("title", ["iteration", "반복"])
def test_the_picture_fills_its_place_exactly(size: tuple[int, int], title: str) -> None:
    width, height = size
    lines = draw(plot(curves(40, 80), title), width, height)
    assert [cell_len(line) for line in lines] == [width] * height
    assert title in "".join(lines)


def test_every_series_has_its_own_marker_and_colour() -> None:
    shown = plot(curves(40, 80), "iteration")
    content = plots.draw(plotext, shown, 60, 16)
    picture = "\n".join(content.plain.split("\n")[:-3])
    assert all(marker in picture for marker in (TRAIN, VALIDATION, BEST)) and braille(picture)
    styles = {}
    for start, end, style in content.spans:
        styles.setdefault(style, set()).update(content.plain[start:end])
    assert styles["$chart-train"] == {TRAIN} and styles["bold $chart-best"] == {BEST}
    assert styles["$chart-validation"] == {VALIDATION} and all(map(braille, styles["$chart-smooth"]))


def test_without_braille_a_stroke_is_made_of_whole_cells(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = plot(curves(40, 80), "iteration")
    for name, value in (("TERM", "linux"), ("LOWRANK_BRAILLE", "0")):
        with monkeypatch.context() as terminal:
            terminal.setenv(name, value)
            picture = "".join(draw(shown, 60, 16))
            assert SMOOTH in picture and not braille(picture)
    monkeypatch.setenv("TERM", "linux")
    monkeypatch.setenv("LOWRANK_BRAILLE", "1")
    assert braille("".join(draw(shown, 60, 16)))


def test_the_frame_stands_before_there_is_data() -> None:
    lines = draw(plot(Curves(200), "iteration"), 40, 12)
    assert len(lines) == 12
    assert "200" in lines[-2]
    assert all(line.startswith("    │") for line in lines[:9])
    assert not any(marker in "".join(lines) for marker in (TRAIN, VALIDATION, BEST))


def test_a_place_too_small_stays_empty() -> None:
    assert draw(plot(curves(10, 10)), 8, 3) == [""]


losses = st.lists(st.floats(1e-6, 1e5), min_size=1, max_size=40)


@given(losses, st.integers(2, 40))
@example([1.0, 0.85], 6)
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
            begin = time.thread_time()  # whatever else the machine does
            points = tuple(series.points())
            draw(plot(Curves(len(series), points, points), "iteration"), 76, 16)
            best = min(best, time.thread_time() - begin)
        return best

    few, many = wave(100), wave(1_000_000)
    assert len(many.points()) <= 2 * many.capacity + 2
    assert cost(many) < 3 * cost(few)


def test_a_logarithmic_axis_has_round_ticks_and_leaves_out_what_it_cannot_show() -> None:
    scale = y_scale([0.03, 4.0, 0.0, -1.0], True, 20)
    assert [label.strip() for label in scale.labels] == ["0.02", "0.05", "0.10", "0.20", "0.50", "1.00", "2.00", "5.00"]
    assert len(y_scale([1e-9, 1e5], True, 6).ticks) <= 4
    shown = Plot([Line("a", "•", "$series-1", [Point(0, 0.0), Point(1, 0.1), Point(2, 1.0)])], log_y=True)
    assert "\n".join(draw(shown, 40, 12)).count("•") == 2


def test_several_lines_keep_their_markers_and_a_band_lies_under_them() -> None:
    points = [Point(x, 1 + x / 10) for x in range(11)]
    band = [(x, 0.5 + x / 10, 1.5 + x / 10) for x in range(0, 11, 5)]
    shown = Plot([Line("a", *SERIES[0], points, band=band), Line("b", *SERIES[1], points[::5])], y_title="loss")
    lines = draw(shown, 60, 16)
    assert lines[0].startswith("loss") and [cell_len(line) for line in lines] == [60] * 16
    picture = "\n".join(lines)
    assert picture.count("◆") == 3 and picture.count("•") == 8 and picture.count("░") > 100


def test_the_cursor_is_an_upright_line_at_its_place() -> None:
    shown = Plot([Line("a", *SERIES[0], [Point(x, x) for x in range(11)])], cursor=5.0)
    picture = plots.draw(plotext, shown, 46, 12)
    at, marks = upright(shown, picture, 46, 12)
    assert at == 25 and [marks[number][0] for number in range(11)].count("│") == 9
    assert marks[10][0] == "╂" and {marks[n][0] for n in range(10)} == {"│", "•"} and set(marks) == set(range(11))
    assert upright(replace(shown, cursor=99.0), picture, 46, 12) == (0, {})


def test_times_are_written_as_a_clock_has_them_and_counts_short() -> None:
    timed = x_scale(Plot(x_limits=(0, 7200), x_unit="time"), 60)
    assert list(timed.labels) == ["0:00", "30:00", "1:00:00", "1:30:00", "2:00:00"]
    assert list(x_scale(Plot(x_limits=(0, 1e6)), 60).labels) == ["0", "200k", "400k", "600k", "800k", "1M"]


@pytest.mark.parametrize("log", [False, True])
@pytest.mark.parametrize("runs", [1, 2, 3, 6])
@pytest.mark.parametrize("count", [1, 3, 40, 300])
def test_a_marker_stands_where_something_was_measured_and_nowhere_else(count: int, runs: int, log: bool) -> None:
    """However few points there are, and however many lines share the picture: strokes fill what lies between."""
    width, height = 78, 20
    measured = [[Point(100 * (n + 1) / count, 3 - n / count + run / 9) for n in range(count)] for run in range(runs)]
    lines = [Line(str(run), *SERIES[run], points, STROKES[run]) for run, points in enumerate(measured)]
    shown = Plot(lines, x_limits=(0, 100), log_y=log)
    columns, rows = room(shown, width, height)
    drawn = [line[-columns:] for line in draw(shown, width, height)[:rows]]
    across = x_scale(shown, columns)
    for line, points in zip(lines, measured, strict=True):
        at = {column(across, columns, point.x) for point in points}
        found = [x for row in drawn for x, cell in enumerate(row) if cell == line.marker]
        assert len(found) <= len(points) and set(found) <= at, line.marker
        if runs == 1:
            assert len(found) >= min(count, columns // 24) and max(at) in found, "the last one, and some before it"
    assert braille("".join(drawn)) == (count > 1)


def test_equal_lines_are_all_seen() -> None:
    """In the gaps of a stroke what lies below is seen, and markers that meet take turns."""
    points = [Point(10 * x, 3 - x / 4) for x in range(11)]
    lines = [Line(str(run), *SERIES[run], points, STROKES[run]) for run in range(3)]
    picture = plots.draw(plotext, Plot(lines), 78, 16)
    for line in lines:
        own = "".join(picture.plain[span.start : span.end] for span in picture.spans if span.style == line.style)
        assert line.marker in own and braille(own)


def test_a_smoothed_loss_is_a_stroke_and_no_points() -> None:
    (smooth,) = (line for line in plot(curves(3, 80)).lines if line.stroke)
    assert not smooth.points and smooth.joined and smooth.stroke == SMOOTH
