"""The pane in a host program; run directories are real, their events written by hand."""

import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from engines import StandIn, hold
from picture import drawn
from textual.pilot import Pilot
from textual.screen import Screen
from textual.widgets import Button, Input, Static

from tui.panes.lab.form import FormView
from tui.panes.lab.live import LiveView
from tui.panes.lab.messages import RunEnded, Status
from tui.panes.lab.summary import SummaryView
from tui.widgets.choice_field import Choice
from tui.widgets.loss_chart import PlotView

SMALL = (80, 24)


def text(pilot: Pilot[None], selector: str) -> str:
    return str(pilot.app.query_one(selector, Static).render())


def shown(pilot: Pilot[None]) -> type:
    views = pilot.app.query("FormView, LiveView, SummaryView")
    (view,) = [view for view in views if view.display]
    return type(view)


@pytest.fixture
def engine() -> Iterator[StandIn]:
    """A live process that stands for an engine: it waits until it is told to end."""
    made = StandIn()
    yield made
    made.kill()


@pytest.mark.main_path
async def test_without_runs_the_form_says_what_this_place_is_for(host: Any, settle: Any) -> None:
    async with host().run_test(size=SMALL) as pilot:
        await settle(pilot)
        assert shown(pilot) is FormView
        assert "Press Enter to start" in text(pilot, "#lab-welcome")
        assert pilot.app.query_one("#lab-field-rate", Input).value == "0.002"
        assert text(pilot, "#lab-command").startswith("lowrank train --model sprout --data sql")
        assert pilot.app.said(RunEnded) == []


async def test_the_focused_field_is_explained_and_wrong_values_are_refused_as_one_types(host: Any, settle: Any) -> None:
    async with host().run_test(size=SMALL) as pilot:
        await settle(pilot)
        pilot.app.pane.focus()
        await pilot.press("down", "down", "down")
        await settle(pilot)
        assert "Twice the rank" in text(pilot, "#lab-help")
        await pilot.press("0")
        assert text(pilot, "#lab-help") == "A whole number, please: 1 to 512."
        assert text(pilot, "#lab-row-rank .lab-note") == "✗ 1–512"
        assert text(pilot, "#lab-command") == ""
        await pilot.press("down", "enter")
        await settle(pilot)
        assert pilot.app.focused is pilot.app.query_one("#lab-field-rank")
        assert not pilot.app.pane.going
        await pilot.press("1", "6")
        assert text(pilot, "#lab-row-rank .lab-note") == "1–512"
        assert "--rank 16" in text(pilot, "#lab-command")


async def test_qlora_is_derived_and_unused_fields_say_so(host: Any, settle: Any) -> None:
    async with host().run_test(size=SMALL) as pilot:
        await settle(pilot)
        pilot.app.pane.focus()
        await pilot.press("right")
        assert pilot.app.query_one("#lab-field-model", Choice).value == "sprout-4bit"
        await pilot.pause()
        assert text(pilot, "#lab-row-method .lab-note") == "= QLoRA"
        await pilot.press("left", "down", "right", "right", "right")
        assert pilot.app.query_one("#lab-field-data", Choice).value == "sql"
        await pilot.press("left")
        await pilot.press("down", "left")
        assert pilot.app.query_one("#lab-field-method", Choice).value == "full"
        await pilot.pause()
        assert text(pilot, "#lab-row-rank .lab-note") == "not used"


async def test_choices_take_the_mouse(host: Any, settle: Any) -> None:
    async with host().run_test(size=SMALL) as pilot:
        await settle(pilot)
        choice = pilot.app.query_one("#lab-field-method", Choice)
        await pilot.click("#lab-field-method", offset=(6, 0))
        assert choice.value == "dora"
        await pilot.click("#lab-field-method", offset=(0, 0))
        assert choice.value == "lora"


