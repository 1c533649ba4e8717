"""Predict, run, compare, explain: kept in the log at every step, and there again after a restart."""

import asyncio
from typing import Any

import pytest
from engines import hold
from textual.events import Key

from lab.errors import LabError
from tui.panes.exercise import ExercisePane
from tui.widgets.dialogs import ConfirmScreen
from tui.widgets.form_field import NumberField
from tui.widgets.text_area import Sentences

SMALL, TALL = (80, 24), (100, 60)
HERE, THERE, COUNT = "demo/thin!count/here", "demo/thin!count/there", "demo/thin!count"
TRUTH = 175_104


def pane(pilot: Any) -> ExercisePane:
    return pilot.app.lesson_screen.query_one(ExercisePane)


async def at_exercise(pilot: Any, opened: Any, until: Any) -> None:
    await opened(pilot)
    await pilot.press("e")
    await until(pilot, lambda: pilot.app.lesson_screen.pane == "exercise")


async def predict(pilot: Any, until: Any, number: str) -> None:
    await until(pilot, lambda: isinstance(pilot.app.focused, NumberField))
    await pilot.press(*number, "enter")
    await until(pilot, lambda: isinstance(pilot.app.screen, ConfirmScreen))
    await pilot.press("enter")
    await until(pilot, lambda: pilot.app.screen is pilot.app.lesson_screen)


@pytest.mark.main_path
async def test_a_prediction_is_confirmed_and_then_locked(
    app: Any, opened: Any, until: Any, text: Any, events: Any
) -> None:
    async with app().run_test(size=SMALL) as pilot:
        await at_exercise(pilot, opened, until)
        await until(pilot, lambda: isinstance(pilot.app.focused, NumberField))
        await pilot.press(*"17,5", "enter")
        await until(pilot, lambda: "commas do not stand at the thousands" in text(pilot))
        pane(pilot).query_one(NumberField).value = "17.5만"
        await pilot.press("enter")
        await until(pilot, lambda: "Lock 175,000 as your prediction?" in text(pilot))
        await pilot.press("escape")
        await until(pilot, lambda: pilot.app.screen is pilot.app.lesson_screen)
        assert events("prediction.locked") == []
        await until(pilot, lambda: pane(pilot).query_one(NumberField).value == "17.5만")
        await until(pilot, lambda: isinstance(pilot.app.focused, NumberField))
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, ConfirmScreen))
        await pilot.press("y")
        await until(pilot, lambda: "locked" in text(pilot) and "run it" in text(pilot))
        assert events("prediction.locked") == [("prediction.locked", HERE, {"value": 175000.0, "text": "17.5만"})]
        assert not pane(pilot).query(NumberField)


async def test_from_prediction_to_sentences_with_a_run_that_ended_unseen(
    app: Any, opened: Any, until: Any, text: Any, events: Any, bench: Any
) -> None:
    async with app().run_test(size=TALL) as pilot:
        await at_exercise(pilot, opened, until)
        await predict(pilot, until, "18432")
        run = bench.run("20250101-000000-sql-lora")
        pilot.app.session.record("exercise.run", COUNT, {"run": run.id})
        await pilot.press("q")
    bench.finish(run, TRUTH)
    async with app().run_test(size=TALL) as pilot:
        await at_exercise(pilot, opened, until)
        await until(pilot, lambda: "175,104" in text(pilot))
        shown = text(pilot)
        assert "−156,672" in shown and "9.50 times too small" in shown
        assert "18,432 counts one square matrix per block." in shown
        assert events("exercise.measured") == [
            ("exercise.measured", HERE, {"truth": TRUTH, "value": 18432.0, "feedback": "misconception",
                                         "misconception": "one-matrix",
                                         "names": {"lora.trainable_parameters": TRUTH}}),
        ]  # fmt: skip
        assert [item for _, item, _ in events("run.finished")] == [run.id]

        await predict(pilot, until, "5.6M")
        await until(pilot, lambda: "5,636,096" in text(pilot))
        assert events("exercise.measured")[1][2]["feedback"] == "close"
        await until(pilot, lambda: isinstance(pilot.app.focused, Sentences))
        await pilot.press("ctrl+s")
        await until(pilot, lambda: "Nothing is written yet." in text(pilot))
        await until(pilot, lambda: isinstance(pilot.app.focused, Sentences))
        await pilot.press(*"모든 층에 붙어요.", "ctrl+s")
        await until(pilot, lambda: "✓ Kept." in text(pilot))
        assert events("exercise.explained") == [("exercise.explained", COUNT, {"sentences": "모든 층에 붙어요."})]
        await pilot.press("escape", "q")
    async with app("en").run_test(size=TALL) as pilot:
        await at_exercise(pilot, opened, until)
        await until(pilot, lambda: "모든 층에 붙어요." in text(pilot))
        assert len(events("run.finished")) == 1 and len(events("exercise.measured")) == 2


