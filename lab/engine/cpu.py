"""Arithmetic for a CPU: the transcendental functions of MLX's CPU back end are scalar and become the floor once
matrix products are fast, so the exponential is a polynomial here, fused by `mx.compile`.

exp(x) = 2**n * exp(r), n = round(x / ln 2), |r| <= ln 2 / 2, exp(r) by its Taylor polynomial of degree 6
(relative error below 1e-6, checked in tests); 2**n is written straight into the exponent bits of a float32.
"""

import sys
from typing import Any

import mlx.core as mx
import mlx.nn as nn
import psutil
from mlx.utils import tree_map
from mlx_lm.tuner.lora import LoRALinear

from lab.engine import packed_batch
from lab.engine.packed_batch import differentiable

SHARE = 8
"""A dense copy of a quantized base is kept where it takes at most one part in so many of the memory available."""
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


@differentiable(lambda primals, cotangent, _: _swiglu_backward(primals[0], primals[1], cotangent))
def swiglu(gate: mx.array, x: mx.array) -> mx.array:
    """silu(gate) * x, elementwise over arrays of one shape."""
    return _swiglu_forward(gate, x)


@mx.compile
def _exp_shifted(x: mx.array, shift: mx.array) -> mx.array:
    return exp(x - shift)


@mx.compile
def _softmax_backward(y: mx.array, cotangent: mx.array, dot: mx.array) -> mx.array:
    return y * (cotangent - dot)


