"""The colours and the language of the first frame, which is drawn before the event log can be read."""

import json
import locale
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

import foreign
import i18n
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
    if found.get("lang") in i18n.languages():
        lang = found["lang"]
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
            return _known(os.environ[name])
    found = locale.getlocale()[0] or ""
    return "ko" if found.startswith("Korean") else _known(found)


def _known(name: str) -> "Lang":
    """The language of a locale such as ko_KR.UTF-8; English where it has no catalogue."""
    lang = re.split("[_.@-]", name)[0]
    return lang if lang in i18n.languages() else "en"
