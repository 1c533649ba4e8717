"""The form: one line a field, read like the YAML it writes; every change can be taken back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.events import DescendantBlur, DescendantFocus, Resize
from textual.message import Message
from textual.reactive import reactive
from textual.widgets import Input, Static

from lab.hyperparameters import NULL
from lab.planning.learning_rate import FIRST_STEP
from lab.planning.recipes import RECIPES
from lab.spec import RunSpec
from tui.formatting.sanitize import inert
from tui.formatting.short_paths import short_path
from tui.formatting.text_layout import styled
from tui.key_bindings import bind
from tui.locale import say, say_or
from tui.views.new_run import fields
from tui.views.new_run.fields import BY_NAME, FIELDS, Field, Known
from tui.views.new_run.form_row import RECIPE, VALUE, Row
from tui.views.new_run.history import History, State
from tui.widgets.action_bar import ActionBar, ActionItem
from tui.widgets.choice_field import Choice
from tui.widgets.containers import FieldScroll, Vertical

if TYPE_CHECKING:
    from lessons.course import Lang

BELOW = 5
"""Lines below the fields: what the focused one means, and the buttons."""
NONE = "none"
"""No preset: the values are one's own."""


@dataclass(frozen=True)
class Offer:
    """A model or data set to choose: what stands beside it, and whether it came with the program."""

    name: str
    note: str = ""
    bundled: bool = False


