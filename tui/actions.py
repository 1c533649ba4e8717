"""Every named action of the program, found in the classes that hold bindings."""

import importlib
import pkgutil
from collections.abc import Iterator

from textual.binding import Binding
from textual.dom import DOMNode

import tui


def holders() -> list[type[DOMNode]]:
    """Every class of ours with bindings of its own, whole program loaded for it; ordered by module and name."""
    for module in pkgutil.walk_packages(tui.__path__, "tui."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    ours = (each for each in _subclasses(DOMNode) if each.__module__.startswith("tui."))
    return sorted(
        (each for each in ours if each.__dict__.get("BINDINGS")), key=lambda each: (each.__module__, each.__name__)
    )


def own_bindings(holder: type[DOMNode]) -> list[Binding]:
    """The bindings that this class adds to those it inherits."""
    return [binding for binding in holder.__dict__.get("BINDINGS", ()) if isinstance(binding, Binding)]


def named_actions() -> dict[str, Binding]:
    """Id → binding, one for each action that a keymap can give other keys."""
    return {binding.id: binding for holder in holders() for binding in own_bindings(holder) if binding.id}


def _subclasses(base: type[DOMNode]) -> Iterator[type[DOMNode]]:
    for each in base.__subclasses__():
        yield each
        yield from _subclasses(each)
