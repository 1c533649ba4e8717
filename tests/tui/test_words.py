"""Both languages say everything, with the same placeholders, and every key can be remapped and explained."""

import string

import pytest
from textual.binding import Binding

from store.achievements import ACHIEVEMENTS
from store.xp import LEVELS
from tui.actions import holders
from tui.command_palette import key_groups
from tui.key_bindings import JAMO, bind
from tui.locale import extend, placeholders
from tui.words_en import EN
from tui.words_ko import KO

HOLDERS = holders()


def test_both_languages_have_the_same_keys() -> None:
    assert EN.keys() == KO.keys()


def test_both_languages_fill_in_the_same() -> None:
    assert [key for key in EN if bool(EN[key].strip()) != bool(KO[key].strip())] == [], "said in one language only"
    assert [key for key in EN if placeholders(EN[key]) != placeholders(KO[key])] == []


def test_levels_and_achievements_have_names() -> None:
    for level in LEVELS:
        assert f"level.{level.name}" in EN
    for achievement in ACHIEVEMENTS:
        assert f"achievement.{achievement.id}" in EN and f"achievement.{achievement.id}.hint" in EN


@pytest.mark.parametrize("holder", HOLDERS)
def test_every_binding_can_be_remapped_and_is_explained(holder: type) -> None:
    for binding in holder.__dict__["BINDINGS"]:
        assert isinstance(binding, Binding) and binding.id and f"key.{binding.id}" in EN


@pytest.mark.parametrize("holder", HOLDERS)
def test_every_letter_has_its_hangul_key(holder: type) -> None:
    jamo_of = {letter: jamo for jamo, letter in JAMO.items()}
    for binding in holder.__dict__["BINDINGS"]:
        keys = binding.key.split(",")
        assert all(jamo_of[key] in keys for key in keys if key in jamo_of)


def test_the_two_set_layout_is_complete() -> None:
    assert len(JAMO) == 26 and sorted(JAMO.values()) == list(string.ascii_lowercase)
    assert bind("q", "quit", "app.quit").key == "q,ㅂ"


@pytest.mark.parametrize("lang", ["en", "ko"])
def test_help_has_a_row_for_every_place(lang: str) -> None:
    groups = key_groups(lang)  # type: ignore[arg-type]
    assert len(groups) == 8 and all(rows for _, rows in groups)
    assert all(keys and text for _, rows in groups for keys, text in rows)


def test_words_of_a_part_must_match_and_be_new() -> None:
    with pytest.raises(ValueError, match="only in one language"):
        extend({"test.a": "a"}, {})
    with pytest.raises(ValueError, match="fills in other names"):
        extend({"test.a": "{n}"}, {"test.a": "{m}"})
    with pytest.raises(ValueError, match="taken"):
        extend({"help.title": "a"}, {"help.title": "a"})
    assert "test.a" not in EN
