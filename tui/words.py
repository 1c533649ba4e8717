"""What the program says, in the learner's language; lessons and the lab pane bring their own words."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from tui.words_en import EN
from tui.words_ko import KO

if TYPE_CHECKING:
    from lessons.model import Lang

Words = Mapping[str, str]

_BY_LANGUAGE: Final[Mapping[str, Words]] = {"en": EN, "ko": KO}


def words(lang: "Lang") -> Words:
    """Every string of one language, by key; the keys are the same in both."""
    return _BY_LANGUAGE[lang]


def say(lang: "Lang", key: str, **values: object) -> str:
    """The words under `key` with {names} filled in; KeyError for an unknown key."""
    text = words(lang)[key]
    return text.format_map(values) if values else text


def say_or(lang: "Lang", key: str, otherwise: str) -> str:
    """The words under a key that others may extend, and `otherwise` while we have none."""
    return words(lang).get(key, otherwise)
