"""What is shown where there is no room to read."""

from typing import TYPE_CHECKING, Final

from textual.widgets import Static

from tui.formatting.text_layout import join, styled
from tui.locale import say

if TYPE_CHECKING:
    from textual.geometry import Size

    from lessons.course import Lang

WIDTH: Final = 60
HEIGHT: Final = 20


def too_small(size: "Size") -> bool:
    return size.width < WIDTH or size.height < HEIGHT


class SmallNotice(Static):
    """Says how much room is needed, and that nothing is lost."""

    def show(self, size: "Size", lang: "Lang") -> None:
        """Cover the screen while it is too small, and go as soon as it is not."""
        self.set_class(too_small(size), "-shown")
        values = {"width": size.width, "height": size.height, "need_width": WIDTH, "need_height": HEIGHT}
        lines = [
            styled(say(lang, "small.title"), "bold $heading"),
            styled(say(lang, "small.need", **values)),
            styled(say(lang, "small.remedy"), "$text-muted"),
        ]
        self.update(join(lines, "\n" if size.height < 9 else "\n\n"))
