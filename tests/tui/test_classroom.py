"""The room around the text: panes, tabs, lines above and below, help, palette, settings."""

import json
from typing import Any

import pytest
from textual.command import CommandPalette

from tui.panes.contents import ContentsPane
from tui.panes.reader import ReaderPane
from tui.screens.lesson import PANES
from tui.theme import DARK, LIGHT
from tui.widgets.dialogs import HelpScreen

SMALL, WIDE = (80, 24), (120, 40)


def shown(pilot: Any) -> set[str]:
    return {name for name, view in pilot.app.lesson_screen._views.items() if view.display}


@pytest.mark.main_path
async def test_one_pane_at_a_time_where_the_terminal_is_small(app: Any, opened: Any, until: Any, text: Any) -> None:
    async with app().run_test(size=SMALL) as pilot:
        await opened(pilot)
        assert shown(pilot) == {"text"}
        assert "1  Text   2  Contents   3  Exercise   4  Quiz 0/3   5  Lab" in text(pilot)
        for digit, name in ((5, "lab"), (2, "contents"), (1, "text")):
            await pilot.press("escape", str(digit))
            await until(pilot, lambda name=name: shown(pilot) == {name})
        for key, name in (("c", "contents"), ("z", "quiz"), ("b", "text"), ("e", "exercise")):
            await pilot.press(key)
            await until(pilot, lambda name=name: shown(pilot) == {name})


@pytest.mark.main_path
async def test_tab_leads_through_all_panes_and_back(app: Any, opened: Any, until: Any) -> None:
    async with app().run_test(size=SMALL) as pilot:
        await opened(pilot)
        seen = {"text"}
        for _ in range(30):
            await pilot.press("tab")
            await pilot.pause()
            seen.add(pilot.app.lesson_screen.pane)
            if seen == set(PANES) and pilot.app.lesson_screen.pane == "text":
                break
        assert seen == set(PANES)
        await pilot.press("shift+tab")
        await until(pilot, lambda: pilot.app.lesson_screen.pane == "lab")


async def test_a_click_opens_a_tab_and_an_entry_of_the_contents(app: Any, opened: Any, until: Any, text: Any) -> None:
    async with app().run_test(size=SMALL) as pilot:
        await opened(pilot)
        await pilot.click(offset=(text(pilot).splitlines()[1].index("Contents"), 1))
        await until(pilot, lambda: shown(pilot) == {"contents"} and "Third time" in text(pilot))
        y = next(i for i, line in enumerate(text(pilot).splitlines()) if "Third time" in line)
        await pilot.click(offset=(6, y))
        await until(pilot, lambda: shown(pilot) == {"text"})
        assert pilot.app.lesson_screen.query_one(ReaderPane).section.id == "demo/thin#third"


async def test_contents_text_and_lab_stand_side_by_side_where_there_is_room(
    app: Any, opened: Any, until: Any, text: Any
) -> None:
    async with app().run_test(size=WIDE) as pilot:
        await opened(pilot)
        assert shown(pilot) == {"text", "contents", "lab"}
        await until(pilot, lambda: "● 1  A thin" in text(pilot) and "more in the" in text(pilot))
        assert "✓" not in text(pilot)
        await pilot.press("z")
        await until(pilot, lambda: shown(pilot) == {"contents", "quiz", "lab"})
        await pilot.press("c", "end", "enter")
        await until(pilot, lambda: "Only section" in text(pilot))
        await until(pilot, lambda: "Demo · 2/2" in text(pilot) and shown(pilot) == {"text", "contents", "lab"})
        await pilot.press("e")
        await until(pilot, lambda: "This lesson has no exercise yet." in text(pilot))


async def test_the_text_keeps_its_measure_in_a_very_wide_terminal(app: Any, opened: Any) -> None:
    async with app().run_test(size=(200, 60)) as pilot:
        await opened(pilot)
        reader = pilot.app.lesson_screen.query_one(ReaderPane)
        page = reader.page.content_region
        assert page.width == 76
        left, right = page.x - reader.region.x, reader.region.right - page.right
        assert abs(left - right) <= 2


async def test_the_pane_in_use_stays_when_the_window_gets_narrow(app: Any, opened: Any, until: Any) -> None:
    async with app().run_test(size=WIDE) as pilot:
        await opened(pilot)
        await pilot.press("z")
        await pilot.resize_terminal(*SMALL)
        await until(pilot, lambda: shown(pilot) == {"quiz"})
        await pilot.resize_terminal(*WIDE)
        await until(pilot, lambda: shown(pilot) == {"contents", "quiz", "lab"})


