"""One line that slides in above the key line and goes: an achievement, or a short answer to a key.

Textual's notifications are not used: each is a box of three lines or more, they pile up over the text, Escape does not
close them, and a key that is named in one stays as it was when the key is remapped or the focus moves.
"""

import re
from collections.abc import Mapping
from typing import Final

from textual.events import Click
from textual.geometry import Offset
from textual.screen import Screen
from textual.timer import Timer
from textual.widgets import Static

from tui.formatting.short_paths import short_paths
from tui.formatting.text_layout import styled
from tui.widgets.key_footer import key_names

SECONDS = 4.0


KEY: Final = re.compile("⟨([a-z.-]+)⟩")


def with_keys(text: str, names: Mapping[str, str]) -> str:
    """A line whose ⟨actions⟩ are the keys they have by `names`; a sentence about any other action is left out."""
    said = re.split(r"(?<=[.!?]) ", text)
    kept = [part for part in said if all(action in names for action in KEY.findall(part))]
    return KEY.sub(lambda found: names[found[1]], " ".join(kept))


class Toast(Static):
    """Shows queued lines one after another; a click or Escape skips the one shown.

    A line may name an action, as in "⟨runs.undo⟩ takes it back.": its key is shown as it is where one is now.
    """

    def __init__(self) -> None:
        super().__init__("", markup=False)
        self._waiting: list[tuple[str, str]] = []
        self._shown = ("", "")
        self._timer: Timer | None = None

    def say(self, text: str, kind: str = "") -> None:
        """Show `text`; `kind` is "", "cheer" (queued) or "trouble".

        A plain line replaces the one shown; a cheer that it replaced comes back after it.
        """
        if kind == "cheer":
            self._waiting.append((text, kind))
            if not self.has_class("-shown"):
                self._next()
        else:
            if self.has_class("-shown") and self._shown[1] == "cheer":
                self._waiting.insert(0, self._shown)
            self._show(text, kind)

    def skip(self) -> bool:
        """Put the line away; False when none was shown."""
        if not self.has_class("-shown"):
            return False
        self._next()
        return True

    def on_mount(self) -> None:
        self.screen.bindings_updated_signal.subscribe(self, self._keys_changed)

    def _keys_changed(self, _: Screen[object]) -> None:
        if KEY.search(self._shown[0]) and self.has_class("-shown"):
            self._draw()

    def _draw(self) -> None:
        text = self._shown[0]
        names = {name: key for name, (key, _) in key_names(self.screen).items()} if KEY.search(text) else {}
        self.update(styled(short_paths(with_keys(text, names), self.app.size.width // 2)))

    def on_click(self, _: Click) -> None:
        self.skip()

    def _next(self) -> None:
        if self._timer is not None:
            self._timer.stop()
        if self._waiting:
            self._show(*self._waiting.pop(0))
        else:
            self.remove_class("-shown")

    def _show(self, text: str, kind: str) -> None:
        if self._timer is not None:
            self._timer.stop()
        self._shown = text, kind
        self._draw()
        self.set_class(kind == "cheer", "-cheer")
        self.set_class(kind == "trouble", "-trouble")
        if not self.has_class("-shown"):
            self.offset = Offset(self.app.size.width, 0)
            self.add_class("-shown")
            self.animate("offset", Offset(0, 0), duration=0.35, easing="out_cubic")
        self._timer = self.set_timer(SECONDS, self._next)
