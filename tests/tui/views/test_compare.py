"""Holding runs against each other: what differs first, the figures, the curves, the answers, and every key."""

import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml
from engines import hold

from lab.datasets.find import find_data
from lab.runs import evaluation, run_notes
from lab.runs.directory import Run, Runs
from tests.tui.views.compared import finished, scored, three_way
from tests.tui.views.conftest import NASTY
from tui.widgets.data_grid import DataGrid
from tui.widgets.loss_chart import PlotView


@pytest.fixture
def compare(at_bench: Any) -> Any:
    async def go(pilot: Any, marked: tuple[str, ...]) -> Any:
        """The bench with these runs marked, once it is open: the bench before it may yet say what it had."""
        bench = await at_bench(pilot, "compare")
        pilot.app.laboratory.picks.marked = marked
        await bench.enter()
        await pilot.pause()
        return bench

    return go


async def test_an_empty_bench_says_how_to_begin(app: Any, at_bench: Any, text: Any) -> None:
    async with app().run_test(size=(80, 24)) as pilot:
        await at_bench(pilot, "compare")
        assert "Nothing to compare yet" in text(pilot) and "trains three runs" in text(pilot)


@pytest.mark.main_path
async def test_every_key_of_a_comparison(app: Any, compare: Any, until: Any, text: Any, home: Path) -> None:
    runs = [finished(home, "a"), finished(home, "b", 0.5, learning_rate=1e-3, val_batches=2, samples=1)]
    async with app().run_test(size=(120, 40)) as pilot:
        bench = await compare(pilot, ("a", "b"))
        chart = bench.query_one(PlotView)
        shown = text(pilot)
        assert "learning rate 0.002 | 0.001" in shown and "validation sets differ (rows)" in shown
        assert "0.327@50" not in shown and "0.328@50" in shown and "71.2 MB" in shown and "175,104" in shown
        assert [line.marker for line in chart.plot.lines] == ["•", "◆"] and chart.plot.log_y
        await pilot.press("s")
        assert not chart.plot.log_y
        await pilot.press("c", "u")
        assert chart.plot.x_title == "tokens trained" and "training loss" in chart.plot.y_title
        assert chart.plot.lines[0].joined[-1].x == 146 * 50 and not chart.plot.lines[0].points
        await pilot.press("u")
        assert chart.plot.x_unit == "time"
        await pilot.press("space")
        assert [line.marker for line in chart.plot.lines] == ["◆"], "the first one's curve is put away"
        await pilot.press("t")
        await until(pilot, lambda: "lr_schedule cosine" in text(pilot))
        await pilot.press("y")
        assert pilot.app.clipboard == "lowrank compare a b"
        await pilot.press("w")
        await until(pilot, lambda: list((home / "reports").glob("*.md")))
        (report,) = (home / "reports").glob("*.md")
        assert "| learning_rate | 0.002 | 0.001 |" in report.read_text() and "Report written" in text(pilot)
        await pilot.press("home", "d")
        await until(pilot, lambda: bench.ids == ("b",))
        assert runs[0].path.exists() and pilot.app.laboratory.picks.marked == ("b",)
        await pilot.press("enter")
        await until(pilot, lambda: pilot.app.laboratory.place == "run")
        assert pilot.app.laboratory.picks.run == "b"


async def test_a_click_does_what_a_key_does(app: Any, at_bench: Any, until: Any, text: Any, home: Path) -> None:
    three_way(home)
    async with app().run_test(size=(120, 40)) as pilot:
        bench = await at_bench(pilot, "compare")
        lines = text(pilot).splitlines()
        row = next(n for n, line in enumerate(lines) if "Specification" in line)
        await pilot.click(offset=(lines[row].index("Specification") + 2, row))
        await until(pilot, lambda: bench.part == "differences")
        await pilot.click(offset=(lines[row].index("Chart") + 1, row))
        await until(pilot, lambda: bench.part == "chart")
        await pilot.click(offset=(lines[row].index("iteration") + 1, row))
        await until(pilot, lambda: bench.query_one(PlotView).plot.x_title == "tokens trained")
        grid = bench.query_one(DataGrid)
        await pilot.click(DataGrid, offset=(1, 2))
        assert len(grid.marked) == 2 and grid.cursor == 1


async def test_seeds_are_a_mean_and_a_band(app: Any, compare: Any, text: Any, home: Path) -> None:
    names = [finished(home, f"seed-{n}", 0.3 + n / 10, seed=n).id for n in range(3)]
    finished(home, "other", 0.9, fine_tune_type="dora")
    async with app().run_test(size=(120, 40)) as pilot:
        bench = await compare(pilot, (*names, "other"))
        seeds, other = bench.query_one(PlotView).plot.lines
        assert "mean of 3 seeds" in seeds.name and not other.band
        assert seeds.points == seeds.joined, "all were measured at the same iterations"
        assert seeds.band[-1] == pytest.approx((50, 0.3277, 0.5277), abs=1e-3)
        assert "LoRA" in text(pilot) and "seed" in text(pilot)


