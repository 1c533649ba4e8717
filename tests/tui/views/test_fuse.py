"""Fusing in three steps: measured, chosen by its figures, saved where it was said, and never over what is no model."""

import json
import shutil
from pathlib import Path
from shlex import quote
from typing import Any

import pytest
from picture import in_two_sizes

from lab.datasets.find import BUNDLED
from lab.outputs import in_place_of
from lab.runs import inspection_cache
from lab.runs.directory import Run, Runs
from tests.tui.views.adapters import still, write_adapter, write_fidelity
from tests.tui.views.conftest import NASTY
from tui.views.fuse.table import WayTable
from tui.views.fuse.view import FolderField
from tui.widgets.choice_field import Choice

NAME = "20251123-020000-sql-lora"


@pytest.fixture
def measured(bench: Any) -> Run:
    """A run on a quantized base whose ways of fusing have been measured."""
    run: Run = bench.run(NAME, model="sprout-4bit")
    write_fidelity(run, write_adapter(run))
    return run


@pytest.fixture
def few_rows(trained: Path, tmp_path: Path) -> Run:
    """The trained run "lora" with three held-out rows."""
    run = Runs(trained / "runs").get("lora")
    data = tmp_path / "few"
    shutil.copytree(BUNDLED / "sql", data)
    rows = (data / "test.jsonl").read_text().splitlines()[:3]
    (data / "test.jsonl").write_text("\n".join(rows) + "\n")
    spec = run.path / "spec.yaml"
    spec.write_text(spec.read_text().replace("  data: sql\n", f"  data: {data}\n"))
    assert run.spec.data == str(data)
    return run


def words(text: str) -> str:
    return " ".join(text.split())


@pytest.mark.long
async def test_from_nothing_measured_to_a_saved_model_with_enter_alone(
    app: Any, at_bench: Any, until: Any, text: Any, few_rows: Run
) -> None:
    async with app().run_test(size=(120, 40)) as pilot:
        bench = await at_bench(pilot, "fuse", run="lora")
        assert "Enter builds each way" in text(pilot)
        await pilot.press("enter")
        await until(pilot, lambda: bench.working == "measure")
        await pilot.press("escape")
        await until(pilot, lambda: not bench.working and "Cancelled" in text(pilot))
        assert inspection_cache.read(few_rows, "fuse") is None
        await pilot.press("enter")
        await until(pilot, lambda: "3 rows of test" in text(pilot))
        assert "★ fused" in text(pilot) and "Recommended: the smallest" in text(pilot)
        assert inspection_cache.read(few_rows, "fuse")["rows"] == 3  # type: ignore[index]
        await pilot.press("enter")
        assert isinstance(pilot.app.focused, FolderField)
        assert set(bench.palette()) >= {"Measure", "Save", "GGUF", "Folder"} and "Copy command" not in bench.palette()
        folder = few_rows.path / "fused"
        await pilot.press("enter")
        await until(pilot, lambda: bench.working == "save")
        await pilot.press("escape")
        await until(pilot, lambda: "Cancelled; nothing was changed" in text(pilot))
        await pilot.press("ctrl+s")
        await until(pilot, lambda: "mlx_lm generate --model" in text(pilot))
        assert json.loads((folder / "config.json").read_text())["model_type"] == "llama"
        assert not list(folder.parent.glob(".fusing-*")), "nothing is left of the work"
        await pilot.press("y")
        assert pilot.app.clipboard.startswith(f"mlx_lm generate --model {folder} --prompt 'Table ")
        await pilot.press("Y")
        assert pilot.app.clipboard == f"mlx_lm server --model {folder} --port 8080"
        before = (folder / "model.safetensors").stat().st_mtime_ns
        await pilot.press("s")
        await until(pilot, lambda: "Replace the model in" in text(pilot))
        await pilot.press("n")
        assert (folder / "model.safetensors").stat().st_mtime_ns == before and not bench.working
        await pilot.press("ctrl+g", "s", "y")
        await until(pilot, lambda: (folder / "ggml-model-f16.gguf").exists() and not bench.working)
        assert (folder / "model.safetensors").stat().st_mtime_ns > before


@pytest.mark.main_path
async def test_the_table_tells_what_each_way_costs(
    app: Any, at_bench: Any, until: Any, text: Any, measured: Run
) -> None:
    async with app().run_test(size=(80, 24)) as pilot:
        bench = await at_bench(pilot, "fuse", run=NAME)
        table = bench.query_one(WayTable)
        assert table.way == "separate" and "★ separate" in text(pilot)
        assert "nothing is lost" in words(text(pilot)) and "192." in text(pilot)
        await pilot.press("up", "up", "up")
        assert table.way == "quantized"
        shown = words(text(pilot))
        assert (
            "709.0 kB less than base and adapter apart" in shown or "0.7 MB less than base and adapter apart" in shown
        )
        assert "189 of 200 questions rightly, 3 fewer than base + adapter" in shown
        assert "6.9% of the adapter's effect is gone, 3 of 200 answers fewer are right." in shown
        await pilot.click(table, offset=(6, 2))
        assert table.way == "dequantized" and "8.9 MB more" in words(text(pilot))
        await pilot.press("f2")
        await until(pilot, lambda: "따로 두는 것보다 8.9 MB 커요" in words(text(pilot)))


