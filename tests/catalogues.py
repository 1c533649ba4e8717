"""The texts of a language as a test needs them: all, by key."""

from functools import cache

import polib

import i18n


@cache
def entries(lang: str) -> dict[str, polib.POEntry]:
    return {entry.msgid: entry for entry in polib.pofile(str(i18n.FOLDER / f"{lang}.po"))}


@cache
def texts(lang: str) -> dict[str, str]:
    """Every text by its key; of one with plural forms all forms, one a line."""
    return {
        key: entry.msgstr or "\n".join(form for _, form in sorted(entry.msgstr_plural.items()))
        for key, entry in entries(lang).items()
    }