async def test_three_runs_are_asked_about_before_they_are_trained(
    app: Any, at_bench: Any, until: Any, text: Any, home: Path
) -> None:
    running = finished(home, "busy")
    (running.path / "result.json").unlink()
    events = running.path / "events.jsonl"
    events.write_text("".join(line + "\n" for line in events.read_text().splitlines()[:-1]))
    hold(running)
    async with app().run_test(size=(80, 24)) as pilot:
        await at_bench(pilot, "runs")
        await pilot.press("v")
        await until(pilot, lambda: "Train three runs to compare?" in text(pilot))
        said = " ".join(text(pilot).replace("│", " ").split())
        assert "50 iterations each on sql" in said and "about a minute" in said and "in line behind busy" in said
        await pilot.press("escape")
        await until(pilot, lambda: pilot.app.screen is pilot.app.laboratory)
        assert [run.id for run in Runs(home / "runs").all()] == ["busy"], "nothing was begun"


async def test_asked_for_again_the_last_three_way_is_shown_and_a_new_one_confirmed(
    app: Any, at_bench: Any, until: Any, text: Any, home: Path
) -> None:
    made = three_way(home)
    finished(home, "another")
    async with app().run_test(size=(120, 40)) as pilot:
        await at_bench(pilot, "runs")
        await pilot.press("v")
        await until(pilot, lambda: "Train the three again?" in text(pilot))
        await pilot.press("escape")
        await until(pilot, lambda: "Three-way comparison" in text(pilot))
        assert pilot.app.laboratory.bench.ids == tuple(run.id for run in made)
        assert "45.0 %" in text(pilot) and "60 test questions" in text(pilot)
        assert len(list((home / "runs").glob("2*"))) == 3


@pytest.fixture
def few_questions(trained: Path, tmp_path: Path) -> Run:
    """A trained run whose data set has six test rows, since answering two hundred takes long."""
    folder = Path(shutil.copytree(find_data("sql").path, tmp_path / "few"))
    rows = (folder / "test.jsonl").read_text().splitlines(keepends=True)
    (folder / "test.jsonl").write_text("".join(rows[:6]))
    run = Run(trained / "runs" / "lora")
    spec = yaml.safe_load((run.path / "spec.yaml").read_text())
    spec["lowrank"]["data"] = str(folder)
    (run.path / "spec.yaml").write_text(yaml.safe_dump(spec))
    return run


async def test_exact_match_is_measured_with_one_key_and_then_known(
    app: Any, compare: Any, until: Any, text: Any, few_questions: Run
) -> None:
    async with app().run_test(size=(120, 40)) as pilot:
        bench = await compare(pilot, ("lora", "dora"))
        await pilot.press("d", "m")  # "lora" is under the cursor; only "dora" is left
        await until(pilot, lambda: bench.measuring is not None)
        await pilot.press("x")
        await until(pilot, lambda: bench.measuring is None)
        assert "Stopped measuring" in text(pilot) and "m measures exact match" in text(pilot)
        await bench.open(("lora",))
        await pilot.press("m")
        await until(pilot, lambda: "6 test questions" in text(pilot))
        score = evaluation.read(few_questions)
        assert score is not None and score["examples"] == 6 and bench.measuring is None
        await pilot.press("m")
        await until(pilot, lambda: "is known" in text(pilot))


async def test_runs_that_go_on_are_drawn_as_they_grow_and_stopped_after_asking(
    app: Any, compare: Any, until: Any, text: Any, home: Path
) -> None:
    done, going = finished(home, "done"), finished(home, "going", model="sprout-4bit")
    lines = (going.path / "events.jsonl").read_text().splitlines(keepends=True)
    (going.path / "result.json").unlink()
    (going.path / "events.jsonl").write_text("".join(lines[:20]))
    hold(going)
    async with app().run_test(size=(120, 40)) as pilot:
        bench = await compare(pilot, (done.id, going.id))
        assert "run 2 of 2: QLoRA, iteration 17/50" in text(pilot) and bench.status() == "67 %"
        with (going.path / "events.jsonl").open("a") as file:
            file.writelines(lines[20:30])
        await until(pilot, lambda: "iteration 26/50" in text(pilot))
        await pilot.press("x")
        await until(pilot, lambda: "Stop the runs that are going on?" in text(pilot))
        await pilot.press("escape")
        assert not going.asked_to_stop()
        (going.path / "result.json").write_text((done.path / "result.json").read_text())
        await until(pilot, lambda: bench.status() == "")


async def test_foreign_text_is_shown_inert(app: Any, compare: Any, until: Any, text: Any, home: Path) -> None:
    nasty = finished(home, "a", answer=NASTY)
    run_notes.change(nasty, name=NASTY.replace("\n", " ")[:80])
    finished(home, "b", data=f"/nowhere/{NASTY.replace('/', '-')}")
    async with app().run_test(size=(120, 40)) as pilot:
        await compare(pilot, ("a", "b"))
        for _ in range(2):
            shown = text(pilot)
            assert "[bold red]boo" in shown and r"\x1b]0;owned" in shown
            assert not any(c in shown for c in "\x1b\x07\u202e\u200b")
            await pilot.press("t")
            await pilot.pause()
        await pilot.press("w")
        await until(pilot, lambda: list((home / "reports").glob("*.md")))
        (report,) = (home / "reports").glob("*.md")
        assert not any(c in report.read_text() for c in "\x1b\x07\u202e\u200b")


async def test_one_score_over_fewer_questions_is_doubted(app: Any, compare: Any, text: Any, home: Path) -> None:
    for name, rows in (("a", 0), ("b", 60)):
        scored(finished(home, name, seed=rows), 0.5, rows)
    async with app("ko").run_test(size=(80, 24)) as pilot:
        await compare(pilot, ("a", "b"))
        assert "서로 다른 문제로 쟀어요" in text(pilot) and "60–200" in text(pilot)
