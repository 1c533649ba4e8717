"""The bottom line is for the mouse too: a click on a key does what the key does, whatever it is bound to."""

from pathlib import Path
from typing import Any

import pytest
from textual.command import CommandPalette

from tui.widgets.dialogs import HelpScreen
from tui.widgets.form_field import NumberField


async def click(pilot: Any, text: Any, words: str) -> None:
    """On these words of the bottom line."""
    lines = text(pilot).splitlines()
    assert words in lines[-1], lines[-1]
    before = lines[-1].partition(words)[0]
    cells = sum(2 if "가" <= char <= "힣" else 1 for char in before)
    await pilot.click(offset=(cells + 1, len(lines) - 1))


@pytest.mark.parametrize("size", [(80, 24), pytest.param((120, 40), marks=pytest.mark.long)])
async def test_a_click_on_a_key_of_the_bottom_line_is_that_key(
    app: Any, opened: Any, until: Any, text: Any, size: tuple[int, int]
) -> None:
    async with app().run_test(size=size) as pilot:
        await opened(pilot)
        await click(pilot, text, "F1 help")
        await until(pilot, lambda: isinstance(pilot.app.screen, HelpScreen))
        await pilot.press("escape")
        await until(pilot, lambda: pilot.app.screen is pilot.app.lesson_screen)
        await click(pilot, text, "e exercise")
        await until(pilot, lambda: pilot.app.lesson_screen.pane == "exercise")
        await click(pilot, text, "F4 laboratory")
        await until(pilot, lambda: pilot.app.laboratory and pilot.app.screen is pilot.app.laboratory)
        await until(pilot, lambda: "^p palette" in text(pilot).splitlines()[-1])
        await click(pilot, text, "^p palette")
        await until(pilot, lambda: isinstance(pilot.app.screen, CommandPalette))
        await pilot.press("escape", "f4")
        await until(pilot, lambda: pilot.app.screen is pilot.app.lesson_screen)
        await pilot.press("l")
        await until(pilot, lambda: "F1 도움말" in text(pilot))
        await click(pilot, text, "F1 도움말")
        await until(pilot, lambda: isinstance(pilot.app.screen, HelpScreen))


async def test_a_click_keeps_the_focus_and_a_key_of_ones_own_is_clicked_too(
    app: Any, home: Path, opened: Any, until: Any, text: Any
) -> None:
    (home / "keys.toml").write_text('"app.help" = "alt+h"\n')
    async with app().run_test(size=(120, 40)) as pilot:
        await opened(pilot)
        await pilot.press("e")
        await until(pilot, lambda: isinstance(pilot.app.focused, NumberField))
        await pilot.press("7")
        field = pilot.app.focused
        await click(pilot, text, "alt+h help")
        await until(pilot, lambda: isinstance(pilot.app.screen, HelpScreen))
        await pilot.press("escape")
        await until(pilot, lambda: pilot.app.screen is pilot.app.lesson_screen and pilot.app.focused is field)
        assert field.value == "7"
