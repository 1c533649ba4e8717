"""Loading a base: bundled, quantized from a bundled one on first use, from a folder, or from a hub."""

import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import mlx.core as mx
import mlx.nn as nn
from mlx_lm.utils import load, load_model, load_tokenizer, quantize_model, save

from lab import outputs
from lab.engine import cpu, dora, hub, weights_check
from lab.errors import LabError
from lab.events.schema import StageName
from lab.models.find import ModelInfo, find_model


def on_cpu() -> bool:
    """Whether MLX computes on a CPU here."""
    return bool(mx.default_device().type == mx.DeviceType.cpu)


def load_base(
    name: str, cache: Path, *, fast: bool, bits: int | None = None, stage: Callable[[StageName], None] = lambda _: None
) -> tuple[nn.Module, Any, ModelInfo]:
    """Model, tokenizer and description of the base called `name`, or of its variant of so many bits.

    With `fast`, a CPU computes in float32 with our own elementwise functions; without, everything is stock mlx-lm.
    Raises LabError if the base cannot be had.
    """
    model, tokenizer, info, _ = load_stored(name, cache, bits=bits, stage=stage)
    if fast:
        quicken(model)
    return model, tokenizer, info


def load_stored(
    name: str, cache: Path, *, bits: int | None = None, stage: Callable[[StageName], None] = lambda _: None
) -> tuple[nn.Module, Any, ModelInfo, dict[str, Any]]:
    """The same in its stored number format, with its config.json as mlx-lm understood it."""
    info = find_model(name, cache, bits)
    if info.made_from is not None and not info.ready:
        stage("quantizing")
        quantize(info)
    stage("loading")
    if info.path is None:  # whoever started the run has usually fetched it
        hub.fetch_model(info.name, lambda *_: None)
        info = find_model(name, cache, bits)
    try:
        if info.path is not None:
            weights_check.check(info.path)
        loaded: Any = load(str(info.path or info.name), return_config=True)
    except LabError:
        raise
    except Exception as error:
        remedy = "check the folder with `lowrank models`"
        raise LabError(f"cannot be loaded ({type(error).__name__}: {error})", where=name, remedy=remedy) from error
    model, tokenizer, config = loaded
    return model, tokenizer, info, config


def quicken(model: nn.Module) -> None:
    """On a CPU, make the model compute in float32 with our own functions; elsewhere only DoRA's norm is ours."""
    dora.install()
    if on_cpu():
        cpu.install(model)


def quantize(info: ModelInfo) -> None:
    """Make a quantized variant with mlx-lm's own quantizer; it appears in its place whole or not at all."""
    assert info.path is not None and info.made_from is not None
    info.path.parent.mkdir(parents=True, exist_ok=True)
    weights_check.check(info.made_from)
    outputs.sweep(info.path.parent)
    work = Path(tempfile.mkdtemp(prefix=f"{outputs.WORK}{os.getpid()}-", dir=info.path.parent))
    try:
        model, config = load_model(info.made_from)
        tokenizer = load_tokenizer(info.made_from)
        model, config = quantize_model(model, config, group_size=64, bits=info.bits)
        save(work, info.made_from, model, tokenizer, config)
        work.chmod(0o755)
        if not info.ready:
            os.replace(work, info.path)
    finally:
        shutil.rmtree(work, ignore_errors=True)
