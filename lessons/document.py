"""A lesson.md split into its parts by line, without parsing the Markdown in them."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256

from lessons.content_file import Source

_TITLE = re.compile(r"#\s+(.+)")
_SECTION = re.compile(r"##\s+(.+?)\s*\{#([a-z0-9-]+)\}\s*")
_LINK = re.compile(r'\[([a-z0-9-]+)\]:\s+#\s+"(.+)"\s*')
_REFUSED = (
    (re.compile(r"\s{0,3}(?:```|~~~)"), "code lies in code/ once; place it here as {{code:its-id}}"),
    (re.compile(r".*\]\(\s*\S"), "a link's address stands in lesson.toml; write [text][its-id]"),
    (re.compile(r"\s{0,3}#{1,6}(?:\s|$)"), "a heading must be '## Title {#section-id}'"),
)


@dataclass(frozen=True)
class Part:
    """A section in one language: its title, its Markdown, and the line on which the Markdown begins."""

    title: str
    body: str
    line: int

    @property
    def hash(self) -> str:
        return hash_of(self.title, self.body)


@dataclass(frozen=True)
class Document:
    title: str
    summary: str
    sections: Mapping[str, Part]
    links: Mapping[str, str]
    """Link titles by link id."""


def hash_of(*texts: str) -> str:
    """A short name for these texts in this order; how they are wrapped makes no difference."""
    return sha256("\x1f".join(" ".join(text.split()) for text in texts).encode()).hexdigest()[:12]


def read_document(source: Source) -> Document:
    """Splits "# Title", a summary, "## Section {#id}" parts and '[link-id]: # "Title"' lines.

    Raises ContentError for fenced code, addresses and headings that do not belong in a lesson.
    """
    title, links = "", {}
    heads: dict[str, tuple[str, int]] = {}
    bodies: dict[str, list[str]] = {"": []}
    current = ""
    for number, line in enumerate(source.text.split("\n"), 1):
        if match := _SECTION.fullmatch(line):
            current = match[2]
            if current in heads:
                raise _at(source, number, f"the section id {current!r} is used twice")
            heads[current], bodies[current] = (match[1], number + 1), []
        elif not title and (match := _TITLE.fullmatch(line)):
            title = match[1].strip()
        elif match := _LINK.fullmatch(line):
            links[match[1]] = match[2]
        else:
            for refused, remedy in _REFUSED:
                if refused.match(line):
                    raise _at(source, number, remedy)
            bodies[current].append(line)
    summary = " ".join("\n".join(bodies.pop("")).split())
    if not title or not summary:
        raise _at(source, 1, "a lesson begins with '# Title' and a summary of a sentence or two")
    parts = {id: Part(head, "\n".join(bodies[id]), line) for id, (head, line) in heads.items()}
    return Document(title, summary, parts, links)


def _at(source: Source, line: int, message: str) -> Exception:
    error = source.error(message)
    return type(error)(error.file, line, message)
