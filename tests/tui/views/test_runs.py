"""The bench of runs: every action by key and by mouse, on hand-made runs, and on real ones where they must go on."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from engines import hold
from event_of import event_of
from textual.widgets import Input, TextArea

from lab.events.writer import EventLog
from lab.runs import run_notes, trash
from lab.runs.directory import Run, Runs
from lab.runs.run_index import INDEX
from tests.tui.views.conftest import NASTY
from tui.views.runs.sweep import SweepScreen
from tui.widgets.action_bar import ActionBar
from tui.widgets.choice_field import Choice
from tui.widgets.data_grid import DataGrid
from tui.widgets.dialogs import ConfirmScreen

Fill = Callable[..., list[Run]]


@pytest.fixture
def shelf(home: Path, bench: Any) -> Fill:
    """`shelf(5)`: finished runs "r0" … that differ in rank and rate, the last the newest, all of one size."""

    def fill(count: int) -> list[Run]:
        found = []
        for number in range(count):
            fields = {"lora_parameters": {"rank": 2 ** (number % 4)}, "learning_rate": 0.001 * (number + 1)}
            run = bench.run(f"r{number}", **fields)
            bench.finish(run, parameters=10_000)
            run.path.joinpath("result.json").write_text(
                json.dumps(run.result().to_json() | {"val_loss": (number * 7 % 10) / 10})
            )
            for iteration in (100, 200):
                (run.adapters / f"{iteration:07d}_adapters.safetensors").write_bytes(bytes(50_000))
            os.utime(run.path / "spec.yaml", (1.7e9 + number * 3600,) * 2)
            found.append(run)
        return found

    return fill


@pytest.fixture
def at_runs(at_bench: Any, until: Any) -> Any:
    """`await at_runs(pilot, "r3")`: the bench with every run read, and the cursor on that one."""

    async def go(pilot: Any, run: str = "") -> Any:
        bench = await at_bench(pilot, "runs")
        await until(pilot, lambda: bench.ready)
        assert bench.grid.go_to(run) or not run
        await until(pilot, lambda: bench.picks.run == run or not run)
        return bench

    return go


def listed(bench: Any) -> list[str]:
    return [row.run for row in bench.shown]


async def test_filter_sort_mark_and_go_on(app: Any, at_runs: Any, until: Any, text: Any, shelf: Fill) -> None:
    made = shelf(6)
    run_notes.change(made[1], name="the best one", tags=("keep",))
    async with app().run_test(size=(120, 40)) as pilot:
        bench = await at_runs(pilot, "r3")
        assert listed(bench) == ["r5", "r4", "r3", "r2", "r1", "r0"] and bench.picks.run == "r3"
        assert "6 of 6 runs" in text(pilot) and "the best one #keep" in text(pilot)
        await pilot.press("slash", *"tag:keep", "enter")
        assert listed(bench) == ["r1"] and bench.picks.run == "r1" and isinstance(pilot.app.focused, DataGrid)
        assert "1 of 6 runs" in text(pilot)
        await pilot.press("slash", "x")
        assert listed(bench) == [] and "No run fits" in text(pilot)
        await pilot.press("escape", "escape")
        assert len(listed(bench)) == 6 and pilot.app.screen is pilot.app.laboratory
        await pilot.press("s")
        assert listed(bench) == ["r0", "r2", "r3", "r4", "r5", "r1"] and "run ↑" in text(pilot), "by title"
        await pilot.press("o")
        assert listed(bench)[0] == "r1" and "run ↓" in text(pilot)
        await pilot.click(DataGrid, offset=(text(pilot).splitlines()[5].index("val") - 1, 0))
        assert bench.by == "val_loss" and listed(bench)[0] == "r0" and "val ↑" in text(pilot)
        await pilot.press("home", "space", "space")
        assert bench.picks.marked == tuple(listed(bench)[:2]) and "2 marked" in text(pilot)
        await pilot.press("a")
        assert len(bench.picks.marked) == 6
        await pilot.press("a", "c")
        assert bench.picks.marked == () and pilot.app.laboratory.place == "runs"
        await pilot.click(DataGrid, offset=(1, 1))
        await pilot.click(DataGrid, offset=(1, 2))
        assert len(bench.picks.marked) == 2
        await pilot.press("c")
        await until(pilot, lambda: pilot.app.laboratory.place == "compare")
        await pilot.app.laboratory.open("runs")
        assert bench.grid.marked == bench.picks.marked
        await pilot.press("end", "enter")
        await until(pilot, lambda: pilot.app.laboratory.place == "run")
        assert bench.picks.run == listed(bench)[-1]


async def test_names_tags_and_notes_are_kept_and_taken_back(
    app: Any, at_runs: Any, until: Any, text: Any, shelf: Fill
) -> None:
    made = shelf(2)
    async with app().run_test(size=(120, 40)) as pilot:
        bench = await at_runs(pilot, "r1")
        await pilot.press("n", *"mine", "enter")
        await until(pilot, lambda: bench.row.name == "mine")
        await pilot.press("n", "x", "escape", "t", *"a, b", "enter")
        await until(pilot, lambda: bench.row.tags == ("a", "b"))
        assert bench.row.name == "mine" and "#a #b" in text(pilot)
        await pilot.press("e")
        pilot.app.screen.query_one(TextArea).text = f"first\n{NASTY}"
        await pilot.press("escape")
        await until(pilot, lambda: "evil" in text(pilot))
        assert run_notes.read(made[1]).notes == "first\n[bold red]boo[/] ]0;owned[2Jevil ab 한글"
        assert "[bold red]boo[/]" in text(pilot)
        await pilot.press("u")
        await until(pilot, lambda: bench.row.notes == "")
        await pilot.press("u")
        await until(pilot, lambda: bench.row.tags == ())
        await pilot.press("u")
        await until(pilot, lambda: bench.row.name == "")
        await pilot.press("u")
        await until(pilot, lambda: "Nothing to take back" in text(pilot))
        await pilot.press("a", "t", *"both", "enter")
        await until(pilot, lambda: all(row.tags == ("both",) for row in bench.rows))
        await pilot.press("n", *("x" * 81), "enter")
        await until(pilot, lambda: "at most 80 characters" in text(pilot))


async def test_foreign_text_is_inert_wherever_it_comes(
    app: Any, at_runs: Any, until: Any, text: Any, shelf: Fill
) -> None:
    made = shelf(2)
    run_notes.change(made[1], name=NASTY[:80], tags=("[red]t", "\u202etag"), group="[red]g", notes=NASTY)
    spec = made[1].path / "spec.yaml"
    spec.write_text(spec.read_text().replace("model: sprout", f"model: {json.dumps(NASTY)}"))
    result = {"event": "failed", "error": {"what": NASTY, "where": "", "remedy": ""}, "method": NASTY}
    (made[1].path / "result.json").write_text(json.dumps(result))
    (made[1].path / "events.jsonl").write_text(json.dumps({"event": "started", "method": NASTY}) + "\n")
    async with app().run_test(size=(160, 40)) as pilot:
        await at_runs(pilot, "r1")
        await pilot.pause()
        screen = text(pilot)
        assert not any(char in screen for char in "\x1b\x07\u202e\u202c\u200b")
        assert screen.count("[bold red]boo") >= 3 and "#[red]t" in screen and "[red]g" in screen
        for key in ("n", "e", "w"):
            await pilot.press(key)
            await pilot.pause()
            assert not any(char in text(pilot) for char in "\x1b\x07")
            await pilot.press("escape")
        await pilot.press("space", "end", "space", "d")
        assert "Delete 2 runs?" in text(pilot)


@pytest.mark.main_path
async def test_delete_and_undo_also_after_a_restart(
    app: Any, at_runs: Any, until: Any, text: Any, shelf: Fill, home: Path
) -> None:
    shelf(4)
    async with app().run_test(size=(120, 40)) as pilot:
        bench = await at_runs(pilot, "r3")
        await pilot.press("d")
        await until(pilot, lambda: listed(bench) == ["r2", "r1", "r0"])
        assert "1 deleted" in text(pilot) and bench.picks.run == "r2"
        await pilot.press("space", "space", "d")
        assert isinstance(pilot.app.screen, ConfirmScreen)
        await pilot.press("n")
        await pilot.press("delete", "y")
        await until(pilot, lambda: listed(bench) == ["r0"])
        assert bench.picks.marked == ()
    async with app().run_test(size=(120, 40)) as pilot:
        bench = await at_runs(pilot)
        await pilot.press("u")
        await until(pilot, lambda: listed(bench) == ["r2", "r1", "r0"])
        await pilot.press("f9")
        await until(pilot, lambda: isinstance(pilot.app.screen, ConfirmScreen))
        assert "(r3)" in text(pilot)
        await pilot.press("y")
        await until(pilot, lambda: not trash.deleted(Runs(home / "runs")))
        await pilot.press("f9")
        await until(pilot, lambda: "empty already" in text(pilot))


async def test_space_is_freed_after_asking_and_the_mouse_does_it_too(
    app: Any, at_runs: Any, until: Any, text: Any, shelf: Fill
) -> None:
    made = shelf(2)
    async with app().run_test(size=(80, 24)) as pilot:
        bench = await at_runs(pilot, "r1")
        await pilot.press("i")
        assert "What it reached" in text(pilot) and "f frees" not in text(pilot)
        await pilot.press("end")
        await until(pilot, lambda: "f frees 0.1 MB" in text(pilot))
        await pilot.press("escape")
        assert pilot.app.screen is pilot.app.laboratory and bench.grid.display
        line = bench.query_one(ActionBar)
        row = next(n for n, each in enumerate(line._lines(line.size.width)) if "free space" in each.plain)
        column = line._lines(line.size.width)[row].plain.index("free space")
        await pilot.click(ActionBar, offset=(column, row))
        await until(pilot, lambda: isinstance(pilot.app.screen, ConfirmScreen))
        assert "frees 0.1 MB" in text(pilot)
        await pilot.press("enter")
        await until(pilot, lambda: bench.row.spare_bytes == 0)
        assert [name for name, _ in made[1].files()] == ["adapters.safetensors"]
        await pilot.press("f")
        await until(pilot, lambda: "No checkpoint here can go" in text(pilot))
        await pilot.press("x")
        await until(pilot, lambda: "Nothing here is going on" in text(pilot))
        await pilot.press("r")
        await until(pilot, lambda: "Nothing here can go on" in text(pilot))


async def test_a_group_has_one_bar_and_the_queue_its_order(
    app: Any, at_runs: Any, until: Any, text: Any, shelf: Fill, bench: Any
) -> None:
    for run in shelf(2):
        run_notes.change(run, group="rank@1")
    waiting = bench.run("r2", iters=400)
    run_notes.change(waiting, group="rank@1", name="third")
    hold(waiting)
    log = EventLog(waiting.path)
    log.write(event_of("stage", stage="waiting", behind="r1", position=1))
    async with app().run_test(size=(120, 40)) as pilot:
        at = await at_runs(pilot, "r2")
        await until(pilot, lambda: "2 of 3 runs" in text(pilot) and "behind r1" in text(pilot))
        assert "rank@1" in text(pilot) and "○ waiting 1" in text(pilot)
        assert "behind r1" in text(pilot) and "Queue" in text(pilot) and at.status() == "○1"
        log.write(event_of("train", iteration=200, train_loss=1.0, elapsed_seconds=100.0, remaining_seconds=100.0))
        await until(pilot, lambda: "● 200/400" in text(pilot))
        await until(pilot, lambda: "about 1:40 left" in text(pilot))
        assert at.status() == "●1"
        await pilot.click("#runs-group", offset=(3, 0))
        assert at.query_one("#runs-filter", Input).value == "group:rank@1"
    log.close()


async def test_nothing_yet_says_how_to_begin_and_many_show_progress(
    app: Any, at_runs: Any, until: Any, text: Any, shelf: Fill, home: Path
) -> None:
    async with app().run_test(size=(80, 24)) as pilot:
        bench = await at_runs(pilot)
        assert "Every run is kept here" in text(pilot) and "Press 1" in text(pilot)
        for key in ("d", "n", "e", "t", "r", "x", "f", "a", "enter", "space", "c"):
            await pilot.press(key)
        assert pilot.app.screen is pilot.app.laboratory
        made = shelf(3)
        await until(pilot, lambda: len(listed(bench)) == 3)
        assert (home / "runs" / INDEX).exists()
        bench.ready = False
        bench._show_some(bench.rows[:2], 3)
        await pilot.pause()
        assert "reading 2 of 3 runs" in text(pilot)
        made[0].path.rename(home / "elsewhere")
        bench.look()
        await until(pilot, lambda: len(listed(bench)) == 2)


async def test_while_runs_are_read_the_cursor_waits_for_the_run_picked_unless_it_was_moved(
    app: Any, at_runs: Any, shelf: Fill
) -> None:
    shelf(4)
    async with app().run_test(size=(120, 40)) as pilot:
        bench = await at_runs(pilot)
        rows = {row.run: row for row in bench.rows}

        def read(*names: str, whole: bool = False) -> str:
            bench.ready = whole
            bench.show([rows[name] for name in names])
            return str(bench.grid.cursor_key)

        bench.leave()
        for moved, found in ((False, "r3"), (True, "r0")):
            read()
            bench._placed, bench.picks.run = "", "r3"
            assert read("r0", "r1") == "r1"
            if moved:
                await pilot.press("down")
            assert read("r0", "r1", "r3") == found
            assert read("r0", "r1", "r2", "r3", whole=True) == found and bench._placed is None


@pytest.mark.long
async def test_a_sweep_is_made_cancelled_stopped_resumed_and_deleted(
    app: Any, at_runs: Any, until: Any, text: Any, trained: Path, stopped_at_end: None, events: Any
) -> None:
    async with app().run_test(size=(120, 40)) as pilot:
        bench = await at_runs(pilot, "lora")
        await pilot.press("w")
        form = pilot.app.screen
        assert isinstance(form, SweepScreen)
        await until(pilot, lambda: "9 runs" in text(pilot) and "about" in text(pilot))
        field = form.query_one("#sweep-first-values", Input)
        field.value = "0.001, much"
        await until(pilot, lambda: "✗ --learning-rate" in text(pilot))
        await pilot.press("f5")
        assert pilot.app.screen is form, "nothing to start"
        form.query_one("#sweep-first", Choice).value = "iters"
        form.query_one("#sweep-second", Choice).value = "seed"
        await pilot.pause()
        field.value = "50000"
        form.query_one("#sweep-second-values", Input).value = "1, 2, 3"
        await until(pilot, lambda: "3 runs" in text(pilot))
        await pilot.press("f5")
        await until(pilot, lambda: len(bench.rows) == 5 and pilot.app.screen is not form)
        assert len(events("run.started")) == 3 and "3 runs in line" in text(pilot)
        first, second, third = sorted((row.run for row in bench.rows if row.group), key=lambda name: (len(name), name))
        state = lambda name: next((row.state for row in bench.rows if row.run == name), "")  # noqa: E731
        await until(pilot, lambda: state(first) == "running" and state(third) == "waiting")
        bench.grid.go_to(third)
        await pilot.press("x")
        await until(pilot, lambda: state(third) == "stopped")
        bench.grid.go_to(first)
        await until(pilot, lambda: "●" in bench.status() and bench.row.iterations > 0)
        await pilot.press("x")
        await until(pilot, lambda: isinstance(pilot.app.screen, ConfirmScreen))
        await pilot.press("y")
        await until(pilot, lambda: state(first) == "stopped" and state(second) == "running")
        bench.grid.go_to(third)
        await pilot.press("r")
        await until(pilot, lambda: state(third) in ("running", "waiting"))
        bench.grid.go_to(second)
        await pilot.press("d")
        await until(pilot, lambda: isinstance(pilot.app.screen, ConfirmScreen))
        await pilot.press("y")
        await until(pilot, lambda: second not in listed(bench))
        assert trash.deleted(bench.runs)[0].run.state() == "stopped"
        await until(pilot, lambda: state(third) == "running")
