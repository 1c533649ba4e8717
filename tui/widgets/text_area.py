"""Where the learner writes several lines; apart from the other fields because a text area takes long to import."""

from typing import TYPE_CHECKING, ClassVar

from textual.binding import BindingType
from textual.widgets import TextArea

from lab.sanitize import cleaned
from tui.key_bindings import bind
from tui.widgets.form_field import leave

if TYPE_CHECKING:
    from textual.document._document import EditResult
    from textual.document._edit import Edit


class CleanArea(TextArea):
    """The TextArea of all pages: it holds nothing invisible but line breaks and tabs, whoever put it there."""

    def __init__(self, text: str = "", *, id: str | None = None, highlight_cursor_line: bool = True) -> None:
        super().__init__(
            cleaned(text),
            id=id,
            soft_wrap=True,
            tab_behavior="focus",
            highlight_cursor_line=highlight_cursor_line,
        )

    def load_text(self, text: str) -> None:
        super().load_text(cleaned(text))

    def edit(self, edit: "Edit") -> "EditResult":
        edit.text = cleaned(edit.text)
        return super().edit(edit)


class Sentences(CleanArea):
    """A few lines of plain text; Tab and Escape leave it."""

    BINDINGS: ClassVar[list[BindingType]] = [bind("escape", "leave", "field.leave", show=True)]

    def action_leave(self) -> None:
        leave(self)