@pytest.mark.main_path
async def test_a_run_under_way_is_watched_again_after_a_restart(
    app: Any, opened: Any, until: Any, text: Any, events: Any, bench: Any
) -> None:
    async with app().run_test(size=TALL) as pilot:
        await at_exercise(pilot, opened, until)
        await predict(pilot, until, "175104")
        run = bench.run("20250101-000000-sql-lora")
        hold(run)
        pilot.app.session.record("exercise.run", COUNT, {"run": run.id})
        await pilot.press("q")
    async with app().run_test(size=TALL) as pilot:
        await at_exercise(pilot, opened, until)
        await until(pilot, lambda: "Training …" in text(pilot))
        bench.finish(run, TRUTH)
        await until(pilot, lambda: "Exactly 175,104." in text(pilot))
        assert [item for _, item, _ in events("run.finished")] == [run.id]


async def test_a_run_that_failed_can_be_run_again(app: Any, opened: Any, until: Any, text: Any, bench: Any) -> None:
    async with app().run_test(size=TALL) as pilot:
        await at_exercise(pilot, opened, until)
        await predict(pilot, until, "175104")
        pilot.app.session.record("exercise.run", COUNT, {"run": bench.run("20250101-000000-sql-lora").id})
        await pilot.press("q")
    async with app().run_test(size=TALL) as pilot:
        await at_exercise(pilot, opened, until)
        await until(pilot, lambda: "The run did not finish" in text(pilot))
        assert "run it" in text(pilot).splitlines()[-1]


async def test_a_refused_run_says_why(
    app: Any, opened: Any, until: Any, text: Any, events: Any, monkeypatch: Any
) -> None:
    def refuse(*_: object) -> None:
        raise LabError("the disk is full")

    async with app().run_test(size=TALL) as pilot:
        await at_exercise(pilot, opened, until)
        await predict(pilot, until, "175104")
        monkeypatch.setattr("lab.runs.service.RunService.queue", refuse)
        await pilot.press("r")
        await until(pilot, lambda: "could not be started: the disk is full" in text(pilot))
        assert events("exercise.run") == []


async def test_the_short_run_is_real(app: Any, opened: Any, until: Any, text: Any, events: Any, home: Any) -> None:
    async with app().run_test(size=TALL) as pilot:
        await at_exercise(pilot, opened, until)
        await predict(pilot, until, "1M")
        await pilot.press("r")
        await until(pilot, lambda: events("exercise.run"))
        await until(pilot, lambda: events("exercise.measured"), patience=240)
        run = str(events("exercise.run")[0][2]["run"])
        measured = events("exercise.measured")[0][2]
        assert measured["truth"] == TRUTH and measured["feedback"] == "off"
        assert (home / "runs" / run / "adapters" / "adapters.safetensors").exists()
        await until(pilot, lambda: "175,104" in text(pilot) and "★ First light" in text(pilot))
        assert [kind for kind, item, _ in events() if item == run] == ["run.started", "run.finished"]


async def test_no_key_is_lost_between_a_field_and_the_one_that_takes_its_place(
    app: Any, opened: Any, until: Any
) -> None:
    async with app().run_test(size=SMALL) as pilot:
        await at_exercise(pilot, opened, until)
        there = pane(pilot)
        field = there.query_one(NumberField)
        await until(pilot, lambda: pilot.app.focused is field)
        for digit in "175":
            field.post_message(Key(digit, digit))
        await there.update_state(None, "something went wrong")
        there.hold_keys()
        for digit in "104":
            there.post_message(Key(digit, digit))
        again = there.query_one(NumberField)
        assert again is not field
        there.release_keys()
        await until(pilot, lambda: again.value == "175104" and pilot.app.focused is again)
        await there.update_state(None, "something went wrong")
        assert there.query_one(NumberField) is again, "nothing else is to be seen, so nothing is drawn"


