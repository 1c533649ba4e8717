"""One line of tabs for terminals in which one pane is shown at a time."""

from typing import TYPE_CHECKING, Final

from textual.content import Content
from textual.reactive import reactive
from textual.widgets import Static

from tui.formatting.text_layout import clickable, join, styled
from tui.locale import say

if TYPE_CHECKING:
    from lessons.course import Lang

PANES: Final = ("text", "contents", "exercise", "quiz", "lab")


class PaneTabs(Static):
    """Text, Contents, Exercise, Quiz, Lab; the digit before each is the key that opens it."""

    DEFAULT_CSS = """
    PaneTabs { height: 1; width: 1fr; padding: 0 1; text-wrap: nowrap; }
    """
    auto_links = False

    active: reactive[str] = reactive("text", init=False, repaint=False)
    lang: reactive["Lang"] = reactive("en", init=False, repaint=False)
    lab_status: reactive[str] = reactive("", init=False, repaint=False)
    quiz_status: reactive[str] = reactive("", init=False, repaint=False)
    contents_status: reactive[str] = reactive("", init=False, repaint=False)

    def on_mount(self) -> None:
        self._draw()

    def watch_active(self) -> None:
        self._draw()

    def watch_lang(self) -> None:
        self._draw()

    def watch_lab_status(self) -> None:
        self._draw()

    def watch_quiz_status(self) -> None:
        self._draw()

    def watch_contents_status(self) -> None:
        self._draw()

    def _draw(self) -> None:
        status = {"lab": self.lab_status, "quiz": self.quiz_status, "contents": self.contents_status}
        tabs = [self._tab(number, name, status.get(name, "")) for number, name in enumerate(PANES, 1)]
        self.update(join(tabs, " "), layout=False)

    def _tab(self, number: int, name: str, status: str) -> Content:
        here = name == self.active
        parts = [
            styled(f" {number} ", "bold $background on $primary" if here else "$faint"),
            styled(f" {say(self.lang, f'tab.{name}')} ", "bold $heading on $panel" if here else "$text-muted"),
            styled(f"{status} ", "$primary on $panel" if here else "$primary") if status else Content(""),
        ]
        return clickable(join(parts), "screen.show", name)