async def test_a_terminal_too_small_says_how_much_is_needed(app: Any, opened: Any, until: Any, text: Any) -> None:
    async with app().run_test(size=SMALL) as pilot:
        await opened(pilot)
        await pilot.resize_terminal(50, 15)
        await until(pilot, lambda: "A little more room, please" in text(pilot))
        assert "50×15" in text(pilot) and "60×20" in text(pilot)
        await pilot.resize_terminal(60, 20)
        await until(pilot, lambda: "First things" in text(pilot))


async def test_the_key_line_follows_the_focus_and_the_language(app: Any, opened: Any, until: Any, text: Any) -> None:
    async with app().run_test(size=WIDE) as pilot:
        await opened(pilot)
        line = text(pilot).splitlines()[-1]
        assert line.split("   ")[:2] == [" j/k scroll", "n next section"] and line.endswith("^p palette")
        await pilot.press("z")
        await until(pilot, lambda: "Enter answer" in text(pilot).splitlines()[-1])
        await pilot.press("l")
        await until(pilot, lambda: "Enter 답하기" in text(pilot).splitlines()[-1])


async def test_remapped_keys_are_obeyed_and_shown(app: Any, opened: Any, until: Any, text: Any) -> None:
    async with app().run_test(size=WIDE) as pilot:
        await opened(pilot)
        pilot.app.set_keymap({"read.next": "period"})
        await until(pilot, lambda: "period next section" in text(pilot) or ". next section" in text(pilot))
        await pilot.press("period")
        await until(pilot, lambda: "Second thoughts" in text(pilot).splitlines()[2])


@pytest.mark.main_path
async def test_help_lists_the_keys_and_where_the_files_are(
    app: Any, opened: Any, until: Any, text: Any, home: Any
) -> None:
    async with app().run_test(size=(120, 100)) as pilot:
        await opened(pilot)
        await pilot.press("f1")
        await until(pilot, lambda: isinstance(pilot.app.screen, HelpScreen))
        page = text(pilot)
        for expected in ("F1 ?", "n →", "Space", "1–9", "Enter", "Lab", "^r", "light / dark"):
            assert expected in page
        assert "ㅓ" not in page and f"/{home.name}" in "".join(page.replace("│", "").split())
        await pilot.press("escape")
        await until(pilot, lambda: pilot.app.screen is pilot.app.lesson_screen)


async def test_the_palette_goes_to_a_section(app: Any, opened: Any, until: Any, text: Any) -> None:
    async with app().run_test(size=WIDE) as pilot:
        await opened(pilot)
        await pilot.press("ctrl+p")
        await until(pilot, lambda: isinstance(pilot.app.screen, CommandPalette))
        await until(pilot, lambda: "Section: Third time" in text(pilot) and "What would you like to do?" in text(pilot))
        await pilot.press(*"third time")
        await until(pilot, lambda: "Go to: Text" not in text(pilot) and "Section: Third time" in text(pilot))
        await pilot.press("enter")
        await until(pilot, lambda: pilot.app.screen is pilot.app.lesson_screen)
        reader = pilot.app.lesson_screen.query_one(ReaderPane)
        await until(pilot, lambda: reader.section.id == "demo/thin#third")


async def test_theme_and_language_are_remembered(app: Any, opened: Any, until: Any, home: Any, events: Any) -> None:
    async with app().run_test(size=SMALL) as pilot:
        await opened(pilot)
        assert pilot.app.theme == DARK
        await pilot.press("f3", "l")
        await until(pilot, lambda: pilot.app.theme == LIGHT and pilot.app.lang == "ko")
        await pilot.press("q")
    assert events("setting.set") == [("setting.set", "theme", {"value": LIGHT})]
    assert json.loads((home / "look.json").read_text()) == {"theme": LIGHT, "lang": "ko"}
    again = app()
    assert (again.theme, again.lang) == (LIGHT, "ko")
    (home / "look.json").unlink()
    async with app().run_test(size=SMALL) as pilot:
        await opened(pilot)
        assert (pilot.app.theme, pilot.app.lang) == (LIGHT, "ko")


async def test_runs_that_ended_while_the_program_was_closed_are_noticed_once(
    app: Any, opened: Any, until: Any, text: Any, events: Any, bench: Any
) -> None:
    bench.finish(bench.run("20250101-000000-sql-lora"))
    for _ in range(2):
        async with app().run_test(size=SMALL) as pilot:
            await opened(pilot)
            await until(pilot, lambda: "10/100" in text(pilot))
            await pilot.press("q")
    finished = events("run.finished")
    assert [(item, payload["method"]) for _, item, payload in finished] == [("20250101-000000-sql-lora", "LoRA")]


async def test_opening_and_leaving_at_once_records_nothing(app: Any, opened: Any, events: Any) -> None:
    async with app().run_test(size=SMALL) as pilot:
        await opened(pilot)
        assert pilot.app.lesson_screen.query_one(ContentsPane).option_count > 5
        await pilot.press("ctrl+q")
    assert events() == []
