"""The bench that looks into an adapter: what it is made of at once, what training changed after one key."""

import shlex
from typing import TYPE_CHECKING, Any, ClassVar, Final

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.content import Content
from textual.reactive import reactive
from textual.widgets import Static

from lab.client import EngineClient
from lab.paths import shown
from tui.formatting.sanitize import inert
from tui.formatting.short_paths import NARROW, short_path
from tui.formatting.text_layout import Lines, bar, join, spread, styled
from tui.key_bindings import bind
from tui.views.empty_state import nothing_yet
from tui.views.engine_job import EngineJob
from tui.views.inspect import (
    lines,
)
from tui.views.inspect.layer_table import LayerGrid
from tui.views.view import LaboratoryView, trouble_lines
from tui.widgets.breakpoints import Breakpoint
from tui.widgets.choice_field import Choice
from tui.widgets.containers import Horizontal, Vertical
from tui.widgets.lines import LinesView
from tui.widgets.loss_chart import PlotView
from tui.widgets.plot import legend
from tui.widgets.tab_strip import TabStrip

if TYPE_CHECKING:
    from lab.errors import LabError
    from lab.runs.adapter_layout import Adapter, Table

SECTIONS: Final = ("layers", "values", "files")
SAID: Final = 4
"""Lines kept for what one sees, so that nothing moves when it is known."""


