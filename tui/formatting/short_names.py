"""Names in little room, such as the ids of runs: what tells one from another stays."""

from collections.abc import Sequence
from os.path import commonprefix

from rich.cells import cell_len, set_cell_size

from tui.formatting.short_paths import without_middle


def tell_apart(names: Sequence[str], width: int) -> dict[str, str]:
    """Each name in at most `width` cells: what the long ones begin and end with alike gives way to "…"."""
    found = {name: name for name in names}
    found |= _cut([name for name in found if cell_len(name) > width], width)
    return found


def keep_beginnings(names: Sequence[str], width: int) -> dict[str, str]:
    """The same for names of which the beginning is typed: only where that is alike is anything behind it shown."""
    found = {name: name if cell_len(name) <= width else set_cell_size(name, width - 1).rstrip() + "…" for name in names}
    for tail in range(2, width - 2):
        alike = [name for name in found if list(found.values()).count(found[name]) > 1]
        for name in alike:
            found[name] = f"{set_cell_size(name, max(width - 1 - cell_len(name[-tail:]), 0))}…{name[-tail:]}"
        if not alike:
            break
    return {name: short if cell_len(short) <= width else without_middle(name, width) for name, short in found.items()}


def _cut(group: Sequence[str], width: int) -> dict[str, str]:
    if len(group) < 2:
        return {name: without_middle(name, width) for name in group}
    begin = len(commonprefix(group))  # noqa: RUF071  (character by character)
    end = len(commonprefix([name[begin:][::-1] for name in group]))  # noqa: RUF071
    found = {name: _window(name, begin, len(name) - end, width) for name in group}
    alike: dict[str, list[str]] = {}
    for name, cut in found.items():
        alike.setdefault(cut, []).append(name)
    for names in alike.values():
        if 1 < len(names) < len(group):  # which differ in what was cut: among themselves they have more alike
            found |= _cut(names, width)
    return found


def _window(name: str, begin: int, end: int, width: int) -> str:
    """The part of a long name in which it differs, with as much as there is room for of what stands around it."""
    lead = "…" if begin else ""
    rest, room = name[begin:], width - len(lead)
    if cell_len(rest) > room:
        differs = cell_len(name[begin:end])
        return lead + (f"{set_cell_size(rest, room - 1).rstrip()}…" if differs < room else without_middle(rest, room))
    while cell_len(name[begin - 1 :]) <= room:
        begin -= 1
    return lead + name[begin:]
