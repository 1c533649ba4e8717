"""Nothing that is asked or told too early, or that comes back too late, finds a screen without its parts and falls."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from textual import events
from textual.screen import Screen

from tui.views.view import PLACES

SIZE = (100, 30)


@pytest.fixture
def answers_come_late(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """From the call on, what was asked of a thread comes back when a screen has lost its parts and is not gone yet."""
    holding, empty = asyncio.Event(), asyncio.Event()
    to_thread, dispatch = asyncio.to_thread, Screen._dispatch_message

    async def late(work: Callable[..., Any], *args: Any, **more: Any) -> Any:
        try:
            return await to_thread(work, *args, **more)
        finally:
            if holding.is_set():
                await empty.wait()

    async def dispatched(screen: Screen[Any], message: Any) -> None:
        if isinstance(message, events.Unmount) and holding.is_set():
            empty.set()
            for _ in range(20):
                await asyncio.sleep(0)
        await dispatch(screen, message)

    monkeypatch.setattr(asyncio, "to_thread", late)
    monkeypatch.setattr(Screen, "_dispatch_message", dispatched)
    return holding.set


@pytest.mark.parametrize("place", PLACES)
async def test_an_answer_that_comes_when_the_program_is_closed_is_let_go(
    app: Any, at_bench: Any, bench: Any, place: str, answers_come_late: Callable[[], None]
) -> None:
    run = bench.run("20250101-000000-sql-lora")
    bench.finish(run)
    async with app().run_test(size=SIZE) as pilot:
        here = await at_bench(pilot, place, run=run.id)
        answers_come_late()
        pilot.app.lesson_screen.on_screen_resume()
        pilot.app.lesson_screen.run_worker(pilot.app.session.look_at_runs([run.id]))
        pilot.app.laboratory.run_worker(here.enter())
        await pilot.pause()
    assert pilot.app._exception is None


async def test_an_answer_that_comes_when_a_page_is_closed_is_let_go(
    app: Any, opened: Any, until: Any, answers_come_late: Callable[[], None]
) -> None:
    async with app().run_test(size=SIZE) as pilot:
        await opened(pilot)
        await pilot.app.action_progress()
        page = pilot.app.progress_page
        await until(pilot, lambda: page.ready)
        answers_come_late()
        page.run_worker(page.ask_due())
        await pilot.pause()
        await pilot.press("escape")
        await until(pilot, lambda: not page.is_attached)
        await pilot.pause()
    assert pilot.app._exception is None


def steps(few: list[int], all_of_them: range) -> list[Any]:
    """A few in every run of the tests, and the rest in the long one."""
    return [*few, *(pytest.param(step, marks=pytest.mark.long) for step in all_of_them if step not in few)]


@pytest.mark.parametrize("steps", steps([0, 2, 6, 14], range(40)))
@pytest.mark.parametrize("action", ["laboratory", "progress"])
async def test_a_screen_may_be_told_things_and_left_at_any_step_of_its_coming(
    app: Any, opened: Any, action: str, steps: int
) -> None:
    async with app().run_test(size=SIZE) as pilot:
        await opened(pilot)
        coming = asyncio.create_task(pilot.app.run_action(action))
        for _ in range(steps):
            await asyncio.sleep(0)
        pilot.app.action_language()
        pilot.app.lesson_screen.refresh_progress()
        pilot.app.tell("told")
    assert pilot.app._exception is None
    coming.cancel()


@pytest.mark.parametrize("steps", steps([0, 5, 20, 60], range(120)))
async def test_the_program_may_be_left_at_any_step_of_its_start(app: Any, steps: int) -> None:
    async with app().run_test(size=SIZE) as pilot:
        for _ in range(steps):
            await asyncio.sleep(0)
        pilot.app.action_language()
        pilot.app.tell("told")
    assert pilot.app._exception is None
