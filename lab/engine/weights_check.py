"""Whether a model's weights are what its config.json says, and fit into this machine, before any of them is loaded.

mlx-lm builds a layer after another by config.json before it looks at the weights, whatever memory that takes.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import psutil

from lab.errors import LabError
from lab.models.find import read_config
from lab.models.parameters import (
    MOST_BLOCKS,
    count_safetensors,
    safetensors_header,
    shape_from_config,
    total_parameters,
)

LAYERS: Final = ("num_hidden_layers", "num_layers", "n_layer", "n_layers", "num_decoder_layers", "num_blocks", "depth")
"""What families call their number of layers in config.json; each has a tensor of its own at least."""
EXPERTS: Final = ("num_experts", "num_local_experts", "n_routed_experts", "n_shared_experts", "moe_num_experts")
SLACK: Final = 4
"""How many times the numbers stored config.json may speak of: formulas are not exact for every family."""
FEWEST_BITS: Final = 1.5
"""Of a stored weight."""


def check(folder: Path) -> None:
    """Raise LabError if config.json speaks of more than the weights beside it hold, or they do not fit into memory."""
    config, files = read_config(folder), sorted(folder.glob("*.safetensors"))
    if not files:
        return  # mlx-lm says so itself
    headers = [safetensors_header(file) for file in files]
    size = sum(file.stat().st_size for file in files)
    tensors, numbers = sum(map(len, headers)), sum(map(count_safetensors, files))
    where, remedy = str(folder / "config.json"), "mend the file, or fetch the model again"
    for name, value in _integers(config):
        most = tensors if name in LAYERS else numbers if name in EXPERTS else value
        if value > most:
            what = f"{name} is {value:,}, and the weights hold {tensors:,} tensors of {numbers:,} numbers in all"
            raise LabError(what, where=where, remedy=remedy)
    try:
        claimed = total_parameters(shape_from_config(config))
    except (KeyError, TypeError, ValueError, ZeroDivisionError, OverflowError):
        claimed = 0  # of another kind, about which nothing is known here
    stored = size * 8 / FEWEST_BITS if config.get("quantization") else numbers
    if claimed > SLACK * stored:
        what = f"it speaks of {claimed:,} parameters, and the weights beside it are {size / 1e6:,.1f} MB"
        raise LabError(what, where=where, remedy=remedy)
    check_memory(size, folder)


def check_config(config: Mapping[str, Any]) -> None:
    """Raise LabError if a config.json without weights speaks of more parts than any model has."""
    for name, value in _integers(config):
        if name in (*LAYERS, *EXPERTS) and value > MOST_BLOCKS:
            raise LabError(f"{name} is {value:,}, and {MOST_BLOCKS:,} at most are believed", where="config.json",
                           remedy="mend the file")  # fmt: skip


def check_memory(size: float, where: Path | str) -> None:
    """Raise LabError if so many bytes of weights are more than the machine has memory."""
    total = psutil.virtual_memory().total
    if size > total:
        what = f"the weights take {size / 1e9:,.1f} GB, and this machine has {total / 1e9:,.1f} GB of memory"
        raise LabError(what, where=str(where), remedy="take a smaller base, or a quantized one (--bits 4)")


def _integers(config: Mapping[str, Any]) -> Iterator[tuple[str, int]]:
    """Every integer of a config.json with its name, also in the parts that models of several kinds have."""
    for name, value in config.items():
        if isinstance(value, int):
            yield name, value
        elif isinstance(value, Mapping) and name.endswith("_config"):
            yield from _integers(value)
