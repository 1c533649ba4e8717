"""The table of layers: a block in each line, a module in each column, and one figure in every cell."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual.content import Content
from textual.events import Click, MouseScrollDown, MouseScrollUp, Resize
from textual.message import Message
from textual.widget import Widget

from lab.runs.adapter_layout import Cell, Table
from tui.formatting.sanitize import inert
from tui.formatting.text_layout import join, pad, styled
from tui.formatting.units import NOTHING

if TYPE_CHECKING:
    from textual.geometry import Size

HEAD, CELL = 7, 9
BARS = "▁▂▃▄▅▆▇█"
PIN = "◆"


@dataclass(frozen=True)
class Figures:
    """What stands in the cells: a value by layer, and how it is written."""

    values: Mapping[str, float]
    write: Callable[[float], str]


class LayerGrid(Widget, can_focus=True):
    """Draws the lines in sight; the cell under the cursor is `here`, another may be pinned beside it."""

    @dataclass
    class Moved(Message):
        """Another layer came under the cursor."""

        layer: str

    def __init__(self, id: str) -> None:
        super().__init__(id=id)
        self._table = Table()
        self._figures = Figures({}, str)
        self._title = ""
        self._cursor: Cell = (0, "")
        self._pinned = ""
        self._top = self._left = 0

    @property
    def here(self) -> str:
        """The layer under the cursor, or nothing."""
        return self._table.layers.get(self._cursor, "")

    def show(self, table: Table, figures: Figures, title: str, pinned: str) -> None:
        """Draw this table; the cursor stays on its cell where there is one."""
        self._table, self._figures, self._title, self._pinned = table, figures, title, pinned
        if not self.here and table.layers:
            self._cursor = next((block, module) for block in reversed(table.blocks) for module in table.modules
                                if (block, module) in table.layers)  # fmt: skip
        self._follow()

    def on_resize(self, _: Resize) -> None:
        self._follow()

    def render(self) -> Content:
        rows, columns = self._room(self.size)
        modules = self._table.modules[self._left : self._left + columns]
        most = max((abs(value) for value in self._figures.values.values()), default=0.0)
        head = [pad(styled(self._title, "$text-muted"), HEAD)]
        head += [
            pad(styled(inert(module), "bold $text-muted"), CELL - 1, right=True) + Content(" ") for module in modules
        ]
        lines = [Content("").join(head)]
        for block in self._table.blocks[self._top : self._top + rows]:
            name = NOTHING if block < 0 else str(block)
            parts = [pad(styled(name, "$text-muted"), HEAD - 2, right=True) + Content("  ")]
            lines.append(join([*parts, *(self._cell((block, module), most) for module in modules)], ""))
        return Content("\n").join(lines)

    def _cell(self, cell: Cell, most: float) -> Content:
        layer = self._table.layers.get(cell)
        if layer is None:
            return Content(" " * CELL)
        value = self._figures.values.get(layer)
        mark = PIN if layer == self._pinned else " "
        bar = BARS[min(round(abs(value) / most * 8), 8) - 1] if value and most and abs(value) / most >= 1 / 16 else " "
        text = NOTHING if value is None else self._figures.write(value)
        parts = [styled(mark, "$series-2"), pad(styled(text), CELL - 2, right=True), styled(bar, "$series-1")]
        content = join(parts, "")
        if cell != self._cursor:
            return content
        return content.stylize("bold $heading on $panel" if self.has_focus else "bold $heading on $surface")

    def on_focus(self) -> None:
        self.refresh()

    def on_blur(self) -> None:
        self.refresh()

    def move(self, down: int, right: int) -> None:
        """To the next layer in that direction, over cells in which there is none."""
        table = self._table
        if not self.here:
            return
        row, column = table.blocks.index(self._cursor[0]), table.modules.index(self._cursor[1])
        while 0 <= (row := row + down) < len(table.blocks) and 0 <= (column := column + right) < len(table.modules):
            if (cell := (table.blocks[row], table.modules[column])) in table.layers:
                self._go(cell)
                return

    def edge(self, end: int) -> None:
        """To the first block (0) or the last (-1) in this column."""
        column = [cell for cell in sorted(self._table.layers) if cell[1] == self._cursor[1]]
        if column:
            self._go(column[end])

    def on_click(self, event: Click) -> None:
        rows, _ = self._room(self.size)
        row, column = event.y - 1 + self._top, (event.x - HEAD) // CELL + self._left
        table = self._table
        if 1 <= event.y <= rows and row < len(table.blocks) and self._left <= column < len(table.modules):
            cell = (table.blocks[row], table.modules[column])
            if cell in table.layers:
                self._go(cell)

    def on_mouse_scroll_down(self, _: MouseScrollDown) -> None:
        self.move(1, 0)

    def on_mouse_scroll_up(self, _: MouseScrollUp) -> None:
        self.move(-1, 0)

    def _go(self, cell: Cell) -> None:
        self._cursor = cell
        self._follow()
        self.post_message(self.Moved(self.here))

    def _follow(self) -> None:
        """Keep the cursor in sight."""
        rows, columns = self._room(self.size)
        if self.here:
            row, column = self._table.blocks.index(self._cursor[0]), self._table.modules.index(self._cursor[1])
            self._top = min(max(self._top, row - rows + 1, 0), row, max(len(self._table.blocks) - rows, 0))
            self._left = min(max(self._left, column - columns + 1, 0), column)
        self.refresh()

    def _room(self, size: "Size") -> tuple[int, int]:
        return max(size.height - 1, 1), max((size.width - HEAD) // CELL, 1)
