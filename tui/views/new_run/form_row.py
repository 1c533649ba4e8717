"""One line of the form: the name as it stands in the YAML, the value, and what there is to say beside it."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.content import Content
from textual.events import Click
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Input

from tui.formatting.sanitize import inert
from tui.formatting.text_layout import fit, pad, styled
from tui.key_bindings import bind
from tui.views.new_run.fields import ALL, BY_NAME, Field, parse
from tui.widgets.choice_field import Choice
from tui.widgets.form_field import StillInput, begins

LABEL, VALUE, GAP = 25, 16, 1
"""Cells of the name, of a value, and between the value and what stands beside it."""
RECIPE = "recipe"
"""The first line: no field of the YAML, so it stands there as a comment."""


class SourceChoice(Choice):
    """A model or data set: the arrows step through what is known, Enter or a click opens all there is."""

    BINDINGS: ClassVar[list[BindingType]] = [bind("enter,slash", "pick", "new.choose")]

    @dataclass
    class Pick(Message):
        """The learner wants to choose from all there is."""

        name: str

    def action_pick(self) -> None:
        self.post_message(self.Pick((self.id or "").removeprefix("new-")))

    def on_click(self, event: Click) -> None:
        event.prevent_default()  # of the plain choice, which only steps
        if event.x < 2:
            self.action_step(-1)
        elif event.x >= self.size.width - 2:
            self.action_step(1)
        else:
            self.action_pick()


class Row(Widget):
    """Its control is a `Choice` or an `Input`; the rest of the line is drawn under it."""

    def __init__(self, name: str, value: str, options: tuple[str, ...] = ()) -> None:
        super().__init__(id=f"new-row-{name.replace('.', '-')}")
        self.field: Field | None = BY_NAME.get(name)
        self.key = name
        self._label, self._note = Content(""), Content("")
        self._said: object = None
        kind = self.field.kind if self.field else "choice"
        self.set_class(True, f"-{kind}")
        identity = f"new-{name.replace('.', '-')}"
        self.control: Choice | Input = (
            SourceChoice(options, value, identity)
            if kind == "source"
            else Choice(options, value, identity)
            if kind == "choice"
            else StillInput(value, begins=self._begins(kind), id=identity, compact=True, select_on_focus=True)
        )

    def _begins(self, kind: str) -> Callable[[str], bool] | None:
        """What a value may begin with: a number lets all other keys through."""
        if self.field is None or kind not in ("whole", "number"):
            return None
        return partial(begins, partial(parse, self.field), (ALL,) if self.field.name == "num_layers" else ())

    def compose(self) -> ComposeResult:
        self.control.styles.margin = (0, 0, 0, LABEL)
        if not (self.has_class("-text") or self.has_class("-list")):
            self.control.styles.width = VALUE
        yield self.control

    @property
    def choice(self) -> Choice:
        """The control of a row that has one of several values."""
        assert isinstance(self.control, Choice)
        return self.control

    def set_value(self, value: str) -> None:
        """Show another value; the control tells of it as if it had been typed."""
        self.control.value = value

    def say(self, note: str, style: str, *, changed: bool = False, wrong: bool = False, unused: bool = False) -> None:
        """What stands beside the value, and what the line looks like."""
        said = (note, style, changed, wrong, unused)
        if said == self._said:
            return
        self._said = said
        if self.field is None:
            self._label = styled("# ", "$faint") + styled("preset:", "$text-muted")
        else:
            self._label = styled(f"{'  ' if '.' in self.field.name else ''}{self.field.label}:", "$text-muted")
        self._note = styled(inert(note), style)
        self.set_class(changed, "-changed")
        self.set_class(wrong, "-wrong")
        self.set_class(unused, "-unused")
        self.refresh()

    def render(self) -> Content:
        label = self._label.stylize("bold $heading") if self.has_focus_within else self._label
        room = self.size.width - LABEL - VALUE - GAP
        if room < 4 or self.has_class("-text") or self.has_class("-list"):
            return pad(label, LABEL)
        return pad(label, LABEL + VALUE + GAP) + fit(self._note, room)
