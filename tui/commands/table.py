"""Columns for a terminal: as wide as what stands in them, until the line is full."""

from collections.abc import Sequence

from rich.cells import cell_len, set_cell_size

from tui.labroom.inert import inert

WIDTH = 80


def table(rows: Sequence[Sequence[str]], *, shrink: Sequence[int] = (), right: Sequence[int] = ()) -> list[str]:
    """Lines of at most `WIDTH` cells, two columns one or two blanks apart; a cell is foreign text and made harmless.

    The columns numbered in `shrink` are cut, the widest first, if the line is too long; those in `right` stand right.
    """
    cells = [[inert(cell) for cell in row] for row in rows]
    widths = [max(map(cell_len, column)) for column in zip(*cells, strict=True)]
    for gap in (2, 1):
        room = WIDTH - gap * (len(widths) - 1)
        if sum(widths) <= room:
            break
    while sum(widths) > room and (cut := max(shrink, key=lambda c: widths[c], default=None)) is not None:
        if widths[cut] <= 1:
            break
        widths[cut] -= 1
    return [(" " * gap).join(_fit(cell, widths[c], c in right) for c, cell in enumerate(row)).rstrip() for row in cells]


def _fit(cell: str, width: int, right: bool) -> str:
    if cell_len(cell) > width:
        return set_cell_size(cell, width - 1) + "…"
    return " " * (width - cell_len(cell)) + cell if right else set_cell_size(cell, width)
