"""A lesson that is checked: as it was loaded, beside the files that it was loaded from."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from lessons.charts import FILE as DRAWN
from lessons.content_file import Source
from lessons.course import LANGS, Exercise, Lang, Lesson, Prediction, Selection, Trial
from lessons.document import Document, read_document
from lessons.loader import SOURCE
from lessons.validation.problems import Problem

TEXTS = ("quiz.toml", DRAWN, "exercise.toml")
"""The files of a language beside lesson.md; the last two only where the lesson has pictures or an exercise."""


@dataclass(frozen=True)
class Tools:
    """What the check asks of other rooms, so that `lessons` need not import them.

    `shape` gives the sizes that a step's formulas speak of, none without a source; `trial` what a run will measure as
    far as it is known before: both raise ValueError where there is no such model or run. `data` counts the `errors` and
    `warnings` of a data set by name or folder and its training `rows`; None where nobody asks.
    `commands` gives for each command line, split into words, why its program refuses it; "" where it does not.
    """

    shape: Callable[[Exercise, Prediction | Selection], Mapping[str, int]]
    trial: Callable[[Trial], Mapping[str, float]]
    data: Callable[[str], Mapping[str, float] | None]
    commands: Callable[[Sequence[tuple[str, ...]]], Sequence[str]]


@dataclass
class LoadedLesson:
    folder: Path
    lesson: Lesson
    tools: Tools
    _sources: dict[Path, Source] = field(default_factory=dict)

    def source(self, *names: str) -> Source:
        """A file of the lesson, read once; ContentError when it cannot be."""
        file = self.folder.joinpath(*names)
        if file not in self._sources:
            self._sources[file] = Source(file, self.folder.parent.parent)
        return self._sources[file]

    @cached_property
    def langs(self) -> tuple[Lang, ...]:
        """The languages that have a folder of their own."""
        return tuple(lang for lang in LANGS if lang == SOURCE or (self.folder / lang).is_dir())

    def files(self, lang: Lang) -> list[str]:
        """The text files that a language has; figures.toml and exercise.toml are not in every lesson."""
        return ["lesson.md", *(name for name in TEXTS if (self.folder / lang / name).exists())]

    def document(self, lang: Lang) -> Document:
        return read_document(self.source(lang, "lesson.md"))

    def texts(self, lang: Lang, name: str) -> Iterator[tuple[tuple[str, ...], str]]:
        """Every text of quiz.toml or exercise.toml with the keys that lead to it."""
        yield from _walk(self.source(lang, name).toml().data)

    def found(self, kind: str, source: Source, near: Sequence[str], what: str, remedy: str) -> Problem:
        """A problem on the line where the words of `near` follow one another."""
        return Problem(source.file, line_of(source, near), kind, what, remedy)

    def in_structure(self, kind: str, near: Sequence[str], what: str, remedy: str) -> Problem:
        """A problem of lesson.toml."""
        return self.found(kind, self.source("lesson.toml"), near, what, remedy)

    def in_section(self, kind: str, lang: Lang, section: str, near: str, what: str, remedy: str) -> Problem:
        """A problem of a section's text, on the line with the words `near`, or on its heading."""
        return self.found(kind, self.source(lang, "lesson.md"), (f"{{#{local(section)}}}", near), what, remedy)

    def in_text(self, kind: str, lang: Lang, name: str, keys: Sequence[str], what: str, remedy: str) -> Problem:
        """A problem of a text in quiz.toml or exercise.toml."""
        source = self.source(lang, name)
        return self.found(kind, source, _near(source, keys[:-1] if keys[-1].isdigit() else keys), what, remedy)


def _near(source: Source, keys: Sequence[str]) -> tuple[str, ...]:
    """Words that lead to a key, whether its tables stand in a header or as dotted keys below one."""
    *tables, key = keys
    for count in range(len(tables), 0, -1):
        header, dotted = f"[{'.'.join(tables[:count])}]", ".".join(tables[count:])
        if header in source.text:
            return (header, f"\n{dotted} " if dotted else "", f"{key} =")
    return (*tables, f"{key} =")


def local(id: str) -> str:
    """The last part of a full id: zeros for lora/why-lora?zeros."""
    return re.split(r"[#?!/]", id)[-1]


def line_of(source: Source, near: Sequence[str]) -> int:
    """The first line where these words follow one another; words that are not there are passed over."""
    return source.error("", *(word for word in near if word)).line


def _walk(data: Mapping[str, object], keys: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], str]]:
    for key, value in data.items():
        if isinstance(value, str):
            yield (*keys, key), value
        elif isinstance(value, Mapping):
            yield from _walk(value, (*keys, key))
        elif isinstance(value, list):
            yield from _walk({str(number): item for number, item in enumerate(value)}, (*keys, key))
