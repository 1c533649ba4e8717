"""What was asked of the run before, the newest first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from textual.app import ComposeResult
from textual.events import Resize
from textual.message import Message
from textual.reactive import reactive
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from tui.formatting.text_layout import styled
from tui.locale import say
from tui.views.chat.lines import past
from tui.widgets.containers import Vertical

if TYPE_CHECKING:
    from lessons.course import Lang


class ChatHistory(Vertical):
    """A list; the entry chosen is asked for again by its place in the history."""

    lang: reactive[Lang] = reactive("en", init=False)

    @dataclass
    class Chosen(Message):
        """An entry is to be shown again."""

        entry: Mapping[str, Any]

    def __init__(self, lang: Lang) -> None:
        super().__init__()
        self.set_reactive(ChatHistory.lang, lang)
        self._entries: list[Mapping[str, Any]] = []
        self._blind = False

    def compose(self) -> ComposeResult:
        yield Static(id="talk-past-head", markup=False)
        yield OptionList(markup=False)

    def on_mount(self) -> None:
        self._fill()

    def on_resize(self, _: Resize) -> None:
        self._fill()

    def watch_lang(self) -> None:
        self._fill()

    def show(self, history: Sequence[Mapping[str, Any]], blind: bool) -> None:
        """List these, oldest given first; blind, no mark says whether the adapter was right."""
        if (list(reversed(history)), blind) != (self._entries, self._blind):
            self._entries, self._blind = list(reversed(history)), blind
            self._fill()

    def _fill(self) -> None:
        found = self.query_one(OptionList)
        here = found.highlighted
        head = "chat.past" if self._entries else "chat.past.empty"
        self.query_one("#talk-past-head", Static).update(styled(say(self.lang, head), "$text-muted"))
        found.display = bool(self._entries)
        found.clear_options()
        width = self.size.width - 3
        found.add_options([Option(past(entry, self._blind, width)) for entry in self._entries])
        found.highlighted = here if here is not None and here < len(self._entries) else None

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        self.post_message(self.Chosen(self._entries[event.option_index]))
