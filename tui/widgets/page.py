"""A scrolling page: text in a measure of at most 76 cells, in the middle of what is left."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.events import Key
from textual.widget import Widget

from tui.key_bindings import bind
from tui.widgets.containers import Vertical, VerticalScroll

PATIENCE = 1.0
"""Seconds that a widget is waited for, which answers in some milliseconds unless it is stuck."""


async def heard(widget: Widget) -> None:
    """Until a widget has done all that was sent to it so far, or does not do it in any useful time."""
    done = asyncio.Event()
    if widget.call_later(done.set):
        with suppress(TimeoutError):
            await asyncio.wait_for(done.wait(), PATIENCE)


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

    def __init__(self, id: str) -> None:
        super().__init__(id=id)
        self.page = Vertical(classes="page")
        self._lock = asyncio.Lock()
        self._early: list[Key] = []
        self._held = False
        self._renewing = 0

    def compose(self) -> ComposeResult:
        yield self.page

    def enter(self) -> None:
        """Take the keys."""
        self.focus()

    async def redraw(self, widgets: Sequence[Widget]) -> None:
        """Put these widgets in the place of those on the page, in one step."""
        async with self._lock:
            with self.app.batch_update():
                await self.page.remove_children()
                await self.page.mount_all(widgets)

    async def renew(self, make: Callable[[], Sequence[Widget]]) -> bool:
        """The same with the widgets that `make` gives, once the fields on the page have taken what was typed.

        True if the pane had the keys, or got them meanwhile: they are then held until `release_keys`.
        """
        self._renewing += 1
        try:
            if self.has_focus_within:
                self.hold_keys()
            for field in self.page.query("Input, TextArea"):
                await heard(field)  # the keys,
                await heard(field)  # and what it says because of them
            await self.redraw(make())
        finally:
            self._renewing -= 1
        return self._held

    def hold_keys(self) -> None:
        """Take the keys, and keep what is typed until `release_keys`, when what is written into is there."""
        self.screen.set_focus(self, scroll_visible=False)
        self._held = True

    def release_keys(self, write: bool = True) -> None:
        """Give the keys, and those that were kept, to what is written into, or to the pane; not while it is renewed."""
        self.app.call_later(self._give, write)

    async def _give(self, write: bool) -> None:
        """Called by the app, which hands out the keys: so none overtakes another."""
        if not self._renewing:
            await heard(self)
        if self._renewing or not (self._held and self.page.children and self.is_attached):
            return  # whoever draws it anew, or for the first time, gives them
        to = (self._entry() if write else None) or self  # looked for now: while it waited, a field may have come
        self._held, early, self._early = False, self._early, []
        if self.screen.focused is self:  # and not on something that was gone to meanwhile
            self.screen.set_focus(to, scroll_visible=False)
            for key in early:
                await self.app.on_event(Key(key.key, key.character))

    def _entry(self) -> Widget | None:
        """What takes the keys where something is to be written; None for the pane itself."""
        return None

    def on_key(self, event: Key) -> None:
        if self._held and (event.is_printable or event.key in ("enter", "backspace")):
            event.stop()
            event.prevent_default()
            self._early.append(event)

    def when_set(self, then: Callable[[], None]) -> None:
        """Call `then` as soon as what is on the page has its place, so that it can be scrolled to."""
        shown = [child for child in self.page.children if child.display]
        if self.display and shown and not any(child.virtual_region.height for child in shown):
            self.set_timer(1 / 60, lambda: self.when_set(then))
        else:
            then()

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
