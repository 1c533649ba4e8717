"""A widget that sets its own lines for whatever width it is given."""

from textual.content import Content
from textual.geometry import Size
from textual.widget import Widget

from tui.formatting.text_layout import Layout, Lines
from tui.widgets.action_bar import run_around
from tui.widgets.update_if_changed import lay_out


class LinesView(Widget):
    """Draws what a layout function makes of the width; its height follows. Its action links act on what it lies in."""

    auto_links = False

    def __init__(self, layout: Layout, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._set_lines = layout
        self._cached: tuple[int, Lines] = (-1, [])

    def set_layout(self, layout: Layout) -> None:
        """Draw something else from now on."""
        width, before = self._cached
        self._set_lines = layout
        self._cached = (-1, [])
        same_height = width > 0 and width == self.content_size.width and len(self._lines(width)) == len(before)
        self.refresh() if same_height else lay_out(self)

    def redraw(self) -> None:
        """Ask the layout again, because what it draws has changed."""
        self.set_layout(self._set_lines)

    def _lines(self, width: int) -> Lines:
        if self._cached[0] != width:
            self._cached = (width, self._set_lines(width))
        return self._cached[1]

    def get_content_width(self, container: Size, viewport: Size) -> int:
        return container.width

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        return len(self._lines(width))

    def render(self) -> Content:
        return Content("\n").join(self._lines(self.content_size.width))

    async def action_run(self, action: str) -> None:
        await run_around(self, action)
