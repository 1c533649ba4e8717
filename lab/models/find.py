"""Models a run can start from: bundled, made from a bundled one, a local folder, or a hub id."""

import hashlib
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache as memoize
from pathlib import Path
from typing import Any

from foreign import Refused, read_object
from lab import hub
from lab.errors import LabError
from lab.models.parameters import count_safetensors, shape_from_config, total_parameters

BUNDLED = Path(__file__).parent.parent / "bundled" / "models"
PRESETS = Path(__file__).parent.parent / "bundled" / "presets"
VARIANT = re.compile(r"(?P<base>.+)-(?P<bits>[34568])bit")
LISTED_BITS = (4, 8)


@dataclass(frozen=True)
class ModelInfo:
    """A model by name: `path` is its folder (of a variant: where it lies once made), `bits` its quantization or 0.

    `made_from` names the folder a variant is quantized from; `bytes` is the size of its weights on disk, or for a
    variant not made yet what it will take. A hub id not downloaded has no path and an empty shape.
    """

    name: str
    path: Path | None
    bits: int
    shape: dict[str, int]
    parameters: int
    bytes: int
    made_from: Path | None = None
    bundled: bool = False

    @property
    def ready(self) -> bool:
        return self.path is not None and (self.path / "config.json").exists()


def find_model(name: str, cache: Path, bits: int | None = None) -> ModelInfo:
    """The model of that name, or its variant of so many bits. Raises LabError if there is none, saying what there is.

    A bundled model's variants have names of their own: `sprout-4bit` is `sprout` with 4 bits.
    """
    info = _find(name, cache)
    return _variant(info, bits, cache) if bits and bits != info.bits else info


def _variant(base: ModelInfo, bits: int, cache: Path) -> ModelInfo:
    if base.bits:
        raise LabError(
            f"{base.name} has {base.bits} bits already",
            where="--bits",
            remedy="leave the flag out, or give the unquantized base",
            usage=True,
        )
    if base.path is None:
        raise LabError(f"{base.name} is not on this machine yet", where="--bits",
                       remedy="train on it once without the flag, or give a local folder", usage=True)  # fmt: skip
    name = f"{base.name.rstrip('/').rpartition('/')[2]}-{bits}bit"
    folder = name if base.bundled else f"{name}-{hashlib.sha256(os.fsencode(base.path)).hexdigest()[:8]}"
    path = cache / "models" / folder
    size = weights_bytes(path) or _quantized_bytes(base.shape, bits)
    return ModelInfo(name, path, bits, base.shape, base.parameters, size, base.path, base.bundled)


def _find(name: str, cache: Path) -> ModelInfo:
    variant = VARIANT.fullmatch(name)
    if variant and _is_bundled(variant["base"]):
        return _variant(_from_folder(variant["base"], BUNDLED / variant["base"]), int(variant["bits"]), cache)
    if _is_bundled(name):
        return _from_folder(name, BUNDLED / name)
    folder = Path(name).expanduser()
    if folder.is_dir():
        return _from_folder(name, folder)
    if hub.HUB_ID.fullmatch(name):
        here = hub.model_folder(name)
        return _from_folder(name, here) if here else ModelInfo(name, None, 0, {}, 0, 0)
    names = ", ".join(m.name for m in list_models(cache))
    raise LabError(
        f"unknown model {name!r}",
        where="--model",
        remedy=f"give one of {names}, a folder that holds config.json and *.safetensors, or a hub id like org/name",
        usage=True,
    )


def list_models(cache: Path) -> list[ModelInfo]:
    """Every bundled model and variant, made or not."""
    names = sorted(p.name for p in BUNDLED.iterdir() if (p / "config.json").exists()) if BUNDLED.is_dir() else []
    variants = [f"{name}-{bits}bit" for name in names for bits in LISTED_BITS]
    return [find_model(name, cache) for name in [*names, *variants]]


