"""Where fused models go, and how they are used, without making one."""

import os
import shlex
from pathlib import Path

import pytest

from lab.errors import LabError
from lab.models.find import BUNDLED, read_config
from lab.outputs import WORK, in_place_of
from lab.runs.directory import Run, Runs
from lab.runs.fuse_options import check_target, commands, lies, look, speaks_bytes, takes_gguf, ways_of, written
from lab.spec import RunSpec


def test_only_a_quantized_base_can_be_quantized_again() -> None:
    assert ways_of(True) == ("quantized", "dequantized", "separate") and ways_of(False) == ("fused", "separate")


@pytest.fixture
def run(tmp_path: Path) -> Run:
    found = Runs(tmp_path / "runs").create(RunSpec.make({}), model_path="x", data_path="sql")
    (found.adapters / "adapters.safetensors").touch()
    return found


def test_a_source_tree_the_base_and_the_run_are_never_replaced(run: Run, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    for there in (BUNDLED / "sprout", BUNDLED, run.path, run.adapters, run.path.parent, cache):
        with pytest.raises(LabError, match="must stay"):
            check_target(run, cache, there, True)
    source = tmp_path / "source"
    source.mkdir()
    check_target(run, cache, source, False)
    (source / "config.json").write_text("{}")
    with pytest.raises(LabError, match="not written by lowrank"):
        check_target(run, cache, source, True)
    check_target(run, cache, run.path / "fused", False)


def test_what_sprout_is_to_gguf(tmp_path: Path) -> None:
    assert takes_gguf(read_config(BUNDLED / "sprout")) and not takes_gguf({"model_type": "qwen3"})
    assert speaks_bytes(BUNDLED / "sprout") and not speaks_bytes(tmp_path)
    (tmp_path / "tokenizer.json").write_text("[]")
    assert not speaks_bytes(tmp_path)


def test_commands_survive_any_folder_and_prompt() -> None:
    folder, prompt = Path("/a b/'c"), "How many; rm -rf /?"
    generate, server = commands(folder, "separate", prompt)
    assert shlex.split(generate) == ["mlx_lm", "generate", "--model", str(folder), "--adapter-path",
                                     str(folder / "adapters"), "--prompt", prompt]  # fmt: skip
    assert shlex.split(server)[:4] == ["mlx_lm", "server", "--model", str(folder)]
    assert "--adapter-path" not in commands(folder, "quantized", prompt)[0]
    assert shlex.split(commands(folder, "quantized", "-5 plus 3?")[0])[-1] == "--prompt=-5 plus 3?", "no option"


def test_what_lies_in_a_folder_is_told_from_its_files(run: Run, tmp_path: Path) -> None:
    cache, folder = tmp_path / "cache", tmp_path / "model"
    assert lies(run, cache, folder) == ("nothing", 0, "")
    with in_place_of(folder, "--save-path", replace=True) as new:
        new.mkdir()
        (new / "config.json").write_text("{}")
    assert lies(run, cache, folder)[0] == "whole"
    with in_place_of(folder, "--save-path", replace=True) as new:
        (new / "adapters").mkdir(parents=True)
        (new / "config.json").write_text("{}")
    found, size, why = lies(run, cache, folder)
    assert (found, why) == ("separate", "") and size == sum(p.stat().st_size for p in folder.rglob("*") if p.is_file())
    (folder / "mine").touch()
    assert lies(run, cache, folder) == (
        "other",
        0,
        "holds mine, which lowrank did not write, so the folder is not replaced",
    )
    assert lies(run, cache, folder / "mine")[0] == "other"


def test_what_is_written_so_far_is_counted_by_its_process(tmp_path: Path) -> None:
    (tmp_path / f"{WORK}{os.getpid()}-y" / "new").mkdir(parents=True)
    (tmp_path / f"{WORK}{os.getpid()}-y" / "new" / "weights").write_bytes(bytes(5))
    assert written(tmp_path / "fused", os.getpid()) == 5 and written(tmp_path / "fused", 1) == 0


@pytest.mark.parametrize(("model", "ways"), [("sprout", ("fused", "separate")), ("sprout-4bit", ways_of(True))])
def test_before_anything_is_measured_the_ways_are_known(model: str, ways: tuple[str, ...], tmp_path: Path) -> None:
    run = Runs(tmp_path).create(RunSpec.make({"model": model}), model_path="x", data_path="sql")
    (run.adapters / "adapters.safetensors").touch()
    found = look(run, tmp_path / "cache")
    assert found.ways == ways and found.gguf and found.byte_level and found.table is None
    assert found.whole == ("fused" if model == "sprout" else "dequantized") and found.folder == run.path / "fused"


def test_of_a_base_that_is_gone_the_run_tells_whether_it_was_quantized(tmp_path: Path) -> None:
    run = Runs(tmp_path).create(RunSpec.make({"model": "/gone/model"}), model_path="x", data_path="sql")
    (run.adapters / "adapters.safetensors").touch()
    (run.path / "events.jsonl").write_text('{"event": "started", "method": "QLoRA"}\n')
    found = look(run, tmp_path / "cache")
    assert found.ways == ways_of(True) and found.gguf and found.kind == ""
