"""A lesson as plain text, for pipes and screen readers."""

import textwrap
from collections.abc import Iterable

from lessons.model import Block, Bullets, Code, Diagram, Lang, Lesson, Paragraph, Quote, Spans, Table

WIDTH = 76


def lesson_text(lesson: Lesson, lang: Lang) -> str:
    """The whole lesson in one language: title, sections, code and links, wrapped at 76 columns."""
    parts = [lesson.title[lang], "=" * 8, lesson.summary[lang]]
    for section in lesson.sections:
        parts += ["", section.title[lang], "-" * 8]
        for block in section.blocks[lang]:
            parts += [*_block(block), ""]
    parts += [f"{link.title[lang]}  {link.url}" for link in lesson.links]
    return "\n".join(parts)


def _words(spans: Spans) -> str:
    return "".join(f"{s.text} <{s.href}>" if s.href and s.href != s.text else s.text for s in spans)


def _wrap(text: str, first: str = "", rest: str = "") -> list[str]:
    return textwrap.wrap(text, WIDTH, initial_indent=first, subsequent_indent=rest or first)


def _block(block: Block) -> Iterable[str]:
    match block:
        case Paragraph(spans):
            return _wrap(_words(spans))
        case Quote(spans):
            return _wrap(_words(spans), "> ")
        case Bullets(items, ordered):
            marks = (f"{i}. " if ordered else "- " for i in range(1, len(items) + 1))
            return [
                line for m, item in zip(marks, items, strict=False) for line in _wrap(_words(item), m, " " * len(m))
            ]
        case Code():
            return [f"{block.title} ({block.language})", *("    " + line for line in block.text.splitlines())]
        case Diagram(text):
            return text.splitlines()
        case Table(header, rows):
            return [" | ".join(_words(cell) for cell in row) for row in (header, *rows)]
