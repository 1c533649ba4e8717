"""The top line: where am I, how far am I, which language."""

from dataclasses import dataclass

from textual.content import Content
from textual.events import Resize
from textual.reactive import reactive
from textual.widgets import Static

from tui.formatting.short_paths import short_paths
from tui.formatting.text_layout import bar, clickable, fit, join, pad, styled

NARROW = 100


@dataclass(frozen=True)
class Standing:
    """What the header shows; `level` and `lang` are ready to print, `fraction` is the filled part of the bar.

    Without a `level` there is no bar either. A click on the level opens the progress page.
    """

    track: str = ""
    title: str = ""
    level: str = ""
    fraction: float = 0.0
    xp: str = ""
    lang: str = "EN"


def header(standing: Standing, width: int) -> Content:
    """One line of exactly `width` cells; the title is what gives way."""
    narrow = width < NARROW
    gap = "  " if narrow else "   "
    name = styled(" ") if narrow and standing.title else styled(" Lowrank", "bold $primary") + Content(gap)
    cells = 6 if narrow else 10
    right = Content("")
    if standing.level:
        level = join([styled(standing.level, "$heading"), Content(" "), bar(standing.fraction, cells)])
        level = join([level, Content(" "), pad(styled(standing.xp, "$text-muted"), 7, right=True)])
        right = clickable(level, "app.progress") + Content(gap)
    right += clickable(styled(standing.lang, "bold $primary"), "app.language") + Content(" ")
    room = max(width - right.cell_length - 2, 0)
    where = name + styled(standing.track, "$text-muted") + Content(gap if not narrow else " · ")
    left = fit(where + styled(standing.title, "bold $heading"), room) if standing.title else fit(name, room)
    return pad(left, max(width - right.cell_length, 0)) + right


class TopBar(Static):
    """Draws a `Standing`; everything on this line is set from there."""

    auto_links = False

    standing: reactive[Standing] = reactive(Standing, init=False)

    def on_resize(self, _: Resize) -> None:
        self._draw()

    def watch_standing(self) -> None:
        self._draw()

    def _draw(self) -> None:
        self.update(header(self.standing, self.size.width or self.app.size.width), layout=False)


class NoticeBar(Static):
    """One written line under the header for a lasting problem; absent while there is none."""

    def show(self, text: str) -> None:
        self.update(styled(short_paths(text, self.app.size.width // 2)))
        self.set_class(bool(text), "-shown")
