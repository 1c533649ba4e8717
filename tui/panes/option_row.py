"""One option of a question, before and after grading."""

from typing import TYPE_CHECKING

from textual.content import Content
from textual.events import Click
from textual.message import Message

from tui.formatting.text_layout import Lines, hang, inline, join, styled
from tui.locale import say
from tui.widgets.lines import LinesView

if TYPE_CHECKING:
    from lessons.course import Lang, Option
    from tui.panes.quiz_sheet import Sheet


class OptionRow(LinesView):
    """Reads everything it shows from the sheet; `redraw` after the sheet changed."""

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
        from lessons.markdown_parser import spans

        sheet, option = self._sheet, self._sheet.rows[self.number]
        text = inline(spans(option.text[self._lang]))
        digit = styled(f"{self.number + 1} ", "$text-muted")
        if not sheet.graded:
            chosen = option.id in sheet.chosen
            return hang([(digit + self._open_mark(option.id), text.stylize("$heading") if chosen else text)], width)
        good, tag = self._verdict(option)
        style = "$success" if good else "$error" if tag else "$faint"
        mark = styled("✓ " if good else "✗ ", f"bold {style}")
        note = styled(f"  {tag}", style) if tag else Content("")
        why = inline(spans(option.why[self._lang])).stylize_before("$text-muted")
        return hang(
            [(digit + mark, join([text.stylize_before("$heading" if good else ""), note])), (Content("    "), why)],
            width,
        )

    def _open_mark(self, option: str) -> Content:
        """Chosen or not; in an order, the place it has so far."""
        sheet, chosen = self._sheet, option in self._sheet.chosen
        if sheet.question.kind == "order":
            place = str(sheet.chosen.index(option) + 1) if chosen else " "
            return styled(f"[{place}] ", "$primary" if chosen else "$faint")
        on, off = ("● ", "○ ") if sheet.question.kind == "one" else ("■ ", "□ ")
        return styled(on, "$primary") if chosen else styled(off, "$faint")

    def _verdict(self, option: "Option") -> tuple[bool, str]:
        """Whether it belongs, or stands, where it was put; and what is noted beside it."""
        sheet, chosen = self._sheet, option.id in self._sheet.chosen
        if sheet.question.kind == "order":
            place = sheet.chosen.index(option.id)
            right = place == self.number
            return right, "" if right else say(self._lang, "quiz.tag.place", n=place + 1)
        tag = (
            "chosen-right" if chosen and option.correct else "chosen" if chosen else "missed" if option.correct else ""
        )
        return option.correct, say(self._lang, f"quiz.tag.{tag}") if tag else ""
