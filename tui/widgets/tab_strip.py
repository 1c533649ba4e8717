"""One line of tabs: the screens' panes and views, and the sections of a view."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual.content import Content
from textual.message import Message
from textual.reactive import reactive
from textual.widgets import Static

from tui.formatting.text_layout import clickable, join, styled
from tui.locale import say
from tui.widgets.update_if_changed import put

if TYPE_CHECKING:
    from lessons.course import Lang

ROOM = 14
"""Cells that one numbered tab takes with its status; with fewer, no gap is left between them."""


class TabStrip(Static):
    """The tab in front is marked; a click on a tab posts `Chosen`.

    A numbered tab shows the digit that is its key. `statuses` are a few cells beside a name.
    """

    auto_links = False

    active: reactive[str] = reactive("", init=False, repaint=False)
    lang: reactive[Lang] = reactive("en", init=False, repaint=False)
    statuses: reactive[Mapping[str, str]] = reactive(dict, init=False, repaint=False)
    shown: reactive[Sequence[str]] = reactive((), init=False, repaint=False)
    """The tabs that there are now; the others keep their digits."""

    @dataclass
    class Chosen(Message):
        """A tab was clicked."""

        name: str

    def __init__(
        self,
        names: Sequence[str],
        words: str,
        *,
        active: str = "",
        lang: Lang = "en",
        numbered: bool = False,
        id: str | None = None,
    ) -> None:
        """`words` is what comes before a tab's name in the keys of its words."""
        super().__init__("", markup=False, id=id, classes="-numbered" if numbered else None)
        self._names, self._words, self._numbered = names, words, numbered
        self.set_reactive(TabStrip.active, active)
        self.set_reactive(TabStrip.lang, lang)
        self.set_reactive(TabStrip.shown, names)

    def set_status(self, name: str, status: str) -> None:
        """Set the status of one tab."""
        self.statuses = {**self.statuses, name: status}

    def on_mount(self) -> None:
        self._draw()

    def on_resize(self) -> None:
        self._draw()

    def watch_active(self) -> None:
        self._draw()

    def watch_lang(self) -> None:
        self._draw()

    def watch_statuses(self) -> None:
        self._draw()

    def watch_shown(self) -> None:
        self._draw()

    def _draw(self) -> None:
        tabs = [self._tab(number, name) for number, name in enumerate(self._names, 1) if name in self.shown]
        roomy = not self._numbered or self.size.width + 2 >= ROOM * len(self._names)
        put(self, join(tabs, " " if roomy else ""), layout=self.styles.auto_dimensions)

    def _tab(self, number: int, name: str) -> Content:
        here, status = name == self.active, self.statuses.get(name, "")
        label = say(self.lang, f"{self._words}.{name}")
        ink = "bold $heading on $panel" if here else "$text-muted"
        if self._numbered:
            digit = styled(f" {number} ", "bold $background on $primary" if here else "$faint")
            parts = [digit, styled(f" {label} ", ink)]
        else:
            parts = [styled(f"{'▸' if here else ' '} {label} ", ink)]
        if status:
            parts.append(styled(f"{status} ", "$primary on $panel" if here else "$primary"))
        return clickable(join(parts), "choose", name)

    def action_choose(self, name: str) -> None:
        self.post_message(self.Chosen(name))
