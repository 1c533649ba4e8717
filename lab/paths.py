"""Paths: absolute from the moment they are given, and short wherever people read them."""

import os
from pathlib import Path

from lab import hub


def absolute(path: str | Path) -> Path:
    """The path with `~` and the working directory written out; links stay as they were given."""
    return Path(os.path.abspath(Path(path).expanduser()))


def shown(name: str | Path) -> str:
    """A model, data set or path for people: the hub id of what was fetched, else the shortest way to write it."""
    text = str(name)
    if not text.startswith("/"):
        return text
    if hub_id := hub.id_of(text):
        return hub_id
    found = [text]
    home = os.path.expanduser("~")
    if home != "/" and text.startswith(home + "/"):
        found.append("~" + text[len(home) :])
    try:
        relative = os.path.relpath(text)
    except OSError:  # the working directory is gone
        relative = text
    found.append(relative if relative.startswith("..") or "/" in relative else f"./{relative}")
    return min(found, key=len)
