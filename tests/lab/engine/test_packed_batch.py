"""A batch in one line, without padding, has the loss and the gradients of the padded batch."""

import importlib
from collections.abc import Callable
from typing import Any

import mlx.core as mx
import mlx.nn as nn
import pytest
from mlx.utils import tree_flatten
from mlx_lm.tuner.trainer import grad_checkpoint
from mlx_lm.tuner.utils import linear_to_lora_layers

from lab.engine import cpu, dora, packed_batch
from lab.engine.loop import masked_loss

SHAPE = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4,
         "num_key_value_heads": 2, "head_dim": 8, "vocab_size": 40, "rms_norm_eps": 1e-5, "rope_theta": 1e4,
         "max_position_embeddings": 512}  # fmt: skip
KINDS = {
    "llama": {"tie_word_embeddings": True},
    "qwen2": {"tie_word_embeddings": False},
    "qwen3": {"tie_word_embeddings": True},
}


def made(kind: str) -> nn.Module:
    """A model of random weights, under an adapter whose B is not zero."""
    module = importlib.import_module(f"mlx_lm.models.{kind}")
    mx.random.seed(0)
    model = module.Model(module.ModelArgs.from_dict({"model_type": kind, **SHAPE, **KINDS[kind]}))
    model.freeze()
    return model


def adapted(model: nn.Module, dora: bool = False) -> nn.Module:
    linear_to_lora_layers(model, -1, {"rank": 4, "scale": 2.0, "dropout": 0.0}, use_dora=dora)
    model.update({})
    for _, layer in model.named_modules():
        if "lora_b" in layer:
            layer.lora_b = mx.random.normal(layer.lora_b.shape) * 0.1
    return model


def batch() -> tuple[mx.array, mx.array]:
    """Rows of 3 to 20 tokens with several supervised spans, one with none at all and one with the very first."""
    mx.random.seed(1)
    ids, mask = mx.random.randint(0, 40, (7, 21)), mx.zeros((7, 20))
    for row, spans in enumerate(((3, 8), (0, 2), (), (10, 20), (5, 6, 9, 13), (2, 3), (12, 19))):
        for start, end in zip(spans[::2], spans[1::2], strict=True):
            mask[row, start:end] = 1
    return ids, mask


def gradients(model: nn.Module, loss: Callable[..., Any], *data: mx.array) -> tuple[float, int, dict[str, mx.array]]:
    (mean, tokens), gradient = nn.value_and_grad(model, loss)(model, *data)
    mx.eval(mean, gradient)
    return mean.item(), tokens.item(), dict(tree_flatten(gradient))


def same(model: nn.Module, monkeypatch: pytest.MonkeyPatch, *data: mx.array, cores: int) -> None:
    monkeypatch.setattr(packed_batch, "cores", lambda: cores)
    monkeypatch.setattr(packed_batch, "LEAST_TOKENS", 8)
    stock, expected, theirs = gradients(model, masked_loss, *data)
    cpu.install(model)
    assert packed_batch.packable(model)
    mean, tokens, ours = gradients(model, cpu.loss, *data)
    assert tokens == expected and mean == pytest.approx(stock, rel=1e-5)
    assert ours.keys() == theirs.keys() and len(ours) > 10
    for name, gradient in theirs.items():
        assert mx.allclose(ours[name], gradient, rtol=1e-3, atol=1e-5 * float(mx.abs(gradient).max()) + 1e-7), name


@pytest.mark.parametrize("cores", [1, 3])
@pytest.mark.parametrize("kind", KINDS)
def test_loss_and_gradients_of_an_adapter_are_those_of_the_padded_batch(
    kind: str, cores: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    same(adapted(made(kind)), monkeypatch, *batch(), cores=cores)


def test_full_fine_tuning_too(monkeypatch: pytest.MonkeyPatch) -> None:
    model = made("llama")
    for layer in model.layers:
        layer.unfreeze()
    same(model, monkeypatch, *batch(), cores=2)


@pytest.mark.parametrize("with_dora", [False, True])
@pytest.mark.parametrize("bits", [3, 4, 8])
def test_a_quantized_base_too(bits: int, with_dora: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    model = made("llama")
    nn.quantize(model, group_size=32, bits=bits)
    dora.install()
    same(adapted(model, with_dora), monkeypatch, *batch(), cores=2)


def test_a_batch_that_supervises_nothing_has_no_loss_and_no_gradient() -> None:
    model = adapted(made("llama"))
    cpu.install(model)
    ids, mask = batch()
    mean, tokens, gradient = gradients(model, cpu.loss, ids, mx.zeros_like(mask))
    assert mean == 0 and tokens == 0 and not any(mx.any(g).item() for g in gradient.values())


def test_what_cannot_be_packed_is_padded() -> None:
    windowed, other = made("llama"), importlib.import_module("mlx_lm.models.gemma")
    windowed.args.sliding_window = 8
    assert not packed_batch.packable(windowed) and not packed_batch.packable(nn.Linear(2, 2))
    assert not packed_batch.packable(other.Model(other.ModelArgs.from_dict({"model_type": "gemma", **SHAPE})))


def test_recomputed_blocks_are_padded(monkeypatch: pytest.MonkeyPatch) -> None:
    model = adapted(made("qwen2"))
    kind = type(model.layers[0])
    monkeypatch.setattr(kind, "__call__", kind.__call__)
    grad_checkpoint(model.layers[0])
    assert not packed_batch.packable(model)
    assert cpu.loss(model, *batch())[0].item() == pytest.approx(masked_loss(model, *batch())[0].item(), rel=1e-5)


def test_rows_are_dealt_evenly_and_none_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packed_batch, "cores", lambda: 2)
    groups = packed_batch._deal([50, 40, 0, 60, 30])
    assert sorted(row for group in groups for row in group) == [0, 1, 3, 4]
    assert [sum([50, 40, 0, 60, 30][row] for row in group) for group in groups] == [90, 90]
    assert len(packed_batch._deal([5, 4, 0])) == 1
