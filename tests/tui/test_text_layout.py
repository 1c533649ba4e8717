"""Setting text: widths in cells, whatever the text is."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from textual.content import Content

from lessons.course import Span
from tui.formatting.highlight import code
from tui.formatting.text_layout import barred, fit, hang, inline, pad, plain, spread, styled, table
from tui.panes.exercise_sheet import comparison, ratio_text
from tui.reading_timer import ReadingTimer, seconds_to_read
from tui.widgets.top_bar import Standing, header

TEXT = st.text(alphabet=st.sampled_from(list("abc deW·x 가나다라 마바사…—\n\x1b[31m")), max_size=60)
ROWS = st.lists(st.lists(TEXT, min_size=1, max_size=4), min_size=1, max_size=4)


@given(TEXT, st.integers(4, 90))
def test_what_is_hung_or_barred_fits_its_width(text: str, width: int) -> None:
    lines = hang([(styled("• "), styled(text)), (styled("10. "), styled(text))], max(width, 8))
    assert all(line.cell_length <= max(width, 8) for line in lines)
    assert all(line.cell_length <= max(width, 6) for line in barred(styled(text))(max(width, 6)))


@given(TEXT, TEXT, st.integers(0, 80), st.booleans())
def test_padded_and_spread_lines_have_their_width_exactly(left: str, right: str, width: int, to_right: bool) -> None:
    one_line = styled(left.replace("\n", " "))
    assert pad(one_line, width, right=to_right).cell_length == width
    assert fit(one_line, width).cell_length <= width
    assert spread(one_line, styled(right.replace("\n", " ")), width).cell_length <= width


@given(ROWS, st.integers(30, 80))
def test_tables_fit_their_width(rows: list[list[str]], width: int) -> None:
    cells = [[styled(cell.replace("\n", " ")) for cell in row] for row in rows]
    assert all(line.cell_length <= width for line in table(cells[0], cells[1:], width))


def test_numbers_stand_to_the_right_in_a_table() -> None:
    lines = [line.plain for line in table([Content("층"), Content("개수")], [[Content("q"), Content("65,536")]], 40)]
    assert lines == ["층    개수", "──────────", "q   65,536"]


@given(TEXT, TEXT, st.integers(60, 220))
def test_the_header_is_one_line_of_exactly_the_width(track: str, title: str, width: int) -> None:
    standing = Standing(track.replace("\n", " "), title.replace("\n", " "), "호기심 0", 0.3, "30/100", "KO")
    line = header(standing, width)
    assert line.cell_length == width
    assert line.plain.endswith(("30/100  KO ", "30/100   KO "))


def test_control_characters_are_gone_and_hangul_is_composed() -> None:
    assert plain("a\x1b]0;x\x07b\x00\x9b31m\ud800") == "a]0;xb31m"
    assert plain("\u1112\u1161\u11ab") == "한"


def test_spans_are_styled_and_never_parsed() -> None:
    hostile = "[red]x[/] [@click=app.quit]y[/] $primary"
    spans = (Span(hostile), Span(hostile, "strong"), Span("z", "link", "https://example.org"))
    content = inline(spans)
    assert content.plain == hostile + hostile + "z"
    assert {"@click": ("screen.open_link", ("https://example.org",))} in [
        span.style.meta for span in content.spans if not isinstance(span.style, str)
    ]


@pytest.mark.parametrize("language", ["bash", "python", "no such language", ""])
def test_code_keeps_every_character(language: str) -> None:
    source = "if [ -n \"$x\" ]; then  # [bold]가나[/]\n\techo '한글'\nfi\n"
    assert code(source, language).plain == source.rstrip("\n")


@pytest.mark.parametrize(
    ("predicted", "truth", "words"),
    [
        (524_288, 5_636_096, "10.75 times too small"),
        (300, 100, "3.00 times too large"),
        (7, 7, "exactly it"),
        (0, 7, "–"),
    ],
)
def test_a_ratio_is_said_in_words(predicted: float, truth: float, words: str) -> None:
    assert ratio_text("en", predicted, truth) == words


def test_a_comparison_is_right_aligned_and_fits() -> None:
    lines = comparison("ko", "truth-run", 524_288, 5_636_096, "까닭이 " * 20)(40)
    assert all(cell_len(line.plain) <= 40 for line in lines)
    assert [line.plain.rstrip()[-9:] for line in lines[:3]] == ["  524,288", "5,636,096", "5,111,808"]


def test_reading_time_runs_only_while_the_text_is_shown() -> None:
    watch: Any = ReadingTimer(words=250)
    assert watch.needed == seconds_to_read(250) == 20
    watch.run(0)
    watch.rest(5)
    assert watch.remaining(100) == 15
    watch.run(100)
    watch.run(110)
    assert watch.remaining(110) == 5 and watch.remaining(200) == 0