@differentiable(lambda _, cotangent, y: _softmax_backward(y, cotangent, (y * cotangent).sum(-1, keepdims=True)))
def softmax(x: mx.array) -> mx.array:
    """Softmax over the last axis."""
    e = _exp_shifted(x, x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


@mx.compile
def _logsumexp_backward(x: mx.array, y: mx.array, cotangent: mx.array) -> mx.array:
    return exp(x - y) * cotangent


@differentiable(lambda x, cotangent, y: _logsumexp_backward(x, y, cotangent))
def logsumexp(x: mx.array) -> mx.array:
    """log(sum(exp(x))) over the last axis, which is kept with length 1."""
    top = x.max(-1, keepdims=True)
    return mx.log(_exp_shifted(x, top).sum(-1, keepdims=True)) + top


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
    line = packed_batch.current()
    if line is not None:  # queries and keys are in rows already, since their rotary embedding was
        rows = attention_of_rows(queries, keys, line.block(values), scale, mask)
        return line.line(rows)
    return attention_of_rows(queries, keys, values, scale, mask)


def attention_of_rows(queries: mx.array, keys: mx.array, values: mx.array, scale: float, mask: Any) -> mx.array:
    """Attention without cache or line; see `attention`."""
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


def dense(layer: nn.Module, after: mx.array | None = None) -> mx.array:
    """The weight (out, in) of a linear layer or an embedding, dequantized if it is quantized and no copy is kept.

    Dequantizing waits for `after`: MLX would else dequantize all layers first, since nothing holds them back.
    """
    if "scales" not in layer:
        return layer["weight"]
    if "_dense" in layer:
        return layer["_dense"]
    weight = layer["weight"] if after is None else mx.depends([layer["weight"]], [after])[0]
    options = {"group_size": layer.group_size, "bits": layer.bits, "mode": layer.mode}
    return mx.dequantize(weight, layer["scales"], layer.get("biases"), **options)


def keep_dense(model: nn.Module, available: int) -> bool:
    """Keep a float32 copy of every quantized weight, if all of them take a small enough share of `available` bytes."""
    layers = [m for _, m in model.named_modules() if isinstance(m, nn.QuantizedLinear | nn.QuantizedEmbedding)]
    if sum(layer["weight"].nbytes * 32 // layer.bits for layer in layers) > available // SHARE:
        return False
    for layer in layers:
        layer._dense = dense(layer)  # no parameter, by the underscore: neither saved nor counted
        mx.eval(layer._dense)
    return bool(layers)


def _with_bias(layer: nn.Module, y: mx.array) -> mx.array:
    return y + layer["bias"] if "bias" in layer else y


def _dense_product(layer: nn.Module, x: mx.array) -> mx.array:
    """x Wᵀ (+ bias) with the dense W; one dequantized on the spot is so again for the gradient, and not held until."""

    @differentiable(lambda _, cotangent, __: cotangent @ dense(layer, cotangent))
    def product(x: mx.array) -> mx.array:
        return x @ dense(layer, x).T

    return _with_bias(layer, product(x))


def adapted(layer: nn.Module, scale: float, x: mx.array, a: mx.array, b: mx.array) -> mx.array:
    """x Wᵀ + scale · (x A) B for x (..., in), W (out, in) of `layer`, A (in, rank), B (rank, out), without the bias.

    The adapter is added into the product in place, and its gradients take two thin products each.
    """

    @differentiable(lambda primals, cotangent, _: _adapted_backward(layer, scale, primals, cotangent))
    def product(x: mx.array, a: mx.array, b: mx.array) -> mx.array:
        return mx.addmm(x @ dense(layer, x).T, x @ a, scale * b)

    return product(x, a, b)


def adapted_and_scaled(
    layer: nn.Module, scale: float, x: mx.array, a: mx.array, b: mx.array, factor: mx.array
) -> mx.array:
    """`adapted` times `factor` (out,), of which only this product is held for the gradient.

    The gradient of a factor of exactly 0 is told as 0, since the product holds nothing of what it was made from.
    """

    def backward(primals: Any, cotangent: mx.array, y: mx.array) -> tuple[mx.array, ...]:
        *others, factor = primals
        summed = (cotangent * y).reshape(-1, y.shape[-1]).sum(0)
        d_factor = mx.where(factor == 0, 0.0, summed / mx.where(factor == 0, 1.0, factor))
        (scaled,) = mx.depends([cotangent * factor], [d_factor])  # so that y is done with before the layer below
        return *_adapted_backward(layer, scale, others, scaled), d_factor

    @differentiable(backward)
    def product(x: mx.array, a: mx.array, b: mx.array, factor: mx.array) -> mx.array:
        return mx.addmm(x @ dense(layer, x).T, x @ a, scale * b) * factor

    return product(x, a, b, factor)


def _adapted_backward(
    layer: nn.Module, scale: float, primals: Any, cotangent: mx.array
) -> tuple[mx.array, mx.array, mx.array]:
    x, a, b = primals
    thin = cotangent @ (scale * b).T
    flat = x.reshape(-1, x.shape[-1])
    d_a = flat.T @ thin.reshape(-1, thin.shape[-1])
    d_b = (flat @ (scale * a)).T @ cotangent.reshape(-1, cotangent.shape[-1])
    return mx.addmm(cotangent @ dense(layer, cotangent), thin, a.T), d_a, d_b


_stock_lora: Any = LoRALinear.__call__


def _lora(self: Any, x: mx.array) -> mx.array:
    if x.dtype != mx.float32 or drops(self.dropout) or not isinstance(self.linear, nn.Linear | nn.QuantizedLinear):
        return _stock_lora(self, x)
    return _with_bias(self.linear, adapted(self.linear, self.scale, x, self.lora_a, self.lora_b))


def drops(dropout: nn.Dropout) -> bool:
    """Whether the layer leaves anything out, now."""
    return dropout.training and dropout._p_1 < 1


def loss(model: nn.Module, ids: mx.array, mask: mx.array) -> tuple[mx.array, mx.array]:
    """Mean cross entropy in nats over the targets whose mask is 1, and their number, as `loop.masked_loss` has it.

    `ids` (rows, length + 1), `mask` (rows, length). A model that can be packed works on real tokens only.
    """
    if packed_batch.packable(model):
        return packed_batch.loss(model, ids, mask, cross_entropy)
    losses = cross_entropy(model(ids[:, :-1]).astype(mx.float32), ids[:, 1:]) * mask
    tokens = mask.sum()
    return losses.sum() / mx.maximum(tokens, 1), tokens


def installed() -> bool:
    """Whether this process computes with these functions."""
    return nn.QuantizedLinear.__call__ is _dense_product


def install(model: nn.Module) -> None:
    """Make `model` compute in float32 with these functions, for the life of this process.

    The module that defines the model gets the fast activations and attention; quantized layers stay quantized.
    """
    module = sys.modules[type(model).__module__]
    if hasattr(module, "swiglu"):
        module.swiglu = swiglu  # type: ignore[attr-defined]
    if hasattr(module, "scaled_dot_product_attention"):
        module.scaled_dot_product_attention = attention  # type: ignore[attr-defined]
    nn.QuantizedLinear.__call__ = _dense_product
    nn.QuantizedEmbedding.as_linear = _dense_product
    LoRALinear.__call__ = _lora
    packed_batch.install(model)
    half = (mx.float16, mx.bfloat16)
    model.update(tree_map(lambda p: p.astype(mx.float32) if p.dtype in half else p, model.parameters()))
    keep_dense(model, psutil.virtual_memory().available)
