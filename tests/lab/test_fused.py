"""Where fused models go, and how they are used, without making one."""

import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from lab.errors import LabError
from lab.models import BUNDLED, read_config
from lab.runs.directory import Runs
from lab.runs.fused import check_target, commands, lies, look, speaks_bytes, sweep, takes_gguf, ways_of, written
from lab.spec import RunSpec


def test_only_a_quantized_base_can_be_quantized_again() -> None:
    assert ways_of(True) == ("quantized", "dequantized", "separate") and ways_of(False) == ("fused", "separate")


def test_a_folder_that_is_there_is_replaced_only_by_force_and_only_a_models(tmp_path: Path) -> None:
    check_target(tmp_path / "new", False)
    with pytest.raises(LabError, match="there already"):
        check_target(tmp_path, False)
    check_target(tmp_path, True)
    (tmp_path / "letters").touch()
    with pytest.raises(LabError, match="no model folder"):
        check_target(tmp_path, True)
    (tmp_path / "config.json").touch()
    check_target(tmp_path, True)


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


def test_what_lies_in_a_folder_is_told_from_its_files(tmp_path: Path) -> None:
    assert lies(tmp_path / "new") == ("nothing", 0) == lies(tmp_path)
    (tmp_path / "weights").write_bytes(bytes(7))
    assert lies(tmp_path) == ("other", 0) == lies(tmp_path / "weights")
    (tmp_path / "config.json").write_text("{}")
    assert lies(tmp_path) == ("whole", 9)
    (tmp_path / "adapters").mkdir()
    assert lies(tmp_path) == ("separate", 9)


def test_only_what_the_dead_left_half_made_is_swept_away(tmp_path: Path) -> None:
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    for name in (f".fusing-{dead.pid}-x", f".fusing-{os.getpid()}-y", ".fusing-old"):
        (tmp_path / name / "new").mkdir(parents=True)
        (tmp_path / name / "new" / "weights").write_bytes(bytes(5))
    assert written(tmp_path / "fused", os.getpid()) == 5 and written(tmp_path / "fused", 1) == 0
    sweep(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {f".fusing-{os.getpid()}-y", ".fusing-old"}


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
