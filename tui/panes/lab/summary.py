"""A run after its end: what it reached, what it cost, what it left in the adapter folder."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.content import Content
from textual.events import Resize
from textual.reactive import reactive
from textual.widgets import Static

from lab.runs.snapshot import RunSnapshot
from lessons.course import Lang
from tui.formatting.sanitize import inert
from tui.locale import Say, sayer
from tui.views.run import fact_grid
from tui.views.run.curves import loss_plot
from tui.views.run.state_line import state_line, title
from tui.views.run.trouble import trouble
from tui.widgets.button_row import ButtonRow
from tui.widgets.containers import Horizontal, Vertical, VerticalScroll
from tui.widgets.loss_chart import PlotView
from tui.widgets.plot import legend
from tui.widgets.resize_signal import Place

WIDE = 70
FILE_ROWS = 5


class SummaryView(VerticalScroll, can_focus=True):
    """Chart beside the facts where there is room, above them where there is not."""

    lang: reactive[Lang] = reactive("en", init=False)
    copied: reactive[bool] = reactive(False, init=False)

    def __init__(self, lang: Lang, follower: RunSnapshot) -> None:
        super().__init__()
        self.set_reactive(SummaryView.lang, lang)
        self.follower = follower

    @property
    def say(self) -> Say:
        return sayer(self.lang)

    def compose(self) -> ComposeResult:
        yield Static(id="lab-done-title", classes="lab-line", markup=False)
        yield Static(id="lab-done-state", classes="lab-line", markup=False)
        yield Static(id="lab-trouble", markup=False)
        with Horizontal(id="lab-body"):
            with Vertical(id="lab-picture"):
                yield PlotView()
                yield Static(id="lab-done-legend", classes="lab-line", markup=False)
            with Place(id="lab-figures"):
                yield Static(id="lab-final", markup=False)
                yield Static(id="lab-trainable", classes="lab-line", markup=False)
                yield Static(id="lab-folder", classes="lab-line", markup=False)
                yield Static(id="lab-files", markup=False)
                yield Static(id="lab-ratio", classes="lab-line", markup=False)
        yield Static(id="lab-done-command", markup=False)
        yield ButtonRow("new", "copy", id="lab-done-actions")

    def on_mount(self) -> None:
        self.draw()

    def on_resize(self, event: Resize) -> None:
        self.set_class(event.size.width >= WIDE, "-wide")

    def on_place_resized(self, event: Place.Resized) -> None:
        event.stop()
        self.draw()

    def watch_lang(self) -> None:
        self.draw()

    def watch_copied(self) -> None:
        self.draw()

    def show(self, follower: RunSnapshot) -> None:
        """Draw this run."""
        self.follower = follower
        self.copied = False
        self.draw()

    def draw(self) -> None:
        """Set every line anew from what was last read."""
        if not self.is_mounted or not self.content_size.width:
            return
        run, say = self.follower, self.say
        width = self.query_one("#lab-figures").content_size.width
        self.set_class(run.troubled, "-trouble")
        self.set_class(not len(run.progress.train) and not len(run.progress.validation), "-empty")
        plot = loss_plot(run.curves, say)
        self.query_one(PlotView).show(plot)
        self._set("lab-done-title", title(run))
        self._set("lab-done-state", state_line(run, say))
        self._set("lab-done-legend", legend(plot))
        self._set("lab-trouble", trouble(run, say))
        self._set("lab-final", fact_grid.grid(fact_grid.final_facts(run, say), width, say))
        self._set("lab-trainable", fact_grid.trainable(run, say, width))
        self._set("lab-folder", Content(say("lab.folder")))
        self._set("lab-files", fact_grid.files_table(run.files, FILE_ROWS, width, say))
        self._set("lab-ratio", fact_grid.ratio(run.files, run.progress.base_bytes, say))
        self._set("lab-done-command", Content(inert(run.command)))
        row = self.query_one(ButtonRow)
        row.label("new", "n", say("lab.new"))
        row.label("copy", "y", say("lab.copied") if self.copied else say("lab.copy"))

    def _set(self, name: str, content: Content) -> None:
        self.query_one(f"#{name}", Static).update(content)