async def test_gguf_takes_the_whole_model_and_says_what_is_wrong_with_it(
    app: Any, at_bench: Any, until: Any, text: Any, measured: Run
) -> None:
    async with app().run_test(size=(120, 40)) as pilot:
        bench = await at_bench(pilot, "fuse", run=NAME)
        table, gguf = bench.query_one(WayTable), bench.query_one("#fuse-gguf", Choice)
        await pilot.press("g")
        await until(pilot, lambda: table.way == "dequantized" and "so the way is now dequantized" in text(pilot))
        assert "fails at text" in words(text(pilot))
        await pilot.press("down")
        await until(pilot, lambda: gguf.value == "off" and "No GGUF of that way" in text(pilot))
        await pilot.click(gguf, offset=(6, 0))
        await until(pilot, lambda: gguf.value == "on" and table.way == "dequantized")


async def test_a_folder_is_looked_at_while_it_is_written_and_no_other_thing_is_replaced(
    app: Any, at_bench: Any, until: Any, text: Any, measured: Run, tmp_path: Path
) -> None:
    letters, model = tmp_path / "letters", tmp_path / "model"
    letters.mkdir()
    (letters / "dear").touch()
    with in_place_of(model, "--save-path", replace=True) as new:
        (new / "adapters").mkdir(parents=True)
        (new / "config.json").write_text("{}")
    async with app().run_test(size=(120, 40)) as pilot:
        bench = await at_bench(pilot, "fuse", run=NAME)
        field = bench.query_one(FolderField)
        await pilot.press("f")
        field.value = str(letters)
        await until(pilot, lambda: "not written by lowrank" in text(pilot))
        await pilot.press("enter")
        assert not bench.working and (letters / "dear").exists()
        field.value = str(model)
        await until(pilot, lambda: "Base and adapter are there already" in text(pilot))
        assert "mlx_lm generate" in text(pilot)
        paths = f"--model {quote(str(model))} --adapter-path {quote(f'{model}/adapters')}"
        assert all(paths in command for command in bench.commands())
        field.value = ""
        await until(pilot, lambda: "A new folder" in text(pilot))
        await pilot.press("ctrl+s")
        await until(pilot, lambda: "Write a folder first" in text(pilot))
        await pilot.press("escape")
        assert isinstance(pilot.app.focused, WayTable)


async def test_another_checkpoint_has_figures_of_its_own(
    app: Any, at_bench: Any, until: Any, text: Any, measured: Run
) -> None:
    async with app().run_test(size=(80, 24)) as pilot:
        await at_bench(pilot, "fuse", run=NAME)
        assert "200 rows of test" in text(pilot)
        await pilot.press("c")
        await until(pilot, lambda: "Enter builds each way" in text(pilot) and "best" in text(pilot))
        await pilot.press("s")
        await until(pilot, lambda: "200 rows of test" not in text(pilot))


async def test_foreign_text_is_inert_and_what_is_not_there_is_said(
    app: Any, at_bench: Any, until: Any, text: Any, bench: Any
) -> None:
    async with app().run_test(size=(120, 40)) as pilot:
        here = await at_bench(pilot, "fuse")
        assert "1 begins a new one" in words(text(pilot))
        run = bench.run(NAME, model=f"/gone/{NASTY}", data=f"/gone/{NASTY}")
        await here.enter()
        await until(pilot, lambda: "ended before an adapter was saved" in words(text(pilot)))
        await pilot.press("enter", "s", "g", "y", "f", "c", "down", "m")
        write_adapter(run)
        await here.enter()
        await until(pilot, lambda: "\\x1b]0;owne" in text(pilot))
        await pilot.press("enter")
        await until(pilot, lambda: "That did not work:" in text(pilot))
        assert not {"\x1b", "\x07", "\u202e", "\u200b"} & set(text(pilot))


@in_two_sizes
def test_pictures(app: Any, at_bench: Any, until: Any, snap_compare: Any, measured: Run, lang: str, size: str) -> None:
    async def ready(pilot: Any) -> None:
        bench = await at_bench(pilot, "fuse", run=NAME)
        bench.query_one(FolderField).value = "/tmp/no-such-folder"  # where everybody may write
        await pilot.press("up", "up", *(["g"] if size == "120x40" else []))
        await still(pilot)

    width, height = map(int, size.split("x"))
    assert snap_compare(app(lang), terminal_size=(width, height), run_before=ready)
