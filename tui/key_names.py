"""The key that an action has now, for texts that name it: the learner's own, or the usual one."""

import re
from collections.abc import Mapping
from typing import Final

_FIXED: Final = re.compile("⟪([a-z.-]+[0-9]?)⟫")
_usual: dict[str, str] = {}
_own: dict[str, str] = {}
_NAMES: Final = {
    "question_mark": "?",
    "slash": "/",
    "pagedown": "PgDn",
    "pageup": "PgUp",
    "up": "↑",
    "down": "↓",
    "left": "←",
    "right": "→",
    "enter": "Enter",
    "escape": "Esc",
    "space": "Space",
    "tab": "Tab",
    "shift+tab": "Shift+Tab",
    "home": "Home",
    "end": "End",
    "delete": "Del",
}


def key_name(key: str) -> str:
    """A key of Textual's as the learner knows it."""
    if key in _NAMES:
        return _NAMES[key]
    if key.startswith("ctrl+"):
        return "^" + key_name(key.removeprefix("ctrl+"))
    return key.upper() if key[:1] == "f" and key[1:].isdigit() else key


def note_usual(action: str, keys: str) -> None:
    """An action and its keys, comma separated; the place that is defined first gives the name."""
    _usual.setdefault(action, keys)


def use_own(keymap: Mapping[str, str]) -> None:
    """The keys of `keys.toml`, for all texts from now on; an empty keymap brings back the usual ones."""
    _own.clear()
    _own.update(keymap)


def with_fixed_keys(text: str) -> str:
    """A text of a page whose ⟪actions⟫ are the first keys they have. KeyError for an action that there is not."""
    return _FIXED.sub(lambda found: key_name(_keys(found[1]).split(",")[0]), text)


def _keys(action: str) -> str:
    if action not in _usual:  # its part of the program is not loaded yet
        from tui.actions import holders

        holders()
    return _own.get(action) or _usual[action]
