"""One line of tabs for the laboratory's benches."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from textual.content import Content
from textual.events import Resize
from textual.reactive import reactive
from textual.widgets import Static

from tui.formatting.text_layout import clickable, join, styled
from tui.locale import say
from tui.views.view import PLACES

if TYPE_CHECKING:
    from lessons.course import Lang


class ViewTabs(Static):
    """The digit before each name is the key that opens the bench; a bench may say a few cells beside its name."""

    DEFAULT_CSS = """
    ViewTabs { height: 1; width: 1fr; padding: 0 1; text-wrap: nowrap; }
    """
    auto_links = False

    active: reactive[str] = reactive("", init=False)
    lang: reactive["Lang"] = reactive("en", init=False)
    statuses: reactive[Mapping[str, str]] = reactive(dict, init=False)

    def on_mount(self) -> None:
        self._draw()

    def on_resize(self, _: Resize) -> None:
        self._draw()

    def watch_active(self) -> None:
        self._draw()

    def watch_lang(self) -> None:
        self._draw()

    def watch_statuses(self) -> None:
        self._draw()

    def _draw(self) -> None:
        tabs = [self._tab(number, name) for number, name in enumerate(PLACES, 1)]
        self.update(join(tabs, " " if self.size.width >= 100 else ""), layout=False)

    def _tab(self, number: int, name: str) -> Content:
        here, status = name == self.active, self.statuses.get(name, "")
        parts = [
            styled(f" {number} ", "bold $background on $primary" if here else "$faint"),
            styled(f" {say(self.lang, f'bench.{name}')} ", "bold $heading on $panel" if here else "$text-muted"),
            styled(f"{status} ", "$primary on $panel" if here else "$primary") if status else Content(""),
        ]
        return clickable(join(parts), "screen.show", name)
