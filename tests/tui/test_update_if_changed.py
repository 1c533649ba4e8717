"""What grows while a layout is due is as high as what it says."""

from collections.abc import Callable

import pytest
from styled_app import StyledApp
from textual.app import ComposeResult
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from tui.widgets.lines import LinesView
from tui.widgets.update_if_changed import put


def say_in_lines(view: Widget, lines: int) -> None:
    assert isinstance(view, LinesView)
    view.set_layout(lambda _: [Content("x")] * lines)


def say_in_panel(panel: Widget, lines: int) -> None:
    assert isinstance(panel, Static)
    put(panel, Content("\n".join("x" * lines)), layout=True)


@pytest.mark.parametrize(
    ("make", "say"), [(lambda: Static(""), say_in_panel), (lambda: LinesView(lambda _: []), say_in_lines)]
)
async def test_what_changes_again_after_all_was_laid_out(
    make: Callable[[], Widget], say: Callable[[Widget, int], None]
) -> None:
    widget = make()

    class Page(StyledApp):
        def compose(self) -> ComposeResult:
            yield widget

    page = Page()
    async with page.run_test() as pilot:
        say(widget, 2)
        page.screen._refresh_layout()
        assert widget.size.height == 2
        say(widget, 5)
        await pilot.pause()
        assert widget.size.height == 5
