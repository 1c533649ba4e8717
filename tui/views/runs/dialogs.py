"""What is laid over the bench of runs to write in: a line for names and tags, a page for notes."""

from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.widgets import Input, Static, TextArea

from tui.formatting.text_layout import styled
from tui.key_bindings import bind
from tui.locale import say
from tui.widgets.action_bar import ActionBar, ActionItem
from tui.widgets.dialogs import FormDialog
from tui.widgets.form_field import StillInput
from tui.widgets.text_area import CleanArea

if TYPE_CHECKING:
    from lessons.course import Lang


class LineScreen(FormDialog[str | None]):
    """One line to write; None where the learner left it as it was."""

    BINDINGS: ClassVar[list[BindingType]] = [
        bind("enter", "save", "runs.save", show=True),
        bind("escape", "dismiss(None)", "runs.cancel", show=True),
    ]

    def __init__(self, title: str, value: str, hint: str, lang: "Lang") -> None:
        super().__init__()
        self._title, self._value, self._hint, self._lang = title, value, hint, lang

    def compose(self) -> ComposeResult:
        with Vertical(classes="card"):
            yield Static(styled(self._title), classes="title")
            yield StillInput(self._value, compact=True, select_on_focus=False)
            yield Static(styled(self._hint), classes="hint")
            save, cancel = say(self._lang, "key.runs.save"), say(self._lang, "key.runs.cancel")
            yield ActionBar(ActionItem("Enter", save, "save"), ActionItem("Esc", cancel, "dismiss"))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.action_save()

    def action_save(self) -> None:
        self.dismiss(self.query_one(Input).value)


class NotesScreen(FormDialog[str]):
    """A page to write on, which is kept however it is left."""

    BINDINGS: ClassVar[list[BindingType]] = [bind("escape,ctrl+s", "save", "runs.save", show=True)]

    def __init__(self, title: str, value: str, lang: "Lang") -> None:
        super().__init__()
        self._title, self._value, self._lang = title, value, lang

    def compose(self) -> ComposeResult:
        with Vertical(classes="card"):
            yield Static(styled(self._title), classes="title")
            page = CleanArea(self._value)
            page.move_cursor(page.document.end)
            yield page
            yield Static(styled(say(self._lang, "runs.form.notes.hint")), classes="hint")
            yield ActionBar(ActionItem("Esc", say(self._lang, "key.runs.save"), "save"))

    def action_save(self) -> None:
        self.dismiss(self.query_one(TextArea).text)
