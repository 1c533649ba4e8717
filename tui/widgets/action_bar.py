"""What can be done here, each with its key; for eyes that look for it and for the mouse."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from textual.content import Content
from textual.geometry import Size
from textual.reactive import reactive
from textual.screen import Screen
from textual.widget import Widget

from tui.formatting.text_layout import clickable, join, styled
from tui.views.view import LaboratoryView
from tui.widgets.key_footer import key_names, label
from tui.widgets.update_if_changed import lay_out

if TYPE_CHECKING:
    from lessons.course import Lang


class ActionBar(Widget):
    """Bindings of the bench around it by id, wrapped to as many lines as they need."""

    DEFAULT_CSS = """
    ActionBar { width: 1fr; height: auto; text-wrap: nowrap; }
    """
    auto_links = False
    lang: reactive["Lang"] = reactive("en", init=False, layout=True)

    def __init__(self, ids: Sequence[str], lang: "Lang") -> None:
        super().__init__()
        self.set_reactive(ActionBar.lang, lang)
        self._ids = tuple(ids)
        self._known: dict[str, tuple[str, Content]] = {}

    def on_mount(self) -> None:
        self.screen.bindings_updated_signal.subscribe(self, self._changed)

    def _changed(self, _: Screen[object]) -> None:
        before = set(self._known)
        self._read()
        lay_out(self) if set(self._known) != before else self.refresh()

    def _read(self) -> None:
        """Keys may be remapped, and stay known while a dialog or the filter has them."""
        for name, (key, binding) in key_names(self.screen).items():
            if name in self._ids:
                self._known[name] = (key, clickable(self._item(key, label(binding, self.lang)), "do", binding.action))

    def _item(self, key: str, text: str) -> Content:
        return styled(key, "$primary") + styled(f" {text}", "$text-muted")

    def watch_lang(self) -> None:
        self._known.clear()
        self._read()

    def _lines(self, width: int) -> list[Content]:
        lines: list[list[Content]] = [[]]
        room = width
        for name in self._ids:
            if name not in self._known:
                continue
            item = self._known[name][1]
            if item.cell_length > room and lines[-1]:
                lines.append([])
                room = width
            lines[-1].append(item)
            room -= item.cell_length + 3
        return [join(line, "   ") for line in lines]

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        return len(self._lines(width))

    def render(self) -> Content:
        return Content("\n").join(self._lines(self.content_size.width))

    async def action_do(self, action: str) -> None:
        """Do what the key would have done."""
        bench = next(ancestor for ancestor in self.ancestors if isinstance(ancestor, LaboratoryView))
        await bench.run_action(action)
