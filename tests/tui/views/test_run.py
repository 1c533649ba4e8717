"""The live bench in the real program, on real runs: every action by key, the mouse, and a run that goes on."""

import json
from pathlib import Path
from typing import Any

import pytest
from picture import drawn, rest
from textual.events import MouseScrollDown, MouseScrollUp
from textual.widgets import Static

from lab.preflight import prepare
from lab.runs.directory import Run, Runs
from lab.runs.launch import start
from tests.tui.views.conftest import NASTY
from tui.views.run.layout import RunLayout
from tui.views.run.log import LogView
from tui.widgets.action_bar import ActionBar
from tui.widgets.loss_chart import PlotView


@pytest.fixture
def live(app: Any, at_bench: Any, until: Any) -> Any:
    """`async with live("lora") as (pilot, bench)`: the bench with that run read and looked up."""

    class Open:
        def __init__(self, run: str, size: tuple[int, int] = (120, 40)) -> None:
            self.run, self.size = run, size

        async def __aenter__(self) -> tuple[Any, Any]:
            self.test = app().run_test(size=self.size)
            pilot = await self.test.__aenter__()
            bench = await at_bench(pilot, "run", run=self.run)
            await until(pilot, lambda: bench.shown is not None and bench.shown.answered)
            return pilot, bench

        async def __aexit__(self, *error: Any) -> None:
            await self.test.__aexit__(*error)

    return Open


def said(bench: Any, name: str) -> str:
    return str(bench.query_one(f"#live-{name}", Static).render())


@pytest.mark.main_path
async def test_the_cursor_is_a_time_machine(trained: Path, live: Any, until: Any) -> None:
    async with live("lora") as (pilot, bench):
        events = [event for event in Run(trained / "runs" / "lora").events(0)[0]]
        told = {e.iteration: e.answers[0].text for e in events if e.kind == "samples"}
        losses = {e.iteration: e.train_loss for e in events if e.kind == "train"}
        rates = {e.iteration: e.learning_rate for e in events if e.kind == "train"}
        assert sorted(told) == [0, 10, 20] and bench.shown.answered[0] == 20
        for key, at in (("b", 10), ("b", 0), ("b", 0), ("n", 10), ("end", 20), ("home", 0)):
            await pilot.press(key)
            await until(pilot, lambda at=at: bench.shown.answered and bench.shown.answered[0] == at)
            assert bench.shown.answered[1][0].text == told[at]
            assert (f"at iteration {at}" if at else "before training") in said(bench, "heading")
        assert bench.shown.view.cursor == 0
        for _ in range(13):
            await pilot.press("right")
        await until(pilot, lambda: bench.shown.report and bench.shown.report.iteration == 13)
        assert f"▸ 13  train {losses[13]:.3f}" in said(bench, "cursor")
        assert f"rate {rates[13]:.2e}" in said(bench, "cursor")
        assert bench.shown.answered[0] == 10
        assert "╂" in drawn(bench.query_one(PlotView))
        await pilot.press("left")
        assert bench.shown.view.cursor == 12
        await pilot.press("escape")
        assert bench.shown.view.cursor is None and pilot.app.laboratory in pilot.app.screen_stack


async def test_axes_zoom_and_pan(trained: Path, live: Any, until: Any) -> None:
    async with live("dora") as (pilot, bench):
        chart = bench.query_one(PlotView)
        titles = []
        for _ in range(3):
            await pilot.press("u")
            await pilot.pause()
            titles.append((chart.plot.x_title, chart.plot.x_limits[1]))
        measured = bench.run.progress.measured
        assert [title for title, _ in titles] == ["tokens trained", "time trained", "iteration"]
        assert [limit for _, limit in titles] == pytest.approx(
            [measured["trained_tokens"], measured["elapsed_seconds"], 20]
        )
        await pilot.press("s")
        assert chart.plot.log_y and "log" in said(bench, "axes")
        await pilot.press("plus")
        assert bench.shown.view.span == (10, 20)
        await pilot.press("comma", "comma")
        assert bench.shown.view.span == (5, 15)
        await pilot.press("full_stop", "equals_sign")
        low, high = bench.shown.view.span
        assert high - low == 5
        await pilot.press("minus", "0")
        assert bench.shown.view.span is None
        await pilot.press("z", "escape", "s")
        assert bench.shown.view.span is None and not chart.plot.log_y


