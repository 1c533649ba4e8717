"""A table that draws only the rows in sight, so that a thousand cost no more than twenty."""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from textual.binding import BindingType
from textual.content import Content
from textual.events import Click, Focus, Resize
from textual.geometry import Size
from textual.message import Message
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.visual import Visual

from tui.formatting.short_names import tell_apart
from tui.formatting.text_layout import join, pad, styled
from tui.key_bindings import bind

if TYPE_CHECKING:
    from textual.strip import Strip

GUTTER = 2
"""Cells before the first column: the cursor's bar, and the mark."""
GAP = "  "
MOST_DRAWN = 500
"""Drawn lines that are kept."""

Cells = tuple[Content, ...]


@dataclass(frozen=True)
class Column:
    """A column of at least `width` cells that takes `grow` shares of what is left over.

    Where there is no room, the columns with the largest `drop` go first; 0 stays. `sort` is "↑" or "↓" where the rows
    are sorted by it. `behind` is of the column that holds the names of rows: cells to keep for what follows a name.
    """

    key: str
    title: str
    width: int
    right: bool = False
    grow: int = 0
    drop: int = 0
    sort: str = ""
    behind: int | None = None


@dataclass(frozen=True)
class DataGridRow:
    """A row: one cell a column, or a function that makes them when the row comes into sight; `style` is the row's.

    `name` is what one of the cells begins with: where it is too long, what tells it from the others stays.

    Whoever shows the same object again saves its drawing.
    """

    key: str
    cells: Cells | Callable[[], Cells]
    style: str = ""
    name: str = ""


@dataclass
class _Told(Message, namespace="grid"):
    """What a table says; handlers may be picked by the table."""

    grid: "DataGrid"

    @property
    def control(self) -> "DataGrid":
        return self.grid


