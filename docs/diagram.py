"""Draw the diagrams of docs/architecture.md from the import graph: python docs/diagram.py writes them into the page."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import grimp

PAGE: Final = Path(__file__).with_name("architecture.md")
ROOMS: Final = ("foreign", "i18n", "lessons", "store", "lab.engine", "lab", "tui")
TUI: Final = (
    *("tui.app", "tui.cli", "tui.screens", "tui.views", "tui.panes", "tui.exercises", "tui.widgets"),
    *("tui.session", "tui.run_watcher", "tui.formatting", "tui.locale"),
)
_BLOCK: Final = re.compile(r"(<!-- imports of (\w+) -->\n```mermaid\n).*?(```\n)", re.DOTALL)

Arrow = tuple[str, str]


def written(page: str) -> str:
    """The page with each diagram as the import graph has it now."""
    graph = grimp.build_graph(*sorted({room.partition(".")[0] for room in ROOMS}))
    diagrams = {"rooms": ROOMS, "tui": TUI}
    return _BLOCK.sub(lambda found: found[1] + _mermaid(arrows(graph, diagrams[found[2]])) + found[3], page)


def arrows(graph: grimp.ImportGraph, parts: Sequence[str]) -> set[Arrow]:
    """Who imports whom. An arrow that follows from others is left out, but for parts that import each other."""
    found = set()
    for module in graph.modules:
        for other in graph.find_modules_directly_imported_by(module):
            ends = _part(module, parts), _part(other, parts)
            if ends[0] and ends[1] and ends[0] != ends[1]:
                found.add(ends)
    below = {part: _reached(part, found) for part in parts}
    circular = {(a, b) for a, b in found if a in below[b]}
    return circular | {(a, b) for a, b in found - circular if not any(b in below[c] for x, c in found if x == a)}


def _part(module: str, parts: Sequence[str]) -> str:
    return next((part for part in parts if f"{module}.".startswith(f"{part}.")), "")


def _reached(part: str, found: set[Arrow]) -> set[str]:
    """What a part imports, directly or through others."""
    seen: set[str] = set()
    todo = [part]
    while todo:
        new = {b for a, b in found if a == todo[-1]} - seen
        todo.pop()
        seen |= new
        todo += new
    return seen


def _mermaid(found: set[Arrow]) -> str:
    lines = ["graph TD"]
    for a, b in sorted(found):
        if (b, a) not in found:
            lines.append(f"    {a} --> {b}")
        elif a < b:
            lines.append(f"    {a} <--> {b}")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    PAGE.write_text(written(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
