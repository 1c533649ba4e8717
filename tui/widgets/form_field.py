"""Where the learner writes a number."""

from collections.abc import Callable, Collection
from functools import partial
from typing import Any, ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal
from textual.events import Key
from textual.geometry import Size
from textual.reactive import reactive
from textual.widget import Widget
from textual.widgets import Input, Static

from tui.formatting.text_layout import styled
from tui.key_bindings import bind
from tui.widgets.page import PagePane


def leave(field: Widget) -> None:
    """Give the keys back to the pane around the field."""
    for ancestor in field.ancestors:
        if isinstance(ancestor, PagePane):
            ancestor.focus()
            return


class StillInput(Input):
    """The Input of all forms: one line that holds nothing invisible, whoever put it there.

    It has a size of its own: Textual would lay out the whole screen for every letter that is typed.

    With `begins`, a key is taken only if what would then stand before the cursor may begin a value; any other one goes
    on to whatever command it is.
    """

    virtual_size = reactive(Size(0, 0))

    def validate_value(self, value: str) -> str:
        from lab.sanitize import cleaned

        return cleaned(value).replace("\n", " ").replace("\t", " ")

    def __init__(self, value: str = "", *, begins: Callable[[str], bool] | None = None, **options: Any) -> None:
        super().__init__(value, **options)
        self._begins = begins

    def check_consume_key(self, key: str, character: str | None) -> bool:
        """Whether the key is written here."""
        if not super().check_consume_key(key, character) or character is None:
            return False
        before = self.value[: min(self.selection.start, self.selection.end)]
        return self._begins is None or self._begins(before + character)

    def on_key(self, event: Key) -> None:
        if event.is_printable and not self.check_consume_key(event.key, event.character):
            event.prevent_default()  # of writing it; it goes on to the bindings


def begins(reads: Callable[[str], object], words: Collection[str], text: str) -> bool:
    """Whether what `reads` takes without a ValueError may begin with a text: a number, or one of these words."""
    tails = ["", "1", *(word[len(text) :] for word in words if word.startswith(text.lower()))]
    for tail in tails:
        try:
            reads(text + tail)
        except ValueError:
            continue
        return True
    return False


class LineField(StillInput):
    """One line to write in; Enter hands it in, Escape leaves it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        bind("enter", "submit", "field.submit", show=True),
        bind("escape", "leave", "field.leave", show=True),
    ]

    def action_leave(self) -> None:
        leave(self)


class NumberField(LineField):
    """For a number as people write it, with one of `units` behind it."""

    def __init__(self, value: str, units: Collection[str], **options: Any) -> None:
        from lessons.numbers import begins_number

        super().__init__(value, begins=partial(begins_number, units=tuple(units)), **options)


class FlagField(LineField):
    """For what is missing in a command."""


class NumberLine(Horizontal):
    """A number field with its unit beside it; `units` are those that may be written with the number."""

    def __init__(self, value: str, placeholder: str, unit: str, units: Collection[str], disabled: bool = False) -> None:
        super().__init__()
        self._field = NumberField(value, units, placeholder=placeholder, select_on_focus=False, disabled=disabled)
        self._unit = unit

    def compose(self) -> ComposeResult:
        yield self._field
        yield Static(styled(self._unit))
