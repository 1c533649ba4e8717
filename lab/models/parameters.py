"""Counting parameters: exactly from a safetensors file, or from a model's shape by formula. No weights are loaded."""

import math
import os
import struct
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from foreign import Refused, from_json, opened
from lab.errors import LabError

HEADER_LIMIT = 100_000_000
LARGEST_SIZE = 1 << 32
"""No size in a config.json is larger."""

MOST_BLOCKS = 10_000
"""Layers that a config.json may speak of, since each is counted, planned and built before any weight is seen."""

LLAMA = ("llama", "mistral")
"""The `model_type`s that mlx-lm builds with its Llama class and these formulas know."""


def safetensors_header(path: Path) -> dict[str, Any]:
    """The header of a safetensors file: tensor name -> {dtype, shape, data_offsets}. Raises LabError if it is none."""
    return {k: v for k, v in _header(path).items() if k != "__metadata__"}


def safetensors_metadata(path: Path) -> dict[str, Any]:
    """What was written into a safetensors file beside its tensors. Raises LabError if it is none, or not whole."""
    header = _header(path)
    found = header.pop("__metadata__", None)
    try:
        with opened(path) as file:
            begins = 8 + struct.unpack("<Q", file.read(8))[0]
            whole = os.fstat(file.fileno()).st_size
        if begins + max((tensor["data_offsets"][1] for tensor in header.values()), default=0) > whole:
            raise Refused("it ends too early")
    except (OSError, ValueError, KeyError, IndexError, TypeError) as error:
        raise LabError(f"not a readable safetensors file ({error})", where=str(path)) from None
    return found if isinstance(found, dict) else {}


def _header(path: Path) -> dict[str, Any]:
    try:
        with opened(path) as file:
            (size,) = struct.unpack("<Q", file.read(8))
            if size > min(HEADER_LIMIT, os.fstat(file.fileno()).st_size):
                raise Refused("its header is longer than the file, or than any header")
            header: dict[str, Any] = from_json(file.read(size).decode("utf-8"))
        tensors = {k: v for k, v in header.items() if k != "__metadata__"}
        if wrong := next((name for name, tensor in tensors.items() if not _is_tensor(tensor)), None):
            raise Refused(f"the tensor {wrong!r} has no shape")
        return header
    except (OSError, ValueError, struct.error, AttributeError) as error:
        raise LabError(f"not a readable safetensors file ({error})", where=str(path)) from None


def _is_tensor(tensor: object) -> bool:
    """Whether a header's entry has a shape that a file can hold."""
    shape = tensor.get("shape") if isinstance(tensor, dict) else None
    return isinstance(shape, list) and len(shape) < 16 and all(type(n) is int and 0 <= n < 1 << 48 for n in shape)


def count_safetensors(path: Path) -> int:
    """How many numbers the file holds; for an unquantized adapter, its trainable parameters."""
    return sum(math.prod(tensor["shape"]) for tensor in safetensors_header(path).values())


