"""Read is what was on the screen for as long as a person takes: in each language for itself, and not while covered."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.tui.test_reader import Clock, reader
from tui.reading_timer import FASTEST, WORDS_PER_MINUTE, ReadingTimer, seconds_to_read
from tui.widgets.dialogs import HelpScreen

SECOND = "demo/thin#second"
SPANS = st.lists(st.tuples(st.booleans(), st.floats(0, 100)), max_size=30)


def test_the_fastest_reader_takes_a_third_of_the_usual_time() -> None:
    assert seconds_to_read(WORDS_PER_MINUTE * FASTEST) == 60
    assert seconds_to_read(0) == 0


@given(SPANS)
def test_only_the_time_on_the_screen_counts(spans: list[tuple[bool, float]]) -> None:
    watch, now, seen = ReadingTimer(1250), 0.0, 0.0
    for on_screen, seconds in spans:
        (watch.run if on_screen else watch.rest)(now)
        now += seconds
        seen += seconds if on_screen else 0
    assert abs(watch.remaining(now) - max(100 - seen, 0)) < 1e-6


def test_a_clock_that_was_set_back_takes_nothing_and_gives_nothing() -> None:
    watch = ReadingTimer(125)
    watch.run(1000.0)
    assert watch.remaining(0.0) == 10
    assert watch.remaining(1004.0) == 6


async def read_to_the_end(pilot: Any, until: Any) -> None:
    pane = reader(pilot)
    await pilot.press("end")
    await until(pilot, lambda: pane.at_end)
    pane.mark_time()
    await pilot.pause()


@pytest.fixture
def at_the_end(app: Any, opened: Any, until: Any) -> Callable[[], AbstractAsyncContextManager[tuple[Any, Clock]]]:
    """The program, at the end of a section that was turned to just now, and the clock that it is read by."""

    @asynccontextmanager
    async def go() -> AsyncIterator[tuple[Any, Clock]]:
        async with app().run_test(size=(80, 24)) as pilot:
            await opened(pilot)
            clock = reader(pilot).clock = Clock()
            await pilot.press("n")
            await read_to_the_end(pilot, until)
            yield pilot, clock

    return go


async def test_jumping_to_the_end_is_not_reading(at_the_end: Any, until: Any, events: Any) -> None:
    async with at_the_end() as (pilot, clock):
        clock.now += 0.5
        await read_to_the_end(pilot, until)
        assert events("section.read") == []


async def test_each_language_is_read_for_itself(at_the_end: Any, until: Any, events: Any) -> None:
    async with at_the_end() as (pilot, clock):
        clock.now += 600
        await read_to_the_end(pilot, until)
        await until(pilot, lambda: events("section.read"))
        await pilot.press("l")
        await until(pilot, lambda: reader(pilot).lang == "ko")
        await read_to_the_end(pilot, until)
        assert len(events("section.read")) == 1
        clock.now += 600
        await read_to_the_end(pilot, until)
        await until(pilot, lambda: len(events("section.read")) == 2)
        assert [payload for _, _, payload in events("section.read")] == [{"lang": "en"}, {"lang": "ko"}]
        await until(pilot, lambda: "two-tongues" in pilot.app.session.progress.achievements)


async def test_what_lies_under_something_else_is_not_read(at_the_end: Any, until: Any, events: Any) -> None:
    async with at_the_end() as (pilot, clock):
        await pilot.press("f1")
        await until(pilot, lambda: isinstance(pilot.app.screen, HelpScreen))
        clock.now += 600
        reader(pilot).mark_time()
        await pilot.press("escape")
        await until(pilot, lambda: pilot.app.screen is pilot.app.lesson_screen)
        await read_to_the_end(pilot, until)
        assert events("section.read") == []
        clock.now += 600
        await read_to_the_end(pilot, until)
        await until(pilot, lambda: events("section.read"))
