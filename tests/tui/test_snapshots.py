"""What the program looks like, in both languages, at both sizes; compared with the pictures beside this file."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from picture import in_both_languages, in_two_sizes
from textual.widgets import Input, OptionList

from tui.widgets.form_field import NumberField

SIZES = {"80x24": (80, 24), "120x40": (120, 40)}
Ready = Callable[[Any], Awaitable[None]]


@pytest.fixture
def prepared(opened: Any, until: Any) -> Callable[..., Ready]:
    def keys(*presses: str, holds: Callable[[Any], object] = lambda _: True) -> Ready:
        async def run_before(pilot: Any) -> None:
            """Open, press the keys, and hold still: no blinking cursor. The lab pane has pictures of its own."""
            await opened(pilot)
            pilot.app.home = Path("/home/ada/.lowrank")  # which help names, and which is another one in each test
            for key in presses:
                await pilot.press(key)
                await pilot.pause()
            await until(pilot, lambda: holds(pilot))
            for lab in pilot.app.lesson_screen.query("#lab > *"):
                lab.visible = False
            for field in pilot.app.screen.query(NumberField):
                field.cursor_blink = False
            await pilot.pause()

        return run_before

    return keys


def writing(pilot: Any) -> bool:
    return isinstance(pilot.app.focused, NumberField)


@in_two_sizes
def test_reader(app: Any, prepared: Any, snap_compare: Any, lang: str, size: str) -> None:
    assert snap_compare(app(lang), terminal_size=SIZES[size], run_before=prepared())


@in_two_sizes
def test_quiz_after_an_answer(app: Any, prepared: Any, snap_compare: Any, lang: str, size: str) -> None:
    def graded(pilot: Any) -> bool:
        return bool(pilot.app.lesson_screen.query_one("#quiz").sheet.graded)

    assert snap_compare(app(lang), terminal_size=SIZES[size], run_before=prepared("z", "2", "enter", holds=graded))


@in_two_sizes
def test_exercise(app: Any, prepared: Any, snap_compare: Any, lang: str, size: str) -> None:
    assert snap_compare(app(lang), terminal_size=SIZES[size], run_before=prepared("e", holds=writing))


def test_reader_in_the_light(app: Any, prepared: Any, snap_compare: Any) -> None:
    light = app("ko", theme="lowrank-light")
    assert snap_compare(light, terminal_size=(120, 40), run_before=prepared("n", "n"))


@in_both_languages
def test_contents_on_a_small_screen(app: Any, prepared: Any, snap_compare: Any, lang: str) -> None:
    assert snap_compare(app(lang), terminal_size=(80, 24), run_before=prepared("c"))


@in_two_sizes
@pytest.mark.parametrize("key", ["f1", "o"], ids=["help", "links"])
def test_what_lies_over_a_page(app: Any, prepared: Any, snap_compare: Any, key: str, size: str, lang: str) -> None:
    assert snap_compare(app(lang), terminal_size=SIZES[size], run_before=prepared(key))


@in_two_sizes
def test_palette(app: Any, prepared: Any, snap_compare: Any, size: str, lang: str) -> None:
    def offered(pilot: Any) -> bool:
        """Everything: it comes one by one."""
        palette = pilot.app.screen
        palette.query_one(Input).cursor_blink = False
        gathering = any(worker.node is palette and worker.is_running for worker in palette.workers)
        return palette.query_one(OptionList).option_count > 0 and not gathering

    assert snap_compare(app(lang), terminal_size=SIZES[size], run_before=prepared("ctrl+p", holds=offered))


def test_too_small(app: Any, prepared: Any, snap_compare: Any) -> None:
    assert snap_compare(app("ko"), terminal_size=(50, 14), run_before=prepared())
