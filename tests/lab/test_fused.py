"""Where fused models go, and how they are used, without making one."""

import shlex
from pathlib import Path

import pytest

from lab.errors import LabError
from lab.fused import check_target, commands, speaks_bytes, takes_gguf, ways_of
from lab.models import BUNDLED, read_config


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
