"""Arithmetic for a CPU: the transcendental functions of MLX's CPU back end are scalar and become the floor once
matrix products are fast, so the exponential is a polynomial here, fused by `mx.compile`.

exp(x) = 2**n * exp(r), n = round(x / ln 2), |r| <= ln 2 / 2, exp(r) by its Taylor polynomial of degree 6
(relative error below 1e-6, checked in tests); 2**n is written straight into the exponent bits of a float32.
"""

import sys
from typing import Any

import mlx.core as mx
import mlx.nn as nn
from mlx.utils import tree_map

differentiable: Any = mx.custom_function  # typed by MLX as returning a bare object
LOG2E, LN2_HIGH, LN2_LOW = 1.4426950408889634, 0.693359375, -2.12194440e-4


def exp(x: mx.array) -> mx.array:
    """exp(x) of a float32 array, for x in [-87, 88]; below -87 it stays at exp(-87)."""
    x = mx.maximum(x, -87.0)
    n = mx.round(x * LOG2E)
    r = x - n * LN2_HIGH - n * LN2_LOW
    p = 1 + r * (1 + r * (1 / 2 + r * (1 / 6 + r * (1 / 24 + r * (1 / 120 + r * (1 / 720))))))
    return p * mx.view((n.astype(mx.int32) + 127) << 23, mx.float32)


def _sigmoid(x: mx.array) -> mx.array:
    return 1 / (1 + exp(mx.minimum(-x, 80.0)))


@mx.compile
def _swiglu_forward(gate: mx.array, x: mx.array) -> mx.array:
    return gate * _sigmoid(gate) * x


@mx.compile
def _swiglu_backward(gate: mx.array, x: mx.array, cotangent: mx.array) -> tuple[mx.array, mx.array]:
    s = _sigmoid(gate)
    silu = gate * s
    return cotangent * x * (s + silu * (1 - s)), cotangent * silu


@differentiable
def swiglu(gate: mx.array, x: mx.array) -> mx.array:
    """silu(gate) * x, elementwise over arrays of one shape."""
    return _swiglu_forward(gate, x)


@swiglu.vjp
def _swiglu_vjp(primals: Any, cotangent: mx.array, _: mx.array) -> tuple[mx.array, mx.array]:
    return _swiglu_backward(primals[0], primals[1], cotangent)


@mx.compile
def _exp_shifted(x: mx.array, shift: mx.array) -> mx.array:
    return exp(x - shift)


@mx.compile
def _softmax_backward(y: mx.array, cotangent: mx.array, dot: mx.array) -> mx.array:
    return y * (cotangent - dot)


@differentiable
def softmax(x: mx.array) -> mx.array:
    """Softmax over the last axis."""
    e = _exp_shifted(x, x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


@softmax.vjp
def _softmax_vjp(_: mx.array, cotangent: mx.array, y: mx.array) -> mx.array:
    return _softmax_backward(y, cotangent, (y * cotangent).sum(-1, keepdims=True))


@differentiable
def logsumexp(x: mx.array) -> mx.array:
    """log(sum(exp(x))) over the last axis, which is kept with length 1."""
    top = x.max(-1, keepdims=True)
    return mx.log(_exp_shifted(x, top).sum(-1, keepdims=True)) + top


@mx.compile
def _logsumexp_backward(x: mx.array, y: mx.array, cotangent: mx.array) -> mx.array:
    return exp(x - y) * cotangent


@logsumexp.vjp
def _logsumexp_vjp(x: mx.array, cotangent: mx.array, y: mx.array) -> mx.array:
    return _logsumexp_backward(x, y, cotangent)


def cross_entropy(logits: mx.array, targets: mx.array) -> mx.array:
    """Cross entropy in nats per position: logits (..., vocabulary) float32, targets (...) int -> (...)."""
    return (logsumexp(logits) - mx.take_along_axis(logits, targets[..., None], -1))[..., 0]


def attention(
    queries: mx.array,
    keys: mx.array,
    values: mx.array,
    *,
    cache: Any = None,
    scale: float,
    mask: Any = None,
    **_: Any,
) -> mx.array:
    """softmax(Q Kᵀ · scale + mask) V for (batch, heads, length, head_dim); fewer key heads are repeated.

    The signature is that of mlx_lm's `scaled_dot_product_attention`; a cache means generation, which is left to it.
    """
    if cache is not None or (mask is not None and not isinstance(mask, (str, mx.array))):
        from mlx_lm.models.base import scaled_dot_product_attention

        return scaled_dot_product_attention(queries, keys, values, cache=cache, scale=scale, mask=mask)
    groups = queries.shape[1] // keys.shape[1]
    if groups > 1:
        keys, values = mx.repeat(keys, groups, axis=1), mx.repeat(values, groups, axis=1)
    scores = (queries * scale) @ keys.swapaxes(-1, -2)
    length = queries.shape[2]
    if isinstance(mask, str):
        scores = scores + mx.triu(mx.full((length, length), -1e9), 1)
    elif mask is not None:
        scores = mx.where(mask, scores, -1e9) if mask.dtype == mx.bool_ else scores + mask
    return softmax(scores) @ values


def _dense(layer: nn.Module) -> mx.array:
    return mx.dequantize(
        layer["weight"],
        layer["scales"],
        layer.get("biases"),
        group_size=layer.group_size,
        bits=layer.bits,
        mode=layer.mode,
    )


def _dequantize_and_multiply(layer: nn.Module, x: mx.array) -> mx.array:
    """x Wᵀ with W dequantized on the spot, and again for the gradient, so that no dense copy is kept."""

    @differentiable
    def product(x: mx.array) -> mx.array:
        return x @ _dense(layer).T

    @product.vjp
    def _(primal: Any, cotangent: mx.array, __: mx.array) -> mx.array:
        return cotangent @ _dense(layer)

    y = product(x)
    return y + layer["bias"] if "bias" in layer else y


def loss(model: nn.Module, batch: mx.array, lengths: mx.array) -> tuple[mx.array, mx.array]:
    """mlx-lm's `default_loss` with this module's cross entropy: mean over supervised tokens, and their number.

    `batch` (rows, length) token ids; `lengths` (rows, 2): target positions first..last, counted from 1, are supervised.
    """
    targets = batch[:, 1:]
    steps = mx.arange(1, targets.shape[1] + 1)
    mask = mx.logical_and(steps >= lengths[:, 0:1], steps <= lengths[:, 1:])
    tokens = mask.sum()
    return (cross_entropy(model(batch[:, :-1]).astype(mx.float32), targets) * mask).sum() / tokens, tokens


def install(model: nn.Module) -> None:
    """Make `model` compute in float32 with these functions, for the life of this process.

    The module that defines the model gets the fast activations and attention; quantized layers stay quantized.
    """
    module = sys.modules[type(model).__module__]
    if hasattr(module, "swiglu"):
        module.swiglu = swiglu  # type: ignore[attr-defined]
    if hasattr(module, "scaled_dot_product_attention"):
        module.scaled_dot_product_attention = attention  # type: ignore[attr-defined]
    nn.QuantizedLinear.__call__ = _dequantize_and_multiply
    nn.QuantizedEmbedding.as_linear = _dequantize_and_multiply
    half = (mx.float16, mx.bfloat16)
    model.update(tree_map(lambda p: p.astype(mx.float32) if p.dtype in half else p, model.parameters()))