async def test_who_comes_while_it_is_drawn_anew_gets_the_field_and_what_was_typed(
    app: Any, opened: Any, until: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawing, go_on = asyncio.Event(), asyncio.Event()
    redraw = ExercisePane.redraw

    async def slowly(self: ExercisePane, widgets: Any) -> None:
        drawing.set()
        await go_on.wait()
        await redraw(self, widgets)

    async with app().run_test(size=SMALL) as pilot:
        await opened(pilot)
        there = pane(pilot)
        monkeypatch.setattr(ExercisePane, "redraw", slowly)
        task = asyncio.create_task(there.update_state(None, "something went wrong"))
        await drawing.wait()
        await pilot.press("e")
        await until(pilot, lambda: pilot.app.focused is there)
        await pilot.press("1", "7", "5")
        go_on.set()
        await task
        await until(pilot, lambda: there.query_one(NumberField).value == "175")
        assert pilot.app.focused is there.query_one(NumberField)


async def test_keys_typed_ahead_of_the_page_are_written_into_its_field(app: Any, opened: Any, until: Any) -> None:
    async with app().run_test(size=SMALL) as pilot:
        await opened(pilot)
        pilot.app.post_message(Key("e", "e"))
        while pilot.app.lesson_screen.pane != "exercise":
            await asyncio.sleep(0)
        for key in (*"17500", "enter"):  # in one go, where pilot.press waits after each
            pilot.app.post_message(Key(key, key if len(key) == 1 else None))
        await until(pilot, lambda: isinstance(pilot.app.screen, ConfirmScreen))
        assert pane(pilot).query_one(NumberField).value == "17500"
        assert pilot.app.lesson_screen.pane == "exercise"


def seen(pilot: Any) -> bool:
    """Whether all of what has the focus is on the screen."""
    found = pilot.app.screen.find_widget(pilot.app.focused)
    return bool(found.region.area and found.clip.contains_region(found.region))


@pytest.mark.parametrize("size", [(80, 24), pytest.param((120, 40), marks=pytest.mark.long)])
async def test_the_field_with_the_focus_is_in_view_after_a_run_and_after_any_change(
    app: Any, opened: Any, until: Any, text: Any, bench: Any, size: tuple[int, int]
) -> None:
    async with app().run_test(size=TALL) as pilot:
        await at_exercise(pilot, opened, until)
        await predict(pilot, until, "175104")
        run = bench.run("20250101-000000-sql-lora")
        hold(run)
        pilot.app.session.record("exercise.run", COUNT, {"run": run.id})
        await pilot.press("q")
    async with app().run_test(size=size) as pilot:
        await at_exercise(pilot, opened, until)
        await until(pilot, lambda: "Training …" in text(pilot))
        bench.finish(run, TRUTH)
        await until(pilot, lambda: isinstance(pilot.app.focused, NumberField) and seen(pilot))
        await pilot.press("5", "6")
        assert pane(pilot).query_one(NumberField).value == "56" and "56" in text(pilot)
        await pilot.resize_terminal(100, 24)
        await until(pilot, lambda: seen(pilot))
        pane(pilot).scroll_home(animate=False)
        await pilot.pause()
        await pilot.press("3")
        await until(pilot, lambda: seen(pilot))
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, ConfirmScreen))
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(pilot.app.focused, Sentences) and seen(pilot))


async def test_a_number_field_lets_commands_through_and_keeps_what_a_number_holds(
    app: Any, opened: Any, until: Any, text: Any
) -> None:
    async with app().run_test(size=SMALL) as pilot:
        await at_exercise(pilot, opened, until)
        await until(pilot, lambda: isinstance(pilot.app.focused, NumberField))
        field = pilot.app.focused
        await pilot.press("5", ".", "6", "m", "i")
        assert field.value == "5.6mi", "a million begins so"
        await pilot.press("backspace", "z")
        await until(pilot, lambda: pilot.app.lesson_screen.pane == "quiz")
        await pilot.press("escape", "e")
        await until(pilot, lambda: isinstance(pilot.app.focused, NumberField))
        assert pilot.app.focused.value == "5.6m"
        await pilot.press("ㅋ")  # z under the Hangul layout
        await until(pilot, lambda: pilot.app.lesson_screen.pane == "quiz")
        await pilot.press("e")
        await until(pilot, lambda: isinstance(pilot.app.focused, NumberField))
        await pilot.press("q")
        await until(pilot, lambda: not pilot.app.is_running)
