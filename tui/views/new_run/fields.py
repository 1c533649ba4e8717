"""The fields of the form as text, their ranges, and the RunSpec they come to. Ranges and defaults are RunSpec's own."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import yaml

from lab.errors import LabError
from lab.hyperparameters import NULL, Hyperparameter, Limits, hyperparameters
from lab.methods import method_name
from lab.planning.learning_rate import starting_rate
from lab.spec import RunSpec

Values = Mapping[str, str]
"""Field → what stands in it."""
LORA: Final = "lora_parameters"
ALL: Final = "all"


Field = Hyperparameter
"""A line of the form."""


def fields_of(spec: type[RunSpec] = RunSpec) -> tuple[Field, ...]:
    """The lines of the form, in order."""
    return tuple(each for each in hyperparameters(spec) if each.in_form)


FIELDS: Final = fields_of()
BY_NAME: Final = {field.name: field for field in FIELDS}
HIDDEN: Final = tuple(each.name for each in hyperparameters() if not each.in_form)
"""RunSpec fields without a line here; they go along as they came."""
CUSTOM: Final = "custom"
"""A learning-rate schedule of one's own, from another run; it goes along too."""


@dataclass(frozen=True)
class Known:
    """What is known of the model and the data chosen (0 and "": not known)."""

    bits: int = 0
    blocks: int = 0
    rows: int = 0
    format: str = ""
    bundled: bool = True


@dataclass(frozen=True)
class Fault:
    """What is wrong with a field: the words "new.wrong.<kind>" with these values."""

    kind: str
    values: Mapping[str, object]


@cache
def standard() -> dict[str, str]:
    """RunSpec's defaults, as text."""
    return to_text(RunSpec())


def to_text(spec: RunSpec) -> dict[str, str]:
    """Every field of a spec as text."""
    return {field.name: _written(field, _value(spec, field.name)) for field in FIELDS}


def _value(spec: RunSpec, name: str) -> Any:
    return getattr(spec.lora_parameters, name.partition(".")[2]) if name.startswith(LORA) else getattr(spec, name)


def _written(field: Field, value: Any) -> str:
    if field.name == "lr_schedule" and isinstance(value, dict):
        return CUSTOM
    if field.name == "lora_parameters.keys":
        return ", ".join(value or ())
    if value is None:
        return NULL if field.kind == "choice" else ""
    if isinstance(value, bool):
        return str(value).lower()
    if field.kind == "list":
        return yaml.safe_dump(value, default_flow_style=True, allow_unicode=True, width=10**6).strip() if value else ""
    short = f"{value:g}" if isinstance(value, float) else str(value)
    return short if not isinstance(value, float) or float(short) == value else repr(value)


def parse(field: Field, text: str) -> Any:
    """The value that a text stands for. Raises ValueError if it stands for none."""
    text = text.strip()
    if field.kind == "whole":
        return -1 if field.name == "num_layers" and text.lower() == ALL else int(text.replace(",", ""))
    if field.kind == "number" and not text and field.optional:
        return None
    if field.kind == "number":
        number = float(text)
        if not math.isfinite(number):
            raise ValueError(text)
        return number
    if field.name == "lora_parameters.keys":
        return [key.strip() for key in text.split(",") if key.strip()] or None
    if field.kind == "list":
        return _prompts(text)
    if field.kind == "choice":
        known = {NULL: None, "true": True, "false": False}
        return known[text] if text in known else int(text) if field.name == "bits" else text
    return text or None


def _prompts(text: str) -> list[str]:
    """A YAML list of texts, or one text."""
    if not text.startswith("["):
        return [text] if text else []
    try:
        found = yaml.load(text, Loader=yaml.BaseLoader)  # every value is a text, also one that looks like a number
    except yaml.YAMLError as error:
        raise ValueError(text) from error
    if not isinstance(found, list):
        raise ValueError(text)
    return [str(each) for each in found]


def limits(field: Field, known: Known) -> Limits:
    """The range of a number, as the model and the data narrow it."""
    found = field.limits
    if field.name == "num_layers" and known.blocks:
        return found._replace(high=known.blocks)
    if field.name == "batch_size" and known.rows:
        return found._replace(high=min(found.high, known.rows))
    if field.name == "seed":
        return found._replace(high=found.high - 1, high_in=True)
    return found