class InspectView(LaboratoryView, can_focus=True):
    """Holds the last look at one checkpoint of one run; all of it is read again when the bench comes to the front."""

    BINDINGS: ClassVar[list[BindingType]] = [
        bind("up,k", "move(-1, 0)", "inspect.up"),
        bind("down,j", "move(1, 0)", "inspect.down"),
        bind("left,h", "move(0, -1)", "inspect.left"),
        bind("right", "move(0, 1)", "inspect.right"),
        bind("home,g,pageup", "edge(0)", "inspect.first"),
        bind("end,G,pagedown", "edge(-1)", "inspect.last"),
        bind("enter", "measure", "inspect.measure", show=True),
        bind("escape", "cancel", "inspect.cancel", show=True),
        bind("m", "figure", "inspect.figure", show=True),
        bind("space", "pin", "inspect.pin", show=True),
        bind("c,right_square_bracket", "checkpoint(1)", "inspect.checkpoint", show=True),
        bind("left_square_bracket", "checkpoint(-1)", "inspect.checkpoint-back"),
        bind("s", "section", "inspect.section", show=True),
        bind("o", "log", "inspect.log"),
        bind("y", "copy", "inspect.copy"),
    ]
    BREAKPOINTS = (Breakpoint("-wide", 117, 28),)

    section: reactive[str] = reactive("layers", init=False)

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.add_class("-empty")  # until the first look
        self._adapter: Adapter | None = None
        self._looked = False
        self._table: Table | None = None
        self._trouble: LabError | None = None
        self._checkpoint = "last"
        self._pinned = ""
        self._log = False
        self._job = EngineJob(self, "inspect")
        self._done: tuple[int, int] = (0, 0)

    def compose(self) -> ComposeResult:
        with Horizontal(id="inspect-head"):
            yield LinesView(self._title, id="inspect-title")
            yield Choice((), "last", "inspect-checkpoint")
        yield TabStrip(SECTIONS, "inspect.sections", lang=self.lang)
        with Horizontal(id="inspect-body"):
            with Vertical(id="inspect-left"):
                yield LinesView(self._files, id="inspect-files")
                yield Choice(lines.FIGURES, lines.FIGURES[0], "inspect-figure")
                yield LayerGrid("inspect-layers")
            with Vertical(id="inspect-right"):
                yield PlotView(id="inspect-chart")
                yield Static("", markup=False, id="inspect-legend")
                yield LinesView(self._facts, id="inspect-facts")
        yield LinesView(self._said, id="inspect-said")

    async def enter(self) -> None:
        """Show the run that is picked, else the newest that has an adapter."""
        self.rearrange()
        await self._open()
        self.focus_first()

    def focus_first(self) -> None:
        """The table has the keys where it is seen, and else the bench, which moves its cursor all the same."""
        grid = self.query_one(LayerGrid)
        seen = self.has_class("-wide") or self.section == "layers"
        (grid if seen and self._adapter is not None else self).focus()

    async def _open(self) -> None:
        from lab.errors import LabError
        from lab.runs.adapter_layout import Table, look

        before = self._adapter
        try:
            self._adapter = await self.look_at_checkpoint(
                lambda run, name: look(run, self.lab.cache, name), self._checkpoint
            )
            self._trouble = None
        except LabError as error:
            self._adapter, self._trouble = None, error
        adapter, self._looked = self._adapter, True
        if adapter is not None and (before is None or before.parameters.keys() != adapter.parameters.keys()):
            self._table, self._pinned = Table.of(list(adapter.parameters)), ""
        if adapter is not None:
            self._checkpoint = adapter.checkpoint
            if (before is None or before.found is None) and adapter.found is not None and self._figure == "parameters":
                self._choose_figure("change")
            elif adapter.found is None:
                self._choose_figure("parameters")
        self.draw()

    @property
    def _figure(self) -> str:
        return self.query_one("#inspect-figure", Choice).value

    def _choose_figure(self, name: str) -> None:
        self.query_one("#inspect-figure", Choice).value = name

    @property
    def working(self) -> bool:
        """Whether an engine measures what is shown."""
        here = self._adapter
        return self._job.running and here is not None and self._job.subject == (here.run, here.checkpoint)

    def draw(self) -> None:
        """Set everything anew from the last look."""
        adapter, grid = self._adapter, self.query_one(LayerGrid)
        self.set_class(adapter is None, "-empty")
        self.query_one(TabStrip).active = self.section
        figure, checkpoint = self.query_one("#inspect-figure", Choice), self.query_one("#inspect-checkpoint", Choice)
        figure.names = {name: self.say(f"inspect.figure.{name}") for name in lines.FIGURES}
        figure.refresh()
        if adapter is not None and self._table is not None:
            checkpoint.names = {name: self._called(name) for name in adapter.checkpoints}
            checkpoint.options = adapter.checkpoints
            checkpoint.set_reactive(Choice.value, adapter.checkpoint)
            checkpoint.refresh()
            figures = lines.figures(adapter, self._figure)
            grid.show(self._table, figures, self.say("inspect.block"), self._pinned)
            plot = lines.chart(adapter, self._chosen(), self.say, self._log)
            self.query_one(PlotView).show(plot)
            mark = join([styled("  │", "$text-muted"), styled(f" {self.say('inspect.rank-mark')}", "$text-muted")])
            self.query_one("#inspect-legend", Static).update(legend(plot) + mark if plot.lines else Content(""))
        for view in self.query(LinesView):
            view.redraw()
        self.refresh_bindings()

    def _chosen(self) -> list[str]:
        here = self.query_one(LayerGrid).here
        return [layer for layer in dict.fromkeys((here, self._pinned)) if layer]

    def _called(self, checkpoint: str) -> str:
        if checkpoint.isdigit():
            return self.say("inspect.checkpoint.number", n=checkpoint)
        return self.say(f"inspect.checkpoint.{checkpoint}")

    def _title(self, width: int) -> Lines:
        adapter = self._adapter
        if adapter is None:
            return [Content("")]
        model, data = (short_path(inert(shown(each)), NARROW) for each in (adapter.model, adapter.data))
        about = styled(f"{inert(adapter.method)} · {model} · {data}", "$text-muted")
        return [spread(join([styled(inert(adapter.run), "bold $heading"), about], "  "), Content(""), width)]

    def _files(self, width: int) -> Lines:
        if self._adapter is None:
            return []
        about = lines.ratio(self._adapter, self.say).wrap(width)
        return [*lines.files(self._adapter, self.say, width), *about]

    def _facts(self, width: int) -> Lines:
        return lines.facts(self._adapter, self._chosen(), self.say, width) if self._adapter else []

    def _said(self, width: int) -> Lines:
        """What one sees; or what stands in its way."""
        if self._trouble is not None:
            return trouble_lines(self._trouble, width)
        adapter = self._adapter
        if self.working:
            done, total = self._done
            about = self.say("inspect.measuring" if total else "inspect.loading")
            numbers = styled(f"  {done:>4,}/{total:,}" if total else "")
            return [styled(about, "$text-muted"), bar(done / total if total else 0, max(width - 16, 8)) + numbers]
        if adapter is None:
            if not self._looked:
                return []
            return nothing_yet(self.say, width, "inspect.empty")
        if adapter.found is None:
            return styled(self.say("inspect.unmeasured"), "$primary").wrap(width)
        return styled(lines.seen(adapter, self.say)).wrap(width)

    def rearrange(self) -> None:
        wide = self.has_class("-wide")
        for name in SECTIONS:
            self.set_class(not wide and name == self.section, f"-{name}")
        self.refresh_bindings()

    def watch_section(self) -> None:
        self.rearrange()
        self.draw()
        self.focus_first()

    def watch_lang(self) -> None:
        if self.is_mounted:
            self.draw()

    @on(LayerGrid.Moved)
    def _moved(self, event: LayerGrid.Moved) -> None:
        event.stop()
        self.draw()

    @on(TabStrip.Chosen)
    def _section_chosen(self, event: TabStrip.Chosen) -> None:
        event.stop()
        self.section = event.name

    @on(Choice.Changed, "#inspect-figure")
    def _figure_chosen(self, event: Choice.Changed) -> None:
        event.stop()
        self.draw()

    @on(Choice.Changed, "#inspect-checkpoint")
    async def _checkpoint_chosen(self, event: Choice.Changed) -> None:
        event.stop()
        self._checkpoint = event.value
        await self._open()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        here = self._adapter
        match action:
            case "measure":
                return here is not None and here.found is None and not self.working
            case "cancel":
                return self.working
            case "section":
                return here is not None and not self.has_class("-wide")
            case "pin" | "log" | "copy" | "figure":
                return here is not None and (action in ("copy", "figure") or here.found is not None)
            case "checkpoint":
                return here is not None and len(here.checkpoints) > 1
        return True

    def action_measure(self) -> None:
        """Ask the engine; it keeps its answer, which is then read from the run directory."""
        assert self._adapter is not None
        run, checkpoint = self._adapter.run, self._adapter.checkpoint
        self._done = (0, 0)
        self._job.begin(self._measure(run, checkpoint), run, checkpoint)
        self.draw()

    async def _measure(self, run_id: str, checkpoint: str) -> None:
        from lab.errors import LabError
        from lab.runs.directory import Runs

        run = Runs(self.lab.root).get(run_id)
        options = ("--checkpoint", checkpoint, "--brief")
        try:
            await EngineClient(self.lab.cache).ask("inspect", run.path, *options, progress=self._tell)
        except LabError as error:
            self.tell("inspect.trouble", "trouble", reason=inert(error))
        self._job.done()
        await self._open()

    def _tell(self, event: dict[str, Any]) -> None:
        self._done = (event["done"], event["total"])
        self.query_one("#inspect-said", LinesView).redraw()

    def action_cancel(self) -> None:
        if self._job.cancel():
            self.tell("inspect.cancelled")
            self.draw()

    def action_move(self, down: int, right: int) -> None:
        self.query_one(LayerGrid).move(down, right)

    def action_edge(self, end: int) -> None:
        self.query_one(LayerGrid).edge(end)

    def action_figure(self) -> None:
        self.query_one("#inspect-figure", Choice).action_step(1)

    def action_pin(self) -> None:
        """Keep this layer beside those looked at from now on; the same once more lets it go."""
        here = self.query_one(LayerGrid).here
        self._pinned = "" if here == self._pinned else here
        self.draw()

    def action_checkpoint(self, by: int) -> None:
        self.query_one("#inspect-checkpoint", Choice).action_step(by)

    def action_log(self) -> None:
        self._log = not self._log
        self.draw()

    def action_section(self) -> None:
        self.section = SECTIONS[(SECTIONS.index(self.section) + 1) % len(SECTIONS)]

    def action_copy(self) -> None:
        """The equal command."""
        assert self._adapter is not None
        options = ["--checkpoint", self._adapter.checkpoint] if self._adapter.checkpoint != "last" else []
        command = shlex.join(["lowrank", "inspect", self._adapter.run, *options])
        self.copy(command, "inspect.copied")

    def palette(self) -> dict[str, str]:
        actions = {"measure": "measure", "figure": "figure", "pin": "pin", "checkpoint": "checkpoint(1)", "log": "log",
                   "copy": "copy", "cancel": "cancel"}  # fmt: skip
        return {
            self.say(f"key.inspect.{name}").capitalize(): action
            for name, action in actions.items()
            if self.check_action(action.partition("(")[0], ())
        }

    def status(self) -> str:
        done, total = self._done
        return f"{done}/{total}" if self.working and total else ""
