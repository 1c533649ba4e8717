"""The table that draws only what is in sight: keys, mouse, marks, columns that give way, and its cost."""

from typing import Any

from rich.cells import cell_len
from styled_app import StyledApp
from textual.app import ComposeResult

from tui.formatting.text_layout import styled
from tui.widgets.data_grid import Column, DataGrid, DataGridRow

COLUMNS = [
    Column("name", "name", 10, grow=1),
    Column("size", "size", 6, right=True, sort="↓"),
    Column("extra", "extra", 20, drop=2),
    Column("more", "more", 10, drop=1),
]


class Table(StyledApp):
    """One grid of so many rows, and what it told."""

    def __init__(self, count: int) -> None:
        super().__init__()
        self.count = count
        self.made: list[int] = []
        self.told: list[tuple[str, Any]] = []

    def compose(self) -> ComposeResult:
        yield DataGrid()

    @property
    def grid(self) -> DataGrid:
        return self.query_one(DataGrid)

    def on_mount(self) -> None:
        self.fill(range(self.count))
        self.grid.focus()

    def fill(self, numbers: Any) -> None:
        def row(number: int) -> DataGridRow:
            def cells() -> tuple[Any, ...]:
                self.made.append(number)
                return tuple(styled(text) for text in (f"행 {number} 이름이 길어요", f"{number}", "e", "m"))

            return DataGridRow(f"k{number}", cells)

        self.grid.show(COLUMNS, [row(number) for number in numbers], styled("nothing here"))

    def on_data_grid_highlighted(self, event: DataGrid.Highlighted) -> None:
        self.told.append(("highlighted", event.key))

    def on_data_grid_chosen(self, event: DataGrid.Chosen) -> None:
        self.told.append(("chosen", event.key))

    def on_data_grid_marked_changed(self, event: DataGrid.MarkedChanged) -> None:
        self.told.append(("marked", event.marked))

    def on_data_grid_sort_asked(self, event: DataGrid.SortAsked) -> None:
        self.told.append(("sort", event.column))


async def test_keys_go_everywhere_and_only_rows_in_sight_are_made(text: Any) -> None:
    app = Table(5000)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        assert set(app.made) == set(range(23)) and app.told == [("highlighted", "k0")]
        await pilot.press("j", "ㅓ", "down", "k")
        assert app.grid.cursor_key == "k2"
        await pilot.press("end")
        assert app.grid.cursor_key == "k4999" and "행 4999" in text(pilot) and len(set(app.made)) < 100
        await pilot.press("pageup")
        assert app.grid.cursor_key == "k4977"
        await pilot.press("g", "up", "pagedown", "enter")
        assert app.told[-1] == ("chosen", "k22") and "행 0" in text(pilot)
        lines = text(pilot).splitlines()
        assert lines[0].split() == ["name", "size", "↓", "extra", "more"], "the header stays"


async def test_a_row_shown_again_is_not_drawn_again_unless_it_is_another(text: Any) -> None:
    async with Table(12).run_test(size=(40, 20)) as pilot:
        app = pilot.app
        await pilot.pause()
        rows, again = list(app.grid.rows), DataGridRow("k5", lambda: tuple(map(styled, ("changed", "5", "e", "m"))))
        app.made.clear()
        app.grid.show(COLUMNS, rows[3:])
        await pilot.pause()
        assert app.made == [3], "the row that came under the cursor"
        app.grid.show(COLUMNS, [*rows[:5], again, *rows[6:]])
        await pilot.pause()
        assert set(app.made) == {3, 0} and "changed" in text(pilot) and "행 5" not in text(pilot)
        app.made.clear()
        app.grid.show(COLUMNS[:2], rows)
        await pilot.pause()
        assert sorted(app.made) == list(range(12)), "other columns"


async def test_marks_keep_their_order_and_the_cursor_its_row(text: Any) -> None:
    app = Table(10)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("down", "down", "space", "home", "space")
        assert app.grid.marked == ("k2", "k0") and app.grid.cursor_key == "k1"
        assert [line[:2] for line in text(pilot).splitlines()[1:4]] == [" ✓", "▎ ", " ✓"]
        await pilot.press("up", "space")
        assert app.told[-2] == ("marked", ("k2",))
        app.fill([9, 5, 1, 0])
        await pilot.pause()
        assert app.grid.cursor_key == "k1" and app.grid.marked == ("k2",), "a mark outlives a filter"
        app.fill([])
        await pilot.pause()
        assert app.grid.cursor_key == "" and app.told[-1] == ("highlighted", "") and "nothing here" in text(pilot)
        await pilot.press("space", "enter", "down", "end")
        assert app.told[-1] == ("highlighted", "")


async def test_the_mouse_does_what_the_keys_do() -> None:
    app = Table(100)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.click(DataGrid, offset=(10, 5))
        assert app.grid.cursor_key == "k4"
        await pilot.click(DataGrid, offset=(1, 7))
        assert app.grid.marked == ("k6",) and app.grid.cursor_key == "k6"
        await pilot.click(DataGrid, offset=(10, 9), times=2)
        assert app.told[-1] == ("chosen", "k8")
        await pilot.click(DataGrid, offset=(40, 0))
        assert app.told[-1] == ("sort", "size")


async def test_columns_give_way_where_there_is_no_room(text: Any) -> None:
    app = Table(3)
    async with app.run_test(size=(80, 10)) as pilot:
        for width, names in (
            (80, "name size extra more"),
            (50, "name size more"),
            (30, "name size"),
            (18, "name size"),
        ):
            await pilot.resize_terminal(width, 10)
            await pilot.pause()
            header, first = text(pilot).splitlines()[:2]
            assert header.replace("↓", "").split()[: len(names.split())] == names.split() or width == 18
            assert cell_len(first) <= width and ("길어요" in first) == (width > 20)
