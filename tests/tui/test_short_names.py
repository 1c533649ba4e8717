"""Names in little room: what tells one from another stays, in tables on screen and on the command line."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from styled_app import StyledApp
from textual.app import ComposeResult

from tui.cli.table import table
from tui.formatting.short_names import keep_beginnings, tell_apart
from tui.formatting.text_layout import styled
from tui.widgets.data_grid import Column, DataGrid, DataGridRow

IDS = [
    "20261130-161500-sql-lora",
    "20261130-161501-sql-lora",
    "20261130-161501-sql-dora",
    "20261129-101010-record-full",
]
SWEEP = [f"rank {rank}, learning rate {rate}" for rank in (8, 16) for rate in (0.001, 0.002)]
KOREAN = [f"학습 결과를 견주는 실험 {letter}" for letter in "가나다"]


@pytest.mark.parametrize("width", [10, 12, 16, 20, 40])
@pytest.mark.parametrize("names", [IDS, SWEEP, KOREAN])
def test_what_differs_stays(names: list[str], width: int) -> None:
    short = tell_apart(names, width)
    assert list(short) == names and all(cell_len(each) <= width for each in short.values())
    assert len(set(short.values())) == len(names), short
    assert all(short[name] == name for name in names if cell_len(name) <= width)


@given(st.lists(st.text("ab가-1", max_size=30), max_size=12), st.integers(4, 30))
def test_any_names_fit(names: list[str], width: int) -> None:
    for cut in (tell_apart, keep_beginnings):
        assert all(cell_len(each) <= width for each in cut(names, width).values())


def test_on_the_command_line_runs_with_long_names_alike_can_be_told_apart() -> None:
    rows = [("run", "state", "about")] + [(f"{name}-of-the-long-experiment", "finished", "x" * 30) for name in IDS]
    lines = table(rows, shrink=((2,), (0,)))
    assert all(cell_len(line) <= 80 for line in lines) and len({line[:30] for line in lines}) == 5
    assert all(line.startswith(name[:15]) for line, name in zip(lines[1:], IDS, strict=True)), "what one types"
    aside = table([("", "1", "2"), ("data", "/a/very/long/folder/of/data/one", "/a/very/long/folder/of/data/two"),
                   ("model", "m" * 40, "m" * 40)], shrink=[(1, 2)], across=True)  # fmt: skip
    assert "one" in aside[1] and "two" in aside[1]


class Table(StyledApp):
    def compose(self) -> ComposeResult:
        yield DataGrid()


@pytest.mark.parametrize("names", [IDS, SWEEP, KOREAN])
async def test_in_a_table_on_screen(names: list[str]) -> None:
    async with Table().run_test(size=(24, 10)) as pilot:
        grid = pilot.app.query_one(DataGrid)
        columns = [Column("run", "run", 14, behind=0), Column("n", "n", 3)]
        grid.show(columns, [DataGridRow(name, (styled(f"{name} #tag"), styled("7")), name=name) for name in names])
        await pilot.pause()
        lines = [grid.render_line(number).text for number in range(1, len(names) + 1)]
        short = tell_apart(names, 14)
        assert all(line[2:].startswith(short[name]) for name, line in zip(names, lines, strict=True)), lines
        assert len(set(short.values())) == len(names) and all("7" in line for line in lines)