def shape_from_config(config: Mapping[str, Any]) -> dict[str, int]:
    """The names that formulas use, from a Llama-like config.json: hidden, intermediate, blocks, heads, kv_heads,
    head_dim, kv_dim, q_dim, vocab; and 0 or 1 for tied, qkv_bias, out_bias, mlp_bias, head_norms.

    Raises KeyError, TypeError, ValueError or ZeroDivisionError if the configuration is of another kind.
    """
    needed = ("hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads", "vocab_size")
    for name in (*needed, *(name for name in ("num_key_value_heads", "head_dim") if config.get(name) is not None)):
        if type(config[name]) is not int or not 0 <= config[name] <= LARGEST_SIZE:
            raise ValueError(f"{name} (it is {str(config[name])[:40]!r})")
    if (blocks := int(config["num_hidden_layers"])) > MOST_BLOCKS:
        raise ValueError(f"num_hidden_layers (it is {blocks:,}, and {MOST_BLOCKS:,} at most are believed)")
    hidden, heads = int(config["hidden_size"]), int(config["num_attention_heads"])
    kv_heads = int(config.get("num_key_value_heads") or heads)
    head_dim = int(config.get("head_dim") or hidden // heads)
    kind = config.get("model_type")
    biased = kind in LLAMA and bool(config.get("attention_bias"))
    return {
        "hidden": hidden,
        "intermediate": int(config["intermediate_size"]),
        "blocks": int(config["num_hidden_layers"]),
        "heads": heads,
        "kv_heads": kv_heads,
        "head_dim": head_dim,
        "q_dim": heads * head_dim,
        "kv_dim": kv_heads * head_dim,
        "vocab": int(config["vocab_size"]),
        "tied": int(bool(config.get("tie_word_embeddings", True))),
        "qkv_bias": int(biased or kind == "qwen2"),
        "out_bias": int(biased),
        "mlp_bias": int(kind in LLAMA and bool(config.get("mlp_bias"))),
        "head_norms": int(kind == "qwen3"),
    }


def formulas_hold(config: Mapping[str, Any]) -> bool:
    """Whether this module's formulas are exact for models of that config.json, because mlx-lm builds them so."""
    return config.get("model_type") in (*LLAMA, "qwen2", "qwen3")


def linear_layers(shape: Mapping[str, int]) -> dict[str, tuple[int, int]]:
    """The linear layers of one Llama block as (inputs, outputs) under mlx-lm's keys: what it adapts by default."""
    hidden, inner = shape["hidden"], shape["intermediate"]
    return {
        "self_attn.q_proj": (hidden, shape["q_dim"]),
        "self_attn.k_proj": (hidden, shape["kv_dim"]),
        "self_attn.v_proj": (hidden, shape["kv_dim"]),
        "self_attn.o_proj": (shape["q_dim"], hidden),
        "mlp.gate_proj": (hidden, inner),
        "mlp.up_proj": (hidden, inner),
        "mlp.down_proj": (inner, hidden),
    }


def adapted_layers(
    shape: Mapping[str, int], layers: int = -1, keys: Collection[str] | None = None
) -> list[tuple[int, int]]:
    """(inputs, outputs) of every layer that gets an adapter: as mlx-lm does, a key names a linear of a block, and then
    counts in the last `layers` blocks, or a whole path (`lm_head`, `model.embed_tokens`, `model.layers.0.mlp.up_proj`).
    """
    linears = linear_layers(shape)
    adapted = [size for name, size in linears.items() if keys is None or name in keys] * _blocks(shape, layers)
    return adapted + [size for name, size in whole_paths(shape).items() if keys and name in keys]


def whole_paths(shape: Mapping[str, int]) -> dict[str, tuple[int, int]]:
    """(inputs, outputs) of every layer that can get an adapter, by its path in the whole model."""
    linears = linear_layers(shape)
    paths = {f"model.layers.{i}.{name}": size for i in range(shape["blocks"]) for name, size in linears.items()}
    paths["model.embed_tokens"] = (shape["vocab"], shape["hidden"])
    return paths if shape["tied"] else paths | {"lm_head": (shape["hidden"], shape["vocab"])}


def trainable_parameters(
    shape: Mapping[str, int],
    *,
    method: str = "lora",
    rank: int = 8,
    layers: int = -1,
    keys: Collection[str] | None = None,
) -> int:
    """Trainable parameters of a Llama-like model: Σ rank·(inputs + outputs) over the adapted layers; DoRA adds one
    magnitude per output (of an embedding, per token); full trains every weight of the last `layers` blocks."""
    if method == "full":
        return _blocks(shape, layers) * _block_parameters(shape)
    adapted = adapted_layers(shape, layers, keys)
    count = sum(rank * (i + o) for i, o in adapted)
    if method == "dora":
        embedded = shape["vocab"] - shape["hidden"] if keys and "model.embed_tokens" in keys else 0
        count += sum(o for _, o in adapted) + embedded
    return count


def total_parameters(shape: Mapping[str, int]) -> int:
    """All parameters of a Llama-like model: embeddings, blocks, norms, and the output head unless tied."""
    heads = 1 if shape["tied"] else 2
    return shape["blocks"] * _block_parameters(shape) + shape["hidden"] + shape["vocab"] * shape["hidden"] * heads


def _blocks(shape: Mapping[str, int], layers: int) -> int:
    return min(layers, shape["blocks"]) if layers > 0 else shape["blocks"]


def _block_parameters(shape: Mapping[str, int]) -> int:
    weights = sum(i * o for i, o in linear_layers(shape).values())
    biases = shape["qkv_bias"] * (shape["q_dim"] + 2 * shape["kv_dim"]) + shape["out_bias"] * shape["hidden"]
    biases += shape["mlp_bias"] * (2 * shape["intermediate"] + shape["hidden"])
    return weights + biases + 2 * shape["hidden"] + shape["head_norms"] * 2 * shape["head_dim"]
