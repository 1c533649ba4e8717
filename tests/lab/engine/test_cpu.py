"""The CPU arithmetic gives what MLX's own functions give, forwards and backwards."""

from collections.abc import Callable

import mlx.core as mx
import mlx.nn as nn
import numpy as np
import pytest
from mlx.utils import tree_flatten
from mlx_lm.models.base import scaled_dot_product_attention
from mlx_lm.tuner.lora import LoRALinear

from lab.engine import cpu
from lab.engine.loop import masked_loss


def close(a: mx.array, b: mx.array, tolerance: float = 2e-6) -> bool:
    return bool(mx.allclose(a, b, rtol=tolerance, atol=tolerance).item())


def test_exp_is_within_a_millionth_over_its_whole_range() -> None:
    x = mx.linspace(-87, 88, 200_001)
    exact = np.exp(np.array(x).astype(np.float64))
    assert np.abs(np.array(cpu.exp(x)) / exact - 1).max() < 1e-6
    assert cpu.exp(mx.array([-1e9])).item() == pytest.approx(1.6e-38, rel=0.1)


@pytest.mark.parametrize(
    ("ours", "theirs", "inputs"),
    [
        (cpu.swiglu, lambda g, x: nn.silu(g) * x, 2),
        (cpu.softmax, lambda x: mx.softmax(x, axis=-1), 1),
        (cpu.logsumexp, lambda x: mx.logsumexp(x, axis=-1, keepdims=True), 1),
    ],
)
def test_values_and_gradients_equal_mlxs(ours: Callable, theirs: Callable, inputs: int) -> None:
    mx.random.seed(0)
    arrays = [mx.random.normal((7, 33)) * 8 for _ in range(inputs)]
    weights = mx.random.normal((7, 1))
    assert close(ours(*arrays), theirs(*arrays))
    places = list(range(inputs))
    gradients = [mx.grad(lambda *a, f=f: (f(*a) * weights).sum(), argnums=places)(*arrays) for f in (ours, theirs)]
    for mine, stock in zip(*gradients, strict=True):
        assert close(mine, stock, 1e-5)


def test_extreme_logits_stay_finite() -> None:
    logits = mx.array([[1e4, -1e4, 0.0], [-1e4, -1e4, -1e4]])
    loss = cpu.cross_entropy(logits, mx.array([0, 2]))
    assert loss.tolist() == pytest.approx([0.0, 1.0986123], abs=2e-3)


@pytest.mark.parametrize("mask", ["causal", None])
@pytest.mark.parametrize("kv_heads", [4, 2])
def test_attention_equals_mlx_lms(mask: str | None, kv_heads: int) -> None:
    mx.random.seed(1)
    q, k, v = (mx.random.normal((2, h, 9, 8)) for h in (4, kv_heads, kv_heads))
    stock = scaled_dot_product_attention(q, k, v, cache=None, scale=0.3, mask=mask)
    assert close(cpu.attention(q, k, v, scale=0.3, mask=mask), stock, 1e-5)


def test_the_loss_of_a_model_that_cannot_be_packed_is_the_padded_one() -> None:
    mx.random.seed(2)
    model = nn.Embedding(13, 13)
    ids, mask = mx.random.randint(0, 13, (3, 10)), mx.random.bernoulli(0.4, (3, 9)).astype(mx.float32)
    (mine, count), (plain, expected) = cpu.loss(model, ids, mask), masked_loss(model, ids, mask)
    assert count.item() == expected.item() and mine.item() == pytest.approx(plain.item(), rel=1e-6)


@pytest.mark.parametrize("bits", [3, 4, 8])
def test_dense_product_equals_the_quantized_product_and_its_gradient(bits: int) -> None:
    mx.random.seed(3)
    layer = nn.QuantizedLinear(64, 24, bias=True, group_size=32, bits=bits)
    x = mx.random.normal((5, 64))
    stock = layer(x)
    assert close(cpu._dense_product(layer, x), stock, 1e-4)
    mine = mx.grad(lambda x: (cpu._dense_product(layer, x) ** 2).sum())(x)
    assert close(mine, mx.grad(lambda x: (layer(x) ** 2).sum())(x), 1e-3)


@pytest.mark.parametrize("bits", [0, 4, 6])
def test_an_adapted_product_equals_mlx_lms_and_its_gradients(bits: int) -> None:
    mx.random.seed(4)
    base = nn.Linear(64, 24, bias=True)
    base = nn.QuantizedLinear.from_linear(base, group_size=32, bits=bits) if bits else base
    layer = LoRALinear.from_base(base, r=4, scale=3.0)
    layer.lora_b = mx.random.normal(layer.lora_b.shape)
    x = mx.random.normal((2, 5, 64))

    def gradients(call: Callable) -> list[mx.array]:
        def loss(x: mx.array, a: mx.array, b: mx.array) -> mx.array:
            layer.lora_a, layer.lora_b = a, b
            return (call(layer, x) ** 2).sum()

        a, b = layer.lora_a, layer.lora_b
        found = mx.grad(loss, argnums=(0, 1, 2))(x, a, b)
        layer.lora_a, layer.lora_b = a, b
        return [call(layer, x), *found]

    for mine, stock in zip(gradients(cpu._lora), gradients(cpu._stock_lora), strict=True):
        assert close(mine / mx.abs(stock).max(), stock / mx.abs(stock).max(), 1e-5)


def test_a_dense_copy_is_kept_where_memory_is_plenty_and_is_no_parameter() -> None:
    model = nn.Sequential(nn.QuantizedLinear(64, 32, group_size=32, bits=4), nn.Linear(32, 3))
    dense = 64 * 32 * 4
    assert not cpu.keep_dense(model, dense * cpu.SHARE - 1) and "_dense" not in model.layers[0]
    names = [name for name, _ in tree_flatten(model.parameters())]
    x = mx.random.normal((5, 64))
    before = cpu._dense_product(model.layers[0], x)
    assert cpu.keep_dense(model, dense * cpu.SHARE) and model.layers[0]._dense.shape == (32, 64)
    assert mx.array_equal(cpu._dense_product(model.layers[0], x), before)
    assert [name for name, _ in tree_flatten(model.parameters())] == names
