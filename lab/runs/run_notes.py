"""What somebody wrote about a run: its name, notes and tags, and the group it was started in."""

import json
import os
import re
import unicodedata
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from foreign import read_object
from lab.errors import LabError, naming
from lab.runs.directory import Run
from lab.sanitize import cleaned

FILE = "about.json"
NAME, TAG = 80, 32
"""Characters of a name and of a tag, at most."""


@dataclass(frozen=True)
class About:
    """All empty for a run of which nobody wrote anything."""

    name: str = ""
    notes: str = ""
    tags: tuple[str, ...] = ()
    group: str = ""


def read(run: Run) -> About:
    """What was written about a run; nothing where the file is missing or broken."""
    return read_path(run.path)


def read_path(path: Path) -> About:
    """The same of a run directory, wherever it lies."""
    try:
        return _checked(read_object(path / FILE))
    except (OSError, ValueError, TypeError):
        return About()


def change(run: Run, **fields: Any) -> About:
    """Write some of an About's fields anew and keep the others.

    Raises LabError where a name or tag is too long, or the run is gone, and OSError on a full disk.
    """
    about = _checked(asdict(replace(read(run), **fields)))
    for text, most, what in ((about.name, NAME, "name"), *((tag, TAG, "tag") for tag in about.tags)):
        if len(text) > most:
            raise LabError(f"a {what} has at most {most} characters (this one {len(text)})", where=text[:most],
                           remedy="write the rest into the notes", usage=True)  # fmt: skip
    temporary = run.path / f".{FILE}.{os.getpid()}.tmp"
    try:
        with naming(run.path):
            temporary.write_text(json.dumps(asdict(about), indent=1), encoding="utf-8")
            os.replace(temporary, run.path / FILE)
    except FileNotFoundError:
        raise LabError("is no longer there", where=run.id, remedy="`lowrank runs` lists those that are") from None
    return about


def tags_of(text: str) -> tuple[str, ...]:
    """The tags in what somebody typed: words with commas, spaces or # between them, each once."""
    return tuple(dict.fromkeys(word for word in re.split(r"[\s,#]+", _plain(text)) if word))


def _checked(found: dict[str, Any]) -> About:
    tags = tuple(dict.fromkeys(_plain(tag) for tag in found.get("tags") or () if _plain(tag)))
    return About(_plain(found.get("name")), _seen(str(found.get("notes") or "")), tags, _plain(found.get("group")))


def _plain(text: object) -> str:
    """One line of what can be seen."""
    return " ".join(_seen(str(text or "")).split())


def _seen(text: str) -> str:
    """Composed characters without those that steer a terminal or cannot be seen, for it is all edited again."""
    return cleaned(unicodedata.normalize("NFC", text))
