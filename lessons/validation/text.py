"""What is wrong with a text whatever it says: marks of unfinished work, addresses, and numbers typed by hand."""

import re
from collections.abc import Iterator, Mapping, Sequence
from urllib.parse import urlsplit

from lessons.content_file import Source
from lessons.figures import of_lesson
from lessons.lesson_texts import Numbers
from lessons.loader import SOURCE
from lessons.validation.lesson_files import LoadedLesson
from lessons.validation.problems import Problem

TODO = re.compile(r"\bTODO\b:?\s*(.*)")
_HOST = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,}")
_NOBODYS = re.compile(r"(?:^|\.)example\.(?:com|org|net)$")
_ADDRESS = re.compile(r"(?:https?://|www\.)[^\s`]+")
_REFERENCES = re.compile(r"\{\{.*?\}\}|^\[[a-z0-9-]+\]: .*$", re.MULTILINE)


def check_text(loaded: LoadedLesson) -> Iterator[Problem]:
    for source in _sources(loaded):
        yield from todos(source)
    yield from _links(loaded)
    yield from _numbers(loaded)


def todos(source: Source) -> Iterator[Problem]:
    """Every line of a file that is still to be written."""
    for number, line in enumerate(source.text.split("\n"), 1):
        if match := TODO.search(line):
            rest = match[1].strip().strip('"')
            what = f"still to be written{f': {rest}' if rest else ''}"
            yield Problem(source.file, number, "todo", what, "write it, and take the TODO away")


def _sources(loaded: LoadedLesson) -> Iterator[Source]:
    yield loaded.source("lesson.toml")
    for lang in loaded.langs:
        yield from (loaded.source(lang, name) for name in loaded.files(lang))
    table = loaded.source("lesson.toml").toml()
    yield from (loaded.source("code", e.text("file")) for key in ("code", "diagrams") for e in table.tables(key))


def _links(loaded: LoadedLesson) -> Iterator[Problem]:
    seen: dict[str, str] = {}
    for link in loaded.lesson.links:
        near = ("[[links]]", f'"{link.id}"', "url =")
        if why := _malformed(link.url):
            yield loaded.in_structure("link", near, f"{link.url} {why}", "give the address of a page")
        if link.url in seen:
            what = f"leads where the link {seen[link.url]!r} leads"
            yield loaded.in_structure("link", near, what, "use that one in both places")
        seen.setdefault(link.url, link.id)
    for lang in loaded.langs:
        for name in loaded.files(lang):
            source = loaded.source(lang, name)
            for number, line in enumerate(source.text.split("\n"), 1):
                if match := _ADDRESS.search(re.sub(r"`[^`]*`", "", line)):
                    what = f"the address {match[0]} stands in the text"
                    yield Problem(source.file, number, "link", what, "list it under [[links]] and write [text][its-id]")


def _malformed(url: str) -> str:
    """Why an address cannot be meant; "" for one that can."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        parts.port  # noqa: B018 - raises ValueError where it is no number
    except ValueError as error:
        return f"is no address: {error}"
    if not _HOST.fullmatch(host):
        return "names no host"
    if _NOBODYS.search(host):
        return "is nobody's page"
    if parts.username or parts.password:
        return "names a user"
    return "ends in punctuation" if url[-1] in ".,;:!?'" else ""


def _numbers(loaded: LoadedLesson) -> Iterator[Problem]:
    """What lesson.toml names is written as {{name}} in every text, and what it names is used."""
    shown = Numbers(loaded.source("lesson.toml").toml().table("numbers"), of_lesson(loaded.folder)).shown
    literals, used = _literals(shown), ""
    for lang in loaded.langs:
        for name in loaded.files(lang):
            source = loaded.source(lang, name)
            used += source.text if lang == SOURCE else ""
            for number, line in enumerate(_REFERENCES.sub("", source.text).split("\n"), 1):
                for key, literal in _typed(line, literals):
                    what = f"{literal} is typed, and lesson.toml names it {key!r}"
                    yield Problem(source.file, number, "number", what, f"write {{{{{key}}}}}")
    formulas = " ".join(re.findall(r'(?:formula|value)\s*=\s*"(.*?)"', loaded.source("lesson.toml").text))
    for key in shown:
        if f"{{{{{key}}}}}" not in used and not re.search(rf"\b{key}\b", formulas):
            what = f"no text, formula or bar uses the number {key!r}"
            yield loaded.in_structure("unused", ("[numbers]", f"\n{key} ", key), what, "take it away")


def _literals(shown: Mapping[str, str]) -> list[tuple[str, str]]:
    """Each name with every way to type its number; one of less than three digits may mean something else."""
    long = {key: text for key, text in shown.items() if len(re.sub(r"\D", "", text)) >= 3}
    return [(key, literal) for key, text in long.items() for literal in sorted({text, text.replace(",", "")})]


def _typed(line: str, literals: Sequence[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    for key, literal in literals:
        if literal in line and re.search(rf"(?<![A-Za-z0-9_.,]){re.escape(literal)}(?![A-Za-z0-9_]|[.,]\d)", line):
            yield key, literal
