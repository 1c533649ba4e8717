"""One option of a question, before and after grading."""

from typing import TYPE_CHECKING

from textual.content import Content
from textual.events import Click
from textual.message import Message

from tui.typeset import Lines, hang, inline, join, styled
from tui.widgets.lines import LinesView
from tui.words import say

if TYPE_CHECKING:
    from lessons.model import Lang
    from tui.panes.quiz_sheet import Sheet


class OptionRow(LinesView):
    """Reads everything it shows from the sheet; `redraw` after the sheet changed."""

    DEFAULT_CSS = """
    OptionRow { padding: 0 1; margin-bottom: 1; }
    OptionRow.-cursor { background: $surface; }
    QuizPane:focus OptionRow.-cursor { background: $panel; }
    """

    class Pressed(Message):
        def __init__(self, number: int) -> None:
            super().__init__()
            self.number = number

    def __init__(self, sheet: "Sheet", number: int, lang: "Lang") -> None:
        super().__init__(self._layout_lines)
        self.number = number
        self._sheet = sheet
        self._lang = lang
        self._mark_cursor()

    def redraw(self) -> None:
        self._mark_cursor()
        self.set_layout(self._layout_lines)

    def on_click(self, _: Click) -> None:
        self.post_message(self.Pressed(self.number))

    def _mark_cursor(self) -> None:
        self.set_class(not self._sheet.graded and self._sheet.cursor == self.number, "-cursor")

    def _layout_lines(self, width: int) -> Lines:
        from lessons.parse import spans

        sheet, option = self._sheet, self._sheet.question.options[self.number]
        chosen = option.id in sheet.chosen
        text = inline(spans(option.text[self._lang]))
        digit = styled(f"{self.number + 1} ", "$text-muted")
        if not sheet.graded:
            on, off = ("● ", "○ ") if sheet.question.kind == "one" else ("■ ", "□ ")
            mark = styled(on, "$primary") if chosen else styled(off, "$faint")
            return hang([(digit + mark, text.stylize("$heading") if chosen else text)], width)
        good = option.correct
        style = "$success" if good else "$error" if chosen else "$faint"
        mark = styled("✓ " if good else "✗ ", f"bold {style}")
        tag = "chosen-right" if chosen and good else "chosen" if chosen else "missed" if good else ""
        note = styled("  " + say(self._lang, f"quiz.tag.{tag}"), style) if tag else Content("")
        why = inline(spans(option.why[self._lang])).stylize_before("$text-muted")
        return hang(
            [(digit + mark, join([text.stylize_before("$heading" if good else ""), note])), (Content("    "), why)],
            width,
        )
