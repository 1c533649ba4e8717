"""The progress page: every part that is read, the review, and every key that leads there and away."""

from pathlib import Path
from typing import Any

import pytest
from textual.widgets import Input

from tests.tui.panes.progress.learner import DID, NOW
from tui.screens.progress import PARTS, ProgressScreen
from tui.widgets.data_grid import DataGrid
from tui.widgets.dialogs import HelpScreen

SMALL, WIDE = (80, 24), (120, 40)


async def test_a_key_opens_it_and_escape_goes_back(app: Any, opened: Any, until: Any, text: Any) -> None:
    async with app().run_test(size=SMALL) as pilot:
        await opened(pilot)
        await pilot.press("a")
        await until(pilot, lambda: "The last 28 days" in text(pilot))
        await pilot.press("escape")
        await until(pilot, lambda: pilot.app.screen is pilot.app.lesson_screen)
        await pilot.app.action_laboratory()
        laboratory = pilot.app.laboratory
        await until(pilot, lambda: laboratory.bench is not None)
        await pilot.press("ctrl+l")
        await until(pilot, lambda: isinstance(pilot.app.screen, ProgressScreen) and pilot.app.screen.ready)
        await pilot.press("f4")
        await until(pilot, lambda: pilot.app.screen is laboratory)


async def test_a_click_on_the_level_opens_it_too(app: Any, opened: Any, until: Any) -> None:
    async with app().run_test(size=SMALL) as pilot:
        await opened(pilot)
        column = pilot.app.lesson_screen.query_one("#top").render().plain.index("Curious")
        await pilot.click("#top", offset=(column, 0))
        await until(pilot, lambda: isinstance(pilot.app.screen, ProgressScreen))


async def test_digits_tab_and_clicks_change_the_part(app: Any, at_page: Any, until: Any) -> None:
    async with app().run_test(size=SMALL) as pilot:
        page = await at_page(pilot)
        for digit, part in enumerate(PARTS, 1):
            await pilot.press(str(digit))
            await until(pilot, lambda part=part: page.part == part)
        await pilot.press("tab")
        await until(pilot, lambda: page.part == "overview")
        await pilot.press("shift+tab")
        await until(pilot, lambda: page.part == "keeping")
        await pilot.click("#parts", offset=(3, 0))
        await until(pilot, lambda: page.part == "overview")


async def test_help_and_palette_know_the_page(app: Any, at_page: Any, until: Any, text: Any) -> None:
    async with app().run_test(size=WIDE) as pilot:
        page = await at_page(pilot, "keeping")
        await pilot.press("f1")
        await until(pilot, lambda: isinstance(pilot.app.screen, HelpScreen) and "undo the reset" in text(pilot))
        await pilot.press("escape")
        await until(pilot, lambda: pilot.app.screen is page)
        await pilot.press("ctrl+p")
        await until(pilot, lambda: "Progress: Achievements" in text(pilot) and "Back to the classroom" in text(pilot))


async def test_the_palette_opens_a_part_from_the_classroom(app: Any, opened: Any, until: Any, text: Any) -> None:
    async with app().run_test(size=WIDE) as pilot:
        await opened(pilot)
        await pilot.press("ctrl+p")
        await until(pilot, lambda: "What would you like to do?" in text(pilot))
        await pilot.press(*"progress achiev")
        await until(pilot, lambda: "Progress: Achievements" in text(pilot))
        await pilot.press("enter")
        await until(
            pilot, lambda: isinstance(pilot.app.screen, ProgressScreen) and pilot.app.screen.part == "achievements"
        )


@pytest.mark.main_path
async def test_what_is_done_at_a_glance(app: Any, at_page: Any, text: Any, learned: Path) -> None:
    async with app().run_test(size=WIDE) as pilot:
        await at_page(pilot)
        shown = text(pilot)
        for expected in ("Curious, level 0", "3 right of 8, 2 of them at the first try", "5 days with something"):
            assert expected in shown
        row = next(line for line in shown.splitlines() if "certain" in line and "of" in line)
        assert "50%" in row and "1 of 2" in row


async def test_every_point_is_explained(app: Any, at_page: Any, until: Any, text: Any, learned: Path) -> None:
    async with app().run_test(size=WIDE) as pilot:
        page = await at_page(pilot, "points")
        progress = pilot.app.session.progress
        groups = page.points._groups
        assert sum(group.earned for group in groups) == progress.xp
        grid = page.query_one(DataGrid)
        assert grid.go_to("group:demo/after")
        await pilot.press("enter")
        await until(pilot, lambda: grid.go_to("question:demo/after?order"))
        await until(pilot, lambda: "a hint took 2 XP off" in text(pilot))
        shown = text(pilot)
        assert "hint −2" in shown and "try −2" in shown and "answered right: 3 XP" in shown
        assert "still to earn: 3 XP for remembering it" in shown and "2026-03-08 12:00" in shown
        await pilot.press("left")
        await until(pilot, lambda: not grid.go_to("question:demo/after?order"))
        assert grid.cursor_key == "group:demo/after" and "further try is free" in text(pilot)
        await pilot.press("right")
        await until(pilot, lambda: grid.go_to("question:demo/after?order"))


