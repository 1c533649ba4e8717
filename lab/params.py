"""Counting parameters: exactly from a safetensors file, or from a model's shape by formula. No weights are loaded."""

import json
import math
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lab.errors import LabError

HEADER_LIMIT = 100_000_000


def safetensors_header(path: Path) -> dict[str, Any]:
    """The header of a safetensors file: tensor name -> {dtype, shape, data_offsets}. Raises LabError if it is none."""
    try:
        with path.open("rb") as file:
            (size,) = struct.unpack("<Q", file.read(8))
            if size > HEADER_LIMIT:
                raise ValueError("header too long")
            header = json.loads(file.read(size))
        return {k: v for k, v in header.items() if k != "__metadata__"}
    except (OSError, ValueError, struct.error, AttributeError) as error:
        raise LabError(f"not a readable safetensors file ({error})", where=str(path)) from None


def count_safetensors(path: Path) -> int:
    """How many numbers the file holds; for an unquantized adapter, its trainable parameters."""
    return sum(math.prod(tensor["shape"]) for tensor in safetensors_header(path).values())


def shape_from_config(config: Mapping[str, Any]) -> dict[str, int]:
    """The names that formulas use, from a Llama-like config.json: hidden, intermediate, blocks, heads, kv_heads,
    head_dim, kv_dim, q_dim, vocab."""
    hidden, heads = int(config["hidden_size"]), int(config["num_attention_heads"])
    kv_heads = int(config.get("num_key_value_heads") or heads)
    head_dim = int(config.get("head_dim") or hidden // heads)
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
    }


def linear_layers(shape: Mapping[str, int]) -> dict[str, tuple[int, int]]:
    """The linear layers of one Llama block as (inputs, outputs): what mlx-lm adapts by default."""
    hidden, inner = shape["hidden"], shape["intermediate"]
    return {
        "q_proj": (hidden, shape["q_dim"]),
        "k_proj": (hidden, shape["kv_dim"]),
        "v_proj": (hidden, shape["kv_dim"]),
        "o_proj": (shape["q_dim"], hidden),
        "gate_proj": (hidden, inner),
        "up_proj": (hidden, inner),
        "down_proj": (inner, hidden),
    }


def trainable_parameters(shape: Mapping[str, int], *, method: str = "lora", rank: int = 8, layers: int = -1) -> int:
    """Trainable parameters of a Llama-like model: Σ rank·(inputs + outputs) over the linears of the adapted blocks;
    DoRA adds one magnitude per output; full trains every weight of those blocks with their two norms."""
    adapted = shape["blocks"] if layers in (-1, 0) else layers
    linears = linear_layers(shape).values()
    if method == "full":
        return adapted * (sum(i * o for i, o in linears) + 2 * shape["hidden"])
    return adapted * sum(rank * (i + o) + (o if method == "dora" else 0) for i, o in linears)


def total_parameters(shape: Mapping[str, int]) -> int:
    """All parameters of a Llama-like model: embeddings, blocks, norms, and the output head unless tied."""
    blocks = shape["blocks"] * (sum(i * o for i, o in linear_layers(shape).values()) + 2 * shape["hidden"])
    return blocks + shape["hidden"] + shape["vocab"] * shape["hidden"] * (1 if shape["tied"] else 2)
