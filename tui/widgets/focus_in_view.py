"""Whatever has the focus is in view: after the layout changed, after the focus moved, and when something is typed."""

from typing import Any

from textual.errors import NoWidget
from textual.geometry import Region, Size
from textual.screen import Screen
from textual.widget import Widget

Place = tuple[Widget | None, tuple[tuple[Region, Size], ...]]


class Sight:
    """Remembers where the focused widget lay, so that it is scrolled to when it moved, and not when the learner did."""

    def __init__(self) -> None:
        self._place: Place = None, ()

    def keep(self, screen: Screen[Any]) -> None:
        """Bring the focused widget into view if it, or what it lies in, has another place than before."""
        if not screen.is_current:
            return
        place = _place(screen.focused)
        if place != self._place:
            self._place = place
            _show(screen)

    def typed(self, screen: Screen[Any]) -> None:
        """Bring what is written into into view, wherever it was scrolled to."""
        if screen.focused is not None and screen.focused.check_consume_key("1", "1"):
            _show(screen)


def _place(widget: Widget | None) -> Place:
    around = [each for each in widget.ancestors_with_self if isinstance(each, Widget)] if widget is not None else []
    return widget, tuple((each.virtual_region, each.container_size) for each in around)


def _show(screen: Screen[Any]) -> None:
    widget = screen.focused
    if widget is not None and widget.display and not _in_view(screen, widget):
        widget.scroll_visible(animate=False, immediate=True)


def _in_view(screen: Screen[Any], widget: Widget) -> bool:
    """Whether all of it is seen; of what is higher than its place, whether the place is full of it."""
    try:
        found = screen.find_widget(widget)
    except NoWidget:
        return False
    return found.clip.contains_region(found.region) or 0 < found.clip.height <= found.visible_region.height
