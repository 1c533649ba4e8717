"""What the program says, in the learner's language; lessons, the lab pane and the benches bring their own words."""

import string
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from tui.key_names import with_fixed_keys
from tui.words_en import EN
from tui.words_ko import KO

if TYPE_CHECKING:
    from lessons.course import Lang

Words = Mapping[str, str]

_BY_LANGUAGE: Final[Mapping[str, Words]] = {"en": EN, "ko": KO}


def words(lang: "Lang") -> Words:
    """Every string of one language, by key; the keys are the same in both."""
    return _BY_LANGUAGE[lang]


def extend(english: Words, korean: Words) -> None:
    """Words of a part that is loaded later. Raises ValueError if a key is taken, or the languages do not match."""
    if english.keys() != korean.keys():
        raise ValueError(f"only in one language: {sorted(english.keys() ^ korean.keys())}")
    for key, text in english.items():
        if key in EN:
            raise ValueError(f"{key!r} is taken")
        if placeholders(text) != placeholders(korean[key]):
            raise ValueError(f"{key!r} fills in other names in Korean")
    EN.update(english)
    KO.update(korean)


def placeholders(text: str) -> set[str]:
    """The {names} that a text fills in."""
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def say(lang: "Lang", key: str, **values: object) -> str:
    """The words under `key` with {names} filled in, and ⟪actions⟫ as the keys they have; KeyError for an unknown key.

    Keys stand so on pages; a notice names ⟨actions⟩, which its line fills in by where one is (`tui.widgets.toast`).
    """
    text = with_fixed_keys(words(lang)[key])
    return text.format_map(values) if values else text


def say_or(lang: "Lang", key: str, otherwise: str) -> str:
    """The words under a key that others may extend, and `otherwise` while we have none."""
    return words(lang).get(key, otherwise)
