"""The laboratory around the benches: tabs, keys, language, and the way back."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from textual.widget import Widget
from textual.widgets import Input
from textual.worker import WorkerFailed

from tui import input_priority
from tui.screens.lesson import LessonScreen
from tui.views.view import PLACES, RunSelection
from tui.widgets.top_bar import TopBar


@pytest.mark.main_path
async def test_f4_opens_it_and_comes_back(app: Any, opened: Any, until: Any) -> None:
    async with app().run_test(size=(120, 40)) as pilot:
        await opened(pilot)
        await pilot.press("f4")
        laboratory = pilot.app.laboratory
        await until(pilot, lambda: laboratory.place == "new")
        await pilot.press("f4")
        assert pilot.app.screen is pilot.app.lesson_screen
        await pilot.press("f4")
        assert pilot.app.screen is laboratory


async def test_opened_first_it_leaves_the_classroom_unfilled_until_that_is_seen(app: Any, until: Any) -> None:
    program = app()
    program.open_at(RunSelection())
    async with program.run_test(size=(120, 40)) as pilot:
        room, reader = program.lesson_screen, program.lesson_screen.query_one("#reader")
        await until(pilot, lambda: program.laboratory is not None and program.screen is program.laboratory)
        await until(pilot, lambda: program.session.loaded and program._watcher is not None)
        assert "Curious" in program.laboratory.query_one(TopBar).standing.level
        assert not room.ready and not room.query("LabPane") and not reader.query(".page > *")
        await pilot.press("f2")
        assert room.lang == "ko"
        await pilot.press("ctrl+l")
        await until(pilot, lambda: program.screen is program.progress_page and program.progress_page.ready)
        program.show_lesson()
        await until(pilot, lambda: room.ready)
        assert room.query("LabPane") and reader.query(".page > *") and program.screen is room


async def test_a_classroom_covered_before_its_first_frame_is_loaded_all_the_same(
    app: Any, until: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(LessonScreen, "_invoke_later", lambda *_: None)  # no frame of it ever comes
    program = app()
    program.open_at(RunSelection())
    async with program.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: program.session.loaded and program._watcher is not None)
        assert program.screen is program.laboratory


async def test_what_looks_by_a_clock_waits_while_keys_come_but_not_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr(input_priority, "monotonic", lambda: now)
    monkeypatch.setattr(input_priority, "_heard", float("-inf"))
    assert not input_priority.waits(since=now)
    input_priority.heard()
    assert input_priority.waits(since=now) and not input_priority.waits(since=now - input_priority.LONGEST)
    now += 2 * input_priority.COMING
    assert not input_priority.waits(since=now)


@pytest.mark.main_path
@pytest.mark.parametrize("number, place", enumerate(PLACES, 1))
async def test_every_bench_has_a_tab(app: Any, at_bench: Any, until: Any, text: Any, number: int, place: str) -> None:
    async with app().run_test(size=(80, 24)) as pilot:
        await at_bench(pilot, place)
        assert pilot.app.laboratory.place == place
        line = text(pilot).splitlines()[1]
        assert f" {number} " in line


HIGH = 10


def heavy(screen: Any) -> list[Widget]:
    """High widgets that only hold others, and of which Textual keeps every line all the same."""
    holding = [each for each in screen.query(Widget) if each.children and type(each).render is Widget.render]
    bare = [each for each in holding if not any(each.styles.border.spacing)]
    return [each for each in bare if each.size.height >= HIGH and not each.BLANK]


async def test_what_only_holds_others_is_blank(app: Any, opened: Any, at_bench: Any) -> None:
    async with app().run_test(size=(120, 40)) as pilot:
        await opened(pilot)
        assert not heavy(pilot.app.lesson_screen)
        for place in PLACES:
            await at_bench(pilot, place)
            assert not heavy(pilot.app.laboratory)


async def test_language_changes_in_place(app: Any, at_bench: Any, text: Any) -> None:
    async with app().run_test(size=(80, 24)) as pilot:
        bench = await at_bench(pilot, "runs")
        await pilot.press("f2")
        await pilot.pause()
        assert bench.lang == "ko" and "비교" in text(pilot)


async def test_escape_leaves_a_field_first_so_that_digits_are_keys_again(app: Any, at_bench: Any, until: Any) -> None:
    async with app().run_test(size=(120, 40)) as pilot:
        await at_bench(pilot, "new")
        laboratory = pilot.app.laboratory
        laboratory.bench.query(Input).first().focus()
        await until(pilot, lambda: isinstance(pilot.app.focused, Input))
        await pilot.press("ctrl+pagedown")
        await until(pilot, lambda: laboratory.place == "runs")
        await pilot.press("ctrl+pageup")
        await until(pilot, lambda: laboratory.place == "new" and isinstance(pilot.app.focused, Input))
        await pilot.press("escape", "2")
        await until(pilot, lambda: laboratory.place == "runs")
        await pilot.press("escape")
        await until(pilot, lambda: pilot.app.screen is pilot.app.lesson_screen)


async def test_what_a_bench_looks_for_in_vain_is_an_error_but_not_while_the_program_closes(
    app: Any, at_bench: Any
) -> None:
    async def reach(bench: Any, ready: Callable[[], bool]) -> None:
        while not ready():
            await asyncio.sleep(0)
        bench.query_one("#nowhere")

    async with app().run_test(size=(80, 24)) as pilot:
        bench = await at_bench(pilot, "runs")
        bench.run_worker(reach(bench, lambda: not bench.children))
    assert pilot.app.return_code != 1
    with pytest.raises(WorkerFailed, match="NoMatches"):
        async with app().run_test(size=(80, 24)) as pilot:
            bench = await at_bench(pilot, "runs")
            bench.run_worker(reach(bench, lambda: True))
