"""What is laid over the bench of runs to write in: a line for names and tags, a page for notes."""

from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input, Static, TextArea

from tui.formatting.text_layout import styled
from tui.key_bindings import bind
from tui.locale import say
from tui.widgets.action_bar import ActionBar, ActionItem
from tui.widgets.form_field import StillInput
from tui.widgets.text_area import CleanArea

if TYPE_CHECKING:
    from lessons.course import Lang

CARD = """
$self { align: center middle; background: $background 60%; }
$self > .card { width: 72; max-width: 96%; height: auto; padding: 1 3; background: $surface; border: round $primary; }
$self .title { color: $heading; text-style: bold; height: 1; }
$self ActionBar { margin-top: 1; }
$self .hint { color: $text-muted; height: auto; margin-top: 1; }
$self Input, $self TextArea { border: none; background: $panel; padding: 0 1; }
$self Input:focus, $self TextArea:focus { border: none; background-tint: $surface 0%; }
"""


class LineScreen(ModalScreen[str | None]):
    """One line to write; None where the learner left it as it was."""

    BINDINGS: ClassVar[list[BindingType]] = [
        bind("enter", "save", "runs.save", show=True),
        bind("escape", "dismiss(None)", "runs.cancel", show=True),
    ]
    DEFAULT_CSS = CARD.replace("$self", "LineScreen") + "LineScreen Input { height: 1; margin-top: 1; }"

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


class NotesScreen(ModalScreen[str]):
    """A page to write on, which is kept however it is left."""

    BINDINGS: ClassVar[list[BindingType]] = [bind("escape,ctrl+s", "save", "runs.save", show=True)]
    DEFAULT_CSS = CARD.replace("$self", "NotesScreen") + "NotesScreen TextArea { height: 12; margin-top: 1; }"

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
