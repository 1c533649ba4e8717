from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from tui.formatting import units
from tui.formatting.sanitize import inert
from tui.locale import sayer
from tui.views.run import fact_grid


def test_control_characters_are_seen() -> None:
    assert inert("a\x1b[31mb\n\tc\u202ed\x9bz") == "a\\x1b[31mb\\n\\tc\\u202ed\\x9bz"
    assert inert("한국어 • ─ ◆ ★ [bold]x[/]") == "한국어 • ─ ◆ ★ [bold]x[/]"


@given(st.lists(st.integers(0, 0x10FFFF).map(chr)).map("".join))
def test_inert_text_is_one_printable_line(text: str) -> None:
    assert all(character.isprintable() or character.isspace() for character in inert(text))
    assert len(inert(text).splitlines()) <= 1


@given(st.text(alphabet=st.sampled_from("ab 가나•"), max_size=30), st.integers(1, 40))
def test_fit_is_exact_in_cells(text: str, width: int) -> None:
    assert cell_len(units.fit(text, width)) == width


def test_numbers_have_fixed_precision() -> None:
    assert [units.loss(value) for value in (0.41234, 12.3, 123.4, None, float("nan"))] == [
        "0.412",
        "12.300",
        "123",
        "–",
        "nan",
    ]
    assert [units.size(value) for value in (812, 12_345, 700_000, 11_400_000, 1.2e9)] == [
        "812 B",
        "12.3 kB",
        "0.7 MB",
        "11.4 MB",
        "1.2 GB",
    ]
    durations = [units.duration(value) for value in (25, 723, 3723, None, -1)]
    assert durations == ["0:25", "12:03", "1:02:03", "–", "–"]
    assert units.percent(700_000, 11_400_000) == "6.1 %"
    assert units.per_iteration(32) == "0.031 s"
    assert units.count(2310.4) == "2,310"
    assert [units.parameters(value) for value in (135_168, 1_235_814_400)] == ["135,168", "1,236 M"]


@given(st.floats(0, 1), st.integers(1, 80))
def test_a_bar_is_as_wide_as_asked(done: float, width: int) -> None:
    full, empty = units.bar(done, width)
    assert len(full + empty) == width
    assert (empty == "") == (round(done * width * 2) >= 2 * width - 1)


@given(st.integers(1, 9), st.integers(34, 130))
def test_a_grid_reaches_the_right_edge_in_the_lines_reserved_for_it(count: int, width: int) -> None:
    lines = fact_grid.grid([("label", "1.234", "")] * count, width, sayer("en")).plain.split("\n")
    assert len(lines) == fact_grid.grid_rows(count, width)
    assert cell_len(lines[0]) == width
    assert "".join(lines).count("1.234") == count
