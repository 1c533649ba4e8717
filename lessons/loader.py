"""Loads a course from its files."""

import re
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path

import i18n
from lessons.charts import FILE as DRAWN
from lessons.charts import drawings
from lessons.content_file import Source, Table
from lessons.course import (
    LANGS,
    Block,
    Code,
    ContentError,
    Course,
    Diagram,
    Lang,
    Lesson,
    Link,
    Section,
    Track,
)
from lessons.document import Document, Part, read_document
from lessons.exercises import checked_id, checked_ids, exercise
from lessons.figures import of_lesson
from lessons.lesson_texts import Numbers, Words, filled
from lessons.questions import questions
from lessons.text import BLOCK_REFERENCE, fill

BUNDLED = Path(__file__).parent / "tracks"
SOURCE: Lang = "en"
"""The language that the others are translated from."""


def load_course(root: Path = BUNDLED) -> Course:
    """Every track under `root`; ContentError names the file and line that cannot be used."""
    table = Source(root / "course.toml", root).toml()
    total = table.integer("total_lessons")
    tracks = tuple(_track(root / name) for name in table.names("tracks"))
    table.done()
    known: set[str] = set()
    for lesson in (lesson for track in tracks for lesson in track.lessons):
        if missing := [id for id in lesson.prerequisites if id not in known]:
            file = root / lesson.id / "lesson.toml"
            raise ContentError(file, 1, f"the prerequisite {missing[0]!r} is no lesson before this one")
        known.add(lesson.id)
    return Course(tracks, total)


def _track(folder: Path) -> Track:
    table = Source(folder / "track.toml", folder.parent).toml()
    id = checked_id(table)
    if id != folder.name:
        raise table.error(f"the id is {id!r}, but the folder is called {folder.name!r}", "id")
    titles = table.table("title")
    title = i18n.Translated({lang: titles.text(lang) for lang in LANGS if lang == SOURCE or titles.has(lang)})
    titles.done()
    lessons = tuple(load_lesson(folder / name, id) for name in table.names("lessons"))
    for place, lesson in enumerate(lessons, 1):
        if lesson.number != place:
            raise table.error(f"{lesson.id} is in place {place}, but says it is number {lesson.number}")
    planned = table.integer("planned")
    if planned < len(lessons):
        raise table.error(f"{len(lessons)} lessons are written, but only {planned} planned", "planned")
    table.done()
    return Track(id, title, planned, lessons)


def load_lesson(folder: Path, track: str) -> Lesson:
    """The lesson in `folder`, as part of the track with this id.

    Ids, answers, numbers and references are checked at once, for every language; the blocks of a
    section are parsed when first asked for. A lesson with no folder for a language shows the
    English text there. Raises ContentError.
    """
    source = Source(folder / "lesson.toml", folder.parent.parent)
    table = source.toml()
    id = checked_id(table)
    if id != folder.name or table.text("track") != track:
        raise table.error(f"this lesson says it is {table.text('track')}/{id}, not {track}/{folder.name}", "id")
    full_id = f"{track}/{id}"
    numbers = Numbers(table.table("numbers"), of_lesson(folder))
    homes = {lang: lang if (folder / lang).is_dir() else SOURCE for lang in LANGS}
    sources = {lang: source.beside(home, "lesson.md") for lang, home in homes.items()}
    documents = {lang: read_document(source) for lang, source in sources.items()}
    links = _links(table, documents)
    section_ids = checked_ids(table, "sections")
    pictures: Mapping[tuple[str, str], Block] = {}
    if table.has("bars") or table.has("charts"):
        texts = {lang: source.beside(home, DRAWN).toml() for lang, home in homes.items()}
        pictures = dict(drawings(table, Words(texts, numbers.shown), numbers))
    sections = _Sections(table, sources, documents, numbers, {link.id: link.url for link in links}, pictures)
    quiz = Words({lang: source.beside(home, "quiz.toml").toml() for lang, home in homes.items()}, numbers.shown)
    task = None
    if table.has("exercise"):
        files = {lang: source.beside(home, "exercise.toml").toml() for lang, home in homes.items()}
        task = exercise(table.table("exercise"), Words(files, numbers.shown), full_id)
    recorded = translations(folder)
    lesson = Lesson(
        full_id,
        track,
        table.integer("number"),
        table.integer("minutes"),
        "draft" if table.one_of("status", "draft", "published") == "draft" else "published",
        table.strings("tags"),
        table.strings("prerequisites"),
        links,
        {lang: filled(d.title, numbers.shown, sources[lang].error) for lang, d in documents.items()},
        {lang: filled(d.summary, numbers.shown, sources[lang].error) for lang, d in documents.items()},
        tuple(sections.section(full_id, section, recorded) for section in section_ids),
        questions(table, quiz, full_id, section_ids, numbers.figures),
        task,
        numbers.values,
    )
    table.done()
    return lesson


def translations(folder: Path) -> dict[Lang, dict[str, str]]:
    """Per language, the hash of the English text that each section was translated from."""
    recorded: dict[Lang, dict[str, str]] = {}
    for lang in LANGS:
        file = folder / lang / "source.toml"
        if lang != SOURCE and file.exists():
            table = Source(file, folder.parent.parent).toml().table("sections")
            recorded[lang] = {section: table.text(section) for section in table.data}
    return recorded


