"""The form of a sweep: two fields with their values, the runs that makes, and how long they take."""

import asyncio
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Final

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical
from textual.widgets import Input, Static

from lab.errors import LabError
from lab.queue.sweep import Axis, estimate, grid, group_name, plain, run_name
from lab.runs.directory import Run
from lab.runs.run_index import Row
from lab.spec import LoraParameters, RunSpec
from tui.formatting import units
from tui.formatting.sanitize import inert
from tui.formatting.text_layout import styled
from tui.key_bindings import bind
from tui.locale import say
from tui.widgets.action_bar import ActionBar, ActionItem
from tui.widgets.choice_field import Choice
from tui.widgets.data_grid import Column, DataGrid, DataGridRow
from tui.widgets.dialogs import FormDialog
from tui.widgets.form_field import StillInput

if TYPE_CHECKING:
    from lessons.course import Lang
    from tui.lab import Lab

FIELDS: Final = (
    *("learning_rate", "rank", "scale", "dropout", "iters", "batch_size", "num_layers", "seed"),
    *("fine_tune_type", "model", "data", "optimizer"),
)
"""What can be swept over, by mlx-lm's names."""
NONE: Final = ""
AROUND: Final = {"learning_rate": (0.5, 1, 2), "rank": (0.5, 1, 2), "scale": (0.5, 1, 2)}
"""The values that stand there to begin with: the base's own times these."""


class SweepScreen(FormDialog[list[Run] | None]):
    """The runs that were begun, or None."""

    BINDINGS: ClassVar[list[BindingType]] = [
        bind("f5,ctrl+s", "start", "runs.start", show=True),
        bind("escape", "dismiss(None)", "runs.cancel", show=True),
    ]

    def __init__(
        self, base: Run | None, title: str, rows: Callable[[], Sequence[Row] | None], lab: "Lab", lang: "Lang"
    ) -> None:
        super().__init__()
        self._base, self._title, self._rows, self._lab, self._lang = base, title, rows, lab, lang
        self._spec: dict[str, Any] = {}
        self._fields: list[dict[str, Any]] = []
        self._axes: list[Axis] = []
        self._starting = False

    def _say(self, key: str, **values: object) -> str:
        return say(self._lang, key, **values)

    def compose(self) -> ComposeResult:
        base = self._say("sweep.base", run=inert(self._title)) if self._base else self._say("sweep.base.none")
        with Vertical(classes="card"):
            yield Static(styled(self._say("sweep.title")), classes="title")
            yield Static(styled(base), classes="base")
            for number, name in (("first", "learning_rate"), ("second", "rank")):
                with Horizontal(classes="axis"):
                    yield Static(styled(self._say(f"sweep.{number}")))
                    options = FIELDS if number == "first" else (NONE, *FIELDS)
                    choice = Choice(options, name, id=f"sweep-{number}")
                    choice.names = {NONE: self._say("sweep.none")}
                    yield choice
                    yield StillInput(
                        id=f"sweep-{number}-values",
                        compact=True,
                        select_on_focus=False,
                        placeholder=self._say("sweep.values"),
                    )
            yield DataGrid(markable=False, id="sweep-runs")
            yield Static("", id="sweep-told", markup=False)
            start, away = self._say("key.runs.start"), self._say("key.runs.cancel")
            yield ActionBar(ActionItem("F5", start, "start"), ActionItem("Esc", away, "dismiss"), id="sweep-keys")

    async def on_mount(self) -> None:
        try:
            spec = await asyncio.to_thread(RunSpec.read, self._base.path / "spec.yaml") if self._base else RunSpec()
        except LabError:  # a broken one is no base
            spec = RunSpec()
        self._spec = spec.model_dump()
        for number in ("first", "second"):
            self._suggest(number)
        self.query_one("#sweep-first-values", Input).focus()

    def _value(self, name: str) -> Any:
        lora = self._spec["lora_parameters"]
        return lora[name] if name in LoraParameters.model_fields else self._spec[name]

    def _suggest(self, number: str) -> None:
        """Values around the base's own."""
        name = self.query_one(f"#sweep-{number}", Choice).value
        field = self.query_one(f"#sweep-{number}-values", Input)
        field.disabled = name == NONE
        if name == NONE:
            field.value = ""
            return self._preview()
        value = self._value(name)
        found = [type(value)(value * factor) for factor in AROUND[name]] if name in AROUND else [value]
        field.value = ", ".join(dict.fromkeys(plain(each) for each in found if each))
        return self._preview()

    def on_choice_changed(self, event: Choice.Changed) -> None:
        event.stop()
        self._suggest(str(event.choice.id).removeprefix("sweep-"))

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        self._preview()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.action_start()

    def _asked(self) -> list[Axis]:
        """The fields and their values as typed."""
        axes: list[Axis] = []
        for number in ("first", "second"):
            name = self.query_one(f"#sweep-{number}", Choice).value
            if name != NONE:
                text = self.query_one(f"#sweep-{number}-values", Input).value
                axes.append((name, [word.strip() for word in text.split(",") if word.strip()]))
        return axes

    def _preview(self) -> None:
        """The runs that the values make, or what is wrong with them."""
        self._fields = []
        try:
            self._axes = self._asked()
            made = [RunSpec.make(fields) for fields in grid(self._spec, self._axes)]
            self._fields = [spec.model_dump() for spec in made]
        except LabError as error:
            told = styled(f"✗ {inert(error)}", "$error")
        else:
            told = styled(self._say("sweep.runs", count=len(self._fields)), "bold $heading") + styled(self._time())
        self.query_one("#sweep-told", Static).update(told)
        self._list()

    def _time(self) -> str:
        rows = self._rows()
        if rows is None:
            return "  " + self._say("sweep.time.unread")
        found = [estimate(fields, rows) for fields in self._fields]
        if None in found:
            return "  " + self._say("sweep.time.unknown")
        return "  " + self._say("sweep.time", time=units.duration(sum(each or 0 for each in found)))

    def _list(self) -> None:
        known = self._rows()
        names = [name for name, _ in self._axes]
        columns = [Column("number", self._say("sweep.col.number"), 4, right=True)]
        columns += [Column(name, name, 14, right=True, grow=1) for name in dict.fromkeys(names)]
        columns += [Column("time", self._say("sweep.col.time"), 8, right=True)]
        rows = []
        for number, fields in enumerate(self._fields, 1):
            lora = fields["lora_parameters"]
            values = [plain(fields[name] if name in fields else lora[name]) for name in names]
            texts = [str(number), *values, "…" if known is None else units.duration(estimate(fields, known))]
            rows.append(DataGridRow(str(number), tuple(styled(inert(text)) for text in texts)))
        self.query_one(DataGrid).show(columns, rows)

    def action_start(self) -> None:
        """Check and begin them all; what is wrong with one is said, and then none was begun."""
        if self._fields and not self._starting:
            self._starting = True
            self.query_one("#sweep-told", Static).update(styled(self._say("sweep.checking"), "$text-muted"))
            self.run_worker(self._begin())

    async def _begin(self) -> None:
        names = [run_name(self._axes, fields) for fields in self._fields]
        group = group_name(self._axes)
        try:
            made = await asyncio.to_thread(self._lab.service.queue, self._fields, group, names)
        except (LabError, OSError) as error:
            self.query_one("#sweep-told", Static).update(styled(f"✗ {inert(error)}", "$error"))
        else:
            self.dismiss(made)
        finally:
            self._starting = False
