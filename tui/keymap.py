"""The learner's own keys: `keys.toml` in the home, a line for each named action, such as `"lab.stop" = "ctrl+x"`."""

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final

import foreign
from tui.key_bindings import JAMO, hangul_too

FILE = "keys.toml"
LARGEST: Final = 1 << 18
"""Bytes of the file, at most."""
MODIFIERS: Final = ("ctrl", "alt", "shift", "super", "meta", "hyper")


OLD_NAMES: Final = {
    "bench.live": "view.run", "bench.talk": "view.chat", "bench.": "view.", "live.": "run.", "talk.": "chat.",
    "progress.deeds": "progress.achievements",
}  # fmt: skip
"""What actions were called before, or how their names began; a file may say so still."""


class KeymapError(Exception):
    """Why the file cannot be used, in one line; `korean` is the same line."""

    def __init__(self, english: str, korean: str = "") -> None:
        super().__init__(english)
        self.korean = korean or english


def read(home: Path) -> dict[str, str]:
    """Action → keys, comma separated, with the Hangul key beside each letter. Raises KeymapError.

    A file that is not there is an empty one. Names of actions are not checked here: many belong to what is not loaded,
    which `check` loads.
    """
    file = home / FILE
    if not file.exists():
        return {}
    from textual.binding import Binding

    try:
        found = foreign.from_toml(foreign.read_text(file, LARGEST))
    except (OSError, ValueError) as error:
        raise KeymapError(f"{file}: {error}") from None
    keymap = {}
    for said, keys in _flat(found):
        name = _name_now(said)
        if not isinstance(keys, str) or not keys.strip(" ,"):
            raise KeymapError(
                f'{file}: {name} needs keys in quotes, such as "{name}" = "ctrl+x"',
                f'{file}: {name}의 키를 따옴표 안에 적어 주세요. 예: "{name}" = "ctrl+x"',
            )
        names = [key.strip() for key in keys.split(",") if key.strip()]
        for key in names:
            _check_key(file, name, key)
        keymap[name] = ",".join(
            hangul_too([each.key for each in Binding.make_bindings([Binding(",".join(names), "")])])
        )
    return keymap


def _name_now(name: str) -> str:
    old = next((each for each in OLD_NAMES if name.startswith(each)), "")
    return OLD_NAMES.get(old, "") + name.removeprefix(old)


def _flat(found: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, Any]]:
    """TOML reads an unquoted `lab.stop` as a table; it means the same here."""
    for name, value in found.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{before}{name}.")
        else:
            yield f"{before}{name}", value


def _check_key(file: Path, name: str, key: str) -> None:
    """KeymapError for a key that no keyboard has."""
    from textual.keys import Keys, key_to_character

    *modifiers, last = key.split("+")
    known = [each.value for each in Keys if not each.value.startswith("<")]
    named = len(last) == 1 or last in known or key in known or (last and key_to_character(last) is not None)
    if named and all(each in MODIFIERS for each in modifiers):
        return
    near = get_close_matches(key.lower(), [*known, "question_mark", "slash", "comma"], 1)
    raise KeymapError(
        f'{file}: "{name}" = "{key}": no key of that name' + (f'; the nearest is "{near[0]}"' if near else ""),
        f'{file}: "{name}" = "{key}": 이런 이름의 키는 없어요' + (f'. 가장 비슷한 이름: "{near[0]}"' if near else ""),
    )


def check(own: Mapping[str, str], home: Path) -> None:
    """KeymapError for an action that there is not, and for a key that another action has where both can be reached.

    Loads the whole program.
    """
    from tui.actions import keys_of, rivals

    file, keys = home / FILE, keys_of()
    for name in own:
        if name not in keys:
            near = get_close_matches(name, keys, 1)
            raise KeymapError(
                f'{file}: no action "{name}"'
                + (f'; the nearest is "{near[0]}"' if near else "")
                + "; `lowrank keys` lists all",
                f'{file}: "{name}": 이런 동작은 없어요'
                + (f'. 가장 비슷한 이름: "{near[0]}"' if near else "")
                + " (`lowrank keys`에 모두 있어요)",
            )
    now = {name: set(own.get(name, ",".join(usual)).split(",")) - JAMO.keys() for name, usual in keys.items()}
    for name in own:
        for other in rivals(name):
            if taken := now[name] & now[other] - (keys[name] & keys[other]):
                key = min(taken)
                raise KeymapError(
                    f'{file}: "{name}" = "{key}": "{other}" has that key already; give one of the two another one',
                    f'{file}: "{name}" = "{key}": "{other}" 동작이 이미 쓰는 키예요. 둘 중 하나에 다른 키를 주세요.',
                )
