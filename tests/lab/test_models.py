"""Models by name, and counting parameters without loading weights."""

import json
import shutil
import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.errors import LabError
from lab.models.find import BUNDLED, find_model, list_models, preset_shape, quantized_bits
from lab.models.parameters import count_safetensors, safetensors_header, total_parameters, trainable_parameters
from lab.preflight import prepare
from lab.runs.directory import Runs


def test_sprout_is_bundled_small_and_counted_by_formula_as_by_file(tmp_path: Path) -> None:
    sprout = find_model("sprout", tmp_path)
    assert sprout.ready and sprout.bits == 0
    assert (
        sprout.parameters == total_parameters(sprout.shape) == count_safetensors(BUNDLED / "sprout/model.safetensors")
    )
    assert sum(p.stat().st_size for p in (BUNDLED / "sprout").iterdir()) <= 16_000_000


def test_lesson_one_counts_llama_3_2_1b_right() -> None:
    shape = preset_shape("llama-3.2-1b")
    assert trainable_parameters(shape, rank=8) == 5_636_096
    assert total_parameters(shape) == 1_235_814_400


def test_trainable_parameters_follow_method_rank_and_layers(tmp_path: Path) -> None:
    shape = find_model("sprout", tmp_path).shape
    assert trainable_parameters(shape, rank=8) == 175_104
    assert trainable_parameters(shape, rank=16) == 2 * 175_104
    assert trainable_parameters(shape, rank=8, layers=3) * 2 == 175_104
    assert trainable_parameters(shape, method="dora", rank=8) == 175_104 + 6 * (4 * 192 + 2 * 512 + 192)


def test_variants_are_known_before_they_are_made(tmp_path: Path) -> None:
    names = [m.name for m in list_models(tmp_path)]
    assert names == ["sprout", "sprout-4bit", "sprout-8bit"]
    assert not find_model("sprout-4bit", tmp_path).ready


@pytest.mark.parametrize("name", ["nothing", "../sprout", "a/b/c", "", "sprout/../sprout", "/etc"])
def test_an_unknown_or_odd_name_is_refused_with_what_there_is(name: str, tmp_path: Path) -> None:
    with pytest.raises(LabError):
        find_model(name, tmp_path)


def test_a_folder_without_safetensors_is_refused(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text((BUNDLED / "sprout/config.json").read_text())
    (tmp_path / "model.bin").write_bytes(b"pickle")
    with pytest.raises(LabError, match="only safetensors weights are loaded"):
        find_model(str(tmp_path), tmp_path)


@pytest.mark.parametrize(
    "config", ["", "[]", "{}", '{"hidden_size": "x"}', '{"hidden_size": 8, "num_attention_heads": 0}']
)
def test_a_broken_configuration_is_an_error_not_a_crash(config: str, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(config)
    (tmp_path / "model.safetensors").write_bytes(b"")
    with pytest.raises(LabError):
        find_model(str(tmp_path), tmp_path)


@given(st.binary(max_size=64))
def test_any_bytes_read_as_safetensors_give_an_error_or_a_header(
    tmp_path_factory: pytest.TempPathFactory, data: bytes
) -> None:
    path = tmp_path_factory.mktemp("st") / "x.safetensors"
    path.write_bytes(data)
    try:
        assert isinstance(safetensors_header(path), dict)
    except LabError as error:
        assert str(path) in str(error)


def test_parameters_are_counted_from_the_header_alone(tmp_path: Path) -> None:
    header = json.dumps({"a": {"dtype": "F32", "shape": [3, 5], "data_offsets": [0, 60]}, "__metadata__": {"x": "y"}})
    path = tmp_path / "x.safetensors"
    path.write_bytes(struct.pack("<Q", len(header)) + header.encode())
    assert count_safetensors(path) == 15


def test_the_high_learning_rate_of_small_bundled_models_is_not_forced_on_others(tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(BUNDLED / "sprout", copy)
    runs = Runs(tmp_path / "runs")
    rates = [prepare({"model": m}, runs, tmp_path).spec.learning_rate for m in ("sprout", "sprout-4bit", str(copy))]
    assert rates == [2e-3, 2e-3, 3e-5]
    assert prepare({"model": str(copy), "learning_rate": 3e-3}, runs, tmp_path).spec.learning_rate == 3e-3


def test_any_unquantized_base_has_variants_and_a_quantized_one_none(tmp_path: Path) -> None:
    assert find_model("sprout-3bit", tmp_path) == find_model("sprout", tmp_path, 3)
    mine = tmp_path / "mine"
    shutil.copytree(BUNDLED / "sprout", mine)
    variant = find_model(str(mine), tmp_path / "cache", 6)
    assert variant.bits == 6 and variant.made_from == mine.resolve() and not variant.ready and not variant.bundled
    other = tmp_path / "other" / "mine"
    shutil.copytree(mine, other)
    assert find_model(str(other), tmp_path / "cache", 6).path != variant.path, "folders of one name have their own"
    config = json.loads((mine / "config.json").read_text()) | {"quantization": {"bits": 4, "group_size": 64}}
    (mine / "config.json").write_text(json.dumps(config))
    assert find_model(str(mine), tmp_path, 4).bits == 4
    with pytest.raises(LabError, match=r"--bits: .* has 4 bits already"):
        find_model(str(mine), tmp_path, 8)


@pytest.mark.parametrize("told", [7, "4bit", [4], {"bits": "x"}, {"bits": 99}])
def test_a_quantization_that_is_none_is_refused(told: object) -> None:
    with pytest.raises(LabError, match="no such number"):
        quantized_bits({"quantization": told})
    assert quantized_bits({"quantization": None}) == quantized_bits({}) == 0
