"""Classes by size. Textual's own breakpoints go by the screen, and a widget may have only a part of the screen."""

from collections.abc import Iterable
from typing import NamedTuple

from textual.geometry import Size
from textual.widget import Widget


class Breakpoint(NamedTuple):
    """A class that a widget has from so many cells and lines on, and the one that it has below."""

    name: str
    width: int
    height: int = 0
    otherwise: str = ""


def set_size_classes(widget: Widget, size: Size, breakpoints: Iterable[Breakpoint]) -> None:
    """Give `widget` the classes that go with its size."""
    for name, width, height, otherwise in breakpoints:
        reached = size.width >= width and size.height >= height
        widget.set_class(reached, name)
        if otherwise:
            widget.set_class(not reached, otherwise)
