"""The form without its widgets: fields, their checks, and what they come to as RunSpec fields."""

from __future__ import annotations

import math
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from lab.methods import method_name
from tui.locale import Say

if TYPE_CHECKING:
    from lab.hyperparameters import Hyperparameter

CHOICES = ("model", "data", "method", "mask")
NUMBERS = ("rank", "layers", "iterations", "batch", "rate", "seed")
ORDER = ("model", "data", "method", "rank", "layers", "iterations", "batch", "rate", "mask", "seed")
METHODS = ("lora", "dora", "full")
ALL_LAYERS = "all"
SPEC_NAMES = {
    "model": "model",
    "data": "data",
    "fine_tune_type": "method",
    "rank": "rank",
    "lora_parameters": "rank",
    "num_layers": "layers",
    "iters": "iterations",
    "batch_size": "batch",
    "learning_rate": "rate",
    "mask_prompt": "mask",
    "seed": "seed",
}
"""RunSpec's name of a field → ours."""

RUN_SPEC = {
    "model": "model", "data": "data", "method": "fine_tune_type", "rank": "lora_parameters.rank",
    "layers": "num_layers", "iterations": "iters", "batch": "batch_size", "rate": "learning_rate", "seed": "seed",
}  # fmt: skip
"""Our name of a field → RunSpec's, with a dot inside `lora_parameters`."""


def hyperparameter(name: str) -> Hyperparameter:
    """What RunSpec says of a field."""
    from lab.hyperparameters import by_name  # pydantic, which the first frame does without

    return by_name()[RUN_SPEC[name]]


@dataclass(frozen=True)
class Model:
    """A base to choose: bits of a quantized one, parameters, blocks (each 0 where none are known)."""

    name: str
    bits: int = 0
    parameters: int = 0
    blocks: int = 0


@dataclass(frozen=True)
class Data:
    """A data set to choose: its format and its number of training rows (0: not known)."""

    name: str
    format: str = ""
    rows: int = 0


@dataclass(frozen=True)
class Choices:
    """What there is to choose from, and RunSpec's own default learning rate."""

    models: tuple[Model, ...] = (Model("sprout"),)
    data: tuple[Data, ...] = (Data("sql"), Data("record"), Data("journal"))
    rate: float = 0.0

    def model(self, name: str) -> Model:
        return next((model for model in self.models if model.name == name), Model(name))

    def dataset(self, name: str) -> Data:
        return next((data for data in self.data if data.name == name), Data(name))


def choices(cache: Path) -> Choices:
    """The bundled models and data sets, and the default learning rate."""
    from lab.datasets.find import bundled
    from lab.models.find import list_models
    from lab.spec import RunSpec

    models = tuple(Model(m.name, m.bits, m.parameters, m.shape.get("blocks", 0)) for m in list_models(cache))
    data = tuple(Data(d.name, d.format, d.rows["train"]) for d in bundled())
    standard = Choices()
    return Choices(models or standard.models, data or standard.data, RunSpec.make({}).learning_rate)


def command(fields: Mapping[str, object]) -> str:
    """The equal command line of a form's values, or nothing when RunSpec does not take them."""
    from lab.errors import LabError
    from lab.spec import RunSpec

    try:
        return shlex.join(RunSpec.make(dict(fields)).command())
    except LabError:
        return ""


Values = Mapping[str, str]
"""Field → what stands in it, as text."""


def defaults(choices: Choices) -> dict[str, str]:
    """The values a form begins with."""
    return {
        **{name: str(hyperparameter(name).default) for name in RUN_SPEC},
        "layers": ALL_LAYERS,
        "rate": f"{choices.rate:g}" if choices.rate else "",
        "mask": "on",
    }


def whole(text: str) -> int | None:
    """An integer, with or without thousands separators."""
    try:
        return int(text.strip().replace(",", ""))
    except ValueError:
        return None


def layers(text: str) -> int | None:
    """-1 for all of them."""
    return -1 if text.strip().lower() in (ALL_LAYERS, "-1") else whole(text)


def rate(text: str) -> float | None:
    """A finite number."""
    try:
        value = float(text.strip())
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def read(name: str, text: str) -> float:
    """The number that stands in a field. Raises ValueError for none."""
    value = rate(text) if name == "rate" else layers(text) if name == "layers" else whole(text)
    if value is None:
        raise ValueError(text)
    return value


def used(name: str, values: Values, choices: Choices) -> bool:
    """Whether the field matters: full fine-tuning has no rank, plain text has no prompt to mask."""
    if name == "rank":
        return values["method"] != "full"
    if name == "mask":
        return choices.dataset(values["data"]).format != "text"
    return True


def whole_range(name: str, values: Values, choices: Choices) -> tuple[int, int]:
    """Lowest and highest allowed whole number; a batch cannot be larger than the data."""
    limits = hyperparameter(name).limits
    low, high = int(limits.low), int(limits.high) - (not limits.high_in)
    rows = choices.dataset(values["data"]).rows if name == "batch" else 0
    return low, min(high, rows) if rows else high


def limits(name: str, values: Values, choices: Choices) -> str:
    """The allowed range in a few cells."""
    if name == "layers":
        blocks = choices.model(values["model"]).blocks
        return f"1–{blocks}, all" if blocks else "≥ 1, all"
    if name == "rate":
        rates = hyperparameter("rate").limits
        return f"{rates.low:g}–{rates.high:g}"
    low, high = whole_range(name, values, choices)
    return f"{low}–{high}" if high <= 9999 else f"≥ {low}"


def error(name: str, values: Values, choices: Choices, say: Say) -> str:
    """What is wrong with a field, as a sentence, or nothing."""
    text = values[name]
    if name not in NUMBERS or not used(name, values, choices):
        return ""
    if name == "rate":
        value = rate(text)
        if value is None:
            return say("lab.need-number")
        rates = hyperparameter("rate").limits
        return "" if rates.hold(value) else say("lab.need-range", low=f"> {rates.low:g}", high=f"{rates.high:g}")
    if name == "layers":
        blocks = choices.model(values["model"]).blocks
        count = layers(text)
        good = count is not None and (count == -1 or 1 <= count <= (blocks or 1000))
        return "" if good else say("lab.need-layers", high=blocks or 1000)
    low, high = whole_range(name, values, choices)
    count = whole(text)
    good = count is not None and low <= count <= high
    return "" if good else say("lab.need-whole", low=f"{low:,}", high=f"{high:,}")


def errors(values: Values, choices: Choices, say: Say) -> dict[str, str]:
    """Every field that is wrong → its sentence."""
    found = {name: error(name, values, choices, say) for name in ORDER}
    return {name: sentence for name, sentence in found.items() if sentence}


def method(values: Values, choices: Choices) -> str:
    """The method in the field's words, as the form stands."""
    return method_name(values["method"], choices.model(values["model"]).bits)


def spec_fields(values: Values, choices: Choices) -> dict[str, object]:
    """The values as RunSpec fields; they must be free of errors."""
    fields: dict[str, object] = {
        "model": values["model"],
        "data": values["data"],
        "fine_tune_type": values["method"],
        "num_layers": layers(values["layers"]),
        "iters": whole(values["iterations"]),
        "batch_size": whole(values["batch"]),
        "learning_rate": rate(values["rate"]),
        "seed": whole(values["seed"]),
    }
    if used("mask", values, choices):
        fields["mask_prompt"] = values["mask"] == "on"
    if used("rank", values, choices):
        fields["lora_parameters"] = {"rank": whole(values["rank"])}
    return fields