class Form(Vertical):
    """Holds the values; whoever wants to know them reads `values` and `hidden`."""

    BINDINGS: ClassVar[list[BindingType]] = [
        bind("up", "move(-1)", "new.up"),
        bind("down", "move(1)", "new.down"),
        bind("enter", "move(1)", "new.next"),
    ]

    lang: reactive["Lang"] = reactive("en", init=False)

    class Changed(Message):
        """The values are other ones."""

    @dataclass
    class Recipe(Message):
        """A preset was chosen."""

        name: str

    def __init__(self, lang: "Lang") -> None:
        super().__init__(id="new-form")
        self.set_reactive(Form.lang, lang)
        self.values: dict[str, str] = dict(fields.standard())
        self.hidden: Mapping[str, Any] = {}
        self.known = Known(format="prompt/completion")
        self.history = History()
        self.offers: dict[str, tuple[Offer, ...]] = {"model": (), "data": ()}
        self.refused: dict[str, str] = {}
        self.more = False
        self.first_time = False
        self._focused = RECIPE
        self._before: State | None = None
        self._rows: dict[str, Row] = {}
        self._helped = ""
        self._usual = fields.usual_rate(self.values, True)
        """The learning rate that these values have when nobody chooses one."""
        self._behind = False
        """The values are newer than what stands beside them."""

    def say(self, key: str, **values: object) -> str:
        return say(self.lang, key, **values)

    def compose(self) -> ComposeResult:
        self._rows = {RECIPE: Row(RECIPE, NONE, (NONE, *RECIPES))}
        for field in FIELDS:
            value = self.values[field.name]
            self._rows[field.name] = Row(field.name, value, field.options or (value,))
        with FieldScroll(id="new-rows"):
            for name, row in self._rows.items():
                if name == "lora_parameters.rank":
                    yield Static(f"{fields.LORA}:", markup=False)
                yield row
            yield ActionBar(id="new-fold")
        yield Static(id="new-help", markup=False)
        yield ActionBar(id="new-acts")

    def on_mount(self) -> None:
        self.draw()

    def on_resize(self, event: Resize) -> None:
        self.query_one("#new-rows").styles.max_height = max(3, event.size.height - BELOW)

    def watch_lang(self) -> None:
        self.draw()

    def row(self, name: str) -> Row:
        return self._rows[name]

    @property
    def faults(self) -> dict[str, str]:
        """Every field that is wrong → a sentence."""
        found = {name: self.say(f"new.wrong.{f.kind}", **f.values) for name, f in self._faults().items()}
        return {**self.refused, **found}

    def _faults(self) -> dict[str, fields.Fault]:
        return fields.faults(self.values, self.known)

    def spec_fields(self) -> dict[str, Any]:
        """The values as RunSpec fields; there must be no faults but refusals."""
        return fields.spec_fields(self.values, self.known, self.hidden)

    def focus_first(self) -> None:
        """Focus the field last focused, or the first."""
        self.row(self._focused).control.focus()

    def offer(self, found: Mapping[str, Sequence[Offer]]) -> None:
        """What the arrows step through at `model` and `data`."""
        for name, offers in found.items():
            self.offers[name] = tuple(offers)
            choice = self.row(name).choice
            choice.set_names({offer.name: short_path(offer.name, VALUE - 4) for offer in offers})
            choice.set_options([offer.name for offer in offers])
        self.draw()

    def set_known(self, known: Known, refused: Mapping[str, str]) -> None:
        """What is known of model and data now, and which of the fields somebody refused."""
        if (known, dict(refused)) != (self.known, self.refused):
            self.known, self.refused = known, dict(refused)
            self.draw()

    def fill(self, spec: RunSpec) -> None:
        """The values of a spec, as one step that can be taken back."""
        if self._before is None:
            self._note("")
        self._show(State(fields.to_text(spec), fields.hidden(spec)))

    def change(self, changes: Mapping[str, Any]) -> None:
        """Other values for some RunSpec fields, as one step; the values must be free of faults or be mended so."""
        texts = fields.to_text(RunSpec.model_construct(**_constructed(changes)))
        names = [f"{fields.LORA}.{n}" for n in changes.get(fields.LORA, {})] + [n for n in changes if n != fields.LORA]
        if self._before is None:
            self._note("")
        self._show(State({**self.values, **{name: texts[name] for name in names}}, self.hidden))

    def choose(self, name: str, value: str) -> None:
        """A model or data set by name."""
        self.row(name).set_value(value)

    def undo(self) -> bool:
        """Take the last change back; false if there is none."""
        before = self.history.back()
        if before is not None:
            self.forget_recipe()
            self._show(before)
        return before is not None

    def _note(self, field: str) -> None:
        self.history.note(State(dict(self.values), self.hidden), field)

    def _show(self, state: State) -> None:
        self.values, self.hidden = dict(state.values), state.hidden
        self._usual = fields.usual_rate(self.values, self._own_model) or self._usual
        self.refused = {}
        for name, value in self.values.items():
            row = self.row(name)
            if row.control.value != value:
                row.set_value(value)
        self._after()

    def _after(self) -> None:
        """A letter is on the screen before it is weighed what it means."""
        if not self._behind:
            self._behind = True
            self.call_after_refresh(self.draw)
        self.post_message(self.Changed())

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        self._set(self._name_of(event.input), event.input.value)  # as it is now: the message may be of long ago

    @on(Choice.Changed)
    def _chosen(self, event: Choice.Changed) -> None:
        event.stop()
        name = self._name_of(event.choice)
        if name == RECIPE:
            self._choose_recipe(event.choice.value)
        else:
            self._set(name, event.choice.value)

    def _name_of(self, control: "Choice | Input") -> str:
        row = control.parent
        assert isinstance(row, Row)
        return row.key

    def _set(self, name: str, value: str) -> None:
        if self.values[name] == value:
            return
        self.forget_recipe()
        self._note(name)
        self.values[name] = value
        self._set_rate()
        self.refused.pop(name, None)
        self._after()

    def _set_rate(self) -> None:
        """A learning rate nobody chose follows the model, and of one we do not know how strongly its adapter acts."""
        before, self._usual = self._usual, fields.usual_rate(self.values, self._own_model) or self._usual
        if self.values["learning_rate"] == before != self._usual:
            self.values["learning_rate"] = self._usual
            self.row("learning_rate").set_value(self._usual)

    @property
    def _own_model(self) -> bool:
        """Whether the model came with the program; before anything was offered, it is the default."""
        own = {offer.name for offer in self.offers["model"] if offer.bundled} or {fields.standard()["model"]}
        return self.values["model"] in own

    def _choose_recipe(self, name: str) -> None:
        """Each preset begins from the values before the first, so that stepping through them adds nothing up."""
        if self._before is not None:
            self._show(self._before)
        if name == NONE:
            self._before = None
        else:
            if self._before is None:
                self._note("")
                self._before = State(dict(self.values), self.hidden)
            self.post_message(self.Recipe(name))
        self._draw_help()

    def forget_recipe(self) -> None:
        """Show that the values are no preset's any more."""
        self._before = None
        self.row(RECIPE).choice.value = NONE

    def draw(self) -> None:
        """Set every text anew."""
        if not self.is_mounted or not self.query(Row):
            return
        self._behind = False
        wrong = self.faults
        names = {NULL: "", "true": self.say("new.true"), "false": self.say("new.false")}
        for name in ("mask_prompt", "bits"):
            self.row(name).choice.set_names({**names, NULL: self.say(f"new.null.{name}")})
        self.row("lr_schedule").choice.set_names({fields.CUSTOM: self.say("new.custom")})
        self.row(RECIPE).choice.set_names({name: self.say(f"new.recipe.{name}") for name in (NONE, *RECIPES)})
        self.row(RECIPE).say(self.say("new.recipe.note"), "$text-disabled")
        for field in FIELDS:
            row, used = self.row(field.name), fields.used(field.name, self.values, self.known)
            bad = field.name in wrong
            row.display = self.more or not field.advanced or bad
            note, style = ("✗ " + self._range(field), "$error") if bad else self._beside(field, used)
            changed = used and self.values[field.name] != fields.standard()[field.name]
            row.say(note, style, changed=changed, wrong=bad, unused=not used)
            if field.kind == "choice" or field.kind == "source":
                row.choice.set_unused("" if used else self.say("new.not-used"))
        hidden = sum(field.advanced for field in FIELDS)
        fold = ("▾ " + self.say("new.fewer")) if self.more else (f"▸ {hidden} " + self.say("new.more"))
        self.query_one("#new-fold", ActionBar).show(ActionItem("^o", fold, "more"))
        self.query_one("#new-acts", ActionBar).show(
            ActionItem("^r", self.say("key.new.start"), "start"),
            ActionItem("^z", self.say("key.new.undo"), "undo"),
            ActionItem("^n", self.say("key.new.reset"), "reset"),
        )
        self._draw_help(wrong)

    def _range(self, field: Field) -> str:
        unit = say_or(self.lang, f"new.unit.{field.label}", "") if field.kind in ("whole", "number") else ""
        return f"{fields.short_range(field, self.known)} {unit}".strip()

    def _beside(self, field: Field, used: bool) -> tuple[str, str]:
        """What stands beside a value that is right."""
        if not used:
            return ("" if field.kind == "choice" else self.say("new.not-used")), "$text-disabled"
        if field.kind == "source":
            offer = next((o for o in self.offers[field.name] if o.name == self.values[field.name]), None)
            if offer is not None and offer.note:
                return offer.note, "$text-disabled"
            known = self.known
            if field.name == "data":
                return (self.say("new.rows", count=known.rows) if known.rows else ""), "$text-disabled"
            return (self.say("new.bit", bits=known.bits) if known.bits else ""), "$text-disabled"
        if field.name == "fine_tune_type":
            derived = fields.method(self.values, self.known)
            return (self.say("new.method", method=derived) if derived.startswith("Q") else ""), "$primary"
        if field.name == "learning_rate" and not self._own_model and self.values["learning_rate"] == self._usual:
            full = self.values["fine_tune_type"] == "full"
            return self.say("new.rate.full" if full else "new.rate.alpha", product=f"{FIRST_STEP:g}"), "$primary"
        if field.name == "bits" and self.values["bits"] != NULL:
            return self.say("new.method", method=fields.method(self.values, self.known)), "$primary"
        return self._range(field), "$text-disabled"

    def _draw_help(self, faults: Mapping[str, str] | None = None) -> None:
        panel = self.query_one("#new-help", Static)
        wrong = (self.faults if faults is None else faults).get(self._focused, "")
        said = wrong or self._meaning()
        if said != self._helped:
            self._helped = said
            panel.set_class(bool(wrong), "-wrong")
            panel.update(styled(inert(said)), layout=False)

    def _meaning(self) -> str:
        if self._focused == RECIPE:
            chosen = self.row(RECIPE).choice.value
            if chosen != NONE:
                return self.say(f"new.about.recipe.{chosen}")
            return self.say("new.welcome" if self.first_time else "new.about.recipe")
        field = BY_NAME[self._focused]
        about = self.say(f"field.{field.label}")
        if field.name == "learning_rate" and not self._own_model:
            return f"{about} {self.say('new.rate.why')}"
        default = fields.standard()[field.name]
        shown = self.say(f"new.null.{field.label}") if default == NULL else default or "–"
        return f"{about}  ({self.say('new.of-default', value=shown)})"

    @on(DescendantFocus)
    @on(DescendantBlur)
    def _focus_moved(self, event: DescendantFocus | DescendantBlur) -> None:
        row = event.widget.parent
        if isinstance(row, Row):
            row.refresh()
            self.history.pause()
            if isinstance(event, DescendantFocus):
                self._focused = row.key
                self._draw_help()

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.action_move(1)

    def action_move(self, by: int) -> None:
        """To the field above or below, round the ends."""
        rows = [row for row in self.query(Row) if row.display]
        here = next((index for index, row in enumerate(rows) if row.has_focus_within), -by)
        self.screen.set_focus(rows[(here + by) % len(rows)].control)

    def go_to_fault(self) -> None:
        """Focus the first field that is wrong."""
        wrong = self.faults
        name = next((field.name for field in FIELDS if field.name in wrong), "")
        if name:
            self.row(name).control.focus()

    def toggle_more(self) -> None:
        """Unfold the fields that seldom matter, or fold them."""
        self.more = not self.more
        self.draw()
        if not self.row(self._focused).display:
            self.row(RECIPE).control.focus()


def _constructed(changes: Mapping[str, Any]) -> dict[str, Any]:
    """Changes as the fields of a spec, the adapter's with the defaults of those not named."""
    lora = RunSpec().lora_parameters.model_copy(update=dict(changes.get(fields.LORA, {})))
    return {**changes, fields.LORA: lora}