async def test_watching_a_run_lays_nothing_out_and_reads_no_keys_anew(
    host: Any, bench: Any, settle: Any, training: Any, engine: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = bench.run("20251123-020000-sql-lora", engine, model="sprout-4bit", iters=200)
    bench.write(run, training(45, 200))
    done: list[str] = []
    async with host().run_test(size=SMALL) as pilot:
        await settle(pilot)
        lay_out, told = Screen._refresh_layout, Screen.refresh_bindings
        monkeypatch.setattr(
            Screen, "_refresh_layout", lambda *given, **more: (done.append("layout"), lay_out(*given, **more))[1]
        )
        monkeypatch.setattr(Screen, "refresh_bindings", lambda *given: (done.append("keys"), told(*given))[1])
        bench.write(run, training(60, 200)[len(training(45, 200)) :])
        await pilot.app.pane.poll()
        await pilot.pause()
        assert text(pilot, "#lab-progress").endswith("60/200")
        assert done == []
        await pilot.app.pane.action_stop()
        await pilot.pause()
        assert done, "what the counting would have seen"


async def test_a_refused_run_says_why(host: Any, settle: Any) -> None:
    async with host().run_test(size=SMALL) as pilot:
        await settle(pilot)
        pilot.app.pane.focus()
        choice = pilot.app.query_one("#lab-field-model", Choice)
        choice.set_options(["sprout", "oak"])
        choice.value = "oak"
        await pilot.pause()
        await pilot.press("ctrl+r")
        await settle(pilot)
        assert text(pilot, "#lab-help").startswith("Not started: unknown model 'oak'")
        assert pilot.app.focused is choice


@pytest.mark.main_path
async def test_a_run_that_goes_on_is_watched_from_the_start(
    host: Any, bench: Any, settle: Any, training: Any, engine: StandIn
) -> None:
    run = bench.run("20251123-020000-sql-lora", engine, model="sprout-4bit", iters=200)
    events = training(45, 200)
    events[0]["method"] = "QLoRA"
    bench.write(run, events)
    async with host().run_test(size=SMALL) as pilot:
        await settle(pilot)
        assert shown(pilot) is LiveView
        assert text(pilot, "#lab-live-title") == "QLoRA r8 · sprout-4bit · sql"
        assert "goes on if you close" in text(pilot, "#lab-goes-on")
        assert text(pilot, "#lab-progress").endswith(" 45/200")
        assert pilot.app.said(Status)[-1].text == "●45/200"
        chart = pilot.app.query_one(PlotView)
        before = drawn(chart)
        bench.write(run, training(145, 200)[len(training(45, 200)) :])
        await pilot.app.pane.poll()
        chart.redraw()
        assert text(pilot, "#lab-progress").endswith("145/200")
        assert drawn(chart) != before
        for value in ("2,310", "0.031 s", "212 MB", "0.874@120"):
            assert value in text(pilot, "#lab-facts")


async def test_a_half_written_line_is_read_when_it_is_whole(
    host: Any, bench: Any, settle: Any, training: Any, engine: StandIn
) -> None:
    run = bench.run("20251123-020000-sql-lora", engine, iters=200)
    *before, last = training(20, 200)
    bench.write(run, before)
    line = json.dumps(last)
    async with host().run_test(size=SMALL) as pilot:
        await settle(pilot)
        with (run.path / "events.jsonl").open("a") as file:
            file.write(line[:20])
            file.flush()
            await pilot.app.pane.poll()
            assert text(pilot, "#lab-progress").endswith(" 15/200")
            file.write(line[20:] + "\n")
        await pilot.app.pane.poll()
        assert text(pilot, "#lab-progress").endswith(" 20/200")


@pytest.mark.main_path
async def test_stopping_asks_first(host: Any, bench: Any, settle: Any, training: Any, engine: StandIn) -> None:
    run = bench.run("20251123-020000-sql-lora", engine, iters=200)
    bench.write(run, training(20, 200))
    async with host().run_test(size=SMALL) as pilot:
        await settle(pilot)
        pilot.app.pane.focus()
        await pilot.press("x")
        assert text(pilot, "#lab-goes-on").startswith("Press x again to stop")
        await pilot.press("escape")
        assert "goes on" in text(pilot, "#lab-goes-on")
        assert engine.process.poll() is None and run.state() == "running"
        await pilot.click("#lab-stop")
        await pilot.press("ㅌ")
        await settle(pilot)
        engine.process.wait(10)
        assert (run.path / "state" / "stop").exists()


@pytest.mark.main_path
async def test_the_end_shows_the_summary_once(
    host: Any, bench: Any, settle: Any, training: Any, ending: Any, engine: StandIn
) -> None:
    run = bench.run("20251123-020000-sql-lora", engine, iters=200)
    bench.write(run, training(195, 200))
    async with host().run_test(size=SMALL) as pilot:
        await settle(pilot)
        bench.adapter(run)
        bench.end(run, ending("finished", 200))
        await pilot.app.pane.poll()
        await pilot.app.pane.poll()
        await settle(pilot)
        assert shown(pilot) is SummaryView
        (ended,) = pilot.app.said(RunEnded)
        assert (ended.run_id, ended.state, ended.result.val_loss) == (run.id, "finished", 0.447)
        assert pilot.app.said(Status)[-1].text == "✓"


async def test_a_finished_run_found_on_start_is_summed_up(
    host: Any, bench: Any, settle: Any, training: Any, ending: Any
) -> None:
    run = bench.run("20251123-020000-sql-lora", iters=200, learning_rate=1e-4)
    bench.write(run, training(200, 200))
    bench.adapter(run)
    bench.end(run, ending("finished", 200))
    async with host().run_test(size=SMALL) as pilot:
        await settle(pilot)
        assert shown(pilot) is SummaryView
        assert len(pilot.app.said(RunEnded)) == 1
        assert "adapters.safetensors" in text(pilot, "#lab-files")
        assert text(pilot, "#lab-ratio") == "adapter 0.7 MB · base 11.4 MB · 6.1 %"
        assert "135,168/2,852,352  4.74 %" in text(pilot, "#lab-trainable")
        pilot.app.pane.focus()
        await pilot.press("y")
        await pilot.pause()
        assert pilot.app.clipboard == "lowrank train --model sprout --data sql --iters 200 --learning-rate 0.0001"
        assert "Copied." in str(pilot.app.query_one("#lab-copy", Button).label)
        await pilot.press("n")
        await settle(pilot)
        assert shown(pilot) is FormView
        assert pilot.app.focused is pilot.app.query_one("#lab-field-model")
        await pilot.press("escape")
        await settle(pilot)
        assert shown(pilot) is SummaryView
        assert len(pilot.app.said(RunEnded)) == 1


async def test_the_form_keeps_its_values(host: Any, bench: Any, settle: Any, training: Any, ending: Any) -> None:
    run = bench.run("20251123-020000-sql-lora", iters=200)
    bench.end(run, ending("stopped", 20))
    async with host().run_test(size=SMALL) as pilot:
        await settle(pilot)
        pilot.app.pane.focus()
        await pilot.press("n")
        await settle(pilot)
        await pilot.press("down", "down", "down", "3", "2", "escape", "n")
        await settle(pilot)
        assert pilot.app.query_one("#lab-field-rank", Input).value == "32"
        assert pilot.app.focused is pilot.app.query_one("#lab-field-rank")


async def test_a_failed_run_says_what_where_and_what_to_do_and_stays_inert(
    host: Any, bench: Any, settle: Any, training: Any, ending: Any
) -> None:
    run = bench.run("20251123-020000-sql-lora", iters=200)
    bench.write(run, training(60, 200))
    (run.path / "log.txt").write_text("first\n\x1b[31mRuntimeError: [bold]x[/]\x07\n\n")
    error = {"what": "out of memory", "where": "iteration 61", "remedy": "lower the \x1b]0;batch size"}
    bench.end(run, ending("failed", 60, error=error))
    async with host().run_test(size=SMALL) as pilot:
        await settle(pilot)
        trouble = text(pilot, "#lab-trouble")
        assert [line.split(maxsplit=1) for line in trouble.splitlines()] == [
            ["what", "out of memory"],
            ["where", "iteration 61"],
            ["remedy", "lower the \\x1b]0;batch size"],
            ["log.txt", "\\x1b[31mRuntimeError: [bold]x[/]\\x07"],
        ]
        assert text(pilot, "#lab-files") == "No adapter was saved."


async def test_a_lost_engine_is_said_to_be_lost(host: Any, bench: Any, settle: Any, training: Any) -> None:
    run = bench.run("20251123-020000-sql-lora", iters=200)
    bench.write(run, training(60, 200))
    async with host().run_test(size=SMALL) as pilot:
        await settle(pilot)
        assert "left no word" in text(pilot, "#lab-trouble")
        assert pilot.app.said(RunEnded)[0].state == "lost"


async def test_a_run_taken_for_lost_is_watched_again_when_its_engine_lives(
    host: Any, bench: Any, settle: Any, training: Any, engine: StandIn
) -> None:
    """As it looks in the instant between making the run directory and starting the engine."""
    run = bench.run("20251123-020000-sql-lora", iters=200)
    async with host().run_test(size=SMALL) as pilot:
        await settle(pilot)
        assert shown(pilot) is SummaryView
        engine.work_on(run)
        bench.write(run, training(20, 200))
        await pilot.app.pane.look()
        await settle(pilot)
        assert shown(pilot) is LiveView


async def test_a_run_started_elsewhere_is_offered(
    host: Any, bench: Any, settle: Any, training: Any, engine: StandIn
) -> None:
    async with host().run_test(size=SMALL) as pilot:
        await settle(pilot)
        pilot.app.pane.focus()
        run = bench.run("20251123-020000-sql-lora", engine, iters=200)
        bench.write(run, training(20, 200))
        await pilot.app.pane.look()
        assert run.id in text(pilot, "#lab-notice")
        assert shown(pilot) is FormView
        await pilot.press("f5")
        await settle(pilot)
        assert shown(pilot) is LiveView
        assert text(pilot, "#lab-notice") == ""


async def test_a_spec_that_cannot_be_read_is_said_and_the_form_is_there(host: Any, bench: Any, settle: Any) -> None:
    run = bench.run("20251123-020000-sql-lora")
    (run.path / "spec.yaml").write_text("model: [")
    async with host().run_test(size=SMALL) as pilot:
        await settle(pilot)
        assert shown(pilot) is FormView
        assert "This run cannot be read" in text(pilot, "#lab-notice")


async def test_the_language_changes_in_place(host: Any, bench: Any, settle: Any, training: Any, ending: Any) -> None:
    run = bench.run("20251123-020000-sql-lora", iters=200)
    hold(run)
    bench.write(run, training(60, 200))
    async with host().run_test(size=SMALL) as pilot:
        await settle(pilot)
        pilot.app.pane.lang = "ko"
        await settle(pilot)
        assert "닫아도" in text(pilot, "#lab-goes-on")
        assert "평활" in text(pilot, "#lab-legend")
        bench.end(run, ending("stopped", 60))
        await pilot.app.pane.poll()
        await settle(pilot)
        assert "멈춤" in text(pilot, "#lab-done-state")
        pilot.app.pane.lang = "en"
        await settle(pilot)
        assert "stopped" in text(pilot, "#lab-done-state")


def test_nothing_heavy_is_imported_for_the_first_frame() -> None:
    code = "import sys, tui.panes.lab.pane; print(sorted({m.split('.')[0] for m in sys.modules} & set(sys.argv[1:])))"
    heavy = ["mlx", "mlx_lm", "transformers", "plotext", "pydantic", "yaml", "lab", "psutil"]
    done = subprocess.run([sys.executable, "-c", code, *heavy], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
