"""The page is as wide and as high as `lowrank check` believes."""

from typing import Any

from lessons.validation.layout_rules import CODE, MEASURE, OPTION, PAGE
from tui.panes.option_row import OptionRow
from tui.widgets.lesson_blocks import CodeView, DiagramView


async def test_what_the_check_calls_a_fit_fits(app: Any, opened: Any, until: Any) -> None:
    async with app().run_test(size=(80, 24)) as pilot:
        await opened(pilot)
        room = pilot.app.lesson_screen
        page = room.query_one("#reader .page")
        assert page.content_size.width == MEASURE
        assert next(iter(page.query(CodeView))).query_one(".code-body").content_size.width >= CODE
        await pilot.press("n", "n")
        await until(pilot, lambda: page.query(DiagramView) and page.query_one(DiagramView).size.width)
        assert page.query_one(DiagramView).content_size.width == MEASURE
        await pilot.press("z")
        await until(pilot, lambda: room.quiz.query(OptionRow) and next(iter(room.quiz.query(OptionRow))).size.width)
        row = next(iter(room.quiz.query(OptionRow)))
        assert row.content_size.width - len("1 ○ ") == OPTION
        assert room.quiz.scrollable_content_region.height - room.quiz.page.gutter.top >= PAGE
