"""A scrolling page: text in a measure of at most 76 cells, in the middle of what is left."""

from typing import ClassVar

from textual.binding import BindingType
from textual.containers import VerticalScroll

from tui.keys import bind

MEASURE = 76


class PagePane(VerticalScroll, inherit_bindings=False):
    """Scrolls without animation, so that a held key does not lag; its children set themselves in one column."""

    BINDINGS: ClassVar[list[BindingType]] = [
        bind("j,down", "line(1)", "page.down", show=True, key_display="j/k"),
        bind("k,up", "line(-1)", "page.up"),
        bind("pagedown,ctrl+f", "page(1)", "page.next"),
        bind("pageup,ctrl+b", "page(-1)", "page.previous"),
        bind("g,home", "top", "page.top"),
        bind("G,end", "bottom", "page.bottom"),
    ]

    DEFAULT_CSS = f"""
    PagePane {{ align-horizontal: center; scrollbar-size-vertical: 1; }}
    PagePane > .page {{ width: 1fr; max-width: {MEASURE + 4}; height: auto; padding: 1 2; }}
    PagePane .block {{ height: auto; width: 1fr; margin-bottom: 1; }}
    """

    def action_line(self, direction: int) -> None:
        self.scroll_relative(y=direction, animate=False)

    def action_page(self, direction: int) -> None:
        self.scroll_relative(y=direction * max(self.scrollable_content_region.height - 2, 1), animate=False)

    def action_top(self) -> None:
        self.scroll_home(animate=False)

    def action_bottom(self) -> None:
        self.scroll_end(animate=False, immediate=True)

    @property
    def at_end(self) -> bool:
        return self.scroll_offset.y >= self.max_scroll_y
