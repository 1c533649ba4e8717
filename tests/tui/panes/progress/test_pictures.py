"""What the progress page looks like, in both languages, at both sizes."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from picture import in_both_languages, in_two_sizes

from tui.screens.progress import PARTS
from tui.widgets.data_grid import DataGrid

SIZES = {"80x24": (80, 24), "120x40": (120, 40)}
Ready = Callable[[Any], Awaitable[None]]


@pytest.fixture
def prepared(at_page: Any, until: Any) -> Callable[..., Ready]:
    def make(part: str, *presses: str, at: str = "", holds: Callable[[Any], object] = lambda _: True) -> Ready:
        async def run_before(pilot: Any) -> None:
            page = await at_page(pilot, part)
            if at:
                await until(pilot, lambda: page.query_one(DataGrid).go_to(at))
            for key in presses:
                await pilot.press(key)
                await pilot.pause()
            await until(pilot, lambda: holds(page))
            await pilot.pause()

        return run_before

    return make


@pytest.fixture(autouse=True)
def short_home(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The home's name stands on the page, and is another one in each test."""
    monkeypatch.setattr("tui.panes.progress.data.inert", lambda text: str(text).replace(str(home), "~/.lowrank"))


@in_two_sizes
@pytest.mark.parametrize("part", PARTS)
def test_part(app: Any, prepared: Any, snap_compare: Any, learned: Path, part: str, size: str, lang: str) -> None:
    assert snap_compare(app(lang), terminal_size=SIZES[size], run_before=prepared(part))


@in_two_sizes
def test_a_question_explained(app: Any, prepared: Any, snap_compare: Any, learned: Path, size: str, lang: str) -> None:
    there = prepared("points", "enter", "down", at="group:demo/after")
    assert snap_compare(app(lang), terminal_size=SIZES[size], run_before=there)


@pytest.mark.long
@in_two_sizes
@pytest.mark.parametrize("part", ["overview", "achievements", "review"])
def test_nothing_yet(app: Any, prepared: Any, snap_compare: Any, part: str, size: str, lang: str) -> None:
    assert snap_compare(app(lang), terminal_size=SIZES[size], run_before=prepared(part))


@in_two_sizes
def test_a_review_after_an_answer(
    app: Any, prepared: Any, snap_compare: Any, learned: Path, size: str, lang: str
) -> None:
    def graded(page: Any) -> bool:
        return page.review.sheet is not None and page.review.sheet.graded

    there = prepared("review", "1", "2", "3", "4", "enter", holds=graded)
    assert snap_compare(app(lang), terminal_size=SIZES[size], run_before=there)


@in_two_sizes
def test_a_question_before_a_reset(
    app: Any, prepared: Any, snap_compare: Any, learned: Path, size: str, lang: str
) -> None:
    assert snap_compare(app(lang), terminal_size=SIZES[size], run_before=prepared("keeping", "r"))


@pytest.mark.long
def test_in_the_light(app: Any, prepared: Any, snap_compare: Any, learned: Path) -> None:
    light = app("ko", theme="lowrank-light")
    assert snap_compare(light, terminal_size=(120, 40), run_before=prepared("achievements"))


@in_both_languages
def test_what_is_due_stands_in_the_contents(
    app: Any, opened: Any, until: Any, snap_compare: Any, learned: Path, lang: str
) -> None:
    async def contents(pilot: Any) -> None:
        await opened(pilot)
        await pilot.press("c")
        await until(pilot, lambda: pilot.app.session.reviews_due)
        await pilot.pause()

    assert snap_compare(app(lang), terminal_size=(80, 24), run_before=contents)
