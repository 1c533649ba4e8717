"""What can be done here, each with its key: to be seen, and to be clicked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from textual.content import Content
from textual.geometry import Size
from textual.reactive import reactive
from textual.screen import Screen
from textual.widget import Widget

from tui.formatting.text_layout import clickable, fit, join, styled
from tui.widgets.key_footer import key_names, label
from tui.widgets.update_if_changed import lay_out

if TYPE_CHECKING:
    from lessons.course import Lang

GAP = "   "


class ActionItem(NamedTuple):
    """One thing that can be done. Without a key it is underlined; disabled, it cannot be clicked."""

    key: str
    text: str
    action: str
    enabled: bool = True

    def content(self) -> Content:
        if not self.enabled:
            return styled(f"{self.key} {self.text}", "$text-disabled")
        if not self.key:
            return action_link(styled(self.text, "underline $text-muted"), self.action)
        return action_link(styled(self.key, "bold $primary") + styled(f" {self.text}", "$text-muted"), self.action)


def action_link(content: Content, action: str) -> Content:
    """`content` that runs an action when it is clicked in a widget whose `action_run` is `run_around`."""
    return clickable(content, "run", action)


async def run_around(widget: Widget, action: str) -> None:
    """Run an action of the nearest node around `widget` that has it, if it may be run now."""
    method = f"action_{action.partition('(')[0]}"
    for node in widget.ancestors:
        if isinstance(node, Widget) and hasattr(node, method):
            await node.run_action(action)
            return


class ActionBar(Widget):
    """Wraps to as many lines as its items need; with a fixed height, those that do not fit are left out.

    The items are what `show` was given, or the bindings of these ids, with the keys that they have now.
    """

    auto_links = False
    lang: reactive[Lang] = reactive("en", init=False)

    def __init__(
        self, *items: ActionItem, bindings: Sequence[str] = (), lang: Lang = "en", id: str | None = None
    ) -> None:
        super().__init__(id=id)
        self.set_reactive(ActionBar.lang, lang)
        self._items = items
        self._ids = tuple(bindings)
        self._known: dict[str, ActionItem] = {}

    def show(self, *items: ActionItem) -> None:
        """Show these from now on."""
        if items != self._items:
            before, self._items = self._extent(), items
            lay_out(self) if self.styles.auto_dimensions and self._extent() != before else self.refresh()

    def on_mount(self) -> None:
        if self._ids:
            self.screen.bindings_updated_signal.subscribe(self, self._bindings_changed)

    def _bindings_changed(self, _: Screen[object]) -> None:
        """Keys may be remapped, and stay known while a dialog or a field has them."""
        for name, (key, binding) in key_names(self.screen).items():
            if name in self._ids:
                self._known[name] = ActionItem(key, label(binding, self.lang), binding.action)
        self.show(*(self._known[name] for name in self._ids if name in self._known))

    def watch_lang(self) -> None:
        if self._ids and self.is_attached:
            self._known.clear()
            self._bindings_changed(self.screen)

    def _lines(self, width: int) -> list[Content]:
        lines: list[list[Content]] = [[]]
        room = width
        for item in (each.content() for each in self._items):
            if item.cell_length > room and lines[-1]:
                lines.append([])
                room = width
            lines[-1].append(fit(item, width))
            room -= item.cell_length + len(GAP)
        return [join(line, GAP) for line in lines]

    def _extent(self) -> tuple[int, int]:
        return self.get_content_width(Size(), Size()), len(self._lines(self.content_size.width))

    def get_content_width(self, container: Size, viewport: Size) -> int:
        return join([item.content() for item in self._items], GAP).cell_length

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        return len(self._lines(width))

    def render(self) -> Content:
        return Content("\n").join(self._lines(self.content_size.width)[: max(1, self.content_size.height)])

    async def action_run(self, action: str) -> None:
        await run_around(self, action)
