"""Parameters by formula, by mlx-lm's own classes, and in files that were really written: the same number."""

from pathlib import Path
from typing import Any

import mlx.core as mx
import pytest
from mlx.utils import tree_flatten

from lab.engine.probe import build, describe
from lab.engine.train import adapt
from lab.errors import LabError
from lab.models.find import preset_shape
from lab.models.parameters import count_safetensors, shape_from_config, total_parameters, trainable_parameters
from lab.planning.base_model import find_base, presets
from lab.spec import RunSpec

TINY = {"hidden_size": 64, "intermediate_size": 192, "num_hidden_layers": 3, "num_attention_heads": 4,
        "num_key_value_heads": 2, "vocab_size": 320, "rms_norm_eps": 1e-5, "max_position_embeddings": 128}  # fmt: skip
FAMILIES: dict[str, dict[str, Any]] = {
    "llama": {"model_type": "llama"},
    "biased": {"model_type": "llama", "attention_bias": True, "mlp_bias": True, "tie_word_embeddings": False},
    "mistral": {"model_type": "mistral", "head_dim": 32, "tie_word_embeddings": False},
    "qwen2": {"model_type": "qwen2", "tie_word_embeddings": True},
    "qwen3": {"model_type": "qwen3", "head_dim": 48, "tie_word_embeddings": False, "rope_theta": 1e6},
}
SOME = ["self_attn.q_proj", "self_attn.v_proj"]
WHOLE = ["mlp.down_proj", "model.embed_tokens", "lm_head", "model.layers.1.self_attn.k_proj"]
METHODS: list[tuple[str, int, list[str] | None]] = [
    *(("lora", layers, keys) for layers in (-1, 2) for keys in (None, SOME, WHOLE)),
    *(("dora", layers, keys) for layers in (-1, 1) for keys in (None, WHOLE)),
    *(("full", layers, None) for layers in (-1, 2)),
]
CASES = [(family, *method) for family in FAMILIES for method in METHODS]


def test_there_are_cases_enough() -> None:
    assert len(CASES) == 60


@pytest.mark.parametrize(("family", "method", "layers", "keys"), CASES)
def test_the_formula_counts_what_the_adapter_file_holds(
    family: str, method: str, layers: int, keys: list[str] | None, tmp_path: Path
) -> None:
    config = TINY | FAMILIES[family]
    shape = shape_from_config(config)
    keys = [key for key in keys if key != "lm_head" or not shape["tied"]] if keys else None
    lora = {"rank": 4, "keys": keys} if keys else {"rank": 4}
    spec = RunSpec.make({"fine_tune_type": method, "num_layers": layers, "lora_parameters": lora})
    model = build(config)
    whole = sum(value.size for _, value in tree_flatten(model.parameters()))
    adapt(model, spec)
    file = tmp_path / "adapters.safetensors"
    mx.save_safetensors(str(file), dict(tree_flatten(model.trainable_parameters())))
    planned = trainable_parameters(shape, method=method, rank=4, layers=layers, keys=keys)
    assert planned == count_safetensors(file) == describe(config, spec)["trainable_parameters"]
    assert total_parameters(shape) == whole == describe(config, spec)["total_parameters"]


PUBLISHED = {"llama-3.2-1b": 1_235_814_400, "mistral-7b": 7_248_023_552, "qwen3-0.6b": 596_049_920}


def test_presets_have_the_published_number_of_parameters_by_formula_and_by_mlx_lm(tmp_path: Path) -> None:
    assert presets() == sorted(PUBLISHED)
    for name, count in PUBLISHED.items():
        base = find_base(f"preset:{name}", tmp_path)
        assert base.exact and not base.weights and base.config == find_base(name, tmp_path).config
        assert total_parameters(base.shape) == describe(base.config, RunSpec())["total_parameters"] == count
    assert trainable_parameters(preset_shape("llama-3.2-1b"), rank=8, layers=16) == 5_636_096


OTHERS: dict[str, dict[str, Any]] = {
    "mixtral": {"model_type": "mixtral", "num_local_experts": 4, "num_experts_per_tok": 2},
    "gemma2": {"model_type": "gemma2", "head_dim": 16, "query_pre_attn_scalar": 16},
    "phi3": {"model_type": "phi3"},
    "gpt2": {"model_type": "gpt2", "n_ctx": 64, "n_embd": 64, "n_head": 4, "n_layer": 3, "n_positions": 64,
             "layer_norm_epsilon": 1e-5, "vocab_size": 320},
}  # fmt: skip


@pytest.mark.parametrize("family", OTHERS)
@pytest.mark.parametrize(("method", "layers"), [("lora", -1), ("lora", 1), ("full", 2)])
def test_families_without_formula_are_counted_by_mlx_lms_own_class(
    family: str, method: str, layers: int, tmp_path: Path
) -> None:
    config = (TINY if family != "gpt2" else {}) | OTHERS[family]
    spec = RunSpec.make({"fine_tune_type": method, "num_layers": layers, "lora_parameters": {"rank": 4}})
    model = build(config)
    adapt(model, spec)
    file = tmp_path / "adapters.safetensors"
    mx.save_safetensors(str(file), dict(tree_flatten(model.trainable_parameters())))
    found = describe(config, spec)
    assert found["trainable_parameters"] == count_safetensors(file)
    assert (found["shape"]["blocks"], found["shape"]["hidden"], found["shape"]["vocab"]) == (3, 64, 320)


def test_dora_of_experts_and_unknown_families_are_refused_in_words() -> None:
    with pytest.raises(LabError, match=r"SwitchLinear doesn't support DoRA yet; choose lora"):
        describe(TINY | OTHERS["mixtral"], RunSpec(fine_tune_type="dora"))
    with pytest.raises(LabError, match="mlx-lm cannot build a 'nothing'"):
        describe({"model_type": "nothing"}, RunSpec())