def stale_sections(lesson: Lesson) -> frozenset[str]:
    """Ids of the sections whose translation was made from another English text than today's."""
    return frozenset(
        section.id
        for section in lesson.sections
        if any(made_from != section.source_hash for made_from in section.translated_from.values())
    )


def _links(table: Table, documents: Mapping[Lang, Document]) -> tuple[Link, ...]:
    links = []
    for entry in table.tables("links"):
        id, url = checked_id(entry), entry.text("url")
        if not re.fullmatch(r"https://[^\s<>\"]+", url):
            raise entry.error(f"the address {url!r} must begin with https://", "url")
        if missing := [lang for lang, document in documents.items() if id not in document.links]:
            raise entry.error(f"lesson.md ({missing[0]}) gives no title for the link {id!r}")
        entry.done()
        links.append(Link(id, url, {lang: document.links[id] for lang, document in documents.items()}))
    for lang, document in documents.items():
        for id in document.links:
            if id not in {link.id for link in links}:
                raise table.error(f"lesson.md ({lang}) names the link {id!r}, which has no address here", "links")
    return tuple(links)


class _Sections:
    """What a section needs beside its own text: the lesson's code, pictures, numbers and links."""

    def __init__(
        self,
        table: Table,
        sources: Mapping[Lang, Source],
        documents: Mapping[Lang, Document],
        numbers: Numbers,
        links: Mapping[str, str],
        pictures: Mapping[tuple[str, str], Block],
    ) -> None:
        self.sources = sources
        self.documents = documents
        self.shown = numbers.shown
        self.links = links
        self.placed = {**dict(self._code(table)), **pictures}
        ids = table.strings("sections")
        for lang, document in documents.items():
            if tuple(document.sections) != ids:
                raise sources[lang].error(f"the sections must be, in this order: {', '.join(ids)}", "## ")
        used = {lang: [p for s in d.sections.values() for p in _places(s)] for lang, d in documents.items()}
        for lang, places in used.items():
            if wrong := [place for place in places if place not in self.placed]:
                raise sources[lang].error(f"there is no {wrong[0][0]} {wrong[0][1]!r}", f":{wrong[0][1]}")
            if set(places) != set(self.placed) or places != used[SOURCE]:
                raise sources[lang].error("every code block, diagram and chart must be placed, as in English")

    @staticmethod
    def _code(table: Table) -> Iterator[tuple[tuple[str, str], Block]]:
        for entry in table.tables("code"):
            id, file = checked_id(entry), entry.text("file")
            text = table.source.beside("code", file).text.rstrip("\n")
            yield ("code", id), Code(id, entry.text("title"), entry.text("language"), text)
            entry.done()
        for entry in table.tables("diagrams"):
            yield (
                ("diagram", checked_id(entry)),
                Diagram(table.source.beside("code", entry.text("file")).text.rstrip("\n")),
            )
            entry.done()

    def section(self, lesson: str, id: str, recorded: Mapping[Lang, Mapping[str, str]]) -> Section:
        parts = {lang: document.sections[id] for lang, document in self.documents.items()}
        for lang, part in parts.items():
            self._check(lang, part)
        return Section(
            f"{lesson}#{id}",
            {lang: fill(part.title, self.shown) for lang, part in parts.items()},
            _Blocks(self, parts),
            parts[SOURCE].hash,
            {lang: recorded.get(lang, {}).get(id, "") for lang in LANGS if self._translates(lang)},
        )

    def _translates(self, lang: Lang) -> bool:
        """Whether this language has a text of its own."""
        return self.sources[lang].file != self.sources[SOURCE].file

    def _check(self, lang: Lang, part: Part) -> None:
        for number, line in enumerate((part.title, *part.body.split("\n")), part.line - 1):
            complaint = partial(ContentError, self.sources[lang].file, number)
            if not BLOCK_REFERENCE.fullmatch(line.strip()):
                filled(line, self.shown, complaint)
            for id in re.findall(r"\]\[([^\]]*)\]", line):
                if id not in self.links:
                    raise complaint(f"there is no link {id!r}")

    def blocks(self, part: Part) -> tuple[Block, ...]:
        from lessons.markdown_parser import parse_blocks

        return parse_blocks(
            part.body,
            lambda text: fill(text, self.shown),
            lambda kind, id: self.placed[kind, id],
            self.links,
        )


class _Blocks(Mapping[Lang, tuple[Block, ...]]):
    """The blocks of a section, parsed once per language when first asked for."""

    def __init__(self, sections: _Sections, parts: Mapping[Lang, Part]) -> None:
        self._sections = sections
        self._parts = parts
        self._parsed: dict[Lang, tuple[Block, ...]] = {}

    def __getitem__(self, lang: Lang) -> tuple[Block, ...]:
        if lang not in self._parsed:
            self._parsed[lang] = self._sections.blocks(self._parts[lang])
        return self._parsed[lang]

    def __iter__(self) -> Iterator[Lang]:
        return iter(self._parts)

    def __len__(self) -> int:
        return len(self._parts)


def _places(part: Part) -> list[tuple[str, str]]:
    found = (BLOCK_REFERENCE.fullmatch(line.strip()) for line in part.body.split("\n"))
    return [(match[1], match[2]) for match in found if match]
