"""What was asked of a run in a talk, with the answers, kept beside it: one JSON object a line."""

import json
import os
from typing import Any

from foreign import Refused, from_json, opened
from lab.runs.directory import Run

NAME = "talk.jsonl"
TAIL = 1 << 18
"""Bytes from the end that are read: what was asked long ago is kept, and no longer shown."""

Entry = dict[str, Any]
"""messages or text, expected, base, adapter, and checkpoint, scale, temperature, seed and max_tokens as they were."""


def append(run: Run, entry: Entry) -> None:
    """Keep one more, at once and whole. Raises OSError."""
    file = os.open(run.path / NAME, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    try:
        os.write(file, json.dumps(entry, ensure_ascii=False).encode("utf-8", "replace") + b"\n")
    finally:
        os.close(file)


def read(run: Run) -> list[Entry]:
    """The newest entries, oldest first; what is no entry is left out."""
    try:
        with opened(run.path / NAME) as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - TAIL))
            lines = file.read().splitlines()
    except (OSError, Refused):
        return []
    return [entry for line in lines if (entry := _parse(line))]


def _parse(line: bytes) -> Entry:
    try:
        entry = from_json(line.decode())
    except ValueError:  # the first one may be cut
        return {}
    return entry if isinstance(entry, dict) and _is_sound(entry) else {}


def _is_sound(entry: Entry) -> bool:
    """Whether all that a reader takes from an entry is of the type it takes it for."""
    kinds = {"text": str, "expected": str, "checkpoint": str, "messages": list, "scale": int | float,
             "temperature": int | float, "seed": int, "max_tokens": int}  # fmt: skip
    if not isinstance(entry.get("base"), str) or not isinstance(entry.get("adapter"), str):
        return False
    if not all(entry.get(name) is None or isinstance(entry[name], kind) for name, kind in kinds.items()):
        return False
    turns = entry.get("messages") or ()
    return all(isinstance(turn, dict) and {"role", "content"} <= turn.keys()
               and all(isinstance(text, str) for text in turn.values()) for turn in turns)  # fmt: skip
