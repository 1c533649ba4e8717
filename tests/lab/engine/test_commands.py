"""mlx-lm's own parsers say which commands there are; nothing is loaded, trained or served for it."""

from pathlib import Path

import pytest

from lab.engine.commands import refusals
from tui.cli import check

RIGHT = [
    "mlx_lm lora --model m --train --data ./data --iters 400 --learning-rate 5e-5 --mask-prompt",
    "mlx_lm lora --model m --fine-tune-type dora --adapter-path adapters --test",
    "mlx_lm fuse --model m --adapter-path adapters --save-path fused --dequantize",
    "mlx_lm generate --model m --prompt hello --max-tokens 20",
    "mlx_lm server --model m --adapter-path adapters --port 8080",
    "mlx_lm convert --hf-path m -q --q-bits 4",
    "mlx_lm --version",
]
WRONG = {
    "mlx_lm lora --lora-rank 8": "mlx_lm lora: unrecognized arguments: --lora-rank 8",
    "mlx_lm lora --iters many": "mlx_lm lora: argument --iters: invalid int value: 'many'",
    "mlx_lm lora --fine-tune-type qlora": "mlx_lm lora: argument --fine-tune-type: invalid choice: 'qlora'",
    "mlx_lm fuse --de-quantize": "mlx_lm fuse: unrecognized arguments: --de-quantize",
    "mlx_lm train": "mlx_lm train: CLI requires a subcommand",
}


def test_mlx_lm_takes_what_it_takes() -> None:
    assert refusals([command.split() for command in RIGHT]) == [""] * len(RIGHT)
    for said, expected in zip(refusals([command.split() for command in WRONG]), WRONG.values(), strict=True):
        assert said.startswith(expected)


def test_the_command_line_asks_both_programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOWRANK_HOME", str(tmp_path))
    wrong = list(WRONG)
    asked = [
        *(wrong[0], "lowrank train --iters 4", "lowrank trian", RIGHT[0], "lowrank data check", "lowrank"),
        *("lowrank progress", "lowrank data check sql --help", "lowrank --version"),
    ]
    said = check.refusals([tuple(command.split()) for command in asked])
    assert said[0] == WRONG[wrong[0]]
    assert said[1] == said[3] == said[5] == said[7] == said[8] == ""
    assert said[2].startswith("lowrank: No such command 'trian'")
    assert said[4].startswith("lowrank data check: Missing argument 'PATH'")
    assert said[6] == "lowrank progress needs a command"
