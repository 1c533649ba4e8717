"""The parts of a bench as one line, where there is no room to show them beside each other."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual.content import Content
from textual.events import Click
from textual.message import Message
from textual.widgets import Static

from tui.formatting.text_layout import join, styled
from tui.locale import say

if TYPE_CHECKING:
    from lessons.course import Lang


class SectionLine(Static):
    """Their names, the one shown marked; a click chooses."""

    DEFAULT_CSS = """
    SectionLine { height: 1; width: 1fr; text-wrap: nowrap; }
    """

    @dataclass
    class Chosen(Message):
        """Another part was clicked."""

        name: str

    def __init__(self, names: Sequence[str]) -> None:
        super().__init__("", markup=False)
        self._names = names
        self._ends: list[tuple[int, str]] = []

    def show(self, active: str, lang: "Lang") -> None:
        """Draw the line."""
        parts: list[Content] = []
        self._ends, end = [], 0
        for name in self._names:
            here = name == active
            label = f"{'▸' if here else ' '} {say(lang, f'inspect.sections.{name}')} "
            part = styled(label, "bold $heading on $panel" if here else "$text-muted")
            parts.append(part)
            end += part.cell_length + 1
            self._ends.append((end, name))
        self.update(join(parts, " "), layout=False)

    def on_click(self, event: Click) -> None:
        name = next((name for end, name in self._ends if event.x < end), "")
        if name:
            self.post_message(self.Chosen(name))
