"""The ways of fusing as a small table: one is chosen, by key or by click."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from textual.content import Content
from textual.events import Click
from textual.geometry import Size
from textual.message import Message
from textual.widget import Widget

from tui.views.fuse import lines
from tui.widgets.update_if_changed import lay_out


class WayTable(Widget, can_focus=True):
    """As high as it has rows: titles, the ways, and the two they are held against."""

    @dataclass
    class Chosen(Message):
        """Another way was chosen."""

        way: str

    def __init__(self, say: lines.Say, id: str) -> None:
        super().__init__(id=id)
        self._say = say
        self._ways: Sequence[str] = ()
        self._measured: Mapping[str, Any] | None = None
        self.way = ""

    def show(self, ways: Sequence[str], table: Mapping[str, Any] | None, way: str) -> None:
        """Draw these; `way` is the chosen one."""
        higher = len(ways) != len(self._ways)
        self._ways, self._measured, self.way = ways, table, way
        lay_out(self) if higher else self.refresh()

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        return len(self._ways) + 3

    def render(self) -> Content:
        width, say = self.content_size.width, self._say
        rows = [lines.row(way, self._measured, way == self.way, self.has_focus, say, width) for way in self._ways]
        return Content("\n").join([lines.head(say, width), *rows, *lines.baselines(self._measured, say, width)])

    def move(self, by: int) -> None:
        """The way above (-1) or below (1)."""
        if self.way in self._ways:
            here = self._ways.index(self.way) + by
            self._choose(self._ways[min(max(here, 0), len(self._ways) - 1)])

    def on_click(self, event: Click) -> None:
        if 1 <= event.y <= len(self._ways):
            self._choose(self._ways[event.y - 1])

    def on_focus(self) -> None:
        self.refresh()

    def on_blur(self) -> None:
        self.refresh()

    def _choose(self, way: str) -> None:
        if way != self.way:
            self.post_message(self.Chosen(way))
