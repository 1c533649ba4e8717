"""The flags of `train` and `plan`: one for each hyperparameter; `lab.mlx_flags` says what they come to."""

import functools
import inspect
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any, Final

from typer import Option

from lab.hyperparameters import Hyperparameter, hyperparameters
from lab.mlx_flags import Taken, take
from lab.spec import RunSpec
from tui.cli.common import note
from tui.cli.completion import data_names, model_names

COMPLETED: Final[Mapping[str, Callable[[str], list[str]]]] = {"model": model_names, "data": data_names}
TYPES: Final[Mapping[str, Any]] = {"whole": int, "number": float, "list": list[str]}
LORA: Final = "lora_parameters"
BESIDE: Final = {
    "alpha": Annotated[float | None, Option(help="In place of --scale: alpha / rank.")],
    "train": Annotated[bool | None, Option("--train", help="Accepted for mlx-lm's sake; `train` always trains.")],
    "report_to": Annotated[str | None, Option(hidden=True)],
    "project_name": Annotated[str | None, Option(hidden=True)],
    "trust_remote_code": Annotated[bool | None, Option("--trust-remote-code", hidden=True)],
    "config": Annotated[
        Path | None, Option("--config", "-c", help="YAML file as `mlx_lm lora -c` takes; flags win over it.")
    ],
}
"""Flags that are no hyperparameters."""


def flags(spec: type[RunSpec] = RunSpec) -> dict[str, inspect.Parameter]:
    """The flags of `train` and `plan` as Typer reads them, by the names of their parameters."""
    own = {each.label: _option(each) for each in hyperparameters(spec) if each.flag}
    return {
        name: inspect.Parameter(name, inspect.Parameter.POSITIONAL_OR_KEYWORD, default=None, annotation=annotation)
        for name, annotation in (own | BESIDE).items()
    }


def _option(each: Hyperparameter) -> Any:
    """The annotation of a hyperparameter's flag; one that was not given is None."""
    kind = str if each.metavar else bool if each.boolean else int if each.name == "bits" else TYPES.get(each.kind, str)
    flag = f"{each.flag}/--no-{each.flag[2:]}" if each.boolean and each.optional else each.flag
    option = Option(flag, help=each.help, metavar=each.metavar or None, autocompletion=COMPLETED.get(each.name))
    return Annotated[kind | None, option]


def taken(given: Mapping[str, Any], spec: type[RunSpec] = RunSpec) -> Taken:
    """What was asked for by flags, by the names of their parameters; flags win over the file."""
    asked = {name: given[name] for name in BESIDE if name != "config"}
    lora: dict[str, Any] = {}
    for each in hyperparameters(spec):
        value = given.get(each.label)
        if each.label == "keys" and value is not None:
            value = value.split(",")
        if each.name.startswith(f"{LORA}.") and value is not None:
            lora[each.label] = value
        elif not each.name.startswith(f"{LORA}."):
            asked[each.name] = value
    return take(asked | {LORA: lora or None}, given["config"])


def spec_flags(command: Callable[..., int]) -> Callable[..., int]:
    """A command whose first parameter, `fields`, is filled from these flags; its own options come after them.

    What was done in another way than it was written is said on standard error; an `adapter_path` of the file goes
    where the flag would. Typer reads a command's signature and annotations, so both are put together here.
    """
    shared = flags()
    own = [each for name, each in inspect.signature(command).parameters.items() if name != "fields"]

    @functools.wraps(command)
    def filled(**given: Any) -> int:
        asked = taken({name: given.pop(name) for name in shared})
        for line in asked.notes:
            note(line)
        if asked.adapter_path and given["adapter_path"] is None:
            given["adapter_path"] = Path(asked.adapter_path)
        return command(asked.fields, **given)

    together = [*shared.values(), *own]
    filled.__signature__ = inspect.Signature(together, return_annotation=int)  # type: ignore[attr-defined]
    filled.__annotations__ = {each.name: each.annotation for each in together} | {"return": int}
    return filled
