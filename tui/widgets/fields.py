"""Where the learner writes a number."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal
from textual.geometry import Size
from textual.reactive import reactive
from textual.widget import Widget
from textual.widgets import Input, Static

from tui.keys import bind
from tui.panes.page import PagePane
from tui.typeset import styled


def leave(field: Widget) -> None:
    """Give the keys back to the pane around the field."""
    for ancestor in field.ancestors:
        if isinstance(ancestor, PagePane):
            ancestor.focus()
            return


class StillInput(Input):
    """The Input of all forms: one line that holds nothing invisible, whoever put it there.

    It has a size of its own: Textual would lay out the whole screen for every letter that is typed.
    """

    virtual_size = reactive(Size(0, 0))

    def validate_value(self, value: str) -> str:
        from lab.inert import cleaned

        return cleaned(value).replace("\n", " ").replace("\t", " ")


class LineField(StillInput):
    """One line to write in; Enter hands it in, Escape leaves it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        bind("enter", "submit", "field.submit", show=True),
        bind("escape", "leave", "field.leave", show=True),
    ]
    DEFAULT_CSS = """
    LineField { width: 30; border: tall $rule; background: $surface; }
    LineField:focus { border: tall $primary; background: $surface; background-tint: $surface 0%; }
    """

    def action_leave(self) -> None:
        leave(self)


class NumberField(LineField):
    """For a number."""


class FlagField(LineField):
    """For what is missing in a command."""

    DEFAULT_CSS = """
    FlagField { width: 1fr; max-width: 60; margin-bottom: 1; }
    """


class NumberLine(Horizontal):
    """A number field with its unit beside it."""

    DEFAULT_CSS = """
    NumberLine { height: 3; width: 1fr; margin-bottom: 1; }
    NumberLine > Static { width: 1fr; height: 1; margin: 1 0 0 2; color: $text-muted; }
    """

    def __init__(self, value: str, placeholder: str, unit: str, disabled: bool = False) -> None:
        super().__init__()
        self._field = NumberField(value, placeholder=placeholder, select_on_focus=False, disabled=disabled)
        self._unit = unit

    def compose(self) -> ComposeResult:
        yield self._field
        yield Static(styled(self._unit))
