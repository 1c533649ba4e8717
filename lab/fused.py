"""Fused models without making one: the ways there are, where they go, what GGUF can hold, how the result is used."""

import json
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lab.errors import LabError
from lab.runs import Run

GGUF, GGUF_TYPES = "ggml-model-f16.gguf", ("llama", "mistral", "mixtral")
WHOLE = ("dequantized", "fused")
"""The ways that leave one unquantized model, which is what GGUF takes."""


def ways_of(quantized: bool) -> tuple[str, ...]:
    """What base and adapter can become: `quantized` again after adding, `dequantized` for good, `fused` where the
    base is not quantized, or kept `separate` in one folder."""
    return ("quantized", "dequantized", "separate") if quantized else ("fused", "separate")


def default_folder(run: Run) -> Path:
    """Where a fused model goes unless said otherwise."""
    return run.path / "fused"


def check_target(folder: Path, force: bool) -> None:
    """Raise LabError if the folder is there already and may not be replaced: without force, or if it is no model's."""
    if not folder.exists() and not folder.is_symlink():
        return
    if not force:
        raise LabError(
            "is there already", where=str(folder), remedy="give another --save-path, or --force to replace it"
        )
    if not folder.is_dir() or (any(folder.iterdir()) and not (folder / "config.json").exists()):
        raise LabError(
            "is no model folder, so it is not replaced", where=str(folder), remedy="give another --save-path"
        )


def takes_gguf(config: Mapping[str, Any]) -> bool:
    """Whether mlx-lm writes GGUF of models of this config.json."""
    return config.get("model_type") in GGUF_TYPES


def speaks_bytes(folder: Path) -> bool:
    """Whether a model folder's tokenizer is byte-level BPE, which mlx-lm's GGUF misnames as SentencePiece's."""
    try:
        tokenizer = json.loads((folder / "tokenizer.json").read_text(encoding="utf-8"))
        return "ByteLevel" in json.dumps(tokenizer.get("decoder"))
    except (OSError, ValueError, AttributeError):
        return False


def commands(folder: Path, way: str, prompt: str) -> list[str]:
    """How stock mlx-lm answers a prompt with what was saved, and how it serves it."""
    model = ["--model", str(folder)] + (["--adapter-path", str(folder / "adapters")] if way == "separate" else [])
    return [
        shlex.join(["mlx_lm", "generate", *model, "--prompt", prompt]),
        shlex.join(["mlx_lm", "server", *model, "--port", "8080"]),
    ]
