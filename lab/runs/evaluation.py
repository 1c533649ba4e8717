"""What was measured on held-out rows, kept beside the run, so that no adapter is scored twice on the same rows.

The engine's job `evaluate` writes it, whoever asked for it; everybody else reads.
"""

import json
import os
from pathlib import Path
from typing import Any

from filelock import FileLock

from foreign import read_object
from lab.datasets.find import split_file as split_file
from lab.errors import LabError
from lab.runs.adapters import find_adapter
from lab.runs.directory import Run

NAME = "evaluation.json"
FIGURES = ("rows", "loss", "perplexity", "exact_match", "base_exact_match", "examples")
Result = dict[str, Any]
"""checkpoint, split, rows (the first so many, 0 for all), loss (nats a token), perplexity, exact_match (0 to 1),
base_exact_match (None where the base was not asked), examples (questions asked); and `of`, see `stamp`."""


def read(run: Run, checkpoint: str = "last", split: str = "test", rows: int | None = None) -> Result | None:
    """What is known of that adapter on that split, or None: of several measurements the one with most questions.

    `rows` asks for the measurement over the first so many rows alone (0: over all). What was measured on an adapter or
    on rows that have changed since is not known any more.
    """
    kept = [each for each in _read(run) if each.get("split") == split and rows in (None, each.get("rows"))]
    if not kept:
        return None
    try:
        now = stamp(run, checkpoint, split)
    except (LabError, OSError):
        return None
    found = [each for each in kept if each.get("of") == now]
    return max(found, key=lambda each: each.get("examples") or 0) | {"checkpoint": checkpoint} if found else None


def write(run: Run, result: Result) -> None:
    """Keep a measurement in place of any earlier one on the same file and rows; there whole or not at all.

    Its `of` is the stamp taken before measuring began, so that a change meanwhile is noticed.
    """
    same = ("split", "rows")
    file = result["of"]["file"]
    with FileLock(run.path / "state" / "evaluation.lock"):
        others = [
            each
            for each in _read(run)
            if each["of"].get("file") != file or any(each.get(key) != result[key] for key in same)
        ]
        temporary = run.path / f".{NAME}"
        temporary.write_text(json.dumps({"measured": [*others, result]}, indent=2), encoding="utf-8")
        os.replace(temporary, run.path / NAME)


def stamp(run: Run, checkpoint: str = "last", split: str = "test") -> dict[str, Any]:
    """The adapter's file and the split's as they are now, which a score depends on. Raises LabError or OSError."""
    adapter, data = find_adapter(run, checkpoint), split_file(run.spec.data, split)
    return {"file": str(adapter.relative_to(run.adapters)), "adapter": _look(adapter), "data": _look(data)}


def _look(path: Path) -> list[int]:
    found = path.stat()
    return [found.st_size, found.st_mtime_ns]


def _read(run: Run) -> list[Result]:
    try:
        found = read_object(run.path / NAME).get("measured")
    except (OSError, ValueError):
        return []
    return [each for each in found if _sound(each)] if isinstance(found, list) else []


def _sound(each: object) -> bool:
    """Whether it is a measurement whose figures are numbers."""
    if not isinstance(each, dict) or not isinstance(each.get("of"), dict):
        return False
    figures = (each.get(key) for key in FIGURES)
    return all(value is None or (isinstance(value, int | float) and not isinstance(value, bool)) for value in figures)
