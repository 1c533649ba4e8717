"""The base model of a plan. It needs a config.json; its weights may be missing."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from foreign import read_object
from lab.errors import LabError
from lab.models.find import PRESETS, find_model, quantized_bits, quantized_group, read_config, refuse_own_code
from lab.models.parameters import formulas_hold, shape_from_config

GROUP = 64
"""Weights that share a scale when mlx-lm quantizes, unless a config.json says otherwise."""
WIDTHS = {"float32": 4, "float16": 2, "bfloat16": 2}


@dataclass(frozen=True)
class Base:
    """A base by name. `config` is its config.json, empty for a hub id, which only the engine can look up; `source` is
    the folder or file it was read from, or the hub id. Without `weights` here it can be planned for and not probed.
    `width` is the bytes of an unquantized number as stored, `bits` the quantization asked for or found (0: none)."""

    name: str
    config: Mapping[str, Any]
    source: str
    bits: int = 0
    group: int = GROUP
    width: int = 2
    weights: bool = False
    bundled: bool = False

    @property
    def model_type(self) -> str:
        return str(self.config.get("model_type", ""))

    @property
    def exact(self) -> bool:
        """Whether formulas give the counts of this family; others need mlx-lm's own class."""
        return formulas_hold(self.config) and bool(self.shape)

    @property
    def shape(self) -> dict[str, int]:
        """The names of formulas, or nothing if config.json has other names."""
        try:
            return shape_from_config(self.config)
        except (KeyError, TypeError, ValueError, ZeroDivisionError):
            return {}


def presets() -> list[str]:
    """The published models of which a config.json is kept here, by name."""
    return sorted(path.stem for path in PRESETS.glob("*.json"))


def find_base(name: str, cache: Path, bits: int | None = None) -> Base:
    """The base called so: what `train` takes, `preset:NAME` or NAME of a preset, or a folder or file with a
    config.json and no weights. Raises LabError if there is none, or it has other bits already."""
    preset = name.removeprefix("preset:")
    if preset in presets() and not Path(name).is_dir():
        return _described(name, PRESETS / f"{preset}.json", bits)
    if name.startswith("preset:"):
        raise LabError(f"no preset named {preset!r}", where="--model", remedy=f"there are {', '.join(presets())}",
                       usage=True)  # fmt: skip
    path = Path(name).expanduser()
    if path.is_file():
        return _described(name, path, bits)
    if (path / "config.json").is_file() and not any(path.glob("*.safetensors")):
        return _described(name, path / "config.json", bits)
    try:
        info = find_model(name, cache, bits)
    except LabError as error:
        if not error.remedy.startswith("give one of"):
            raise
        raise LabError(error.what, where=error.where, usage=error.usage,
                       remedy=f"{error.remedy}, or to plan only: {', '.join(presets())}") from None  # fmt: skip
    folder = info.path if info.ready else info.made_from
    config = read_config(folder) if folder else {}
    return Base(name, config, str(folder or name), info.bits, _group(config), _width(config), folder is not None,
                info.bundled)  # fmt: skip


def with_config(base: Base, config: Mapping[str, Any], weights: bool) -> Base:
    """A hub id with the config.json that the engine found, and whether its weights are on this machine."""
    refuse_own_code(config, base.source)
    bits = base.bits or quantized_bits(config)
    return replace(base, config=config, bits=bits, group=_group(config), width=_width(config), weights=weights)


def _described(name: str, path: Path, bits: int | None) -> Base:
    try:
        config = read_object(path)
    except (OSError, ValueError) as error:
        raise LabError(f"cannot be read ({error})", where=str(path), remedy="give a model's config.json") from None
    if "model_type" not in config:
        raise LabError("is not a model's config.json", where=str(path), remedy="give one that names a model_type")
    refuse_own_code(config, str(path))
    found = quantized_bits(config)
    if bits and found and bits != found:
        raise LabError(f"{name} has {found} bits already", where="--bits", remedy="leave the flag out", usage=True)
    return Base(name, config, str(path), bits or found, _group(config), _width(config))


def _group(config: Mapping[str, Any]) -> int:
    return quantized_group(config, GROUP)


def _width(config: Mapping[str, Any]) -> int:
    return WIDTHS.get(str(config.get("torch_dtype") or config.get("dtype")), 2)
