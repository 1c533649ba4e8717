"""The catalogues: the languages say the same, every key is used, and what the program asks for is there."""

import ast
import re
import string
from pathlib import Path

import pytest
from catalogues import entries, texts
from rich.cells import cell_len
from textual.binding import Binding

import i18n
from lab.runs.state import RunState
from store.achievements import ACHIEVEMENTS
from store.xp import LEVELS
from tui.actions import holders
from tui.app import LowrankApp
from tui.command_palette import key_groups
from tui.key_bindings import JAMO, bind
from tui.panes.lab import fields
from tui.panes.lab.pane import STATUS

ROOT = Path(__file__).parents[2]
EN, KO = texts("en"), texts("ko")
OTHERS = sorted(path.stem for path in i18n.FOLDER.glob("*.po") if path.stem != "en")
HOLDERS = holders()


def placeholders(text: str) -> set[tuple[str, str]]:
    """The {names} that a text fills in, and in which form."""
    return {(name, form or "") for _, name, form, _ in string.Formatter().parse(text) if name}


@pytest.mark.parametrize("lang", OTHERS)
def test_the_languages_have_the_same_keys(lang: str) -> None:
    assert entries(lang).keys() == entries("en").keys()


@pytest.mark.parametrize("lang", OTHERS)
def test_the_languages_fill_in_the_same(lang: str) -> None:
    said = texts(lang)
    assert [key for key, text in EN.items() if not text.strip() or not said[key].strip()] == [], "says nothing"
    assert [key for key in EN if placeholders(EN[key]) != placeholders(said[key])] == []
    assert [key for key in EN if re.findall("[⟪⟨].*?[⟫⟩]", EN[key]) != re.findall("[⟪⟨].*?[⟫⟩]", said[key])] == []


@pytest.mark.parametrize("lang", ["en", *OTHERS])
def test_plural_forms_are_complete_and_the_same_texts_have_them(lang: str) -> None:
    import polib

    file = polib.pofile(str(i18n.FOLDER / f"{lang}.po"))
    forms = int(re.search(r"nplurals=(\d)", file.metadata["Plural-Forms"])[1])  # type: ignore[index]
    for key, entry in entries(lang).items():
        english = entries("en")[key]
        assert bool(entry.msgid_plural) == bool(english.msgid_plural), key
        if entry.msgid_plural:
            assert entry.msgid_plural == key and sorted(entry.msgstr_plural) == list(range(forms)), key
            assert all(entry.msgstr_plural.values()) and "{count" in texts(lang)[key], key


@pytest.mark.parametrize("lang", ["en", *OTHERS])
def test_a_catalogue_is_as_a_translators_tool_would_have_it(lang: str) -> None:
    import polib

    path = i18n.FOLDER / f"{lang}.po"
    file = polib.pofile(str(path), check_for_duplicates=True, wrapwidth=120)
    assert not file.obsolete_entries() and not file.fuzzy_entries()
    for entry in file:
        assert ("python-brace-format" in entry.flags) == ("{" in texts(lang)[entry.msgid]), entry.msgid
    assert str(file) == path.read_text("utf-8"), "written otherwise than polib would: `make format` does it"


def test_korean_sentences_are_polite() -> None:
    """해요체, and none is left in English."""
    for key, text in KO.items():
        if key.startswith("lab.") and text.endswith("."):
            assert re.search(r"(요|예요|에요)\.$", text), key


class Used(ast.NodeVisitor):
    """Texts, names and patterns with holes in the code: a key is asked for by one of them."""

    def __init__(self) -> None:
        self.asked: set[str] = set()
        self.words: set[str] = set()
        self.patterns: set[re.Pattern[str]] = set()
        for room in ("tui", "lab", "store"):
            for path in sorted((ROOT / room).rglob("*.py")):
                self.visit(ast.parse(path.read_text("utf-8")))
        self.words |= {path.stem for path in (ROOT / "lab" / "bundled").rglob("*") if path.is_file()}

    def visit_Call(self, node: ast.Call) -> None:
        name = getattr(node.func, "attr", getattr(node.func, "id", ""))
        if name in ("say", "_say", "tell", "notice", "_tell", "text"):
            texts = (each.value for each in node.args[:2] if isinstance(each, ast.Constant))
            self.asked |= {text for text in texts if isinstance(text, str) and re.fullmatch(r"[a-z]+(\.[\w-]+)+", text)}
        if name == "TabStrip":  # its second argument is how the keys of its tabs begin
            self.patterns.add(re.compile(f"{re.escape(ast.literal_eval(node.args[1]))}\\.(.+)"))
        self.generic_visit(node)

    def visit_Constant(self, node: ast.Constant) -> None:
        if isinstance(node.value, str):
            self.words.add(node.value)
            self.words.update(node.value.split() if len(node.value) < 400 else ())

    def visit_JoinedStr(self, node: ast.JoinedStr) -> None:
        parts = [str(each.value) if isinstance(each, ast.Constant) else "\0" for each in node.values]
        if re.fullmatch(r"[\w.\0-]*\w[\w.\0-]*", "".join(parts)):
            self.patterns.add(re.compile("".join(re.escape(part).replace("\0", "(.+)") for part in parts)))
        self.generic_visit(node)

    def visit_Name(self, node: ast.Name) -> None:
        self.words.add(node.id)

    def visit_Attribute(self, node: ast.Attribute) -> None:
        self.words.add(node.attr)
        self.generic_visit(node)

    def visit_keyword(self, node: ast.keyword) -> None:
        self.words.add(node.arg or "")
        self.generic_visit(node)

    def asks(self, key: str) -> bool:
        """Whether some text is this key, or leaves holes in it that are filled with words of the code."""
        if key in self.words or key.replace("-", "_") in self.words:
            return True
        matches = (pattern.fullmatch(key) for pattern in self.patterns)
        return any(found and all(self.asks(part.strip(".")) for part in found.groups()) for found in matches)


@pytest.fixture(scope="module")
def used() -> Used:
    return Used()


def test_every_text_is_used(used: Used) -> None:
    assert [key for key in EN if not used.asks(key)] == []


def test_every_text_that_is_asked_for_is_there(used: Used) -> None:
    known = EN.keys() | {key.removeprefix("exercise.") for key in EN}  # the exercise pane adds its own name
    assert len(used.asked) > 400 and sorted(used.asked - known) == []


def test_levels_and_achievements_have_names() -> None:
    for level in LEVELS:
        assert f"level.{level.name}" in EN
    for achievement in ACHIEVEMENTS:
        assert f"achievement.{achievement.id}" in EN and f"achievement.{achievement.id}.hint" in EN


@pytest.mark.parametrize("lang", ["en", *OTHERS])
def test_the_lab_pane_has_words_for_its_fields_and_states_and_they_fit_its_column(lang: str) -> None:
    say = texts(lang)
    for name in fields.ORDER:
        assert cell_len(say[f"lab.labels.{name}"]) <= 13 and say[f"lab.meanings.{name}"]
    assert {state for state in RunState if state.ended} == set(STATUS)
    assert all(say[f"lab.states.{state}"] and say[f"runs.state.{state}"] for state in RunState)
    assert all(say[f"lab.methods.{method}"] for method in fields.METHODS)
    facts = ("train-loss", "val-loss", "best", "left", "speed", "step", "memory", "time")
    assert max(cell_len(say[f"lab.{name}"]) for name in facts) <= 10


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
    groups = key_groups(lang, LowrankApp)  # type: ignore[arg-type]
    assert len(groups) == 8 and all(rows for _, rows in groups)
    assert all(keys and text for _, rows in groups for keys, text in rows)