def used(name: str, values: Values, known: Known) -> bool:
    """Whether a field matters: full fine-tuning has no adapter, plain text no prompt, one process no machines."""
    if name.startswith(LORA):
        return values["fine_tune_type"] != "full"
    if name == "mask_prompt":
        return known.format != "text"
    if name == "backend":
        return values["ranks"] != "1" or bool(values["hostfile"])
    return True


def fault(field: Field, values: Values, known: Known) -> Fault | None:
    """What is wrong with a field, or nothing."""
    text = values[field.name]
    if not used(field.name, values, known) or (field.name == "lr_schedule" and text == CUSTOM):
        return None
    if field.kind == "source":
        return None if text.strip() else Fault("empty", {})
    try:
        value = parse(field, text)
    except ValueError:
        return Fault(field.kind, _ends(limits(field, known)) if field.kind in ("whole", "number") else {})
    if field.kind not in ("whole", "number") or value is None:
        return None
    allowed = limits(field, known)
    if field.name == "num_layers" and (value == 0 or not allowed.hold(value)):
        return Fault("layers", {"high": f"{known.blocks or 1000:,}"})
    if not allowed.hold(value):
        return Fault("range" if allowed.high < math.inf else "least", _ends(allowed))
    return None


def _ends(allowed: Limits) -> dict[str, object]:
    return {"low": ("" if allowed.low_in else "> ") + written(allowed.low),
            "high": ("" if allowed.high_in else "< ") + written(allowed.high)}  # fmt: skip


def written(number: float) -> str:
    """An end of a range."""
    return "∞" if number == math.inf else f"{number:,.0f}" if number == int(number) else f"{number:g}"


def short_range(field: Field, known: Known) -> str:
    """The range in a few cells: 1–512, ≥ 1, > 0 … 1."""
    if field.kind not in ("whole", "number"):
        return ""
    allowed = limits(field, known)
    if field.name == "num_layers":
        return f"1–{known.blocks}, all" if known.blocks else "≥ 1, all"
    if field.name == "val_batches":
        return "≥ -1"
    if allowed.high > 9999:
        return f"{'≥' if allowed.low_in else '>'} {written(allowed.low)}"
    if not allowed.low_in:
        return f"> {written(allowed.low)}, ≤ {written(allowed.high)}"
    return f"{written(allowed.low)}–{written(allowed.high)}" if allowed.high_in else f"≥ 0, < {written(allowed.high)}"


def faults(values: Values, known: Known) -> dict[str, Fault]:
    """Every field that is wrong."""
    found = {field.name: fault(field, values, known) for field in FIELDS}
    return {name: wrong for name, wrong in found.items() if wrong}


def spec_fields(values: Values, known: Known, hidden: Mapping[str, Any]) -> dict[str, Any]:
    """The values as RunSpec fields with the hidden ones; they must be free of faults."""
    found: dict[str, Any] = dict(hidden)
    lora: dict[str, Any] = {}
    for field in FIELDS:
        if not used(field.name, values, known) or values[field.name] == CUSTOM:
            continue
        value = parse(field, values[field.name])
        if "." in field.name:
            lora[field.label] = value
        else:
            found[field.name] = value
    return {**found, LORA: lora} if lora else found


def usual_rate(values: Values, bundled: bool) -> str:
    """The learning rate where nobody chooses one, as text; "" while the fields that it follows from are wrong."""
    if bundled:
        return standard()["learning_rate"]
    try:
        lora = {part: parse(BY_NAME[f"{LORA}.{part}"], values[f"{LORA}.{part}"]) for part in ("rank", "scale")}
        rate = starting_rate(RunSpec.make({"fine_tune_type": values["fine_tune_type"], LORA: lora}))
    except (ValueError, LabError):
        return ""
    return _written(BY_NAME["learning_rate"], rate)


def hidden(spec: RunSpec) -> dict[str, Any]:
    """What a spec holds that has no line in the form and is not the default."""
    kept = {name: getattr(spec, name) for name in HIDDEN if getattr(spec, name) != getattr(RunSpec(), name)}
    return kept | ({"lr_schedule": spec.lr_schedule} if isinstance(spec.lr_schedule, dict) else {})


def method(values: Values, known: Known) -> str:
    """The method in the field's words, as the form stands."""
    return method_name(values["fine_tune_type"], known.bits or (0 if values["bits"] == NULL else int(values["bits"])))
