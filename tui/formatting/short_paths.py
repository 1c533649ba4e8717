"""Paths where there is little room: what tells one from another is at its end, and that stays."""

import os
import re
from pathlib import Path
from typing import Final

from rich.cells import cell_len, set_cell_size

NARROW: Final = 28
"""Cells of a model or a data set in a line that says more than that."""

IN_TEXT: Final = re.compile(r"(?<![\w.~/:])[~/][^\s:;,'\"()]*/[^\s:;,'\"()]+")


def short_path(path: object, width: int) -> str:
    """A path or hub id in at most `width` cells: home is ~, the first folders give way, then the middle of a name."""
    text, home = str(path), os.path.expanduser("~").rstrip("/")
    if home and text.startswith(f"{home}/"):
        text = f"~{text[len(home) :]}"
    if cell_len(text) <= width:
        return text
    parts = text.rstrip("/").split("/")
    for first in range(1, len(parts)):
        if cell_len(shorter := "/".join(["…", *parts[first:]])) <= width:
            return shorter
    return without_middle(parts[-1], width)


def shorten(text: str, folder: Path, width: int) -> str:
    """A sentence in which that folder takes at most `width` cells, whatever is in its name."""
    return text.replace(str(folder), short_path(folder, width)) if folder.is_absolute() else text


def short_paths(text: str, width: int) -> str:
    """A sentence whose long paths are at most `width` cells each; one with spaces in it is not known for a path."""
    return IN_TEXT.sub(lambda found: short_path(found[0].rstrip("."), width) + "." * found[0].endswith("."), text)


def without_middle(name: str, width: int) -> str:
    """A name in at most `width` cells: its middle gives way."""
    if cell_len(name) <= width:
        return name
    end, room = "", max(width - 1, 0)
    for character in reversed(name):
        if cell_len(character + end) > (room + 1) // 2:
            break
        end = character + end
    return f"{set_cell_size(name, room - cell_len(end)).rstrip()}…{end}" if width > 0 else ""
