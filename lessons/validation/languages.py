"""What must be equal across languages, what must not, and which translations are out of date."""

import re
from collections.abc import Iterator, Mapping, Sequence

from lessons.course import Block, Bullets, Lang, Table
from lessons.loader import SOURCE, stale_sections
from lessons.numbers import NotANumber, parse_number
from lessons.validation.lesson_files import LoadedLesson, local
from lessons.validation.problems import Problem, shown

_HANGUL = re.compile("[가-힣]")
_SHARED = {
    "the number": re.compile(r"\{\{([a-z0-9_]+)\}\}"),
    "the block": re.compile(r"\{\{((?:code|diagram|bars|chart):[a-z0-9-]+)\}\}"),
    "the link": re.compile(r"\]\[([^\]]*)\]"),
    "the code": re.compile(r"`([^`]+)`"),
}
_TYPED = re.compile(r"(?<![A-Za-z0-9_.,])\d(?:[\d,.]*\d)?(?:\s?(?:[kKM](?![A-Za-z])|[십백천]?[만억조]))?")
_MARKED = re.compile(r"\{\{.*?\}\}|`[^`]*`|\$[^$\n]+\$|\]\[[^\]]*\]")
_PROSE = 4
"""Latin words in a row of text without Hangul, from which on it is taken for text nobody has translated."""


def check_languages(loaded: LoadedLesson) -> Iterator[Problem]:
    yield from _english(loaded)
    for lang in loaded.langs:
        if lang != SOURCE:
            yield from _sections(loaded, lang)
            yield from _texts(loaded, lang)
    yield from _stale(loaded)


def _english(loaded: LoadedLesson) -> Iterator[Problem]:
    for name in loaded.files(SOURCE):
        source = loaded.source(SOURCE, name)
        for number, line in enumerate(source.text.split("\n"), 1):
            if _HANGUL.search(line):
                yield Problem(source.file, number, "languages", "Korean in the English text", "write it in English")


def _sections(loaded: LoadedLesson, lang: Lang) -> Iterator[Problem]:
    english, other = loaded.document(SOURCE), loaded.document(lang)
    for section in loaded.lesson.sections:
        id = local(section.id)
        ours, theirs = (f"{part.title}\n{part.body}" for part in (english.sections[id], other.sections[id]))
        for what, near in _differences(ours, theirs):
            yield loaded.in_section("languages", lang, id, near, what, "say the same in both languages")
        if _shape(section.blocks[SOURCE]) != _shape(section.blocks[lang]):
            one, two = (", ".join(_shape(section.blocks[each])) for each in (SOURCE, lang))
            what = f"{id!r} has other blocks ({two}) than the English ({one})"
            yield loaded.in_section("languages", lang, id, "", what, "give both the same paragraphs, lists and tables")
        for number, line in enumerate(other.sections[id].body.split("\n"), other.sections[id].line):
            if _untranslated(line):
                file = loaded.source(lang, "lesson.md").file
                yield Problem(file, number, "languages", "this text is not Korean", "write it in Korean")


def _texts(loaded: LoadedLesson, lang: Lang) -> Iterator[Problem]:
    for name in loaded.files(lang)[1:]:
        english = dict(loaded.texts(SOURCE, name))
        for keys, text in loaded.texts(lang, name):
            for what, _ in _differences(english.get(keys, ""), text):
                yield loaded.in_text("languages", lang, name, keys, what, "say the same in both languages")
            if _untranslated(text):
                yield loaded.in_text("languages", lang, name, keys, "this text is not Korean", "write it in Korean")


def _differences(english: str, other: str) -> Iterator[tuple[str, str]]:
    """What one text names and the other does not, each with a word by which to find it."""
    for noun, pattern in _SHARED.items():
        ours, theirs = set(pattern.findall(english)), set(pattern.findall(other))
        yield from ((f"{noun} {name!r} is not in the English text", name) for name in sorted(theirs - ours))
        yield from ((f"{noun} {name!r} of the English text is missing", "") for name in sorted(ours - theirs))
    said, told = _typed(english), _typed(other)
    yield from ((f"the English text has no {told[n]}", told[n]) for n in sorted(told.keys() - said.keys()))
    yield from ((f"the English text says {said[n]}, and this does not", "") for n in sorted(said.keys() - told.keys()))


def _typed(text: str) -> dict[float, str]:
    """Typed numbers that both languages must name, by value: 1.2M and 120만 are the same.

    Those are numbers of three digits or more and decimals; a smaller one may be written as a word, or be a month.
    """
    found = {}
    for match in _TYPED.finditer(_MARKED.sub(" ", text)):
        try:
            value = parse_number(match[0]).value
        except NotANumber:
            continue
        only = re.fullmatch(r"\d만", match[0])  # "3만 써도" says "with only 3" as well as "even 30,000"
        if not only and (value >= 100 or not value.is_integer()):
            found[value] = match[0]
    return found


def _shape(blocks: Sequence[Block]) -> list[str]:
    """The kinds of blocks, with the sizes that must agree."""
    shape = []
    for block in blocks:
        name = type(block).__name__.lower()
        match block:
            case Bullets(items, ordered):
                name = f"{'numbered' if ordered else 'bulleted'} list of {len(items)}"
            case Table(header, rows):
                name = f"table of {len(rows)} × {len(header)}"
        shape.append(name)
    return shape


def _untranslated(text: str) -> bool:
    words = re.findall(r"[A-Za-z]{2,}", _MARKED.sub(" ", text))
    return len(words) >= _PROSE and not _HANGUL.search(text) and not text.lstrip().startswith("|")


def _stale(loaded: LoadedLesson) -> Iterator[Problem]:
    lesson = loaded.lesson
    stale = stale_sections(lesson)
    for lang in lesson.title:
        if lang not in loaded.langs:
            remedy = f"write the folder {lang}/; until then learners see the English text"
            yield loaded.in_structure("untranslated", ("id =",), f"there is no {lang!r} text", remedy)
            continue
        for section in lesson.sections:
            made_from: Mapping[Lang, str] = section.translated_from
            if lang != SOURCE and section.id in stale and made_from.get(lang) != section.source_hash:
                id = local(section.id)
                remedy = f"bring it up to date, then `lowrank mark-translated {shown(loaded.folder)} {id}`"
                yield loaded.in_section("stale", lang, id, "", f"{id!r}: the English text has changed since", remedy)
