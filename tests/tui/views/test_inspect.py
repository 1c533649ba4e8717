"""Looking into an adapter: what it is made of at once, what training changed after one key, kept for the next time."""

from pathlib import Path
from typing import Any

import pytest
from picture import in_two_sizes

from lab.runs.directory import Run
from tests.tui.views.adapters import still, write_adapter, write_inspection
from tests.tui.views.conftest import NASTY
from tui.views.inspect.layer_table import LayerGrid
from tui.widgets.choice_field import Choice
from tui.widgets.loss_chart import PlotView

NAME = "20251123-020000-sql-lora"


@pytest.fixture
def measured(bench: Any) -> Run:
    """A run whose adapter has been inspected."""
    run: Run = bench.run(NAME)
    write_inspection(run, write_adapter(run))
    return run


async def test_one_key_measures_it_for_good_and_another_cancels(
    app: Any, at_bench: Any, until: Any, text: Any, trained: Path
) -> None:
    async with app().run_test(size=(120, 40)) as pilot:
        bench = await at_bench(pilot, "inspect", run="lora")
        assert "not measured yet" in text(pilot) and "adapters.safetensors" in text(pilot)
        assert "3,072" in text(pilot), "parameters need no measuring"
        await pilot.press("enter")
        await until(pilot, lambda: bench.working and bench.has_focus_within)
        await pilot.press("escape")
        await until(pilot, lambda: "Cancelled" in text(pilot))
        assert not bench.working and not (trained / "runs" / "lora" / "measured").exists()
        await pilot.press("enter")
        await until(pilot, lambda: bench.status() == "42/42" or not bench.working)
        await until(pilot, lambda: "Training moved these 42 matrices" in text(pilot))
        assert "uses" in text(pilot) and "effective rank" in text(pilot)
        assert [path.name for path in (trained / "runs" / "lora" / "measured").iterdir()] == ["inspect-adapters.json"]
        await pilot.press("c")
        await until(pilot, lambda: "not measured yet" in text(pilot))
        await pilot.press("left_square_bracket")
        await until(pilot, lambda: "Training moved" in text(pilot))


@pytest.mark.main_path
async def test_keys_move_compare_and_change_what_is_seen(
    app: Any, at_bench: Any, until: Any, text: Any, measured: Run
) -> None:
    async with app().run_test(size=(120, 40)) as pilot:
        bench = await at_bench(pilot, "inspect", run=NAME)
        grid, chart = bench.query_one(LayerGrid), bench.query_one(PlotView)
        assert grid.here == "model.layers.5.self_attn.q_proj"
        await pilot.press("space", "up", "right", "right")
        assert grid.here == "model.layers.4.self_attn.v_proj"
        assert [line.name for line in chart.plot.lines] == ["median", "5 q", "4 v"]
        assert chart.plot.cursor == pytest.approx(7.0), "the effective rank"
        await pilot.press("home")
        assert grid.here == "model.layers.0.self_attn.v_proj"
        await pilot.press("end", "left", "left", "left", "down")
        assert grid.here == "model.layers.5.self_attn.q_proj", "not beyond the edges"
        await pilot.press("space")
        assert [line.name for line in chart.plot.lines] == ["median", "5 q"]
        await pilot.press("o")
        assert chart.plot.log_y
        for name in ("effective rank of", "directions for", "parameters", "size of the change"):
            await pilot.press("m")
            await until(pilot, lambda name=name: name in bench.query_one("#inspect-figure", Choice).render().plain)
        await pilot.press("y")
        assert pilot.app.clipboard == f"lowrank inspect {NAME}"
        assert "Log scale" in bench.palette() and "Measure" not in bench.palette()
        await pilot.press("c", "y")
        await until(pilot, lambda: pilot.app.clipboard == f"lowrank inspect {NAME} --checkpoint best")


async def test_the_mouse_does_the_same(app: Any, at_bench: Any, until: Any, measured: Run) -> None:
    async with app().run_test(size=(120, 40)) as pilot:
        bench = await at_bench(pilot, "inspect", run=NAME)
        grid = bench.query_one(LayerGrid)
        await pilot.click(grid, offset=(7 + 9 * 4 + 3, 1 + 2))
        assert grid.here == "model.layers.2.mlp.gate_proj"
        await pilot.click(grid, offset=(2, 0))
        assert grid.here == "model.layers.2.mlp.gate_proj"
        await pilot.click(bench.query_one("#inspect-figure"), offset=(6, 0))
        await until(pilot, lambda: bench.query_one("#inspect-figure", Choice).value == "spread")
        await pilot.click(bench.query_one("#inspect-checkpoint"), offset=(5, 0))
        await until(pilot, lambda: bench.query_one("#inspect-checkpoint", Choice).value == "best")


