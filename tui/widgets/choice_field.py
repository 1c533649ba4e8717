"""A one-line choice: ‹ value ›, changed with the arrows, space or a click."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual.binding import Binding
from textual.content import Content
from textual.events import Click
from textual.message import Message
from textual.reactive import reactive
from textual.widget import Widget

from tui.formatting.sanitize import inert


class Choice(Widget, can_focus=True):
    """One of a few options; `names` may hold what to show instead of an option."""

    BINDINGS: ClassVar = [
        Binding("left,h,ㅗ", "step(-1)", "Previous", id="lab.choice-previous", show=False),
        Binding("right,space,l,ㅣ", "step(1)", "Next", id="lab.choice-next", show=False),
    ]

    value: reactive[str] = reactive("", init=False)

    @dataclass
    class Changed(Message):
        """Another option was chosen."""

        choice: Choice
        value: str

        @property
        def control(self) -> Choice:
            return self.choice

    def __init__(self, options: Sequence[str], value: str, id: str) -> None:
        super().__init__(id=id)
        self.options = tuple(options)
        self.names: dict[str, str] = {}
        self.unused = ""
        self.set_reactive(Choice.value, value)

    def set_options(self, options: Sequence[str]) -> None:
        """Offer other options; the chosen one stays, offered or not."""
        self.options = tuple(options) if self.value in options else (self.value, *options)
        self.refresh()

    def set_names(self, names: dict[str, str]) -> None:
        """What to show instead of some options."""
        if names != self.names:
            self.names = names
            self.refresh()

    def set_unused(self, why: str) -> None:
        """Show `why` instead of the value, which cannot be changed then; "" takes this back."""
        if why != self.unused:
            self.unused = why
            self.set_class(bool(why), "-unused")
            self.refresh()

    def render(self) -> Content:
        if self.unused:
            return Content.assemble(" ", (self.unused, "$text-disabled"))
        arrow = "$primary" if self.has_focus else "$text-disabled"
        return Content.assemble(("‹ ", arrow), inert(self.names.get(self.value, self.value)), (" ›", arrow))

    def watch_value(self, value: str) -> None:
        self.post_message(self.Changed(self, value))

    def action_step(self, by: int) -> None:
        if self.options and not self.unused:
            here = self.options.index(self.value) if self.value in self.options else 0
            self.value = self.options[(here + by) % len(self.options)]

    def on_click(self, event: Click) -> None:
        self.action_step(-1 if event.x < 2 else 1)
