"""Whether an adapter's file suits a run that is to begin from it, by its names and shapes alone."""

import re
from pathlib import Path
from typing import Any

from foreign import read_object
from lab.errors import LabError
from lab.models.parameters import safetensors_header
from lab.spec import RunSpec

BLOCK = re.compile(r"layers\.(\d+)\.(.+)\.(?:lora_a|lora_b|m|weight|bias)$")
FLAG = "--resume-adapter-file"


def check(spec: RunSpec, blocks: int) -> None:
    """Raise LabError if the file that the spec begins from is missing or of another adapter (`blocks` 0: not known).

    The engine compares every tensor once the model is loaded; this is what can be told before.
    """
    if not spec.resume_adapter_file:
        return
    file = Path(spec.resume_adapter_file).expanduser()
    if not file.is_file():
        raise LabError(f"there is no file {file}", where=FLAG, remedy="give an adapter's safetensors file", usage=True)
    header = safetensors_header(file)
    method = _method(header)
    if method == "peft":
        raise _unfit("is an adapter of PEFT, whose tensors have other names and shapes", "convert it to mlx-lm's first")
    if method != spec.fine_tune_type:
        raise _unfit(f"is of {method}, and this run trains {spec.fine_tune_type}", f"give --fine-tune-type {method}")
    places = [found.groups() for name in header if (found := BLOCK.search(name))]
    if method != "full":
        _check_rank(spec, header)
        keys = {key for _, key in places}
        asked = set(spec.lora_parameters.keys or keys)
        if keys != asked:
            raise _unfit(f"adapts {', '.join(sorted(keys))}", f"give --keys {','.join(sorted(keys))}")
        _check_scale(spec, file.parent / "adapter_config.json")
    layers = {int(number) for number, _ in places}
    if blocks and layers and places:
        count = spec.num_layers if spec.num_layers > 0 else blocks
        if layers != set(range(blocks - count, blocks)) and not _whole_paths(spec):
            given = blocks - min(layers)
            remedy = f"give --num-layers {given}" if layers == set(range(min(layers), blocks)) else "take another file"
            raise _unfit(f"is of {len(layers)} blocks, and this run trains {count} of {blocks}", remedy)


def _method(header: dict[str, Any]) -> str:
    if any(".lora_A" in name or ".lora_B" in name for name in header):
        return "peft"
    if not any(name.endswith(".lora_b") for name in header):
        return "full"
    return "dora" if any(name.endswith(".m") for name in header) else "lora"


def _check_rank(spec: RunSpec, header: dict[str, Any]) -> None:
    ranks = {shape[0] for name, tensor in header.items() if name.endswith(".lora_b") and (shape := tensor["shape"])}
    if ranks != {spec.lora_parameters.rank}:
        told = " and ".join(map(str, sorted(ranks)))
        raise _unfit(f"has rank {told}, and this run {spec.lora_parameters.rank}", f"give --rank {min(ranks)}")


def _check_scale(spec: RunSpec, beside: Path) -> None:
    """The scale is not in the file: with another one the adapter would act more or less than it was trained to."""
    try:
        scale = read_object(beside)["lora_parameters"]["scale"]
    except (OSError, ValueError, KeyError, TypeError):
        return
    if isinstance(scale, int | float) and scale != spec.lora_parameters.scale:
        raise _unfit(f"was trained with scale {scale:g}, and this run has {spec.lora_parameters.scale:g}",
                     f"give --scale {scale:g}")  # fmt: skip


def _whole_paths(spec: RunSpec) -> bool:
    return any(key.startswith("model.") or key == "lm_head" for key in spec.lora_parameters.keys or ())


def _unfit(what: str, remedy: str) -> LabError:
    return LabError(f"the file {what}", where=FLAG, remedy=remedy, usage=True)
