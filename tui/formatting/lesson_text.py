"""A lesson as plain text, for pipes and screen readers."""

import textwrap
from collections.abc import Iterable

from lessons.course import (
    Bars,
    Block,
    Bullets,
    Chart,
    ChartLine,
    Code,
    Diagram,
    Lang,
    Lesson,
    Paragraph,
    Quote,
    Spans,
    Table,
)
from lessons.numbers import show_number

WIDTH = 76
POINTS = 6
"""Points of a line that are told; nobody listens to four hundred."""


def lesson_text(lesson: Lesson, lang: Lang) -> str:
    """The whole lesson in one language: title, sections, code and links, wrapped at 76 columns."""
    parts = [lesson.title[lang], "=" * 8, lesson.summary[lang]]
    for section in lesson.sections:
        parts += ["", section.title[lang], "-" * 8]
        for block in section.blocks[lang]:
            parts += [*_block(block, lang), ""]
    parts += [f"{link.title[lang]}  {link.url}" for link in lesson.links]
    return "\n".join(parts)


def _words(spans: Spans) -> str:
    return "".join(f"{s.text} <{s.href}>" if s.href and s.href != s.text else s.text for s in spans)


def _wrap(text: str, first: str = "", rest: str = "") -> list[str]:
    return textwrap.wrap(text, WIDTH, initial_indent=first, subsequent_indent=rest or first)


def _block(block: Block, lang: Lang) -> Iterable[str]:
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
        case Bars(title, bars):
            return [title[lang], *(f"- {bar.label[lang]}: {bar.shown}" for bar in bars)]
        case Chart():
            told = (_wrap(f"{line.title[lang]}: {_points(line)}", "- ", "  ") for line in block.lines)
            head = f"{block.x[lang]} → {block.y[lang]}"
            return [block.title[lang] if block.title else "", head, *(row for rows in told for row in rows)]


def _points(line: ChartLine) -> str:
    """The ends of a line and some points between them."""
    last = len(line.points) - 1
    chosen = sorted({round(last * n / (POINTS - 1)) for n in range(POINTS)})
    return ", ".join(f"{show_number(x)} → {show_number(y)}" for x, y in (line.points[n] for n in chosen))
