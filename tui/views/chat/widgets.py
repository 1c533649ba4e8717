"""What the view Chat is made of: the field for a question, the slider, an answer."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.events import Key, MouseDown, MouseMove, MouseUp, Paste
from textual.message import Message
from textual.reactive import reactive
from textual.widget import Widget
from textual.widgets import Static

from tui.key_bindings import bind
from tui.views.chat.exchange import SCALES
from tui.widgets.text_area import CleanArea


class PromptField(CleanArea):
    """Some lines for a question; Enter asks, ^J makes a new line, and ↑ at the top brings what was asked before."""

    BINDINGS: ClassVar[list[BindingType]] = [
        bind("enter", "hand_in", "chat.ask", show=True),
        bind("ctrl+j", "new_line", "chat.newline"),
        bind("escape", "leave", "chat.leave-field"),
        bind("up", "older", "chat.older"),
        bind("down", "newer", "chat.newer"),
    ]

    class Asked(Message):
        """Enter was pressed."""

    class Left(Message):
        """The keys are to be letters again."""

    @dataclass
    class Turned(Message):
        """An earlier (-1) or a later (1) question is wanted."""

        by: int

    def __init__(self, id: str) -> None:
        super().__init__(id=id, highlight_cursor_line=False)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return action not in ("select_line", "select_all")  # F6 and F7, which mean something else here

    async def _on_key(self, event: Key) -> None:
        if event.key == "enter":  # a binding's, not a line break
            event.prevent_default()

    async def _on_paste(self, event: Paste) -> None:
        """Before the field takes it: composed characters, as the rows have that a model learned from."""
        event.text = unicodedata.normalize("NFC", event.text)

    def action_hand_in(self) -> None:
        self.post_message(self.Asked())

    def action_new_line(self) -> None:
        self.insert("\n")

    def action_leave(self) -> None:
        self.post_message(self.Left())

    def action_older(self) -> None:
        self.action_cursor_up() if self.cursor_location[0] or self.wrapped_above() else self.post_message(
            self.Turned(-1)
        )

    def action_newer(self) -> None:
        last = self.cursor_location[0] == self.document.line_count - 1
        if last and not self.wrapped_below():
            self.post_message(self.Turned(1))
        else:
            self.action_cursor_down()

    def wrapped_above(self) -> bool:
        """Whether the first line is wrapped, and the cursor below its beginning."""
        return self.get_cursor_up_location() != (0, 0) and self.cursor_location != (0, 0)

    def wrapped_below(self) -> bool:
        """Whether the last line is wrapped, and the cursor above its end."""
        return self.get_cursor_down_location() != self.document.end


class Slider(Widget, can_focus=True):
    """A multiple of the trained strength, from 0 to 2, by arrows, Home, Space, End, or the mouse."""

    BINDINGS: ClassVar[list[BindingType]] = [
        bind("left", "step(-1)", "chat.slider-less"),
        bind("right", "step(1)", "chat.slider-more"),
        bind("home", "put(0)", "chat.slider-base"),
        bind("space", "put(10)", "chat.slider-trained"),
        bind("end", "put(20)", "chat.slider-most"),
    ]

    value: reactive[float] = reactive(1.0, init=False)

    @dataclass
    class Changed(Message):
        """Another strength was chosen."""

        value: float

    def render(self) -> Content:
        here = SCALES.index(self.value)
        style = "$heading" if self.has_focus else "$foreground"
        left, right = "━" * here, "─" * (len(SCALES) - 1 - here)
        marks = [("├", "$faint"), (left, "$primary"), ("●", "bold $primary"), (right, "$faint"), ("┤", "$faint")]
        return Content.assemble(*marks, (f" {self.value:.1f}×", style))

    def watch_value(self, value: float) -> None:
        self.post_message(self.Changed(value))

    def action_step(self, by: int) -> None:
        self.action_put(SCALES.index(self.value) + by)

    def action_put(self, index: int) -> None:
        self.value = SCALES[min(max(index, 0), len(SCALES) - 1)]

    def on_mouse_down(self, event: MouseDown) -> None:
        self.capture_mouse()
        self.action_put(event.x - 1)

    def on_mouse_move(self, event: MouseMove) -> None:
        if self.app.mouse_captured is self:
            self.action_put(event.x - 1)

    def on_mouse_up(self, _: MouseUp) -> None:
        self.release_mouse()


class AnswerView(VerticalScroll, can_focus=True):
    """Who speaks, what was said, and a line about it; the text scrolls when it is long."""

    def compose(self) -> ComposeResult:
        yield Static(markup=False, classes="head")
        yield Static(markup=False, classes="text")
        yield Static(markup=False, classes="foot")

    def show(self, head: Content, text: Content, foot: Content, follow: bool) -> None:
        """Set all three; `follow` keeps the end of a growing answer in sight."""
        for name, content in (("head", head), ("text", text), ("foot", foot)):
            self.query_one(f".{name}", Static).update(content)
        if follow:
            self.scroll_end(animate=False)
