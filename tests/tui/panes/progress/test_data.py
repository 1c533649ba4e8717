"""Sync, export, import, reset and undo from the progress page, and points that are kept silent."""

import json
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from textual.widgets import Input

from tests.tui.panes.progress.learner import DID
from tui.views.runs.dialogs import LineScreen
from tui.widgets.dialogs import ConfirmScreen

SMALL, WIDE = (80, 24), (120, 40)


async def answer(pilot: Any, until: Any, value: Path | str) -> None:
    """Write into the form that asks for a path."""
    await until(pilot, lambda: isinstance(pilot.app.screen, LineScreen))
    pilot.app.screen.query_one(Input).value = str(value)
    await pilot.press("enter")


@pytest.fixture
def at_keeping(app: Any, at_page: Any) -> Callable[..., AbstractAsyncContextManager[tuple[Any, Any]]]:
    """The program at the part of its progress page that keeps, and that page."""

    @asynccontextmanager
    async def go(lang: str = "en", size: tuple[int, int] = WIDE) -> AsyncIterator[tuple[Any, Any]]:
        async with app(lang).run_test(size=size) as pilot:
            yield pilot, await at_page(pilot, "keeping")

    return go


async def test_export_and_import(
    at_keeping: Any, until: Any, text: Any, words: Any, learned: Path, tmp_path: Path, events: Any
) -> None:
    file = tmp_path / "mine.json"
    async with at_keeping() as (pilot, _):
        await pilot.press("e")
        await answer(pilot, until, file)
        await until(pilot, lambda: "Exported to " in text(pilot) and "/mine.json" in text(pilot))
        await pilot.press("e")
        await answer(pilot, until, file)
        await until(pilot, lambda: "is there already" in text(pilot))
        await pilot.press("i")
        await answer(pilot, until, file)
        await until(pilot, lambda: f"Imported: 0 new, {len(events())} known" in text(pilot))
        await pilot.press("i")
        await answer(pilot, until, tmp_path / "nothing.json")
        await until(pilot, lambda: "could not be read" in words(pilot))
    assert json.loads(file.read_text())["format"] == "lowrank-progress"


async def test_sync_asks_for_a_folder_once(
    at_keeping: Any, until: Any, text: Any, words: Any, learned: Path, tmp_path: Path
) -> None:
    async with at_keeping() as (pilot, page):
        await pilot.press("s")
        await answer(pilot, until, tmp_path / "shared")
        await until(pilot, lambda: f"Synced: {len(DID)} sent, 0 received" in text(pilot))
        await until(pilot, lambda: "shared" in "".join(line.plain for line in page.keeping.lines(100)))
        await pilot.press("s")
        await until(pilot, lambda: "Synced: 0 sent" in text(pilot))
        await pilot.press("f")
        await answer(pilot, until, tmp_path / "no" / "where")
        await until(pilot, lambda: "could not be opened" in words(pilot))
    assert list((tmp_path / "shared").glob("*.json"))


async def test_in_korean_the_reason_of_a_failure_is_korean_too(
    at_keeping: Any, until: Any, text: Any, learned: Path, tmp_path: Path
) -> None:
    async with at_keeping("ko") as (pilot, _):
        await pilot.press("i")
        await answer(pilot, until, tmp_path / "nothing.json")
        await until(pilot, lambda: "못했어요(그런파일이나폴더가" in "".join(text(pilot).split()))


@pytest.mark.main_path
async def test_a_reset_is_asked_about_and_can_be_undone(
    at_keeping: Any, until: Any, text: Any, learned: Path, events: Any
) -> None:
    async with at_keeping() as (pilot, _):
        study = pilot.app.session
        before = study.progress.xp
        await pilot.press("r")
        await until(pilot, lambda: isinstance(pilot.app.screen, ConfirmScreen))
        await pilot.press("escape")
        assert study.progress.xp == before > 0
        await pilot.press("r")
        await until(pilot, lambda: isinstance(pilot.app.screen, ConfirmScreen))
        await pilot.press("enter")
        await until(pilot, lambda: study.progress.xp == 0 and "u  Undo the last reset" in text(pilot))
        assert pilot.app.lesson_screen.quiz.right == 0
        await pilot.press("u")
        await until(pilot, lambda: study.progress.xp == before and "Undo the last" not in text(pilot))
        await until(pilot, lambda: pilot.app.lesson_screen.quiz.right == 1)
    assert [kind for kind, _, _ in events()][-2:] == ["progress.reset", "progress.reset-undone"]


async def test_where_nothing_was_done_there_is_nothing_to_reset(at_keeping: Any, until: Any, text: Any) -> None:
    async with at_keeping(size=SMALL) as (pilot, _):
        await pilot.press("r", "u")
        await until(pilot, lambda: "no progress yet to reset" in text(pilot))


async def test_points_can_be_hidden_everywhere(
    at_keeping: Any, until: Any, text: Any, learned: Path, events: Any
) -> None:
    async with at_keeping() as (pilot, page):
        await pilot.press("h")
        await until(pilot, lambda: "Curious" not in text(pilot) and "2  Points" not in text(pilot))
        assert events("setting.set")[-1][1:] == ("points", {"value": "hidden"})
        await pilot.press("2")
        assert page.part == "keeping"
        await pilot.press("1")
        await until(pilot, lambda: page.part == "overview" and "28 days" in text(pilot))
        assert "XP" not in text(pilot)
        pilot.app.show_lesson()
        await pilot.app.lesson_screen.go("quiz", "demo/after")
        await pilot.app.lesson_screen.quiz.action_turn(1)
        await until(pilot, lambda: "F6  a hint" in text(pilot))
        assert "XP" not in text(pilot) and "Curious" not in text(pilot)
        pilot.app.session.record("run.finished", "r9", {"method": "DoRA"})
    async with at_keeping() as (pilot, page):
        assert "Curious" not in text(pilot)
        await pilot.press("h")
        await until(pilot, lambda: "Curious" in text(pilot) and "2  Points" in text(pilot))


async def test_a_click_on_a_line_is_its_key(at_keeping: Any, until: Any, text: Any, events: Any) -> None:
    async with at_keeping() as (pilot, _):
        lines = text(pilot).splitlines()
        row = next(number for number, line in enumerate(lines) if "h  Points and levels" in line)
        await pilot.click(offset=(lines[row].index("Points") + 1, row))
        await until(pilot, lambda: events("setting.set"))
        await until(pilot, lambda: "h shows them again" in text(pilot))
