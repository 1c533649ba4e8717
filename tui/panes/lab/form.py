"""The form: ten fields in ten lines, what the focused one means, and the start."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import ClassVar

from rich.cells import cell_len
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.events import DescendantBlur, DescendantFocus, Resize
from textual.message import Message
from textual.reactive import reactive
from textual.widget import Widget
from textual.widgets import Input, Static

from lab.methods import NAMES
from lessons.course import Lang
from tui.formatting.sanitize import inert
from tui.locale import Say, say_or, sayer
from tui.panes.lab import fields
from tui.panes.lab.fields import Choices
from tui.widgets.button_row import ButtonRow
from tui.widgets.choice_field import Choice
from tui.widgets.containers import Horizontal, Vertical, VerticalScroll
from tui.widgets.form_field import StillInput, begins

WRONG = "✗ "
WIDE = 60
BEFORE_NOTE = 13 + 15 + 1


class FormView(VerticalScroll, can_focus=False):
    """Collects the values of a run; they stay until the program ends."""

    BINDINGS: ClassVar = [
        Binding("up", "move(-1)", "Field above", id="lab.field-up", show=False),
        Binding("down", "move(1)", "Field below", id="lab.field-down", show=False),
        Binding("enter", "start", "Start", id="lab.form-start", show=False),
    ]

    lang: reactive[Lang] = reactive("en", init=False)

    class Start(Message):
        """The learner wants this run; RunSpec fields."""

        def __init__(self, run_fields: dict[str, object]) -> None:
            super().__init__()
            self.run_fields = run_fields

    def __init__(self, lang: Lang, choices: Choices | None = None) -> None:
        super().__init__()
        self.set_reactive(FormView.lang, lang)
        self.choices = choices or Choices()
        self.values = fields.defaults(self.choices)
        self.command: Callable[[Mapping[str, object]], str] | None = None
        self.first_time = False
        self.has_last = False
        self._focused = ""
        self._refusal = ""
        self._announcement = ""

    @property
    def say(self) -> Say:
        return sayer(self.lang)

    def compose(self) -> ComposeResult:
        yield Static(id="lab-heading", markup=False)
        yield Static(id="lab-welcome", markup=False)
        with Vertical(id="lab-rows"):
            for name in fields.ORDER:
                with Horizontal(classes="lab-row", id=f"lab-row-{name}"):
                    yield Static(classes="lab-label", markup=False)
                    yield self._control(name)
                    yield Static(classes="lab-note", markup=False)
        yield Static(id="lab-help", markup=False)
        yield ButtonRow("start", "back", id="lab-actions")
        yield Static(id="lab-command", markup=False)

    def _control(self, name: str) -> Widget:
        value = self.values[name]
        if name not in fields.CHOICES:
            taken = partial(begins, partial(fields.read, name), (fields.ALL_LAYERS,) if name == "layers" else ())
            return StillInput(value, begins=taken, id=f"lab-field-{name}", compact=True, select_on_focus=True)
        options = {
            "model": [model.name for model in self.choices.models],
            "data": [data.name for data in self.choices.data],
            "method": fields.METHODS,
            "mask": ("on", "off"),
        }
        choice = Choice(options[name], value, id=f"lab-field-{name}")
        if name == "method":
            choice.names = dict(NAMES)
        return choice

    def on_mount(self) -> None:
        self.draw()

    def on_resize(self, event: Resize) -> None:
        self.set_class(event.size.width >= WIDE, "-wide")
        self._draw_rows()

    def watch_lang(self) -> None:
        self.draw()

    def set_choices(self, choices: Choices, command: Callable[[Mapping[str, object]], str]) -> None:
        """Offer what is there; a learning rate nobody has typed yet becomes RunSpec's default."""
        self.choices, self.command = choices, command
        if not self.values["rate"] and choices.rate:
            self.query_one("#lab-field-rate", Input).value = f"{choices.rate:g}"
        self.query_one("#lab-field-model", Choice).set_options([model.name for model in choices.models])
        self.query_one("#lab-field-data", Choice).set_options([data.name for data in choices.data])
        self.draw()

    def set_place(self, first_time: bool, has_last: bool) -> None:
        """Whether nothing was ever run here, and whether there is a run to go back to."""
        self.first_time, self.has_last = first_time, has_last
        self.draw()

    def announce(self, sentence: str) -> None:
        """Say something in place of the field's meaning; "" takes it back."""
        self._announcement = sentence
        self._draw_help()

    def refuse(self, sentence: str, field: str = "") -> None:
        """Say why the run was not started, beside the field where RunSpec names one of ours."""
        self._refusal = sentence
        name = fields.SPEC_NAMES.get(field, "")
        if name:
            self.query_one(f"#lab-field-{name}").focus()
            self._row(name).add_class("-wrong")
        self._draw_help()

    def focus_first(self) -> None:
        """Focus the field last focused, or the first."""
        self.query_one(f"#lab-field-{self._focused or 'model'}").focus()

    def draw(self) -> None:
        """Set every text anew."""
        if not self.is_mounted:
            return
        self.query_one("#lab-heading", Static).update(self.say("lab.new-run"))
        welcome = self.query_one("#lab-welcome", Static)
        welcome.display = self.first_time
        welcome.update(self.say("lab.welcome"))
        self.query_one("#lab-field-mask", Choice).names = {"on": self.say("lab.on"), "off": self.say("lab.off")}
        row = self.query_one(ButtonRow)
        row.label("start", "ctrl+r", self.say("lab.start"))
        row.label("back", "esc", self.say("lab.last-run"), shown=self.has_last)
        self._draw_rows()
        self._draw_help()
        self._draw_command()

    def _draw_rows(self) -> None:
        wrong = fields.errors(self.values, self.choices, self.say)
        for name in fields.ORDER:
            row = self._row(name)
            used = fields.used(name, self.values, self.choices)
            row.query_one(".lab-label", Static).update(self.say(f"lab.labels.{name}"))
            row.query_one(".lab-note", Static).update(self._note(name, name in wrong, used))
            row.set_class(name in wrong, "-wrong")
            row.set_class(not used, "-unused")
            row.set_class(name == "method", "-derived")
            if name == "mask":
                row.query_one(Choice).set_unused("" if used else self.say("lab.not-for-text"))

    def _note(self, name: str, wrong: bool, used: bool) -> str:
        model = self.choices.model(self.values["model"])
        data = self.choices.dataset(self.values["data"])
        if name == "model":
            size = f"{model.parameters / 1e6:.1f} M" if model.parameters else ""
            bits = f"{model.bits} bit" if model.bits else ""
            return self._fitting(" · ".join(filter(None, (size, bits))), bits or size)
        if name == "data":
            text = self.say("lab.rows", count=data.rows)
            return self._fitting(text, f"{data.rows:,}") if data.rows else ""
        if name == "method":
            derived = fields.method(self.values, self.choices)
            return f"= {derived}" if derived.startswith("Q") else ""
        if name == "mask":
            return ""
        if not used:
            return self.say("lab.not-used")
        return (WRONG if wrong else "") + fields.limits(name, self.values, self.choices)

    def _fitting(self, text: str, short: str) -> str:
        return text if cell_len(text) <= self.content_size.width - BEFORE_NOTE else short

    def _draw_help(self) -> None:
        name = self._focused
        wrong = fields.error(name, self.values, self.choices, self.say) if name else ""
        sentence = self._announcement or self._refusal or wrong or (self._meaning(name) if name else "")
        panel = self.query_one("#lab-help", Static)
        panel.set_class(bool(self._refusal or wrong) and not self._announcement, "-wrong")
        panel.update(inert(sentence))

    def _meaning(self, name: str) -> str:
        value = self.values[name]
        key = {"data": f"lab.data.{value}", "method": f"lab.methods.{value}"}.get(name, "")
        more = say_or(self.lang, key, "") if key else ""
        return f"{self.say(f'lab.meanings.{name}')} {more}".strip()

    def _draw_command(self) -> None:
        wrong = fields.errors(self.values, self.choices, self.say)
        known = self.command is not None and not wrong
        line = self.command(fields.spec_fields(self.values, self.choices)) if self.command and known else ""
        self.query_one("#lab-command", Static).update(inert(line))

    def _row(self, name: str) -> Horizontal:
        return self.query_one(f"#lab-row-{name}", Horizontal)

    def _controls(self) -> Iterator[Widget]:
        for name in fields.ORDER:
            yield self.query_one(f"#lab-field-{name}")
        yield self.query_one("#lab-start")

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        self._set(event.input.id, event.value)

    @on(Choice.Changed)
    def _chosen(self, event: Choice.Changed) -> None:
        self._set(event.choice.id, event.value)

    def _set(self, control_id: str | None, value: str) -> None:
        self.values[(control_id or "").removeprefix("lab-field-")] = value
        self._refusal = ""
        self._draw_rows()
        self._draw_help()
        self._draw_command()

    @on(DescendantFocus)
    @on(DescendantBlur)
    def _focus_moved(self, event: DescendantFocus | DescendantBlur) -> None:
        name = (event.widget.id or "").removeprefix("lab-field-")
        if name not in fields.ORDER:
            return
        here = isinstance(event, DescendantFocus)
        self._row(name).set_class(here, "-focused")
        if here:
            self._focused = name
            self._draw_help()

    @on(Input.Submitted)
    def _submitted(self) -> None:
        self.action_start()

    def action_move(self, by: int) -> None:
        """To the field above or below, round the ends."""
        controls = list(self._controls())
        try:
            here = next(index for index, control in enumerate(controls) if control.has_focus)
        except StopIteration:
            here = -by
        self.screen.set_focus(controls[(here + by) % len(controls)])

    def action_start(self) -> None:
        """Ask for the run, or go to the first field that is wrong."""
        wrong = fields.errors(self.values, self.choices, self.say)
        if wrong:
            self.query_one(f"#lab-field-{next(iter(wrong))}").focus()
            self._draw_help()
        else:
            self.post_message(self.Start(fields.spec_fields(self.values, self.choices)))
