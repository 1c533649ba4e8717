"""DoRA by the factored norm is mlx-lm's DoRA: same loss, same gradients, same file, on every base."""

import subprocess
import sys

import mlx.core as mx
import mlx.nn as nn
import numpy as np
import pytest
from mlx.utils import tree_flatten
from mlx_lm.tuner.dora import DoRALinear

from lab.engine import cpu, dora

STOCK = DoRALinear.__call__
RANK, IN, OUT = 4, 96, 40


@pytest.fixture(autouse=True)
def _installed() -> None:
    dora.install()


def layer(bits: int, bias: bool = False, dropout: float = 0.0) -> DoRALinear:
    """A DoRA layer in the midst of training: B is not zero and m has moved from the norms."""
    mx.random.seed(bits)
    base = nn.Linear(IN, OUT, bias=bias)
    if bits:
        base = nn.QuantizedLinear.from_linear(base, group_size=32, bits=bits)
    made = DoRALinear.from_base(base, r=RANK, dropout=dropout, scale=20.0)
    made.linear.freeze()
    made.lora_b = mx.random.normal((RANK, OUT)) * 0.05
    made.m = made.m * mx.random.uniform(0.8, 1.2, (OUT,))
    return made


def loss_and_gradients(made: DoRALinear, x: mx.array) -> tuple[float, dict[str, mx.array], mx.array]:
    def loss(x: mx.array) -> mx.array:
        return mx.square(made(x) - 1).mean()

    value, gradients = nn.value_and_grad(made, lambda: loss(x))()
    return value.item(), dict(tree_flatten(gradients)), mx.grad(loss)(x)


@pytest.mark.parametrize("on_a_cpu", [False, True])
@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("bits", [0, 3, 4, 5, 6, 8])
def test_loss_and_gradients_are_mlx_lms(bits: int, bias: bool, on_a_cpu: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cpu, "installed", lambda: on_a_cpu)
    made, x = layer(bits, bias), mx.random.normal((3, 7, IN))
    mine, ours, d_x = loss_and_gradients(made, x)
    monkeypatch.setattr(DoRALinear, "__call__", STOCK)
    stock, theirs, expected = loss_and_gradients(made, x)
    assert mine == pytest.approx(stock, rel=1e-5)
    assert set(ours) == set(theirs) == {"lora_a", "lora_b", "m"}
    for name, gradient in theirs.items():
        assert mx.allclose(ours[name], gradient, rtol=1e-3, atol=1e-5 * float(mx.abs(gradient).max())), name
    assert mx.allclose(d_x, expected, rtol=1e-3, atol=1e-5 * float(mx.abs(expected).max()))


def test_the_norm_is_exact_however_large_the_adapter_and_never_below_zero() -> None:
    rng = np.random.default_rng(0)
    w, a = rng.normal(size=(OUT, IN)), rng.normal(size=(IN, RANK))
    for size in (0.0, 1e-3, 1.0, 1e3):
        b = rng.normal(size=(RANK, OUT)) * size
        arrays = [mx.array(each, dtype=mx.float32) for each in ((w**2).sum(1), w @ a, a, b)]
        exact = ((w + 2.0 * (a @ b).T) ** 2).sum(1)
        assert np.allclose(np.array(dora.squared_norms(*arrays, 2.0)), exact, rtol=2e-5)
    against = [mx.array(each, dtype=mx.float32) for each in ((w**2).sum(1), w @ w.T, w.T, -np.eye(OUT))]
    assert mx.sqrt(dora.squared_norms(*against, 1.0)).min().item() > 0, "the adapter takes all of every row away"


def test_what_is_kept_for_the_norm_is_no_parameter() -> None:
    made = layer(4)
    assert {name for name, _ in tree_flatten(made.trainable_parameters())} == {"lora_a", "lora_b", "m"}
    assert not [name for name, _ in tree_flatten(made.parameters()) if "squares" in name]


def test_an_adapter_loaded_over_keeps_the_norm_of_the_base() -> None:
    made, other, x = layer(8), layer(8), mx.random.normal((5, IN))
    made.load_weights([("m", other.m * 3), ("lora_b", other.lora_b)], strict=False)
    assert mx.allclose(made(x), 3 * other(x), rtol=1e-4, atol=1e-4)


def test_dropout_takes_from_the_adapters_part_only() -> None:
    made, x = layer(0, dropout=0.5), mx.random.normal((64, IN))
    made.eval()
    whole = made(x)
    made.train()
    mx.random.seed(0)
    some = made(x)
    assert not mx.allclose(some, whole)
    made.lora_b = mx.zeros_like(made.lora_b)
    assert mx.allclose(made(x), made.m * mx.rsqrt(made._squares) * (x @ made.linear.weight.T), rtol=1e-4, atol=1e-4)


def test_mlx_lm_itself_cannot_do_6_bits() -> None:
    """When it can, `_from_base` may go."""
    code = """
import mlx.core as mx, mlx.nn as nn
from mlx_lm.tuner.dora import DoRALinear
mx.eval(DoRALinear.from_base(nn.QuantizedLinear(96, 40, group_size=32, bits=6))(mx.zeros((1, 96))))
"""
    assert subprocess.run([sys.executable, "-c", code], capture_output=True).returncode