async def test_the_mouse_points_zooms_and_presses(trained: Path, live: Any, until: Any) -> None:
    async with live("lora") as (pilot, bench):
        chart = bench.query_one(PlotView)
        await until(pilot, lambda: chart.drawn)
        width = chart.content_size.width
        await pilot.mouse_down(chart, offset=(5 + (width - 6) // 2, 4))
        await until(pilot, lambda: bench.shown.view.cursor == 10)
        await pilot._post_mouse_events([MouseScrollUp], chart, offset=(20, 4))
        await until(pilot, lambda: bench.shown.view.span)
        await pilot._post_mouse_events([MouseScrollDown], chart, offset=(20, 4))
        await until(pilot, lambda: bench.shown.view.span is None)
        line = bench.query_one(ActionBar)
        await pilot.click(line, offset=(str(line.render()).index("x axis") + 1, 0))
        await until(pilot, lambda: bench.shown.view.over == "tokens")


async def test_on_a_small_screen_one_thing_is_shown_at_a_time(trained: Path, live: Any, until: Any) -> None:
    log = trained / "runs" / "lora" / "log.txt"
    log.write_text("first\x1b[31m line\nold\rnew [bold]x[/]\n")
    async with live("lora", (80, 24)) as (pilot, bench):
        board, chart = bench.query_one(RunLayout), bench.query_one(PlotView)
        assert chart.is_on_screen and not bench.query_one("#live-answers").is_on_screen
        await pilot.press("a")
        await pilot.pause()
        assert not chart.is_on_screen and bench.query_one("#live-answers").is_on_screen
        await pilot.press("left", "down", "up", "pagedown", "pageup")
        assert bench.shown.view.cursor == 19
        await pilot.press("o")
        view = bench.query_one(LogView)
        await until(pilot, lambda: view.line_count == 2)
        assert list(view.lines) == ["first\\x1b[31m line", "new [bold]x[/]"]
        with log.open("a") as file:
            file.write("third\n")
        await until(pilot, lambda: "third" in view.lines)
        await pilot.press("escape")
        assert not board.has_class("-log") and not board.has_class("-answers")
        await pilot.press("o", "o")
        assert chart.is_on_screen


async def test_a_log_opened_while_the_run_is_read_is_not_said_to_be_missing(
    trained: Path, live: Any, until: Any, monkeypatch: Any
) -> None:
    (trained / "runs" / "lora" / "log.txt").write_text("first\n")
    async with live("lora") as (pilot, bench):
        monkeypatch.setattr(bench, "_polling", True)  # as for as long as a slow disk reads
        await pilot.press("o")
        await until(pilot, lambda: list(bench.query_one(LogView).lines) == ["first"], 20)


async def test_lines_under_the_chart_fill_it_also_when_its_room_changes_last(
    trained: Path, live: Any, until: Any
) -> None:
    async with live("lora") as (pilot, bench):
        picture = bench.query_one("#live-picture")
        for width in (120, 80, 120):
            await pilot.resize_terminal(width, 40)
            await rest(pilot)
            picture.styles.width = 30  # as when the columns beside it are laid out after it was drawn
            await until(pilot, lambda: len(said(bench, "axes")) == picture.content_size.width == 30)
            picture.styles.width = "1fr"
            await until(pilot, lambda: len(said(bench, "axes")) == picture.content_size.width > 30)


async def test_foreign_text_is_inert(trained: Path, live: Any, text: Any, until: Any) -> None:
    path = trained / "runs" / "lora"
    told = [{"prompt": NASTY, "expected": NASTY, "text": "other " + NASTY}]
    with (path / "events.jsonl").open("a") as file:
        file.write(json.dumps({"event": "samples", "iteration": 20, "answers": told}) + "\n")
        file.write(json.dumps({"event": "failed", "error": {"what": NASTY, "where": NASTY, "remedy": NASTY}}) + "\n")
    result = {"event": "failed", "error": {"what": NASTY, "where": NASTY, "remedy": NASTY}}
    (path / "result.json").write_text(json.dumps(result))
    (path / "log.txt").write_text(NASTY + "\n")
    async with live("lora") as (pilot, bench):
        await pilot.press("o")
        await until(pilot, lambda: bench.query_one(LogView).line_count)
        shown = text(pilot)
        assert shown.count("[bold red]") >= 5
        assert not {"\x1b", "\x07", "\u202e", "\u200b"} & set(shown)


async def test_empty_and_missing_runs_say_what_to_do(
    app: Any, at_bench: Any, until: Any, text: Any, bench: Any
) -> None:
    async with app().run_test(size=(80, 24)) as pilot:
        live = await at_bench(pilot, "run")
        await until(pilot, lambda: "1  begins a new one" in text(pilot))
        assert live.status() == "" and live.palette() == {}
        await pilot.press("x", "r", "e", "left", "plus")
        bench.finish(bench.run("from-elsewhere"))
        await until(pilot, lambda: "from-elsewhere" in text(pilot))
        assert pilot.app.laboratory.picks.run == "from-elsewhere"
        pilot.app.laboratory.picks.run = "gone"
        await pilot.app.laboratory.open("run")
        await until(pilot, lambda: "cannot be read: no run 'gone'" in text(pilot))


async def test_a_run_is_watched_stopped_resumed_and_begun_anew(
    app: Any, at_bench: Any, until: Any, text: Any, home: Path, trained_home: Path, stopped_at_end: None
) -> None:
    (home / "cache").symlink_to(trained_home / "cache")
    fields = {"iters": 100_000, "batch_size": 2, "steps_per_report": 1, "val_batches": 1, "samples": 1}
    run = prepare(fields, Runs(home / "runs"), home / "cache")
    start(run, home / "cache")
    async with app().run_test(size=(120, 40)) as pilot:
        bench = await at_bench(pilot, "run")
        await until(pilot, lambda: bench.run is not None and len(bench.run.progress.train) > 3)
        assert bench.status().startswith("●") and "/100000" in bench.status()
        await until(pilot, lambda: "goes on if you close" in said(bench, "note"))
        await pilot.press("x")
        assert "Press x again" in said(bench, "note")
        await pilot.press("escape")
        assert "Press x again" not in said(bench, "note")
        await pilot.press("x", "x")
        await until(pilot, lambda: bench.run.state == "stopped")
        await until(pilot, lambda: "■ stopped" in said(bench, "title"))
        at = bench.run.progress.iteration
        await pilot.press("r")
        await until(pilot, lambda: bench.run.state == "running" and bench.run.progress.iteration > at)
        await pilot.press("y")
        assert "--iters 100000" in pilot.app.clipboard
        await pilot.press("e")
        await until(pilot, lambda: pilot.app.laboratory.place == "new")
        assert run.state() == "running"
