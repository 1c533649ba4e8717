"""One widget for each block of a lesson."""

from collections.abc import Iterable
from textwrap import dedent
from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.containers import HorizontalScroll, Vertical
from textual.widget import Widget
from textual.widgets import Static

from tui.formatting.highlight import code
from tui.formatting.text_layout import Lines, barred, clickable, hang, inline, plain, spread, styled, table
from tui.locale import say
from tui.widgets.lesson_charts import ChartView, bars_lines
from tui.widgets.lines import LinesView

if TYPE_CHECKING:
    from lessons.course import Block, Code, Lang, Span


class CodeView(Vertical):
    """A titled code block; its title line says how to copy it."""

    def __init__(self, block: "Code", lang: "Lang") -> None:
        super().__init__(classes="block")
        self.block = block
        self._lang = lang

    def compose(self) -> ComposeResult:
        title = LinesView(self._title)
        title.auto_links = False
        yield title
        yield Static(code(self.block.text, self.block.language), classes="code-body")

    @property
    def code(self) -> str:
        """What is put on the clipboard."""
        return plain(self.block.text)

    def _title(self, width: int) -> Lines:
        copy = clickable(styled(say(self._lang, "code.copy"), "$faint"), "screen.copy_code", self.block.id)
        name = styled(self.block.title, "$text-muted") + styled(f" · {self.block.language}", "$faint")
        return [spread(name, copy, width)]


class DiagramView(HorizontalScroll):
    """Text that keeps its shape; it scrolls sideways where it is too wide."""

    can_focus = False

    def __init__(self, text: str) -> None:
        super().__init__(classes="block")
        self._text = text

    def compose(self) -> ComposeResult:
        yield Static(styled(dedent(self._text).rstrip("\n")))


def block_widget(block: "Block", lang: "Lang") -> Widget:
    """The widget that draws `block`."""
    from lessons import course

    match block:
        case course.Code():
            return CodeView(block, lang)
        case course.Diagram():
            return DiagramView(block.text)
        case course.Bullets():
            items = [
                (styled(f"{number}. " if block.ordered else "• ", "$primary"), inline(item))
                for number, item in enumerate(block.items, 1)
            ]
            return LinesView(lambda width: hang(items, width), classes="block")
        case course.Quote():
            return LinesView(barred(inline(block.spans)), classes="block")
        case course.Table():
            header = [inline(cell) for cell in block.header]
            rows = [[inline(cell) for cell in row] for row in block.rows]
            return LinesView(lambda width: table(header, rows, width), classes="block")
        case course.Bars():
            return LinesView(bars_lines(block, lang), classes="block")
        case course.Chart():
            return ChartView(block, lang)
        case course.Paragraph():
            return Static(inline(block.spans), classes="block")


def words_in(blocks: Iterable["Block"], lang: "Lang") -> int:
    """Words of the running text, of the code and of pictures, as they stand between spaces."""
    from lessons import course
    from lessons.charts import block_texts

    count = 0
    for block in blocks:
        match block:
            case course.Code() | course.Diagram():
                count += len(block.text.split())
            case course.Paragraph() | course.Quote():
                count += _words(block.spans)
            case course.Bars() | course.Chart():
                count += sum(len(text.split()) for text in block_texts(block, lang))
            case course.Bullets():
                count += sum(_words(item) for item in block.items)
            case course.Table():
                count += sum(_words(cell) for row in (block.header, *block.rows) for cell in row)
    return count


def _words(spans: Iterable["Span"]) -> int:
    return len("".join(span.text for span in spans).split())
