"""Columns for a terminal: as wide as what stands in them, until the line is full."""

from collections.abc import Sequence

from rich.cells import cell_len, set_cell_size

from tui.formatting.sanitize import inert
from tui.formatting.short_names import keep_beginnings, tell_apart

WIDTH, NARROW = 80, 10


def table(
    rows: Sequence[Sequence[str]],
    *,
    shrink: Sequence[Sequence[int]] = (),
    right: Sequence[int] = (),
    across: bool = False,
) -> list[str]:
    """Lines of at most `WIDTH` cells, columns one or two blanks apart; a cell is foreign text and made harmless.

    If they are too long, the columns numbered in the first group of `shrink` are cut, the widest first and none below
    `NARROW` cells, then those of the next group, so that what tells one cell from another stays. Columns in `right`
    stand right. The first row is the header, and the first column is what one types. `across` is for a table that lies
    on its side: cells are told from those beside them, and not from those below.
    """
    cells = [[inert(cell) for cell in row] for row in rows]
    widths = [max(map(cell_len, column)) for column in zip(*cells, strict=True)]
    for gap in (2, 1):
        room = WIDTH - gap * (len(widths) - 1)
        if sum(widths) <= room:
            break
    for group in shrink:
        while sum(widths) > room and widths[widest := max(group, key=widths.__getitem__)] > NARROW:
            widths[widest] -= 1
    for row in cells[1:] if across else ():
        columns = [column for group in shrink for column in group]
        short = tell_apart([row[column] for column in columns], min(widths[column] for column in columns))
        row[:] = [short[cell] if column in columns else cell for column, cell in enumerate(row)]
    for column in {column for group in shrink for column in group} if not across else ():
        short = (keep_beginnings if column == 0 else tell_apart)([row[column] for row in cells[1:]], widths[column])
        for row in cells[1:]:
            row[column] = short[row[column]]
    return [(" " * gap).join(_fit(cell, widths[c], c in right) for c, cell in enumerate(row)).rstrip() for row in cells]


def _fit(cell: str, width: int, right: bool) -> str:
    if cell_len(cell) > width:
        return set_cell_size(cell, width - 1) + "…"
    return " " * (width - cell_len(cell)) + cell if right else set_cell_size(cell, width)
