"""DoRA at LoRA's price: the norms of the adapted rows without the adapted weight.

mlx-lm's DoRALinear builds W + s·(A B)ᵀ in every forward pass, dequantized if it must be, to take the norm of its rows.
Expanded, with bᵢ the i-th column of B (rank), wᵢ the i-th row of W (in) and A (in, rank),

    ‖wᵢ + s·A bᵢ‖² = ‖wᵢ‖² + 2 s bᵢ·(W A)ᵢ + s² bᵢᵀ (AᵀA) bᵢ,

where ‖wᵢ‖² never changes, W A is one thin product and AᵀA is rank × rank (arXiv 2603.22276). Adapter files stay as
they are.
"""

from typing import Any

import mlx.core as mx
import mlx.nn as nn
from mlx_lm.tuner.dora import DoRALinear

from lab.engine import cpu, packed_batch

LEAST = 1e-12
"""Of ‖wᵢ‖²: what a squared norm may fall to, where rounding would leave nothing or less of it."""

_set_linear: Any = DoRALinear.set_linear


def install() -> None:
    """Give every DoRALinear of this process, made before or after, the factored norm and bases of any bits."""
    DoRALinear.from_base = staticmethod(_from_base)
    DoRALinear.set_linear = _with_squares
    DoRALinear.__call__ = _call


def _from_base(linear: nn.Module, r: int = 8, dropout: float = 0.0, scale: float = 20.0) -> DoRALinear:
    """As mlx-lm has it, but that a packed weight of 3, 5 or 6 bits is as wide as it is."""
    outputs, inputs = linear.weight.shape
    if isinstance(linear, nn.QuantizedLinear):
        inputs = inputs * 32 // linear.bits
    layer = DoRALinear(input_dims=inputs, output_dims=outputs, r=r, dropout=dropout, scale=scale)
    layer.set_linear(linear)
    return layer


def _with_squares(self: Any, linear: nn.Module) -> None:
    _set_linear(self, linear)
    self._squares = mx.square(self.m)  # of the base: m itself is trained, or loaded over; _ keeps it out of parameters


def squared_norms(squares: mx.array, along: mx.array, a: mx.array, b: mx.array, scale: float) -> mx.array:
    """‖wᵢ + scale · A bᵢ‖² (out,) from ‖wᵢ‖² (out,), W A (out, rank), A (in, rank) and B (rank, out), all float32."""
    b = scale * b
    grown = squares + (b.T * (2 * along + b.T @ (a.T @ a))).sum(-1)
    return mx.maximum(grown, LEAST * squares)


def _call(self: Any, x: mx.array) -> mx.array:
    linear, a, b = self.linear, self.lora_a, self.lora_b
    factor = self.m * _inverse_norms(self)
    if x.dtype == mx.float32 and cpu.installed() and not cpu.drops(self.dropout):
        out = cpu.adapted_and_scaled(linear, self.scale, x, a, b, factor)
    else:
        plain = linear(x) - linear.bias if "bias" in linear else linear(x)
        out = factor.astype(x.dtype) * (plain + (self.scale * ((self.dropout(x) @ a) @ b)).astype(x.dtype))
    return out + linear.bias if "bias" in linear else out


def hold(model: nn.Module) -> None:
    """Keep the norms of a model that is only asked, since they cost more than all the rest of a token.

    To be called again when an adapter or its scale has changed.
    """
    for _, layer in model.named_modules():
        if isinstance(layer, DoRALinear):
            object.__setattr__(layer, "_held", None)
            inverse = _inverse_norms(layer)
            mx.eval(inverse)
            object.__setattr__(layer, "_held", (layer.lora_a, layer.lora_b, inverse))


def _inverse_norms(layer: Any) -> mx.array:
    """One over the norms of the adapted rows (out,), a constant to the gradient as in mlx-lm.

    Groups of rows that are packed apart (`packed`) ask with the same A and B, and share the answer.
    """
    a, b = layer.lora_a, layer.lora_b
    held = getattr(layer, "_held", None)
    if held is not None and held[0] is a and held[1] is b:
        return held[2]
    if "_squares" not in layer:  # made before install
        layer._squares = mx.square(mx.linalg.norm(layer._dequantized_weight().astype(mx.float32), axis=1))
    fixed_a, fixed_b = (mx.stop_gradient(each).astype(mx.float32) for each in (a, b))
    squared = squared_norms(layer._squares, _along(layer.linear, fixed_a), fixed_a, fixed_b, layer.scale)
    inverse = mx.rsqrt(squared)
    if packed_batch.current() is not None:
        object.__setattr__(layer, "_held", (a, b, inverse))  # past mlx.nn, which would take it for parameters
    return inverse


def _along(linear: nn.Module, a: mx.array) -> mx.array:
    """W A (out, rank) of a frozen A, in float32."""
    if isinstance(linear, nn.QuantizedLinear) and not cpu.installed():
        product = mx.quantized_matmul(a.T, linear.weight, linear.scales, linear.get("biases"), transpose=True,
                                      group_size=linear.group_size, bits=linear.bits, mode=linear.mode)  # fmt: skip
        return product.astype(mx.float32).T
    return cpu.dense(linear).astype(mx.float32) @ a
