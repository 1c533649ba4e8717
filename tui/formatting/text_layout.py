"""From lesson text to styled lines: built from spans only, so text from a lesson can never act as markup."""

import unicodedata
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Final

from rich.cells import cell_len
from textual.content import Content
from textual.style import Style

if TYPE_CHECKING:
    from lessons.course import Span

Lines = list[Content]
Layout = Callable[[int], Lines]

KIND_STYLES: Final = {
    "plain": "",
    "strong": "bold $heading",
    "em": "italic",
    "code": "$code-name on $surface",
    "link": "underline $primary",
    "formula": "$code-keyword",
}


def plain(text: str) -> str:
    """Composed (NFC) text whose control characters, other than line break and tab, are gone."""
    return "".join(
        char
        for char in unicodedata.normalize("NFC", text)
        if char in "\n\t" or unicodedata.category(char) not in ("Cc", "Cs")
    )


def styled(text: str, style: str = "") -> Content:
    return Content.styled(plain(text), style)


def clickable(content: Content, action: str, *parameters: object) -> Content:
    """`content` that runs an action when it is clicked; parameters are passed as they are, never parsed."""
    return content.stylize(Style.from_meta({"@click": (action, parameters)}))


def join(parts: Iterable[Content], between: str = "") -> Content:
    return Content(between).join(parts)


def inline(spans: Sequence["Span"]) -> Content:
    """One run of lesson text; a web link carries the action that opens it."""
    parts = []
    for span in spans:
        part = styled(span.text, KIND_STYLES.get(span.kind, ""))
        if span.kind == "link" and part:
            part = clickable(part, "screen.open_link", span.href)
        parts.append(part)
    return join(parts)


def fit(content: Content, width: int) -> Content:
    """Cut to `width` cells, with an ellipsis where something is lost."""
    return content.truncate(max(width, 0), ellipsis=True)


def pad(content: Content, width: int, *, right: bool = False) -> Content:
    """`content` in exactly `width` cells, cut or filled; `right` aligns it to the right."""
    cut = fit(content, width)
    room = width - cut.cell_length
    return cut.pad_left(room) if right else cut.pad_right(room)


def hang(items: Sequence[tuple[Content, Content]], width: int, gap: int = 0) -> Lines:
    """(mark, text) pairs, the text wrapped beside its mark; `gap` blank lines between items."""
    indent = max((mark.cell_length for mark, _ in items), default=0)
    lines: Lines = []
    for index, (mark, text) in enumerate(items):
        if index:
            lines += [Content("")] * gap
        for number, line in enumerate(text.wrap(max(width - indent, 4))):
            lead = pad(mark, indent) if number == 0 else Content(" " * indent)
            lines.append(lead + line)
    return lines


def table(header: Sequence[Content], rows: Sequence[Sequence[Content]], width: int) -> Lines:
    """Columns set by cells, the widest one wrapped; one entry per paragraph where they cannot stand abreast."""
    count = max([len(header), *(len(row) for row in rows)], default=0)
    if not count:
        return []
    cells = [[*row, *[Content("")] * (count - len(row))] for row in [header, *rows]]
    widths = [max(row[i].cell_length for row in cells) for i in range(count)]
    least = [max(width_of(word) for row in cells for word in [*row[i].plain.split(), ""]) for i in range(count)]
    room = width - 2 * (count - 1)
    while sum(widths) > room and (spare := max(w - m for w, m in zip(widths, least, strict=True))) > 0:
        widths[[w - m for w, m in zip(widths, least, strict=True)].index(spare)] -= 1
    if sum(widths) > room:
        return _stacked(cells, width)
    lines: Lines = []
    for index, row in enumerate(cells):
        wrapped = [cell.wrap(size) for cell, size in zip(row, widths, strict=True)]
        for number in range(max(len(cell) for cell in wrapped)):
            parts = [
                pad(cell[number] if number < len(cell) else Content(""), size, right=_numeric(cells, i))
                for i, (cell, size) in enumerate(zip(wrapped, widths, strict=True))
            ]
            line = join(parts, "  ")
            lines.append(line.stylize("bold $text-muted") if index == 0 else line)
        if index == 0:
            lines.append(styled("─" * (sum(widths) + 2 * (count - 1)), "$rule"))
    return lines


def _numeric(cells: list[list[Content]], column: int) -> bool:
    body = [row[column].plain.strip() for row in cells[1:]]
    return bool(body) and all(text[:1].isdigit() or text[:1] in ("−", "-", "~", "≈", "<", ">", "") for text in body)


def _stacked(cells: list[list[Content]], width: int) -> Lines:
    lines: Lines = []
    for index, row in enumerate(cells[1:]):
        if index:
            lines.append(Content(""))
        for head, cell in zip(cells[0], row, strict=True):
            label = head.stylize("$text-muted") + Content("  ") if head.plain else Content("")
            lines += hang([(Content("  " if lines and head is not cells[0][0] else ""), label + cell)], width)
    return lines


def bar(done: float, cells: int) -> Content:
    """A progress bar of exactly `cells` cells for a share from 0 to 1."""
    full = round(min(max(done, 0.0), 1.0) * cells)
    return Content.assemble(("▰" * full, "$primary"), ("▱" * (cells - full), "$faint"))


def spread(left: Content, right: Content, width: int) -> Content:
    """`left` and `right` at the two ends of a line; the left one gives way."""
    room = max(width - right.cell_length - 1, 0)
    return pad(left, room) + Content(" ") + right if width > right.cell_length else fit(right, width)


def width_of(text: str) -> int:
    return cell_len(plain(text))


def barred(content: Content) -> Layout:
    """A layout with a rule down its left side."""
    mark = styled("▎ ", "$primary")
    return lambda width: [mark + line for line in content.wrap(max(width - 2, 4))]
