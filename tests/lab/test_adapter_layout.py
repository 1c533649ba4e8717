"""What an adapter is made of, from its files alone."""

import json
import math
from pathlib import Path
from typing import Any

import pytest

from lab.errors import LabError
from lab.models.parameters import linear_layers, trainable_parameters
from lab.runs import inspection_cache
from lab.runs.adapter_layout import Table, by_layer, look, middle, place
from lab.runs.directory import Run, Runs
from lab.spec import RunSpec

SHAPE = {"vocab": 32, "tied": 1, "hidden": 8, "q_dim": 8, "kv_dim": 4, "intermediate": 16, "blocks": 12}


def header(rank: int, blocks: int, dora: bool = False) -> dict[str, Any]:
    tensors: dict[str, Any] = {}
    for block in range(blocks):
        for name, (inputs, outputs) in linear_layers(SHAPE).items():
            layer = f"model.layers.{block}.{name}"
            shapes = {"lora_a": [inputs, rank], "lora_b": [rank, outputs]} | ({"m": [outputs]} if dora else {})
            tensors |= {f"{layer}.{part}": {"dtype": "F32", "shape": shape} for part, shape in shapes.items()}
    return tensors


def adapter(path: Path, tensors: dict[str, Any]) -> None:
    offset = 0
    for tensor in tensors.values():
        size = 4 * math.prod(tensor["shape"])
        tensor["data_offsets"] = [offset, offset + size]
        offset += size
    text = json.dumps(tensors).encode()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(len(text).to_bytes(8, "little") + text + bytes(offset))


@pytest.fixture
def run(tmp_path: Path) -> Run:
    made = Runs(tmp_path).create(RunSpec.make({}), model_path="sprout", data_path="sql")
    adapter(made.adapters / "adapters.safetensors", header(4, 12))
    adapter(made.adapters / "best" / "adapters.safetensors", header(4, 12))
    (made.adapters / "adapter_config.json").write_text("{}")
    return made


def test_parameters_by_layer_add_up_to_the_formula(run: Run) -> None:
    for dora in (False, True):
        found = by_layer(header(4, 12, dora))
        assert len(found) == 12 * 7
        assert sum(found.values()) == trainable_parameters(SHAPE, method="dora" if dora else "lora", rank=4)


def test_the_table_is_in_the_order_of_the_model_and_blocks_by_number(run: Run) -> None:
    table = Table.of(list(by_layer(header(4, 12))))
    assert table.blocks == tuple(range(12)) and table.modules == ("q", "k", "v", "o", "gate", "up", "down")
    assert table.layers[(10, "gate")] == "model.layers.10.mlp.gate_proj"


@pytest.mark.parametrize(
    ("layer", "where"),
    [
        ("model.layers.3.self_attn.q_proj", (3, "q")),
        ("model.layers.0.input_layernorm", (0, "input_layernorm")),
        ("transformer.h.11.attn.c_attn", (11, "attn.c_attn")),
        ("model.embed_tokens", (-1, "embed_tokens")),
        ("lm_head", (-1, "lm_head")),
    ],
)
def test_any_layer_has_a_place(layer: str, where: tuple[int, str]) -> None:
    assert place(layer) == where


def test_files_stand_with_the_chosen_one_first_and_the_base_beside(run: Run, tmp_path: Path) -> None:
    found = look(run, tmp_path / "cache", "best")
    assert [name for name, _ in found.files] == ["best/adapters.safetensors", "adapter_config.json",
                                                 "adapters.safetensors"]  # fmt: skip
    assert found.method == "LoRA" and found.base_bytes > 10_000_000 and found.found is None
    assert found.trained == trainable_parameters(SHAPE, rank=4) and found.checkpoints == ("last", "best")


def test_what_the_engine_found_comes_with_it(run: Run, tmp_path: Path) -> None:
    file = run.adapters / "adapters.safetensors"
    inspection_cache.write(run, "inspect", file, inspection_cache.stamp(file), {"layers": []})
    assert look(run, tmp_path).found == {"layers": [], "checkpoint": "last"}


def test_a_run_whose_base_is_gone_is_still_described(run: Run, tmp_path: Path) -> None:
    gone = Runs(tmp_path / "more").create(
        RunSpec.make({"model": "/gone/model", "fine_tune_type": "dora"}), model_path="x", data_path="y"
    )
    adapter(gone.adapters / "adapters.safetensors", {"a.weight": {"dtype": "F32", "shape": [3]}})
    found = look(gone, tmp_path)
    assert (found.method, found.base_bytes, found.parameters) == ("DoRA", 0, {"a": 3})


def test_without_an_adapter_it_says_so(run: Run, tmp_path: Path) -> None:
    (run.adapters / "adapters.safetensors").write_bytes(b"torn")
    with pytest.raises(LabError, match="safetensors"):
        look(run, tmp_path)
    with pytest.raises(LabError, match="keeps no adapter '7'"):
        look(run, tmp_path, "7")


def test_the_middle_of_layers_of_several_lengths() -> None:
    assert middle([[[1, 5.0], [2, 3.0]], [[1, 1.0]], [[1, 2.0], [2, 9.0], [3, 1.0]]]) == [(1.0, 2.0)]
    assert middle([]) == []
