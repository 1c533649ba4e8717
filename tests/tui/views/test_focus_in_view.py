"""Whatever has the focus is in view, in every form, at every size, and number fields let other keys through."""

from typing import Any

import pytest

from tui.panes.lab.form import FormView
from tui.widgets.dialogs import HelpScreen

SIZES = [(80, 24), pytest.param((120, 40), marks=pytest.mark.long)]


def seen(pilot: Any) -> bool:
    """Whether all of what has the focus is on the screen."""
    found = pilot.app.screen.find_widget(pilot.app.focused)
    return bool(found.region.area and found.clip.contains_region(found.region))


async def round_the_form(pilot: Any, until: Any, times: int) -> None:
    for _ in range(times):
        before = pilot.app.focused
        await pilot.press("down")
        await until(pilot, lambda before=before: pilot.app.focused is not before and seen(pilot))
    for size in ((60, 16), (100, 24), (80, 24)):
        await pilot.resize_terminal(*size)
        await until(pilot, lambda: seen(pilot))


@pytest.mark.parametrize("size", SIZES)
async def test_every_field_of_a_new_run(app: Any, at_bench: Any, until: Any, size: tuple[int, int]) -> None:
    async with app().run_test(size=size) as pilot:
        bench = await at_bench(pilot, "new")
        await pilot.press("ctrl+o")
        await until(pilot, lambda: bench.form.more)
        await round_the_form(pilot, until, 33)


@pytest.mark.parametrize("size", SIZES)
async def test_every_field_of_the_lab_pane(app: Any, opened: Any, until: Any, size: tuple[int, int]) -> None:
    async with app().run_test(size=size) as pilot:
        await opened(pilot)
        await pilot.press("t")
        await until(pilot, lambda: pilot.app.lesson_screen.pane == "lab" and pilot.app.lesson_screen.query(FormView))
        await pilot.press("down", "up")
        await until(pilot, lambda: pilot.app.focused is not None)
        await round_the_form(pilot, until, 10)


async def test_number_fields_of_a_form_take_numbers_and_let_commands_through(
    app: Any, at_bench: Any, until: Any
) -> None:
    async with app().run_test(size=(120, 40)) as pilot:
        bench = await at_bench(pilot, "new")
        rate, layers = (bench.form.row(name).control for name in ("learning_rate", "num_layers"))
        rate.focus()
        await pilot.press("home", *["delete"] * 9, *"1e-5")
        assert rate.value == "1e-5", "all of it is one number"
        await pilot.press("e", "k", ",")
        assert rate.value == "1e-5"
        layers.focus()
        await pilot.press("home", *["delete"] * 9, *"all")
        assert layers.value == "all", "a word that the field knows"
        await pilot.press("backspace", "backspace", "backspace", "1", "question_mark")
        await until(pilot, lambda: isinstance(pilot.app.screen, HelpScreen))
        await pilot.press("escape", "l")
        await until(pilot, lambda: pilot.app.lang == "ko")
        assert layers.value == "1"
        await pilot.press("ㅣ")  # l under the Hangul layout
        await until(pilot, lambda: pilot.app.lang == "en")
