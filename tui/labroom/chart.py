"""The chart widget: draws at most four times a second, and loads plotext when it first has to."""

from __future__ import annotations

import importlib
from asyncio import to_thread
from typing import Any

from textual.content import Content
from textual.events import Resize
from textual.reactive import reactive
from textual.widget import Widget

from tui.labroom.curves import BEST, SMOOTH, STYLES, TRAIN, VALIDATION, Curves, coloured, draw
from tui.labroom.words import Lang, words

REDRAWS_PER_SECOND = 4
ROWS_WITH_TITLE = 12


class LossChart(Widget):
    """Losses over iterations; its place is reserved before there is anything to draw."""

    DEFAULT_CSS = """
    LossChart { height: 1fr; min-height: 6; width: 1fr; }
    """

    lang: reactive[Lang] = reactive("en", init=False)

    def __init__(self, lang: Lang = "en") -> None:
        super().__init__()
        self.set_reactive(LossChart.lang, lang)
        self.curves = Curves()
        self.drawn = 0
        self._plotext: Any = None
        self._picture = Content("")
        self._dirty = True

    def on_mount(self) -> None:
        self.set_interval(1 / REDRAWS_PER_SECOND, self._redraw_if_dirty)
        self.run_worker(self._load(), exit_on_error=False)

    def on_resize(self, _: Resize) -> None:
        self.redraw()

    def watch_lang(self) -> None:
        self.redraw()

    def show(self, curves: Curves) -> None:
        """Draw these from the next tick of the chart's own clock on."""
        if curves != self.curves:
            self.curves = curves
            self._dirty = True

    def redraw(self) -> None:
        """Draw now."""
        width, height = self.content_size
        if self._plotext is None or not width or not height:
            return
        title = words(self.lang).iteration if height >= ROWS_WITH_TITLE else ""
        lines = draw(self._plotext, self.curves, width, height, title)
        self._picture = coloured(lines, height - 2 - bool(title))
        self._dirty = False
        self.drawn += 1
        self.refresh()

    def render(self) -> Content:
        return self._picture

    def _redraw_if_dirty(self) -> None:
        if self._dirty and self.is_on_screen:
            self.redraw()

    async def _load(self) -> None:
        self._plotext = await to_thread(importlib.import_module, "plotext")
        self.redraw()


def legend(lang: Lang) -> Content:
    """Which marker is which series, in one line."""
    say = words(lang).series
    named = ((TRAIN, "train"), (SMOOTH, "smooth"), (VALIDATION, "val"), (BEST, "best"))
    parts: list[str | tuple[str, str]] = []
    for marker, name in named:
        parts += ["  " if parts else "", (marker, STYLES[marker]), (f" {say[name]}", "$text-muted")]
    return Content.assemble(*parts)
