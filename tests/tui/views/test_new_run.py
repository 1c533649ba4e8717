"""The New bench: every action, by key and by mouse, with the real engine behind it."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from textual.widgets import Input, OptionList

from lab.datasets.find import BUNDLED
from lab.models.find import BUNDLED as MODELS
from lab.runs.directory import Runs
from lab.runs.stop import request_stop
from tests.tui.views.conftest import NASTY
from tui.views.new_run.commands_view import CommandsView
from tui.views.new_run.picker import Picker
from tui.views.new_run.plan_view import PlanView
from tui.widgets.choice_field import Choice


@pytest.fixture
def nasty_data(tmp_path: Path) -> Path:
    """A data set whose rows hold all that could steer a terminal, and some of which are long."""
    folder = tmp_path / "sets" / "nasty"
    folder.mkdir(parents=True)
    rows = [{"prompt": f"{NASTY} {n}", "completion": f"{NASTY}{' word' * (n % 7) * 9}"} for n in range(24)]
    for name in ("train", "valid"):
        text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        (folder / f"{name}.jsonl").write_text(text, encoding="utf-8")
    return folder


def counted(bench: Any) -> bool:
    """Whether the plan shown is of what stands in the form, with tokens counted."""
    spec = bench.planning.current()
    return bool(bench.outlook and bench.outlook.exact and bench.outlook.plan.spec == spec)


def value(bench: Any, name: str) -> str:
    return str(bench.form.values[name])


async def test_typing_undoing_and_the_plan(app: Any, at_bench: Any, until: Any, text: Any) -> None:
    async with app().run_test(size=(120, 40)) as pilot:
        bench = await at_bench(pilot, "new")
        await until(pilot, lambda: counted(bench))
        screen = text(pilot)
        assert "175,104 of 2,853,312" in screen and "⟦SELECT" in screen and "Row 1 of 1,200" in screen
        assert "shortest 33  middle 48" in screen and "lowrank train --model sprout --data sql" in screen

        bench.form.row("lora_parameters.rank").control.focus()
        await pilot.press("9", "9", "9")
        assert value(bench, "lora_parameters.rank") == "999"
        await until(pilot, lambda: "✗ 1–512" in text(pilot))
        await until(pilot, lambda: bench.planning.spec is None and "waits until" in text(pilot))
        assert "From 1 to 512, please." in text(pilot) and "of 2,853,312" in text(pilot), "the last plan stays"
        await pilot.press("ctrl+r")
        assert bench.form.row("lora_parameters.rank").has_focus_within and not Runs(bench.lab.root).all()
        await pilot.press("ctrl+z")
        assert value(bench, "lora_parameters.rank") == "8", "three letters are one step"
        await pilot.press("ctrl+u", "1", "6")
        await until(pilot, lambda: counted(bench))
        assert bench.outlook.plan.trainable == 2 * 175_104

        await pilot.press("up", "up", "right")
        assert value(bench, "fine_tune_type") == "dora"
        bench.form.row("model").control.focus()
        await pilot.press("right")
        await until(pilot, lambda: "= QDoRA" in text(pilot))
        await until(pilot, lambda: counted(bench))
        await pilot.press("u", "u", "u")
        assert value(bench, "model") == "sprout" and value(bench, "lora_parameters.rank") == "8"
        await pilot.press("u")
        await until(pilot, lambda: "Nothing to take back." in text(pilot))

        await pilot.press("o")
        bench.form.row("learning_rate").control.focus()
        await pilot.press("0", ".", "5")
        await until(pilot, lambda: counted(bench))
        assert "may diverge" in text(pilot) and "learning_rate: 0.001" in text(pilot)
        await pilot.press("f9")
        assert value(bench, "learning_rate") == "0.001"
        await until(pilot, lambda: counted(bench) and not bench.outlook.plan.warnings)
        await pilot.press("f9")
        await until(pilot, lambda: "No warning" in text(pilot))

        bench.query_one("RowsView").focus()
        await pilot.press("left")
        await until(pilot, lambda: "Row 1,200 of 1,200" in text(pilot))
        await pilot.press("right", "right")
        await until(pilot, lambda: "Row 2 of 1,200" in text(pilot))


@pytest.mark.long
async def test_copies_presets_reset_folding_and_a_small_screen(app: Any, at_bench: Any, until: Any, text: Any) -> None:
    async with app().run_test(size=(120, 40)) as pilot:
        bench = await at_bench(pilot, "new")
        await until(pilot, lambda: bench.query_one(CommandsView).equal)
        assert "Here a training run begins" in text(pilot), "there was no run yet"
        await pilot.press("f5")
        assert pilot.app.clipboard == "lowrank train --model sprout --data sql"
        await pilot.press("f7")
        assert f"model: {MODELS / 'sprout'}" in pilot.app.clipboard and "fine_tune_type: lora" in pilot.app.clipboard
        yaml = pilot.app.clipboard
        await pilot.press("f6")
        assert pilot.app.clipboard == f"cat > lora.yaml <<'END'\n{yaml}END\nmlx_lm lora -c lora.yaml"

        assert not bench.form.row("optimizer").display
        await pilot.click("#new-fold", offset=(8, 0))
        await until(pilot, lambda: bench.form.row("optimizer").display)
        await pilot.press("ctrl+o")
        assert not bench.form.row("optimizer").display

        await until(pilot, lambda: counted(bench))
        await pilot.press("right")
        await until(pilot, lambda: value(bench, "iters") == "150")
        await pilot.press("right", "right")
        await until(pilot, lambda: value(bench, "iters") == "1200")
        assert value(bench, "lora_parameters.rank") == "16"
        await until(pilot, lambda: counted(bench))
        before = bench.outlook.plan.peak
        await pilot.press("right")
        await until(pilot, lambda: value(bench, "grad_checkpoint") == "true")
        assert value(bench, "iters") == "400", "presets do not add up"
        assert value(bench, "batch_size") == "1" and value(bench, "grad_accumulation_steps") == "8"
        await until(pilot, lambda: counted(bench))
        assert bench.outlook.plan.peak < before
        await pilot.press("ctrl+z")
        assert value(bench, "grad_checkpoint") == "false" and bench.form.row("recipe").query_one(Choice).value == "none"

        bench.form.row("iters").control.focus()
        await pilot.press("7", "ctrl+n")
        await until(pilot, lambda: "Begin again with the defaults?" in text(pilot))
        await pilot.press("enter")
        await until(pilot, lambda: value(bench, "iters") == "400")
        await pilot.press("ctrl+z")
        assert value(bench, "iters") == "7"

        await pilot.resize_terminal(80, 24)
        await until(pilot, lambda: "▸ Form" in text(pilot) and "175,104" not in text(pilot))
        bench.form.row("model").control.focus()
        await pilot.press("s")
        await until(pilot, lambda: bench.query_one(PlanView).has_focus)
        assert "175,104 of 2,853,312" in text(pilot) and "activations" in text(pilot)
        await pilot.press("ctrl+s")
        await until(pilot, lambda: "⟦SELECT" in text(pilot))
        await pilot.press("s")
        await until(pilot, lambda: "mlx_lm lora" in text(pilot))
        await pilot.click("#new-sections", offset=(3, 0))
        await until(pilot, lambda: "fine_tune_type:" in text(pilot) and "lora.yaml" not in text(pilot))
        await pilot.press("f2")
        await until(pilot, lambda: "항목 더 보기" in text(pilot))


@pytest.mark.usefixtures("stopped_at_end")
async def test_a_run_is_timed_started_and_filled_in_again(app: Any, at_bench: Any, until: Any, text: Any) -> None:
    async with app().run_test(size=(120, 40)) as pilot:
        bench = await at_bench(pilot, "new")
        for name, typed in (("iters", "30"), ("batch_size", "1"), ("samples", "0"), ("val_batches", "1")):
            bench.form.row(name).set_value(typed)
        await until(pilot, lambda: counted(bench))
        assert "unknown: nothing has run here yet." in text(pilot)
        await pilot.press("ctrl+t")
        await until(pilot, lambda: "timing:" in text(pilot))
        await pilot.press("escape")
        await until(pilot, lambda: "Timing ended." in text(pilot))
        await pilot.press("t")
        await until(pilot, lambda: bench.outlook.measured and counted(bench))
        assert "measured here just now" in text(pilot) and bench.outlook.plan.seconds > 0
        assert bench.outlook.plan.probe_peak > 0 and not Runs(bench.lab.root).all(), "a trial leaves no run behind"

        bench.form.row("iters").set_value("2000")
        bench.form.row("seed").set_value("3")
        await pilot.press("ctrl+r")
        await until(pilot, lambda: Runs(bench.lab.root).all() and bench.picks.run)
        run = Runs(bench.lab.root).get(bench.picks.run)
        assert (run.spec.iters, run.spec.batch_size, run.spec.seed) == (2000, 1, 3)
        await until(pilot, lambda: pilot.app.laboratory.place == "run")
        request_stop(run)

        bench.form.fill(type(run.spec)())
        bench.picks.fill = run.id
        await pilot.app.laboratory.open("new")
        await until(pilot, lambda: value(bench, "iters") == "2000")
        assert value(bench, "samples") == "0" and bench.picks.fill == ""
        assert bench.planning.current() == run.spec.model_copy(update={"mask_prompt": True})


@pytest.mark.long
async def test_foreign_rows_are_chosen_from_a_folder_and_shown_inert(
    app: Any, at_bench: Any, until: Any, text: Any, nasty_data: Path, tmp_path: Path
) -> None:
    model = tmp_path / "base"
    shutil.copytree(MODELS / "sprout", model)
    async with app().run_test(size=(120, 40)) as pilot:
        bench = await at_bench(pilot, "new")
        await until(pilot, lambda: len(bench.form.offers["model"]) > 1)
        bench.form.row("data").control.focus()
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, Picker))
        picker = pilot.app.screen
        await until(pilot, lambda: picker.query_one(OptionList).option_count == 3)
        picker.query_one(Input).value = str(nasty_data.parent) + "/"
        await until(pilot, lambda: "nasty  train.jsonl" in text(pilot))
        await pilot.press("enter")
        await until(pilot, lambda: value(bench, "data") == str(nasty_data))
        await until(pilot, lambda: counted(bench))
        screen = text(pilot)
        assert "\x1b" not in screen and "\u202e" not in screen and "\u200b" not in screen
        assert "[bold red]boo[/]" in screen and "\\u202e" in screen and "한글" in screen

        bench.form.row("max_seq_length").set_value("60")
        await until(pilot, lambda: "rows cut at 60" in text(pilot) or "nothing to learn" in text(pilot))

        bench.form.row("model").control.focus()
        await pilot.press("slash")
        await until(pilot, lambda: isinstance(pilot.app.screen, Picker))
        picker = pilot.app.screen
        picker.query_one(Input).value = str(model.parent) + "/b"
        await until(pilot, lambda: f"{model}  config.json" in text(pilot) or "config.json" in text(pilot))
        await pilot.press("tab")
        await until(pilot, lambda: picker.query_one(Input).value == f"{model}/")
        await pilot.press("enter")
        await until(pilot, lambda: value(bench, "model") == str(model))
        assert value(bench, "learning_rate") == "3e-05", "a model we do not know begins by alpha × rate"
        bench.form.row("lora_parameters.rank").set_value("16")
        await until(pilot, lambda: value(bench, "learning_rate") == "1.5e-05")
        await until(pilot, lambda: "α × rate 0.0048" in text(pilot))
        bench.form.row("lora_parameters.rank").set_value("8")

        fetched = bench.lab.cache / "data" / "org" / "rows"
        shutil.copytree(nasty_data, fetched)
        bench.form.row("data").control.focus()
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, Picker))
        pilot.app.screen.query_one(Input).value = "org/rows"
        await until(pilot, lambda: "hub id: Enter" in text(pilot))
        await pilot.press("enter")
        await until(pilot, lambda: value(bench, "data") == str(fetched))

        bench.form.choose("model", "[red]no/such\x1b[2J thing")
        await until(pilot, lambda: "No model, folder or hub id is called so." in text(pilot) or bench.form.refused)
        assert "model" in bench.form.refused and "\x1b" not in text(pilot)
        bench.form.choose("data", str(BUNDLED / "nowhere"))
        await pilot.press("slash", "escape")
        await until(pilot, lambda: not isinstance(pilot.app.screen, Picker))
