"""The learner's own keys: `keys.toml` in the home, a line for each named action, such as `"lab.stop" = "ctrl+x"`."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tui.keys import hangul_too

FILE = "keys.toml"


class KeymapError(Exception):
    """Why the file cannot be used, in one line."""


def read(home: Path) -> dict[str, str]:
    """Action → keys, comma separated, with the Hangul key beside each letter. Raises KeymapError.

    A file that is not there is an empty one. Names of actions are not checked here: many belong to what is not loaded.
    """
    file = home / FILE
    if not file.exists():
        return {}
    import tomllib

    try:
        found = tomllib.loads(file.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise KeymapError(f"{file}: {error}") from None
    keymap = {}
    for name, keys in _flat(found):
        if not isinstance(keys, str) or not keys.strip(" ,"):
            raise KeymapError(f'{file}: {name} needs keys in quotes, such as "{name}" = "ctrl+x"')
        keymap[name] = ",".join(hangul_too([key.strip() for key in keys.split(",") if key.strip()]))
    return keymap


def _flat(found: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, Any]]:
    """TOML reads an unquoted `lab.stop` as a table; it means the same here."""
    for name, value in found.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{before}{name}.")
        else:
            yield f"{before}{name}", value