class DataGrid(ScrollView, can_focus=True):
    """Rows under a header that stays; one is under the cursor, and some may be marked."""

    BINDINGS: ClassVar[list[BindingType]] = [
        bind("up,k", "move(-1)", "grid.up"),
        bind("down,j", "move(1)", "grid.down"),
        bind("pageup", "page(-1)", "grid.page-up"),
        bind("pagedown", "page(1)", "grid.page-down"),
        bind("home,g", "edge(0)", "grid.first"),
        bind("end,G", "edge(-1)", "grid.last"),
        bind("space", "mark", "grid.mark"),
        bind("enter", "choose", "grid.choose"),
    ]
    COMPONENT_CLASSES: ClassVar[set[str]] = {"grid--head", "grid--row", "grid--cursor"}

    cursor: reactive[int] = reactive(0, init=False, repaint=False)

    @dataclass
    class Highlighted(_Told):
        """Another row came under the cursor; "" when there is none."""

        key: str

    @dataclass
    class Chosen(_Told):
        """Enter, or a double click, on a row."""

        key: str

    @dataclass
    class MarkedChanged(_Told):
        """`marked` are the marked keys in the order in which they were marked."""

        marked: tuple[str, ...]

    @dataclass
    class SortAsked(_Told):
        """The title of a column was clicked."""

        column: str

    def __init__(self, *, id: str | None = None, markable: bool = True) -> None:
        super().__init__(id=id)
        self.markable = markable
        self.columns: tuple[Column, ...] = ()
        self.rows: Sequence[DataGridRow] = ()
        self._marked: dict[str, None] = {}  # a dict, because a set would forget the order
        self._fitted: list[tuple[int, Column, int]] = []
        self._told = ""
        self._empty = Content("")
        self._names: dict[str, str] = {}
        """The names of the rows as they are shown in the room there is."""
        self._drawn: dict[Hashable, tuple[DataGridRow, Strip]] = {}
        """Lines as they were drawn for the present columns and colours, and the row that each was drawn for."""

    def show(self, columns: Sequence[Column], rows: Sequence[DataGridRow], empty: Content | None = None) -> None:
        """Show these rows instead, or `empty` where there are none; the cursor stays on its key, else on its place.
        Marks stay too, also those of rows that are not here: a filter may bring them back."""
        key = self.cursor_key
        self.columns, self.rows, self._empty = tuple(columns), rows, empty or Content("")
        keys = {row.key: number for number, row in enumerate(rows)}
        self._fit()
        self.virtual_size = Size(self.size.width, len(rows) + 1)
        at = keys.get(key, min(self.cursor, max(0, len(rows) - 1)))
        self.set_reactive(DataGrid.cursor, at)
        self._scroll_to_cursor()
        self.refresh()
        self._tell()

    @property
    def cursor_key(self) -> str:
        """The key of the row under the cursor, "" when there is none."""
        return self.rows[self.cursor].key if self.cursor < len(self.rows) else ""

    @property
    def marked(self) -> tuple[str, ...]:
        """The marked keys in the order in which they were marked."""
        return tuple(self._marked)

    @marked.setter
    def marked(self, keys: Sequence[str]) -> None:
        self._marked = dict.fromkeys(keys)
        self.refresh()

    def go_to(self, key: str) -> bool:
        """Put the cursor on the row of that key; False when there is none."""
        for number, row in enumerate(self.rows):
            if row.key == key:
                self.cursor = number
                return True
        return False

    def notify_style_update(self) -> None:
        self._drawn.clear()
        super().notify_style_update()

    def _fit(self) -> None:
        """Which columns there is room for, and how wide each is."""
        room = self.scrollable_content_region.width - GUTTER
        kept = list(enumerate(self.columns))

        def needed() -> int:
            return sum(column.width for _, column in kept) + len(GAP) * (len(kept) - 1)

        while needed() > room and (most := max((c.drop for _, c in kept), default=0)):
            kept.remove(next(pair for pair in reversed(kept) if pair[1].drop == most))
        spare, shares = max(0, room - needed()), sum(column.grow for _, column in kept)
        fitted = []
        for number, column in kept:
            more = spare * column.grow // shares if shares else 0
            spare, shares = spare - more, shares - column.grow
            fitted.append((number, column, column.width + more))
        rooms = (width - column.behind for _, column, width in fitted if column.behind is not None)
        names = next((tell_apart([row.name for row in self.rows], room) for room in rooms), {})
        if (fitted, names) != (self._fitted, self._names):
            self._fitted, self._names = fitted, names
            self._drawn.clear()

    def on_resize(self, _: Resize) -> None:
        self._fit()
        self.virtual_size = Size(self.size.width, len(self.rows) + 1)
        self._scroll_to_cursor()
        self.refresh()

    def render_line(self, y: int) -> "Strip":
        width = self.scrollable_content_region.width
        number = self.scroll_offset.y + y - 1
        if not self.rows:
            lines = self._empty.wrap(max(width - 2 * GUTTER, 1))
            line, name = Content(" " * GUTTER) + lines[y - 1] if 0 < y <= len(lines) else Content(""), "grid--row"
        elif y == 0:
            line, name = self._header(), "grid--head"
        elif number < len(self.rows):
            row, here = self.rows[number], number == self.cursor
            as_drawn = (row.key, here and self.has_focus, here, row.key in self._marked, width)
            if (known := self._drawn.get(as_drawn)) is None or known[0] is not row:
                if len(self._drawn) > MOST_DRAWN:
                    self._drawn.clear()
                strip = self._strip(self._row(number), "grid--cursor" if here else "grid--row", width)
                known = self._drawn[as_drawn] = row, strip
            return known[1]
        else:
            line, name = Content(""), "grid--row"
        return self._strip(line, name, width)

    def _strip(self, line: Content, name: str, width: int) -> "Strip":
        style = self.get_visual_style(name)
        return Visual.to_strips(self, pad(line, width), width, 1, style, apply_selection=False)[0]

    def _header(self) -> Content:
        titles = []
        for _, column, width in self._fitted:
            title = styled(column.title) + styled(f" {column.sort}" if column.sort else "", "$primary")
            titles.append(pad(title, width, right=column.right))
        return Content(" " * GUTTER) + join(titles, GAP)

    def _row(self, number: int) -> Content:
        row = self.rows[number]
        cells = row.cells() if callable(row.cells) else row.cells
        parts = []
        for index, column, width in self._fitted:
            cell = cells[index]
            if column.behind is not None and (short := self._names.get(row.name, row.name)) != row.name:
                style = cell.spans[0].style if cell.spans else ""
                cell = Content.styled(short, style) + (cell[len(row.name) :] if column.behind else Content(""))
            parts.append(pad(cell, width, right=column.right))
        here = styled("▎", "$primary" if self.has_focus else "$faint") if number == self.cursor else Content(" ")
        mark = styled("✓", "bold $primary") if row.key in self._marked else Content(" ")
        return here + mark + join(parts, GAP).stylize_before(row.style)

    def watch_cursor(self, before: int, now: int) -> None:
        self._scroll_to_cursor()
        for number in (before, now):
            self.refresh_line(number + 1)  # after the header
        self._tell()

    def validate_cursor(self, cursor: int) -> int:
        return min(max(cursor, 0), max(0, len(self.rows) - 1))

    def on_focus(self, _: Focus) -> None:
        self.refresh()

    def _tell(self) -> None:
        if self.cursor_key != self._told:
            self._told = self.cursor_key
            self.post_message(self.Highlighted(self, self._told))

    def _scroll_to_cursor(self) -> None:
        """The header takes the first line, so that the last row in sight is one earlier."""
        in_sight = max(1, self.scrollable_content_region.height - 1)
        top = self.scroll_offset.y
        wanted = min(max(top, self.cursor - in_sight + 1), self.cursor)
        if wanted != top:
            self.scroll_to(y=wanted, animate=False, immediate=True, force=True)

    def action_move(self, by: int) -> None:
        self.cursor += by

    def action_page(self, by: int) -> None:
        self.cursor += by * max(1, self.scrollable_content_region.height - 2)

    def action_edge(self, end: int) -> None:
        self.cursor = len(self.rows) - 1 if end else 0

    def action_mark(self) -> None:
        """Mark the row under the cursor, or take its mark away, and go on to the next."""
        if self.markable and (key := self.cursor_key):
            self._toggle(key)
            self.cursor += 1

    def action_choose(self) -> None:
        if self.cursor_key:
            self.post_message(self.Chosen(self, self.cursor_key))

    def _toggle(self, key: str) -> None:
        if key in self._marked:
            del self._marked[key]
        else:
            self._marked[key] = None
        self.refresh()
        self.post_message(self.MarkedChanged(self, self.marked))

    def on_click(self, event: Click) -> None:
        """The title sorts, the gutter marks, a row is gone to, and a double click chooses it."""
        offset = event.get_content_offset(self)
        if offset is None:
            return
        if offset.y == 0:
            if (column := self._column_at(offset.x)) is not None:
                self.post_message(self.SortAsked(self, column.key))
            return
        number = self.scroll_offset.y + offset.y - 1
        if number >= len(self.rows):
            return
        self.cursor = number
        if offset.x < GUTTER and self.markable:
            self._toggle(self.cursor_key)
        elif event.chain == 2:
            self.action_choose()

    def _column_at(self, x: int) -> Column | None:
        start = GUTTER
        for _, column, width in self._fitted:
            if start <= x < start + width + len(GAP):
                return column
            start += width + len(GAP)
        return None
