"""Every hyperparameter of a RunSpec as data: for flags, forms, comments in YAML and docs/hyperparameters.md.

`python -m lab.hyperparameters` writes that page.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Final, Literal, NamedTuple, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from lab.spec import Presentation, RunSpec

Kind = Literal["source", "choice", "whole", "number", "text", "list", "mapping"]
SOURCES: Final = ("model", "data")
BOOLEANS: Final = ("false", "true")
NULL: Final = "null"


class Limits(NamedTuple):
    """The range of a number; without `low_in` or `high_in` the end itself is not allowed."""

    low: float = -math.inf
    high: float = math.inf
    low_in: bool = True
    high_in: bool = True

    def hold(self, value: float) -> bool:
        low = value >= self.low if self.low_in else value > self.low
        return low and (value <= self.high if self.high_in else value < self.high)

    def __str__(self) -> str:
        low = f"{'≥' if self.low_in else '>'} {_number(self.low)}"
        high = f"{'≤' if self.high_in else '<'} {_number(self.high)}"
        return ", ".join(end for end, there in ((low, self.low > -math.inf), (high, self.high < math.inf)) if there)


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) < math.inf and value == int(value) else f"{value:g}"


@dataclass(frozen=True)
class Hyperparameter:
    """One field of RunSpec. `name` has a dot inside `lora_parameters`; `optional` ones may be null; the rest of it is
    told at `lab.spec.Presentation`."""

    name: str
    kind: Kind
    options: tuple[str, ...]
    boolean: bool
    optional: bool
    default: Any
    limits: Limits
    meaning: str
    unit: str
    flag: str
    metavar: str
    advanced: bool
    in_form: bool
    usual: str
    """The default in words, where it depends on other values."""

    @property
    def label(self) -> str:
        """As it stands in the YAML."""
        return self.name.rpartition(".")[2]

    @property
    def range(self) -> str:
        """What it may be, in words; "" for a text."""
        return ", ".join(each for each in self.options if each != NULL) if self.options else str(self.limits)

    @property
    def default_text(self) -> str:
        """The default, in words where there are any."""
        return self.usual or self.written_default

    @property
    def written_default(self) -> str:
        """The default, as it stands in a YAML."""
        if self.default is None or isinstance(self.default, bool):
            return NULL if self.default is None else str(self.default).lower()
        return str(self.default)

    @property
    def help(self) -> str:
        """One line of `--help`: meaning, range and default."""
        told = [self.range if self.kind in ("whole", "number") or not self.boolean else "",
                f"default: {self.default_text}"]  # fmt: skip
        return f"{self.meaning} [{'; '.join(each for each in told if each)}]"

    @property
    def comment(self) -> str:
        """What stands behind it in a YAML."""
        told = ", ".join(each for each in (self.unit, "" if self.boolean else self.range) if each)
        return f"{self.meaning} ({told})" if told else self.meaning


@cache
def hyperparameters(spec: type[RunSpec] = RunSpec) -> tuple[Hyperparameter, ...]:
    """Those of RunSpec, or of a class made from it, in the order in which a form has them."""
    return tuple(_listed(spec, ""))


@cache
def by_name() -> dict[str, Hyperparameter]:
    """Those of RunSpec by name."""
    return {each.name: each for each in hyperparameters()}


def _listed(model: type[BaseModel], prefix: str) -> Iterator[Hyperparameter]:
    for name, info in model.model_fields.items():
        if isinstance(info.annotation, type) and issubclass(info.annotation, BaseModel):
            yield from _listed(info.annotation, f"{name}.")
        else:
            yield _described(prefix + name, info)


def _described(name: str, info: FieldInfo) -> Hyperparameter:
    shown = next((part for part in info.metadata if isinstance(part, Presentation)), Presentation())
    union = get_origin(info.annotation) in (Union, UnionType)
    types = get_args(info.annotation) if union else (info.annotation,)
    optional = NoneType in types
    kind, options = _kind(name, next(each for each in types if each is not NoneType))
    if options and optional:
        options = (NULL, *reversed(options)) if options == BOOLEANS else (NULL, *options)
    return Hyperparameter(
        name, kind, options, BOOLEANS[0] in options, optional, info.get_default(call_default_factory=True),
        _limits(info), info.description or "", shown.unit,
        "--" + name.rpartition(".")[2].replace("_", "-") if shown.flag is None else shown.flag,
        shown.metavar, shown.advanced, shown.in_form, shown.default)  # fmt: skip


def _kind(name: str, annotation: Any) -> tuple[Kind, tuple[str, ...]]:
    if name in SOURCES:
        return "source", ()
    if annotation is bool:
        return "choice", BOOLEANS
    if get_origin(annotation) is Literal:
        return "choice", tuple(str(each) for each in get_args(annotation))
    if get_origin(annotation) is list:
        return ("text", ()) if name.endswith(".keys") else ("list", ())
    if get_origin(annotation) is dict:
        return "mapping", ()
    kinds: dict[Any, Kind] = {int: "whole", float: "number"}
    return kinds.get(annotation, "text"), ()


def _limits(info: FieldInfo) -> Limits:
    found = Limits()
    for part in info.metadata:
        if hasattr(part, "ge"):
            found = found._replace(low=part.ge)
        if hasattr(part, "gt"):
            found = found._replace(low=part.gt, low_in=False)
        if hasattr(part, "le"):
            found = found._replace(high=part.le)
        if hasattr(part, "lt"):
            found = found._replace(high=part.lt, high_in=False)
    return found


def write_spec(spec: RunSpec, path: Path, *, model_path: Path | str, data_path: Path | str, adapter_path: Path) -> None:
    """Write the YAML that `mlx_lm lora -c` accepts, each field with its meaning and range as a comment."""
    text = spec.document(model_path=model_path, data_path=data_path, adapter_path=adapter_path)
    path.write_text(commented(text, type(spec)), encoding="utf-8")


def commented(text: str, spec: type[RunSpec] = RunSpec) -> str:
    """A YAML of a spec with a comment behind each number and choice."""
    known = {each.name: each for each in hyperparameters(spec)}
    inside, lines = "", []
    for line in text.splitlines():
        key, colon, value = line.partition(":")
        if line[:1].strip():
            inside = key
        name = f"lora_parameters.{key.strip()}" if line[:1] == " " and inside == "lora_parameters" else key.strip()
        deep = line.startswith("  ") and inside not in ("lora_parameters", "lowrank")
        found = known.get(name) if colon and value.strip() and not deep else None
        if found and found.kind in ("choice", "whole", "number"):  # a text may go on in the next line
            line = f"{line}  # {found.comment}"
        lines.append(line)
    return "\n".join(lines) + "\n"


def page(spec: type[RunSpec] = RunSpec) -> str:
    """docs/hyperparameters.md."""
    lines = [
        "# Hyperparameters",
        "",
        "Written by `python -m lab.hyperparameters` from `RunSpec` in `lab/spec.py`, where each stands once.",
        "",
        "| YAML key | flag | range | default | unit | meaning |",
        "|---|---|---|---|---|---|",
    ]
    for each in hyperparameters(spec):
        flag = f"`{each.flag}`" if each.flag else ""
        cells = (f"`{each.name}`", flag, each.range, each.default_text, each.unit, each.meaning)
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    print(page(), end="")