@pytest.mark.parametrize(
    ("key", "pane"), [("section:demo/thin#second", "text"), ("question:demo/thin?one", "quiz"), ("run:LoRA", "")]
)
async def test_a_point_leads_to_where_it_is_earned(
    app: Any, at_page: Any, until: Any, learned: Path, key: str, pane: str
) -> None:
    async with app().run_test(size=SMALL) as pilot:
        page = await at_page(pilot, "points")
        grid = page.query_one(DataGrid)
        for group in ("demo/thin", "runs"):
            if not any(row.key == key for row in grid.rows):
                grid.go_to(f"group:{group}")
                await pilot.press("right")
                await pilot.pause()
        assert grid.go_to(key)
        await pilot.press("enter")
        where = pilot.app.lesson_screen if pane else None
        await until(pilot, lambda: pilot.app.screen is (where or pilot.app.laboratory))
        if pane:
            await until(pilot, lambda: pilot.app.lesson_screen.pane == pane)


async def test_achievements_with_their_day_and_how_far_the_others_are(
    app: Any, at_page: Any, text: Any, learned: Path
) -> None:
    async with app().run_test(size=(120, 60)) as pilot:
        await at_page(pilot, "achievements")
        lines = text(pilot).splitlines()
        assert any("★ First light" in line and "2026-03-11 12:00" in line for line in lines)
        assert any("★ Two tongues" in line and "2026-03-17" in line for line in lines)
        assert any("☆ Blind taste" in line and "3 of 5" in line for line in lines)
        assert any("☆ Close call" in line and "not yet" in line for line in lines)


@pytest.mark.main_path
async def test_a_review_asks_explains_and_is_recorded(
    app: Any, at_page: Any, until: Any, text: Any, learned: Path, events: Any
) -> None:
    async with app().run_test(size=WIDE) as pilot:
        await pilot.pause()
        page = await at_page(pilot, "review")
        due = list(page.due)
        assert due and pilot.app.session.reviews_due == len(due)
        assert due[0] == "demo/after?order"  # it was called certain, and was wrong
        for number, question in enumerate(due, 1):
            await until(pilot, lambda n=number: f"Review {n}/{len(due)}" in text(pilot))
            sheet = page.review.sheet
            if sheet.asked.kind == "order":
                for option in ("split", "plan", "train", "measure"):
                    row = next(n for n, each in enumerate(sheet.rows) if each.id == option)
                    await pilot.press(str(row + 1))
            elif sheet.written:
                assert sheet.attempt > 0 and sheet.question.prompt["en"] != sheet.asked.prompt["en"]
                page.review.query_one(Input).value = "1"
            else:
                await pilot.press("s", "s", "s", "2")
            await pilot.press("enter")
            await until(pilot, lambda n=number: len(events("review.done")) == n)
            await until(pilot, lambda: page.review.sheet.graded)
            assert events("review.done")[-1][1] == question
            await pilot.press("enter")
        await until(pilot, lambda: "Done for today" in text(pilot))
        kept = {item: payload for _, item, payload in events("review.done")}
        assert kept["demo/after?order"] == {"right": True, "rating": 3, "fresh": kept["demo/after?order"]["fresh"]}
        if "demo/thin?one" in kept:
            assert kept["demo/thin?one"]["rating"] == 1 and kept["demo/thin?one"]["confidence"] == "certain"
        assert page.due == []
        assert ("demo/after?order", "review") in {(a.item, a.award) for a in pilot.app.session.progress.awards}
        await pilot.press("escape")
        await until(pilot, lambda: pilot.app.session.reviews_due == 0)


async def test_what_is_due_stands_in_the_contents_and_leads_to_the_review(
    app: Any, opened: Any, until: Any, text: Any, learned: Path
) -> None:
    async with app().run_test(size=WIDE) as pilot:
        await opened(pilot)
        await until(pilot, lambda: "to review" in text(pilot))
        await pilot.press("c", "home", "enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, ProgressScreen) and pilot.app.screen.part == "review")


async def test_the_page_changes_its_language_in_place(app: Any, at_page: Any, until: Any, text: Any) -> None:
    async with app().run_test(size=SMALL) as pilot:
        page = await at_page(pilot, "achievements")
        await pilot.press("l")
        await until(pilot, lambda: "업적" in text(pilot) and "첫 빛" in text(pilot))
        for part in PARTS:
            page.part = part
            await pilot.pause()
            assert f"progress.part.{part}" not in text(pilot)


async def test_keys_of_ones_own_hold_here(app: Any, home: Path, at_page: Any, until: Any, text: Any) -> None:
    (home / "keys.toml").write_text('"app.progress" = "f12"\n"keeping.quiet" = "w"\n')
    async with app().run_test(size=SMALL) as pilot:
        await at_page(pilot, "keeping")
        await pilot.press("w")
        await until(pilot, lambda: "Points and levels are hidden" in text(pilot))
        await pilot.press("escape", "escape")
        await until(pilot, lambda: pilot.app.screen is pilot.app.lesson_screen)
        await pilot.press("f12")
        await until(pilot, lambda: isinstance(pilot.app.screen, ProgressScreen))


def test_the_learner_of_these_tests_learns_before_now() -> None:
    assert all(days > 0 for days, *_ in DID) and f"{NOW:%A}" == "Friday"
