"""The bottom line: the keys that matter where the focus is, taken from the bindings themselves."""

from typing import TYPE_CHECKING, Final

from textual.binding import Binding
from textual.content import Content
from textual.events import Resize
from textual.reactive import reactive
from textual.screen import Screen
from textual.widgets import Static

from tui.formatting.text_layout import clickable, fit, join, spread, styled
from tui.locale import say_or
from tui.widgets.update_if_changed import put

if TYPE_CHECKING:
    from lessons.course import Lang

MOST: Final = 5
ALWAYS: Final = ("app.help",)
RIGHT: Final = ("app.laboratory", "app.palette")


def key_names(screen: Screen[object]) -> dict[str, tuple[str, Binding]]:
    """Every reachable binding by id, with its key as the learner should read it, nearest to the focus first."""
    found: dict[str, tuple[str, Binding]] = {}
    for active in screen.active_bindings.values():
        binding = active.binding
        if binding.id and active.enabled and binding.id not in found:
            found[binding.id] = (screen.app.get_key_display(binding), binding)
    return found


def label(binding: Binding, lang: "Lang") -> str:
    """What a binding does, in the learner's language; the binding's own description where we have no words."""
    return say_or(lang, f"key.{binding.id}", binding.description)


def key_line(found: dict[str, tuple[str, Binding]], lang: "Lang", width: int) -> Content:
    """As many shown keys as fit, at most five, then help; laboratory and palette stand at the right end."""

    def item(name: str) -> Content:
        key, binding = found[name]
        text = join([styled(key, "bold $primary"), styled(f" {label(binding, lang)}", "$text-muted")])
        return clickable(text, "press", name)

    right = join([item(name) for name in RIGHT if name in found], "  ") + Content(" ")
    shown = [name for name, (_, binding) in found.items() if binding.show and name not in ALWAYS + RIGHT][:MOST]
    tail = [item(name) for name in ALWAYS if name in found]
    for count in range(len(shown), -1, -1):
        for gap in ("   ", "  "):
            left = Content(" ") + join([*(item(name) for name in shown[:count]), *tail], gap)
            if left.cell_length + right.cell_length + 2 <= width:
                return spread(left, right, width)
    return fit(join(tail, "  "), width)


class KeyFooter(Static):
    """Follows the focus and the bindings; a click on a key does what the key does."""

    auto_links = False

    lang: reactive["Lang"] = reactive("en", init=False)
    _due = False

    async def action_press(self, name: str) -> None:
        """Do what the binding of that name does where the focus is now."""
        for active in self.screen.active_bindings.values():
            if active.binding.id == name and active.enabled:
                await self.app.run_action(active.binding.action, active.node)
                return

    def on_mount(self) -> None:
        self.screen.bindings_updated_signal.subscribe(self, self._changed)
        self._draw()

    def on_resize(self, _: Resize) -> None:
        self._draw()

    def watch_lang(self) -> None:
        self._draw()

    def _changed(self, _: Screen[object]) -> None:
        self._draw()

    def _draw(self) -> None:
        """Once for all the changes that come together."""
        if not self._due:
            self._due = True
            self.call_next(self._draw_now)

    def _draw_now(self) -> None:
        self._due = False
        if self.is_attached and self.screen.is_attached:
            width = self.size.width or self.app.size.width
            put(self, key_line(key_names(self.screen), self.lang, width))
