"""The catalogues: every text of the program, one gettext file a language. Every room may use it; it knows none.

A `.po` file here is all that a language needs. It is the source. `.mo` is its compiled form, which loads seven times as
fast: a wheel brings it, a checkout makes it when it is missing or older than its source.
"""

import gettext
import os
from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Final, NoReturn

FOLDER: Final = Path(__file__).parent


class _Unknown(gettext.NullTranslations):
    """What answers for a key that a catalogue lacks."""

    def gettext(self, message: str) -> NoReturn:
        raise KeyError(message)

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> NoReturn:
        raise KeyError(msgid1)


def languages() -> tuple[str, ...]:
    """Every language that has a catalogue, English first."""
    found = {path.stem for path in FOLDER.iterdir() if path.suffix in (".po", ".mo")}
    return ("en", *sorted(found - {"en"}))


def following(lang: str) -> str:
    """The language that comes after this one; English after the last."""
    known = languages()
    return known[(known.index(lang) + 1) % len(known)] if lang in known else "en"


class Translated(dict[str, str]):
    """One text by language; a language that lacks it has the English one."""

    def __missing__(self, lang: str) -> str:
        if lang == "en":
            raise KeyError(lang)
        return self["en"]


def text(lang: str, key: str, **values: object) -> str:
    """The text under `key` with {names} filled in. KeyError for an unknown key."""
    return fill(template(lang, key, values), values)


def template(lang: str, key: str, values: Mapping[str, object]) -> str:
    """The text under `key` before its {names} are filled in; a whole number `count` chooses among plural forms."""
    catalogue = load(lang, FOLDER)
    count = values.get("count")
    if isinstance(count, int):
        with suppress(KeyError):  # a text that has one form for every number
            return catalogue.ngettext(key, key, count)
    return catalogue.gettext(key)


def fill(template: str, values: Mapping[str, object]) -> str:
    return template.format_map(values) if values else template


@cache
def load(lang: str, folder: Path) -> gettext.NullTranslations:
    """The catalogue of a language. OSError if there is none."""
    source, compiled = folder / f"{lang}.po", folder / f"{lang}.mo"
    if _stale(compiled, source):
        data = compile_catalogue(source)
        with suppress(OSError):  # nobody has to be allowed to write here
            _write(compiled, data)
    else:
        data = compiled.read_bytes()
    catalogue = gettext.GNUTranslations(BytesIO(data))
    catalogue.add_fallback(_Unknown())
    return catalogue


def compile_catalogue(source: Path) -> bytes:
    """A `.po` file as the bytes of its `.mo`."""
    import polib  # only here: most starts read what is compiled already

    return polib.pofile(str(source), encoding="utf-8").to_binary()


def _stale(compiled: Path, source: Path) -> bool:
    """Whether the compiled form is missing or older than its source; in a wheel there is no source."""
    if not source.exists():
        return False
    return not compiled.exists() or compiled.stat().st_mtime_ns < source.stat().st_mtime_ns


def _write(path: Path, data: bytes) -> None:
    """Whole or not at all: several processes may do it at once."""
    part = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        part.write_bytes(data)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
