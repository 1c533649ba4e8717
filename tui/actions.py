"""Every named action of the program, found in the classes that hold bindings."""

import importlib
import pkgutil
from collections.abc import Iterator
from typing import Final

from textual.app import App
from textual.binding import Binding
from textual.dom import DOMNode
from textual.screen import ModalScreen, Screen

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


def keys_of() -> dict[str, set[str]]:
    """Id → the keys that the program gives it, in all the places where it has any."""
    found: dict[str, set[str]] = {}
    for holder in holders():
        for binding in own_bindings(holder):
            if binding.id:
                found.setdefault(binding.id, set()).update(binding.key.split(","))
    return found


WITHIN: Final = {
    "tui.widgets.data_grid": ("tui.views", "tui.panes.progress"),
    "tui.widgets.form_field": ("tui.panes", "tui.panes.progress"),
    "tui.widgets.choice_list": ("tui.panes.exercise", "tui.panes.progress"),
    "tui.widgets.text_area": ("tui.panes.exercise",),
    "tui.widgets.choice_field": ("tui.panes.lab", "tui.views"),
    "tui.widgets.button_row": ("tui.panes.lab",),
}
"""Modules of widgets that stand in several places, and what they stand in."""
SCREEN_OF: Final = {"tui.panes": "LessonScreen", "tui.panes.lab": "LessonScreen", "tui.views": "Laboratory",
                    "tui.panes.progress": "ProgressScreen"}  # fmt: skip
"""Packages of panes and benches, and the screen they stand on."""


def rivals(name: str) -> set[str]:
    """The other actions whose keys this one must not have: in its own place, or in what lies around that.

    One that is reached from everywhere may have a key that has another meaning in a pane: the inner one comes first.
    So may actions that have a key in common to begin with: only one of them can be meant at a time.
    """
    keys, found = keys_of(), set()
    all_of = [(binding.id, holder) for holder in holders() for binding in own_bindings(holder) if binding.id]
    for holder in (holder for id, holder in all_of if id == name):
        found |= {other for other, its in all_of if other != name and _meet(holder, its)}
    return {other for other in found if not keys[name] & keys[other]}


def _meet(one: type[DOMNode], other: type[DOMNode]) -> bool:
    """Whether a key of one would take away a key of the other."""
    if issubclass(one, other) or issubclass(other, one):
        return True
    if issubclass(one, ModalScreen) or issubclass(other, ModalScreen) or other.__module__ == "tui.preview":
        return False
    if issubclass(other, App) or issubclass(one, App):
        return issubclass(other, App) or issubclass(other, Screen)
    if issubclass(one, Screen):
        return False
    around = WITHIN.get(one.__module__, ())
    if issubclass(other, Screen):
        places = (one.__module__, *around)
        screens = {screen for package, screen in SCREEN_OF.items() if any(each.startswith(package) for each in places)}
        return any(holder.__name__ in screens for holder in other.__mro__)
    nested = other.__module__.startswith(around) or one.__module__.startswith(WITHIN.get(other.__module__, ()))
    return nested or _bench(one) == _bench(other) != ""


def _bench(holder: type[DOMNode]) -> str:
    """The bench that a widget belongs to, by its package; "" for another place."""
    return holder.__module__.split(".")[2] if holder.__module__.startswith("tui.views.") else ""


def _subclasses(base: type[DOMNode]) -> Iterator[type[DOMNode]]:
    for each in base.__subclasses__():
        yield each
        yield from _subclasses(each)
