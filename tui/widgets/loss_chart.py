"""The chart widget: draws at most three times a second, and loads plotext when it first has to."""

from __future__ import annotations

from asyncio import to_thread
from dataclasses import dataclass, replace
from time import monotonic
from typing import Any

from textual.content import Content
from textual.events import MouseDown, MouseMove, MouseScrollDown, MouseScrollUp, Resize
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip
from textual.visual import Visual
from textual.widget import Widget

from tui import input_priority
from tui.widgets import plot as plots
from tui.widgets.plot import LABEL_WIDTH, Plot

REDRAWS_PER_SECOND = 3
ROWS_WITH_TITLE = 12


class PlotView(Widget):
    """Any plot; its place is reserved before there is anything to draw. A moved cursor alone is shown at once."""

    @dataclass
    class Pointed(Message):
        """The mouse was pressed, or dragged, over this x."""

        x: float

    @dataclass
    class Wheel(Message):
        """The wheel was turned over this x; `by` is 1 for towards the learner, and -1 for away."""

        x: float
        by: int

    def __init__(self, plot: Plot | None = None, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.plot = plot or Plot()
        self.drawn = 0
        self._plotext: Any = None
        self._picture = Content()
        self._strips: list[Strip] = []
        self._upright: tuple[int, dict[int, tuple[str, str]]] = 0, {}
        self._marks: dict[tuple[str, str], Strip] = {}
        self._dirty = True
        self._drawing = False
        self._drawn_at = 0.0

    def on_mount(self) -> None:
        self.set_interval(1 / REDRAWS_PER_SECOND, self._redraw_if_dirty)
        self.run_worker(self._load(), exit_on_error=False)

    def on_resize(self, _: Resize) -> None:
        self.redraw()

    def show(self, plot: Plot) -> None:
        """Draw this from the next tick of the chart's own clock on; another cursor at once."""
        moved = plot.cursor != self.plot.cursor
        if replace(plot, cursor=None) != replace(self.plot, cursor=None):
            self._dirty = True
        self.plot = plot
        if moved and not self._dirty:
            self._move_cursor()

    def redraw(self) -> None:
        """Draw now."""
        width, height = self.content_size
        if self._plotext is None or not width or not height:
            return
        self._picture = plots.draw(self._plotext, self.titled(), width, height)
        self._dirty = False
        self.drawn += 1
        self._colour()

    def titled(self) -> Plot:
        """The plot as it is drawn: without a title where rows are few."""
        return self.plot if self.content_size.height >= ROWS_WITH_TITLE else replace(self.plot, x_title="")

    def x_at(self, cell: int) -> float:
        """The x of a cell of a line, within the limits."""
        width, height = self.content_size
        columns, _ = plots.room(self.plot, width, height)
        across = plots.x_scale(self.plot, columns)
        share = min(1.0, max(0.0, (cell - LABEL_WIDTH - 1) / max(1, columns - 1)))
        return across.lower + share * (across.upper - across.lower)

    def notify_style_update(self) -> None:
        self._marks.clear()
        self._colour()
        super().notify_style_update()

    def render_line(self, y: int) -> Strip:
        """A line as it was coloured; the cursor alone is laid over it, since it moves with every key."""
        width = self.content_size.width
        line = self._strips[y] if y < len(self._strips) else Strip.blank(width, self.visual_style.rich_style)
        at, marks = self._upright
        if (mark := marks.get(y)) is not None and at < width:
            line = Strip.join([line.crop(0, at), self._mark(*mark), line.crop(at + 1)])
        return line

    def _mark(self, text: str, style: str) -> Strip:
        known = self._marks.get((text, style))
        if known is None:
            strips = Visual.to_strips(self, Content.styled(text, style), 1, 1, self.visual_style, apply_selection=False)
            known = self._marks[text, style] = strips[0]
        return known

    def on_mouse_down(self, event: MouseDown) -> None:
        self.post_message(self.Pointed(self.x_at(event.x)))

    def on_mouse_move(self, event: MouseMove) -> None:
        if event.button:
            self.post_message(self.Pointed(self.x_at(event.x)))

    def on_mouse_scroll_down(self, event: MouseScrollDown) -> None:
        event.stop()
        self.post_message(self.Wheel(self.x_at(event.x), 1))

    def on_mouse_scroll_up(self, event: MouseScrollUp) -> None:
        event.stop()
        self.post_message(self.Wheel(self.x_at(event.x), -1))

    def _colour(self) -> None:
        """The lines in the theme's colours, and the cursor."""
        width, height = self.content_size
        if not self._picture or not width or not height:
            return
        self._strips = Visual.to_strips(self, self._picture, width, height, self.visual_style, apply_selection=False)
        self._move_cursor()
        self.refresh()

    def _move_cursor(self) -> None:
        size, before = self.content_size, self._upright[0]
        self._upright = plots.upright(self.titled(), self._picture, *size)
        self.refresh(*(Region(at, 0, 1, size.height) for at in (before, self._upright[0])))

    def _redraw_if_dirty(self) -> None:
        seen = self.is_on_screen and self.screen.is_active
        ready = self._plotext is not None and not self._drawing and not input_priority.waits(self._drawn_at)
        if self._dirty and seen and ready:
            self._drawing, self._drawn_at = True, monotonic()
            self.run_worker(self._redraw_beside())

    async def _redraw_beside(self) -> None:
        """In a thread, since plotext takes longer than one wants to wait for a key."""
        try:
            plot, size, drawn = self.titled(), self.content_size, self.drawn
            self._dirty = False
            picture = await to_thread(plots.draw, self._plotext, plot, *size)
            if self.drawn == drawn and self.content_size == size:
                self._picture = picture
                self.drawn += 1
                self._colour()
        finally:
            self._drawing = False

    async def _load(self) -> None:
        self._plotext = await to_thread(plots.load)
        self.redraw()
