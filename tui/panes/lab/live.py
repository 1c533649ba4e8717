"""A run while it goes on."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.content import Content
from textual.events import Resize
from textual.reactive import reactive
from textual.widgets import Static

from lab.runs.snapshot import RunSnapshot
from lab.runs.state import RunState
from lessons.course import Lang
from tui.locale import Say, sayer
from tui.views.run import fact_grid
from tui.views.run.curves import loss_plot
from tui.views.run.state_line import state_line, title, waiting_line
from tui.widgets.button_row import ButtonRow
from tui.widgets.containers import Vertical
from tui.widgets.loss_chart import PlotView
from tui.widgets.plot import legend
from tui.widgets.update_if_changed import put


class LiveView(Vertical, can_focus=True):
    """Chart, progress and eight facts; sizes depend on the width alone, so nothing jumps."""

    lang: reactive[Lang] = reactive("en", init=False)
    asking: reactive[bool] = reactive(False, init=False)

    def __init__(self, lang: Lang, follower: RunSnapshot) -> None:
        super().__init__()
        self.set_reactive(LiveView.lang, lang)
        self.follower = follower

    @property
    def say(self) -> Say:
        return sayer(self.lang)

    def compose(self) -> ComposeResult:
        yield Static(id="lab-live-title", markup=False)
        yield Static(id="lab-live-state", markup=False)
        yield PlotView()
        yield Static(id="lab-legend", markup=False)
        yield Static(id="lab-progress", markup=False)
        yield Static(id="lab-facts", markup=False)
        yield Static(id="lab-goes-on", markup=False)
        yield ButtonRow("stop", id="lab-live-actions")

    def on_mount(self) -> None:
        self.draw()

    def on_resize(self, event: Resize) -> None:
        self.set_class(event.size.width >= 60, "-wide")
        self.draw()

    def watch_lang(self) -> None:
        self.draw()

    def watch_asking(self) -> None:
        self.draw()

    def show(self, follower: RunSnapshot) -> None:
        """Draw this run."""
        self.follower = follower
        self.draw()

    def draw(self) -> None:
        """Set every line anew from what was last read."""
        width = self.content_size.width
        if not self.is_mounted or not width:
            return
        follower, say = self.follower, self.say
        plot = loss_plot(follower.curves, say)
        self.query_one(PlotView).show(plot)
        grid = fact_grid.live_facts(follower, say)
        self._set("lab-live-title", title(follower))
        self._set("lab-live-state", state_line(follower, say))
        self._set("lab-legend", legend(plot))
        self._set("lab-progress", fact_grid.progress_line(follower.progress, width))
        panel = self._set("lab-facts", fact_grid.grid(grid, width, say))
        panel.styles.height = fact_grid.grid_rows(len(grid), width)
        stopping = follower.state is RunState.STOPPING
        going = waiting_line(follower, say) or say("lab.goes-on")
        ending = say("lab.ending") if follower.overdue else say("lab.stopping")
        note = say("lab.stop-again") if self.asking else ending if stopping else going
        self._set("lab-goes-on", Content(note)).set_class(self.asking, "-asking")
        stop = say("lab.stop-now") if self.asking else say("lab.stop")
        self.query_one(ButtonRow).label("stop", "x", stop, enabled=not stopping)

    def _set(self, name: str, content: Content) -> Static:
        panel = self.query_one(f"#{name}", Static)
        put(panel, content)
        return panel
