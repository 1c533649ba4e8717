"""Bars and charts in a text: drawn from data, readable without colour, and plotext only where there is a chart."""

import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lessons.course import LANGS, Bar, Bars, Chart, ChartLine, Lang
from lessons.loader import load_lesson
from lessons.validation.layout_rules import CHART, LABEL, MEASURE, VALUE, legend_lines
from tui.formatting.lesson_text import lesson_text
from tui.widgets.lesson_charts import CHART_ROWS, ChartView, bars_lines, beside, chart_lines, strip

DRAWN = Path(__file__).parents[1] / "lessons" / "drawn"
BLOCKS = load_lesson(DRAWN / "demo" / "measured", "demo").sections[0].blocks


def both(text: str) -> dict[Lang, str]:
    return {lang: text for lang in LANGS}


@pytest.mark.parametrize(
    ("lang", "size", "theme"),
    [("en", (80, 24), "lowrank-dark"), ("ko", (120, 40), "lowrank-light")],
    ids=["en-80x24-dark", "ko-120x40-light"],
)
async def test_a_chart_is_drawn_in_the_place_that_was_kept(
    app: Any, opened: Any, until: Any, text: Any, lang: str, size: tuple[int, int], theme: str
) -> None:
    async with app(lang, tracks=DRAWN, theme=theme).run_test(size=size) as pilot:
        await opened(pilot)
        views = list(pilot.app.lesson_screen.query_one("#reader").query(ChartView))
        await until(pilot, lambda: all(view.plotext is not None and view.size.height for view in views))
        rows = 14 if size[1] < 36 else 20
        assert [view.size.height for view in views] == [rows + 1, rows + 1]
        views[0].scroll_visible(animate=False, immediate=True)
        await until(pilot, lambda: "▲" in text(pilot))
        shown = text(pilot)
        assert all(mark in shown for mark in "•◆▲") and "│████" in shown


@pytest.mark.parametrize("width", [MEASURE, 40, 20, 8])
def test_bars_are_as_long_as_their_numbers_at_any_width(width: int) -> None:
    for lang in LANGS:
        bars = next(block for block in BLOCKS[lang] if isinstance(block, Bars))
        lines = bars_lines(bars, lang)(width)
        assert all(line.cell_length <= width for line in lines)
    title, one, eight, most = (line.plain for line in bars_lines(bars, "en")(MEASURE))
    assert title == "Questions answered exactly"
    assert (one[-5:], eight[-3:], most[-2:]) == ("58.5%", "95%", "0%")
    assert one.count("█") == pytest.approx(eight.count("█") * 58.5 / 95, abs=1) and "█" not in most


def test_what_the_check_lets_pass_leaves_room_for_bars() -> None:
    bars = Bars(both("t"), tuple(Bar(str(n), both("x" * LABEL), n, "9" * VALUE) for n in (0, 1, 2)))
    assert bars_lines(bars, "en")(MEASURE)[-1].plain.count("█") >= 24
    nothing = Bars(both("t"), tuple(Bar(str(n), both("x"), 0, "0") for n in (0, 1)))
    assert [line.plain for line in bars_lines(nothing, "en")(20)[1:]] == ["x │ 0", "x │ 0"]


@given(st.floats(min_value=0, max_value=1), st.integers(min_value=1, max_value=200))
def test_a_strip_is_never_longer_than_its_room(share: float, cells: int) -> None:
    assert len(strip(share, cells)) <= cells
    assert bool(strip(share, cells)) == (share > 0)


@pytest.mark.parametrize("count", [1, 3, 6])
@pytest.mark.parametrize("title", ["a", "rank 64, seed 1", "학습률 0.002"])
def test_the_legend_is_as_high_as_the_check_believes(count: int, title: str) -> None:
    import plotext

    lines = tuple(ChartLine(str(n), both(title), ((0.0, 1.0), (1.0, n + 2.0))) for n in range(count))
    chart = Chart(both("iteration"), both("loss"), lines, False)
    shown = chart_lines(chart, "en", plotext, CHART)(MEASURE)
    assert len(shown) == CHART == CHART_ROWS
    assert next(n for n, line in enumerate(shown) if "┤" in line.plain or "│" in line.plain) == legend_lines(
        chart, "en"
    )
    empty = chart_lines(chart, "en", None, CHART)(MEASURE)
    assert len(empty) == CHART and empty[0] == shown[0]


def test_what_is_wider_than_a_line_is_cut() -> None:
    from tui.formatting.text_layout import styled

    assert [line.plain for line in beside([styled("one"), styled("two"), styled("longer than this")], 8)] == [
        "one  two",
        "longer …",
    ]


async def test_a_page_without_charts_does_not_load_plotext(app: Any, opened: Any, monkeypatch: Any) -> None:
    monkeypatch.delitem(sys.modules, "plotext", raising=False)
    async with app().run_test(size=(80, 24)) as pilot:
        await opened(pilot)
        assert "plotext" not in sys.modules


def test_pictures_are_told_in_plain_text() -> None:
    told = lesson_text(load_lesson(DRAWN / "demo" / "measured", "demo"), "ko").split("\n")
    assert "- rank 8 (기본값): 95%" in told
    assert "반복 횟수 → loss" in told
    assert "- 학습: 0 → 4.5, 50 → 2, 100 → 1.25" in told
    assert any(line.startswith("- rank 8: 10 → 2.525, 30 → 0.799,") for line in told)
