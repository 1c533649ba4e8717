"""The quiz: one question at a time, and afterwards what is to be said about every option."""

from typing import TYPE_CHECKING, ClassVar

from textual.binding import BindingType
from textual.content import Content
from textual.message import Message
from textual.reactive import reactive
from textual.widget import Widget
from textual.widgets import Input, Static

from store.progress import CONFIDENCE, calibration
from tui.formatting.text_layout import inline, join, plain, styled
from tui.key_bindings import bind
from tui.locale import say
from tui.panes.option_row import OptionRow
from tui.panes.quiz_sheet import Sheet
from tui.widgets.form_field import FlagField, NumberLine
from tui.widgets.lesson_charts import ChartView
from tui.widgets.lines import LinesView
from tui.widgets.page import PagePane
from tui.widgets.question_extras import HintLines, SureLine, command_lines, hint_lines

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from lessons.course import Lang, Lesson
    from store.progress import Answered
    from tui.formatting.text_layout import Layout


class QuizPane(PagePane):
    """Asks the questions of a lesson; every graded answer is posted as `Given`, every hint shown as `Hinted`."""

    BINDINGS: ClassVar[list[BindingType]] = [
        bind("enter", "submit", "quiz.submit", show=True),
        bind("enter", "again", "quiz.again", show=True),
        bind("enter", "onward", "quiz.onward", show=True),
        bind("up,k", "move(-1)", "quiz.up"),
        bind("down,j", "move(1)", "quiz.down", show=True, key_display="↑↓"),
        bind("space", "take", "quiz.toggle", show=True),
        *(bind(str(digit), f"choose({digit - 1})", f"quiz.option-{digit}") for digit in range(1, 10)),
        bind("h,f6", "hint", "quiz.hint", show=True),
        bind("n,right", "turn(1)", "quiz.next", show=True),
        bind("p,left", "turn(-1)", "quiz.previous"),
        bind("s,f7", "sure", "quiz.sure", show=True),
    ]

    lang: reactive["Lang"] = reactive("en", init=False)
    quiet = False
    """Say nothing of XP."""

    class Given(Message):
        """An answer was graded; `payload` is what is kept of it.

        `chosen` is the ids of the options, or what was written; `attempt`, from 0 and left out then, is what
        the sizes were drawn from; `confidence` is left out where nothing was said.
        """

        def __init__(self, sheet: Sheet) -> None:
            super().__init__()
            self.question, self.right = sheet.asked.id, sheet.right_now
            self.payload: dict[str, object] = {"right": sheet.right_now, "chosen": sheet.answer}
            if sheet.attempt:
                self.payload["attempt"] = sheet.attempt
            if sheet.confidence:
                self.payload["confidence"] = sheet.confidence

    class Hinted(Message):
        """A hint, counted from 1, is shown."""

        def __init__(self, question: str, hint: int) -> None:
            super().__init__()
            self.question, self.hint = question, hint

    def __init__(self) -> None:
        super().__init__("quiz")
        self._sheets: list[Sheet] = []
        self._lesson = ""
        self._at = 0
        self._answered: set[str] = set()
        self._tallies = calibration(())

    async def open(
        self, lesson: "Lesson", answered: "Mapping[str, Answered]", hints: "Mapping[str, Iterable[int]] | None" = None
    ) -> None:
        """Begin with the first question that was not yet answered rightly; `answered` are those of all lessons."""
        if lesson.id == self._lesson:
            return
        self._lesson = lesson.id
        shown = hints or {}
        self._sheets = [Sheet.restored(q, answered.get(q.id), shown.get(q.id, ())) for q in lesson.questions]
        self._answered, self._tallies = set(answered), calibration(answered.values())
        self._at = next((i for i, sheet in enumerate(self._sheets) if not sheet.right), 0)
        await self.draw()

    def forget(self) -> None:
        """Let the same lesson be opened anew, since what was answered is another thing now."""
        self._lesson = ""

    @property
    def sheet(self) -> Sheet | None:
        return self._sheets[self._at] if self._sheets else None

    @property
    def right(self) -> int:
        """How many questions were ever answered rightly."""
        return sum(sheet.right for sheet in self._sheets)

    async def watch_lang(self) -> None:
        field = self._entry()
        if self.sheet is not None and isinstance(field, Input):
            self.sheet.typed = field.value
        await self.draw()

    async def draw(self, write: bool = True) -> None:
        """Draw the question; `write` gives the keys to its field, if the quiz has them at all."""
        if await self.renew(self._widgets):
            self.release_keys(write)
        self.refresh_bindings()

    def _entry(self) -> Widget | None:
        """The field, where a number is asked for; None for the pane itself."""
        return next((field for field in self.page.query(Input) if not field.disabled), None)

    def enter(self) -> None:
        """Take the focus, and give it on to the field where a number is asked for."""
        self.hold_keys()
        self.call_after_refresh(self.release_keys)

    def _widgets(self) -> list[Widget]:
        sheet = self.sheet
        if sheet is None:
            return [Static(styled(say(self.lang, "quiz.empty"), "$text-muted"), classes="block")]
        from lessons.markdown_parser import spans

        question = sheet.question
        widgets: list[Widget] = [
            Static(self._tally(), classes="tally"),
            Static(inline(spans(question.prompt[self.lang])), classes="prompt"),
        ]
        if question.chart is not None:
            widgets.append(ChartView(question.chart, self.lang, classes="chart"))
        if question.number is not None:
            unit = question.number.unit
            placeholder = say(self.lang, "quiz.number")
            widgets.append(NumberLine(sheet.typed, placeholder, unit[self.lang], unit.values(), sheet.graded))
        elif question.gap is not None:
            filled = sheet.typed if sheet.right_now else question.gap.accepted[0] if sheet.graded else ""
            style = "$success" if sheet.graded else "$primary"
            widgets.append(LinesView(command_lines(question.gap, filled, style), classes="command"))
            placeholder = say(self.lang, "quiz.flag")
            widgets.append(
                FlagField(sheet.typed, placeholder=placeholder, select_on_focus=False, disabled=sheet.graded)
            )
        else:
            widgets += [OptionRow(sheet, i, self.lang) for i in range(len(question.options))]
        if sheet.hints or sheet.more_hints:
            widgets.append(HintLines(self._hints(sheet)))
        if not sheet.graded:
            widgets.append(SureLine(self.lang, CONFIDENCE, sheet.confidence, sheet.written))
        if sheet.graded or sheet.trouble:
            widgets.append(LinesView(sheet.verdict(self.lang), classes="verdict"))
        if sheet.graded and sheet.confidence:
            tally = self._tallies[sheet.confidence]
            widgets.append(LinesView(sheet.calibration(self.lang, tally), classes="calibration"))
        widgets.append(Static(styled(self._hint(sheet), "$faint"), classes="foot"))
        return widgets

    def _hints(self, sheet: Sheet) -> "Layout":
        price = sheet.price() if sheet.more_hints else None
        return hint_lines(self.lang, sheet.question.hints, sheet.hints, price, sheet.hint_asked, sheet.written,
                          self.quiet)  # fmt: skip

    def _tally(self) -> Content:
        marks = []
        for number, sheet in enumerate(self._sheets):
            here = number == self._at
            mark = "✓" if sheet.right else "✗" if sheet.missed else "●" if here else "○"
            style = "$success" if sheet.right else "$error" if sheet.missed else "$primary" if here else "$faint"
            marks.append(styled(mark, f"{style} bold reverse" if here and sheet.right else style))
        count = say(self.lang, "quiz.count", n=self._at + 1, total=len(self._sheets), right=self.right)
        return join([styled(f"{count}   ", "$text-muted"), join(marks, " ")])

    def _hint(self, sheet: Sheet) -> str:
        from lessons.numbers import EXAMPLES

        if sheet.graded and not sheet.right_now:
            return say(self.lang, "quiz.hint.other-sizes" if sheet.asked.template else "quiz.hint.again")
        if sheet.graded:
            all_right = self.right == len(self._sheets)
            return say(self.lang, "quiz.hint.done" if all_right else "quiz.hint.onward")
        return say(self.lang, f"quiz.hint.{sheet.question.kind}", examples=", ".join(EXAMPLES))

    def _refresh_rows(self) -> None:
        for row in self.page.query(OptionRow):
            row.redraw()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        sheet = self.sheet
        if sheet is None:
            return action in ("line", "page", "top", "bottom")
        match action:
            case "submit":
                return not sheet.graded
            case "again":
                return sheet.graded and not sheet.right_now
            case "onward":
                return sheet.graded and sheet.right_now
            case "take":
                return not sheet.graded and not sheet.written
            case "hint":
                return sheet.more_hints
            case "sure":
                return not sheet.graded
        return True

    def action_move(self, step: int) -> None:
        """Through the options; where there is nothing to choose, through the text."""
        sheet = self.sheet
        if sheet is None or sheet.graded or sheet.written:
            self.action_line(step)
            return
        sheet.move(step)
        self._refresh_rows()
        for row in self.page.query(OptionRow):
            if row.number == sheet.cursor:
                row.scroll_visible(animate=False)

    def action_take(self) -> None:
        if self.sheet is not None:
            self.action_choose(self.sheet.cursor)

    def action_choose(self, number: int) -> None:
        """Choose an option; where a number is asked for, a digit begins it."""
        field = next(iter(self.page.query(Input)), None)
        if field is not None and not field.disabled:
            field.focus()
            field.insert_text_at_cursor(str(number + 1))
        elif self.sheet is not None and self.sheet.choose(number):
            self._refresh_rows()

    def on_option_row_pressed(self, event: OptionRow.Pressed) -> None:
        event.stop()
        self.focus()
        self.action_choose(event.number)

    async def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        await self.action_submit()

    async def action_submit(self) -> None:
        sheet = self.sheet
        if sheet is None:
            return
        field = next(iter(self.page.query(Input)), None)
        if field is not None:
            if not field.value and not field.has_focus:
                field.focus()
                return
            sheet.typed = plain(field.value).strip()
        if sheet.grade():
            self._count(sheet)
            self.post_message(self.Given(sheet))
        await self.draw()
        if sheet.graded:
            self.when_set(self._show_verdict_soon)

    def _count(self, sheet: Sheet) -> None:
        """As `calibration` will, when it reads the event: the first answer to a question counts."""
        if sheet.confidence and sheet.asked.id not in self._answered:
            right, total = self._tallies[sheet.confidence]
            self._tallies[sheet.confidence] = (right + sheet.right_now, total + 1)
        self._answered.add(sheet.asked.id)

    def action_hint(self) -> None:
        """Say what the next hint costs; asked again, or where it costs nothing, show it."""
        sheet = self.sheet
        if sheet is None or not sheet.more_hints:
            return
        if sheet.hint_asked or not sheet.price()[0]:
            hint = sheet.next_hint()
            sheet.hints.add(hint)
            sheet.hint_asked = False
            self.post_message(self.Hinted(sheet.asked.id, hint))
        else:
            sheet.hint_asked = True
        for view in self.page.query(HintLines):
            view.set_layout(self._hints(sheet))
            view.scroll_visible(animate=False)
        self.refresh_bindings()

    def on_hint_lines_asked(self, event: HintLines.Asked) -> None:
        event.stop()
        self.action_hint()

    def action_sure(self) -> None:
        """From nothing said through the three words and back to nothing."""
        if self.sheet is not None:
            order = ("", *CONFIDENCE)
            self._state(order[(order.index(self.sheet.confidence) + 1) % len(order)])

    def on_sure_line_stated(self, event: SureLine.Stated) -> None:
        event.stop()
        said = self.sheet.confidence if self.sheet is not None else ""
        self._state("" if event.confidence == said else event.confidence)

    def _state(self, confidence: str) -> None:
        if self.sheet is None or self.sheet.graded:
            return
        self.sheet.confidence = confidence
        for line in self.page.query(SureLine):
            line.show(confidence)

    def _show_verdict_soon(self) -> None:
        """When the page knows how far it can be scrolled by now."""
        self.call_after_refresh(self._show_verdict)

    def _show_verdict(self) -> None:
        """Bring it, and what is said under it, up to the lower edge where it lies below that.

        By then the page may show the next question, which has none.
        """
        for last in self.page.query(".verdict, .calibration").nodes[-1:]:
            self.scroll_relative(y=max(0, last.region.bottom - self.region.bottom), animate=False)

    async def action_again(self) -> None:
        if self.sheet is not None:
            self.sheet.clear()
            self.scroll_home(animate=False)
            await self.draw()

    async def action_onward(self) -> None:
        """To the next question that is not right yet, or simply to the next."""
        count = len(self._sheets)
        order = [(self._at + step) % count for step in range(1, count + 1)]
        self._at = next((i for i in order if not self._sheets[i].right), order[0])
        self.scroll_home(animate=False)
        await self.draw()

    async def action_turn(self, step: int) -> None:
        if 0 <= self._at + step < len(self._sheets):
            self._at += step
            self.scroll_home(animate=False)
            # Leafing through must not end in a field that swallows the keys for leafing on.
            await self.draw(write=False)