async def test_on_a_small_screen_the_parts_come_one_by_one(
    app: Any, at_bench: Any, until: Any, text: Any, measured: Run
) -> None:
    async with app().run_test(size=(80, 24)) as pilot:
        bench = await at_bench(pilot, "inspect", run=NAME)
        assert "block" in text(pilot) and "base sprout" not in text(pilot)
        await pilot.press("s", "up", "right")
        assert bench.query_one(LayerGrid).here == "model.layers.4.self_attn.k_proj", "the arrows go on working"
        await until(pilot, lambda: "90 % of ΔW in" in text(pilot) and "4 k" in text(pilot))
        await pilot.click("InspectView TabStrip", offset=(30, 0))
        await until(pilot, lambda: "base sprout" in text(pilot) and "6.2 % of the base" in text(pilot))
        await pilot.press("s", "f2")
        await until(pilot, lambda: "레이어" in text(pilot) and "유효 랭크" in text(pilot))


async def test_foreign_text_is_inert(app: Any, at_bench: Any, text: Any, bench: Any) -> None:
    run = bench.run(NAME, model=f"/gone/{NASTY}", data=f"/gone/{NASTY}")
    write_adapter(run, extra=f"model.layers.7.{NASTY}")
    async with app().run_test(size=(120, 40)) as pilot:
        here = await at_bench(pilot, "inspect", run=NAME)
        await pilot.press("end", *["right"] * 9)
        assert here.query_one(LayerGrid).here.endswith(NASTY)
        shown = text(pilot)
        assert "[bold red]b" in shown and "\\u200b" in shown, "the middle gives way where there is little room"
        assert not {"\x1b", "\x07", "\u202e", "\u200b"} & set(shown)


async def test_what_is_not_there_is_said(
    app: Any, at_bench: Any, until: Any, text: Any, words: Any, bench: Any
) -> None:
    async with app().run_test(size=(80, 24)) as pilot:
        here = await at_bench(pilot, "inspect")
        assert "1 begins a new one" in words(pilot)
        run = bench.run(NAME)
        await here.enter()
        await until(pilot, lambda: "ended before an adapter was saved" in text(pilot))
        await pilot.press("enter", "space", "m", "o", "y", "s", "c", "down")
        write_adapter(run)
        await here.enter()
        await until(pilot, lambda: "not measured yet" in text(pilot))


async def test_a_failure_is_told_and_the_bench_goes_on(
    app: Any, at_bench: Any, until: Any, text: Any, bench: Any
) -> None:
    run = bench.run(NAME, model="/gone/model")
    write_adapter(run)
    async with app().run_test(size=(80, 24)) as pilot:
        here = await at_bench(pilot, "inspect", run=NAME)
        await pilot.press("enter")
        await until(pilot, lambda: "Not measured:" in text(pilot))
        assert not here.working and "Enter" in text(pilot)


@in_two_sizes
def test_pictures(app: Any, at_bench: Any, until: Any, snap_compare: Any, measured: Run, lang: str, size: str) -> None:
    async def ready(pilot: Any) -> None:
        bench = await at_bench(pilot, "inspect", run=NAME)
        await pilot.press("space", "up", "right")
        if size == "80x24" and lang == "en":
            await pilot.press("s")
        chart = bench.query_one(PlotView)
        await until(pilot, lambda: not chart.is_on_screen or (chart.drawn and not chart._dirty))
        await still(pilot)

    width, height = map(int, size.split("x"))
    assert snap_compare(app(lang), terminal_size=(width, height), run_before=ready)


def test_picture_of_what_is_not_measured(app: Any, at_bench: Any, until: Any, snap_compare: Any, bench: Any) -> None:
    async def ready(pilot: Any) -> None:
        here = await at_bench(pilot, "inspect", run=NAME)
        await until(pilot, lambda: here.query_one(PlotView).drawn)
        await still(pilot)

    write_adapter(bench.run(NAME))
    assert snap_compare(app("ko", theme="lowrank-light"), terminal_size=(120, 40), run_before=ready)
