"""Every method trains for real, writes what mlx-lm reads, and counts what it trained."""

import json
from collections.abc import Callable
from pathlib import Path

import mlx.core as mx
import pytest
from mlx.utils import tree_flatten
from mlx_lm.tuner.utils import load_adapters
from mlx_lm.utils import load
from short import METHODS, SHORT

from lab.models.find import find_model
from lab.models.parameters import count_safetensors, trainable_parameters


@pytest.mark.parametrize(
    "method", [pytest.param(name, marks=() if name in ("LoRA", "QDoRA") else pytest.mark.long) for name in METHODS]
)
def test_a_method_learns_and_leaves_mlx_lms_adapter_folder(method: str, trained: Callable, tmp_path: Path) -> None:
    run, done = trained(*METHODS[method], *SHORT)
    last = done.lines[-1]
    losses = [e["train_loss"] for e in done.lines if e["event"] == "train"]
    assert last["event"] == "finished" and last["iterations"] == 12
    assert len(losses) == 3 and losses[-1] < losses[0]
    assert [e["iteration"] for e in done.lines if e["event"] == "saved"] == [6, 12]

    assert [name for name, _ in run.files()] == [
        "adapters.safetensors",
        "0000006_adapters.safetensors",
        "0000012_adapters.safetensors",
        "adapter_config.json",
    ]
    config = json.loads((run.adapters / "adapter_config.json").read_text())
    kind = {"QLoRA": "lora", "QDoRA": "dora"}.get(method, method.lower())
    assert config["fine_tune_type"] == kind and config["num_layers"] == -1
    assert "trainable" not in str(config), "mlx-lm keeps no count here, and neither do we"

    started = run.started()
    shape = find_model("sprout", tmp_path).shape
    counted = count_safetensors(run.adapters / "adapters.safetensors")
    assert counted == last["trainable_parameters"] == started.trainable_parameters
    assert counted == trainable_parameters(shape, method=kind, rank=8)
    assert started.method == method and started.total_parameters == find_model("sprout", tmp_path).parameters

    model, _ = load(config["model"])
    load_adapters(model, str(run.adapters))
    loaded = dict(tree_flatten(model.parameters()))
    stored = mx.load(str(run.adapters / "adapters.safetensors"))
    assert all(mx.array_equal(loaded[name], value).item() for name, value in stored.items())


def test_the_4_bit_base_is_made_by_mlx_lm_once_and_is_smaller_by_the_formula(desk) -> None:
    desk("train", "--json", *METHODS["QLoRA"], *SHORT)  # not a copy of a run that another worker's home has the base of
    info = find_model("sprout-4bit", desk.home / "cache")
    assert info.ready and info.bits == 4
    planned = 2_853_312 * (4 / 8 + 8 / 64)  # 4 bits a weight, one float32 scale and bias for each group of 64
    assert info.bytes == pytest.approx(planned, rel=0.03)
    config = json.loads((info.path / "config.json").read_text())
    assert config["quantization"]["bits"] == 4


@pytest.mark.long
def test_the_same_seed_gives_bit_equal_adapters_and_another_seed_does_not(trained: Callable, desk) -> None:
    first, _ = trained(*METHODS["LoRA"], *SHORT)
    again, _ = trained(*METHODS["LoRA"], *SHORT, "--seed", "0")
    other, _ = trained(*METHODS["LoRA"], *SHORT, "--seed", "1")
    read = [(r.adapters / "adapters.safetensors").read_bytes() for r in (first, again, other)]
    assert first.id != again.id and read[0] == read[1] != read[2]


@pytest.mark.long
@pytest.mark.parametrize("data", ["record", "journal"])
def test_the_other_formats_train_as_well(data: str, trained: Callable) -> None:
    _, done = trained("--data", data, *SHORT)
    losses = [e["train_loss"] for e in done.lines if e["event"] == "train"]
    assert done.lines[-1]["event"] == "finished" and losses[-1] < losses[0]
