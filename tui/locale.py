"""What the program says, in the learner's language; the texts are in `i18n/*.po`."""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Final

import i18n
from tui.key_names import with_fixed_keys

if TYPE_CHECKING:
    from lessons.course import Lang

OWN_NAME: Final = "key.app.language"
"""Under this key each catalogue has the name of its own language."""

Say = Callable[..., str]
"""`say` in one language."""


def say(lang: "Lang", key: str, **values: object) -> str:
    """The text under `key` with {names} filled in, and ⟪actions⟫ as the keys they have; KeyError for an unknown key.

    A whole number `count` chooses among plural forms. Keys stand so on pages; a notice names ⟨actions⟩, which its line
    fills in by where one is (`tui.widgets.toast`).
    """
    return i18n.fill(with_fixed_keys(_template(lang, key, values)), values)


def say_or(lang: "Lang", key: str, otherwise: str) -> str:
    """The text under a key, and `otherwise` where the catalogue has none."""
    try:
        return _template(lang, key, {})
    except KeyError:
        return otherwise


def _template(lang: "Lang", key: str, values: dict[str, object]) -> str:
    if key == OWN_NAME:  # the key that changes the language is labelled with the language it brings
        lang = i18n.following(lang)
    return i18n.template(lang, key, values)


def sayer(lang: "Lang") -> Say:
    """`say` in one language."""
    return partial(say, lang)
