"""Groups of commands whose modules are imported when they are asked for.

`lowrank train` is the function `train` of `tui/cli/train.py`; `lowrank data check` is `check` of
`tui/cli/data/check.py`.
"""

import functools
from collections.abc import Iterator, Mapping
from importlib import import_module
from keyword import iskeyword
from typing import Any, cast

import typer
from typer.core import TyperGroup
from typer.main import get_command, get_group


def command_group(
    package: str, names: tuple[str, ...], old_names: Mapping[str, str] | None = None, **settings: Any
) -> typer.Typer:
    """The group of the commands `names`, each in its own module of `package`, in this order in the help.

    `old_names` maps names of an earlier release to those of now. They work, and the help does not list them.
    """

    class Group(TyperGroup):
        def __init__(self, **attributes: Any) -> None:
            super().__init__(**attributes)
            self.commands = cast(Any, _Commands(package, names))

        def get_command(self, ctx: Any, cmd_name: str) -> Any:
            return super().get_command(ctx, (old_names or {}).get(cmd_name, cmd_name))

    return typer.Typer(cls=Group, rich_markup_mode=None, pretty_exceptions_enable=False, **settings)


class _Commands(Mapping[str, Any]):
    """Name → command, which is imported when it is looked up."""

    def __init__(self, package: str, names: tuple[str, ...]) -> None:
        self._package, self._names = package, names

    def __getitem__(self, name: str) -> Any:
        if name not in self._names:
            raise KeyError(name)
        return _load(self._package, name)

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


@functools.cache
def _load(package: str, name: str) -> Any:
    """The command of that name: a function of its module, or the group that a package defines."""
    attribute = name.replace("-", "_") + "_" * iskeyword(name)
    found = getattr(import_module(f"{package}.{attribute}"), attribute)
    if isinstance(found, typer.Typer):
        return get_group(found)
    single = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
    single.command(name)(found)
    return get_command(single)