def is_bundled_model(name: str) -> bool:
    """Whether a bundled model, or a variant of one, is called so."""
    variant = VARIANT.fullmatch(name)
    return _is_bundled(name) or bool(variant and _is_bundled(variant["base"]))


def _is_bundled(name: str) -> bool:
    return "/" not in name and ".." not in name and (BUNDLED / name / "config.json").exists()


@memoize
def preset_shape(name: str) -> dict[str, int]:
    """The shape of a published model of which only config.json is kept here (for example "llama-3.2-1b")."""
    path = PRESETS / f"{name}.json"
    if not path.exists():
        raise LabError(
            f"no preset named {name!r}",
            remedy=f"there are {', '.join(p.stem for p in PRESETS.glob('*.json'))}",
        )
    return shape_from_config(read_object(path))


def shape_of(name: str, cache: Path) -> dict[str, int]:
    """The shape names that formulas use, for any model we can see the configuration of."""
    return dict(find_model(name, cache).shape)


def weights_bytes(folder: Path) -> int:
    """Bytes of all safetensors files in a folder (0 if there are none)."""
    return sum(p.stat().st_size for p in folder.glob("*.safetensors"))


def _from_folder(name: str, folder: Path) -> ModelInfo:
    config = read_config(folder)
    files = sorted(folder.glob("*.safetensors"))
    if not files:
        raise LabError("holds no *.safetensors file", where=str(folder), remedy="only safetensors weights are loaded")
    try:
        shape = shape_from_config(config)
    except ZeroDivisionError:
        raise LabError("config.json gives the model 0 attention heads", where=str(folder)) from None
    except (KeyError, TypeError, ValueError) as error:
        raise LabError(f"config.json lacks a usable {error}", where=str(folder)) from None
    bits = quantized_bits(config)
    parameters = total_parameters(shape) if bits else sum(count_safetensors(f) for f in files)
    path = folder.resolve()
    return ModelInfo(
        name, path, bits, shape, parameters, weights_bytes(folder), bundled=path.parent == BUNDLED.resolve()
    )


def read_config(folder: Path) -> dict[str, Any]:
    """config.json of a model folder. Raises LabError if it is missing, is no JSON object, or needs its own code."""
    path = folder / "config.json"
    try:
        config = read_object(path)
    except Refused as error:
        raise LabError(str(error), where=str(path), remedy="give a folder in mlx-lm's model layout") from None
    except OSError as error:
        raise LabError(
            f"cannot be read ({error.strerror})", where=str(path), remedy="give a folder in mlx-lm's model layout"
        ) from None
    refuse_own_code(config, str(path))
    return config


def refuse_own_code(config: Mapping[str, Any], where: str) -> None:
    """Raise LabError if a config.json names a `model_file`: Python code that comes with a model never runs here."""
    if config.get("model_file") is not None:
        raise LabError("brings Python code of its own (model_file in config.json), which never runs here", where=where,
                       remedy="take a model whose family mlx-lm knows")  # fmt: skip


def quantized_bits(config: Mapping[str, Any]) -> int:
    """The bits that a config.json says its weights have, 0 for none. Raises LabError if that is no such number."""
    return _quantization(config, "bits", 0, 16)


def quantized_group(config: Mapping[str, Any], default: int) -> int:
    """How many weights share a scale, by a config.json. Raises LabError if that is no such number."""
    return _quantization(config, "group_size", default, 1 << 20)


def _quantization(config: Mapping[str, Any], key: str, default: int, most: int) -> int:
    told = config.get("quantization") or {}
    value = told.get(key, default) if isinstance(told, dict) else told
    if not isinstance(told, dict) or type(value) is not int or not min(default, 1) <= value <= most:
        raise LabError(f"the {key} of its quantization is {str(value)[:40]!r}, which is no such number",
                       where="config.json", remedy="give a model that mlx-lm has quantized")  # fmt: skip
    return value


def _quantized_bytes(shape: dict[str, int], bits: int, group: int = 64) -> int:
    return round(total_parameters(shape) * (bits / 8 + 8 / group))
