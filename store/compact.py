"""A second copy of the full files of a long log, in a form that is read several times faster.

A cache that anybody may delete: an entry is found by the checksum of the file on disk. So an
entry is never out of date, and a damaged file has no entry.
"""

import marshal
import zlib
from collections.abc import Mapping
from pathlib import Path

import foreign
from store.event import Event
from store.storage import put

_MARK = b"lowrank compact 1\n"
LARGEST = 1 << 30
"""Bytes of the cache, at most."""
_MARSHAL = 4
"""The version that every Python reads."""

Rows = list[tuple[object, ...]]


def read(path: Path) -> dict[str, Rows]:
    """What is in the cache, by key; nothing where there is none, or none that is whole."""
    try:
        content = foreign.read_bytes(path, LARGEST)
        body = content[len(_MARK) + 8 :]
        if content[: len(_MARK) + 8] == _head(body):
            found: dict[str, Rows] = marshal.loads(body)
            return found
    except (OSError, ValueError, EOFError, TypeError):
        pass
    return {}


def write(path: Path, files: Mapping[str, list[Event]]) -> None:
    """Replace the cache by `files`; raises OSError. Where two programs do so at once, it may come to nothing."""
    shared: dict[str, object] = {}
    rows: dict[str, Rows] = {}
    for key, events in files.items():
        if not any(event.more for event in events):
            rows[key] = [
                (
                    *(
                        shared.setdefault(text, text)
                        for text in (event.id, event.device, event.at, event.kind, event.item)
                    ),
                    shared.setdefault(repr(event.payload), event.payload),
                    event.v,
                )
                for event in events
            ]
    body = marshal.dumps(rows, _MARSHAL)
    put(path, _head(body) + body, path.with_name(f"{path.name}.tmp"), spare=True)


def events(rows: Rows) -> list[Event]:
    """The events that `write` was given."""
    return [Event(*row) for row in rows]  # type: ignore[arg-type]


def _head(body: bytes) -> bytes:
    return _MARK + b"%08x" % zlib.crc32(body)
