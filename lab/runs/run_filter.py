"""Which rows of the shelf are wanted, and in which order."""

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from lab.runs.run_index import Row

FIELDS = ("tag", "state", "method", "model", "data", "group", "rank", "seed")
"""What may stand before a colon; "tag" also finds by the beginning of one."""


@dataclass(frozen=True)
class Query:
    """Every word must be found somewhere, every field must agree, and nothing of `without` may."""

    words: tuple[str, ...] = ()
    fields: tuple[tuple[str, str], ...] = ()
    without: "Query | None" = None


def parse(text: str) -> Query:
    """What somebody typed: words, `field:value`, and either with a minus sign before it."""
    wanted: list[str] = []
    unwanted: list[str] = []
    for word in unicodedata.normalize("NFC", text).casefold().split():
        if word.startswith("-") and len(word) > 1:
            unwanted.append(word[1:])
        else:
            wanted.append(word)
    without = _query(unwanted) if unwanted else None
    query = _query(wanted)
    return Query(query.words, query.fields, without)


def _query(words: list[str]) -> Query:
    pairs = [(word.partition(":")[0], word.partition(":")[2]) for word in words]
    fields = tuple((name, value) for name, value in pairs if name in FIELDS and value)
    plain = tuple(word for word, (name, value) in zip(words, pairs, strict=True) if name not in FIELDS)
    return Query(plain, fields)


def sift(rows: Iterable[Row], query: Query) -> list[Row]:
    """The rows that a query finds, in their order."""
    return [row for row in rows if _found(row, query)]


def _found(row: Row, query: Query) -> bool:
    text = _text(row) if query.words or query.without else ""
    if not all(word in text for word in query.words) or not all(_agrees(row, *field) for field in query.fields):
        return False
    out = query.without
    return out is None or not (any(word in text for word in out.words) or any(_agrees(row, *f) for f in out.fields))


def _text(row: Row) -> str:
    """All that one may search for, casefolded; what stands on several lines too."""
    parts = (row.run, row.name, row.notes, *row.tags, row.group, row.method, row.model, row.data, row.state)
    return "\n".join(parts).casefold()


def _agrees(row: Row, name: str, value: str) -> bool:
    match name:
        case "tag":
            return any(tag.casefold().startswith(value) for tag in row.tags)
        case "model" | "data" | "group":
            return value in str(getattr(row, name)).casefold()
        case _:
            return str(getattr(row, name)).casefold() == value


def in_order(rows: Iterable[Row], by: str, *, down: bool) -> list[Row]:
    """Sorted by a field of Row, or by "title"; rows without a value come last either way."""
    rows = list(rows)
    known = [row for row in rows if getattr(row, by) not in (None, "")]
    unknown = [row for row in rows if getattr(row, by) in (None, "")]

    def value(row: Row) -> object:
        found = getattr(row, by)
        return found.casefold() if isinstance(found, str) else found

    return sorted(known, key=value, reverse=down) + unknown  # type: ignore[arg-type]
