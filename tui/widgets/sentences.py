"""Where the learner writes sentences; apart from the other fields because a text area takes long to import."""

from typing import ClassVar

from textual.binding import BindingType
from textual.widgets import TextArea

from tui.keys import bind
from tui.widgets.fields import leave


class Sentences(TextArea):
    """A few lines of plain text; Tab and Escape leave it."""

    BINDINGS: ClassVar[list[BindingType]] = [bind("escape", "leave", "field.leave", show=True)]
    DEFAULT_CSS = """
    Sentences { height: 7; border: tall $rule; background: $surface; margin-bottom: 1; }
    Sentences:focus { border: tall $primary; background: $surface; background-tint: $surface 0%; }
    """

    def __init__(self, text: str) -> None:
        super().__init__(text, soft_wrap=True, tab_behavior="focus")

    def action_leave(self) -> None:
        leave(self)
