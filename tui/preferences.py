"""The colours and the language of the first frame, which is drawn before the event log can be read."""

import json
import locale
import os
from pathlib import Path
from typing import TYPE_CHECKING

import foreign
from tui.theme import DARK, LIGHT

if TYPE_CHECKING:
    from lessons.course import Lang

FILE = "look.json"


def remembered(home: Path) -> tuple[str, "Lang"]:
    """The theme and language last used here; dark, and the language of the locale, where nothing is known."""
    theme, lang = DARK, _locale_language()
    try:
        found = foreign.read_object(home / FILE)
    except (OSError, ValueError):
        return theme, lang
    if found.get("theme") in (DARK, LIGHT):
        theme = found["theme"]
    if found.get("lang") == "en":
        lang = "en"
    elif found.get("lang") == "ko":
        lang = "ko"
    return theme, lang


def remember(home: Path, theme: str, lang: "Lang") -> None:
    """Keep both for the next first frame; a home that cannot be written to loses only this convenience."""
    try:
        home.mkdir(parents=True, exist_ok=True)
        (home / FILE).write_text(json.dumps({"theme": theme, "lang": lang}), "utf-8")
    except OSError:
        return


def _locale_language() -> "Lang":
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        if os.environ.get(name):
            return "ko" if os.environ[name].startswith("ko") else "en"
    return "ko" if (locale.getlocale()[0] or "").startswith(("ko", "Korean")) else "en"
