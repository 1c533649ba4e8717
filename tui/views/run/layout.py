"""What is seen of one run: only arranges and draws; the bench around it decides what."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar, Final

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.content import Content
from textual.events import Resize
from textual.widgets import Static

from lab.events.curves import Curves
from lab.events.missing import Missing
from lab.runs.state import RunState
from tui.formatting.text_layout import spread, styled
from tui.key_bindings import bind
from tui.locale import Say, say, sayer
from tui.views.run import answers, fact_grid, facts
from tui.views.run.curves import loss_plot
from tui.views.run.log import LogView
from tui.views.run.state_line import state_line, title, waiting_line
from tui.views.run.timeline import Timeline, View
from tui.views.run.trouble import trouble
from tui.widgets.action_bar import ActionBar, ActionItem
from tui.widgets.breakpoints import Breakpoint, set_size_classes
from tui.widgets.containers import Container, Vertical, VerticalScroll
from tui.widgets.loss_chart import PlotView
from tui.widgets.plot import legend
from tui.widgets.resize_signal import Place
from tui.widgets.update_if_changed import put

if TYPE_CHECKING:
    from lab.events.schema import Answer, Train
    from lab.runs.snapshot import RunSnapshot
    from lessons.course import Lang

BREAKPOINTS: Final = (Breakpoint("-wide", 100),)
SIDE: Final = 46
GROWING: Final = ("trouble", "sheet")
"""Panels as high as what they say."""


@dataclass
class Shown:
    """All that is drawn of a run. `answered` is the iteration of the samples at the cursor with its answers."""

    run: "RunSnapshot"
    curves: Curves = field(default_factory=Curves)
    view: View = field(default_factory=View)
    timeline: Timeline = field(default_factory=lambda: Timeline(Curves()))
    report: "Train | None" = None
    answered: "tuple[int, list[Answer]] | None" = None
    looked: bool = False
    """Whether anybody has looked for answers, which takes reading the file."""
    asking: bool = False

    @property
    def whole(self) -> float:
        """Iterations of the whole run."""
        return self.curves.limit("iteration")


class Answers(VerticalScroll, can_focus=True, inherit_bindings=False):
    """Scrolls up and down only: left and right are the cursor's."""

    BINDINGS: ClassVar[list[BindingType]] = [
        bind("up,k", "scroll_up", "run.scroll-up"),
        bind("down,j", "scroll_down", "run.scroll-down"),
        bind("pageup", "page_up", "run.page-up"),
        bind("pagedown", "page_down", "run.page-down"),
    ]


class RunLayout(Vertical):
    """At 80×24 chart, answers and log are shown one at a time; where there is room, side by side."""

    def __init__(self) -> None:
        super().__init__()
        self._shown: Shown | None = None
        self._lang: Lang = "en"
        self._sheet: object = None

    def compose(self) -> ComposeResult:
        yield Static(id="live-title", markup=False)
        yield Static(id="live-progress", markup=False)
        yield Static(id="live-trouble", markup=False)
        with Container(id="live-body"):
            with Place(id="live-picture"):
                yield PlotView(id="live-chart")
                yield Static(id="live-axes", markup=False)
                yield Static(id="live-cursor", markup=False)
            with Vertical(id="live-right"):
                yield Static(id="live-facts", markup=False)
                yield Static(id="live-heading", markup=False)
                with Answers(id="live-answers"):
                    yield Static(id="live-sheet", markup=False)
        yield LogView(id="live-log")
        yield Static(id="live-note", markup=False)
        yield ActionBar(id="live-actions")

    @property
    def wide(self) -> bool:
        return self.has_class("-wide")

    def on_resize(self, event: Resize) -> None:
        set_size_classes(self, event.size, BREAKPOINTS)
        self.call_after_refresh(self._redraw)

    def on_place_resized(self, event: Place.Resized) -> None:
        event.stop()
        self._redraw()

    def _redraw(self) -> None:
        self._sheet = None
        if self._shown is not None:
            self.draw(self._shown, self._lang)

    def draw(self, shown: Shown, lang: "Lang") -> None:
        """Set every line anew."""
        self._shown, self._lang = shown, lang
        if not self.is_mounted or not self.size.width:
            return
        run = shown.run
        width = self.content_size.width
        tell = sayer(lang)
        self._set("title", spread(title(run), state_line(run, tell), width))
        self._set("progress", fact_grid.progress_line(run.progress, width))
        self.set_class(run.troubled, "-trouble")
        self._set("trouble", trouble(run, tell))
        figures = facts.facts(run, tell)
        room = SIDE if self.wide else width
        panel = self._set("facts", fact_grid.grid(figures, room, tell))
        panel.styles.height = fact_grid.grid_rows(len(figures), room)
        self._draw_picture(shown, tell)
        self._draw_answers(shown, room, tell)
        asking = shown.asking and not run.ended
        self._set("note", styled(self._note(shown, tell))).set_class(asking, "-asking")
        self.query_one(ActionBar).show(*_actions(shown, self.wide, lang))

    def _draw_picture(self, shown: Shown, tell: Say) -> None:
        view, timeline = shown.view, shown.timeline
        span = view.span and (timeline.x(view.span[0], view.over), timeline.x(view.span[1], view.over))
        cursor = None if view.cursor is None else timeline.x(view.cursor, view.over)
        plot = loss_plot(shown.curves, tell, view.over, limits=span, log_y=view.log, cursor=cursor)
        self.query_one(PlotView).show(plot)
        width = self.query_one("#live-picture").content_size.width
        axes = facts.view_line(view, shown.whole, tell, tell(f"lab.axes.{view.over}"))
        self._set("axes", spread(legend(plot), axes, width))
        self._set("cursor", facts.cursor_line(view, shown.curves, timeline, shown.report, width, tell))

    def _draw_answers(self, shown: Shown, width: int, tell: Say) -> None:
        missing = self._unanswered(shown)
        key = (shown.answered, missing, width, self._lang)
        if key == self._sheet:
            return
        self._sheet = key
        if shown.answered is None:
            self._set("heading", Content(""))
            self._set("sheet", styled(tell(f"run.answers.{missing}"), "$text-muted"))
        else:
            at, told = shown.answered
            self._set("heading", answers.heading(at, told, tell))
            self._set("sheet", answers.sheet(told, width - 2, tell))

    def _unanswered(self, shown: Shown) -> str:
        """Why there is no answer at the cursor."""
        run = shown.run
        if run.digest.samples:
            return "before" if shown.looked else Missing.UNREAD
        missing = run.missing("samples")
        return "ended" if missing == Missing.NONE and not run.progress.report else missing

    def _note(self, shown: Shown, tell: Say) -> str:
        run = shown.run
        if shown.asking and not run.ended:
            return tell("lab.stop-again")
        if run.unread and run.read < 0.999:
            return tell("run.catching", percent=round(100 * run.read))
        if run.state is RunState.STOPPING:
            return tell("lab.ending") if run.overdue else tell("lab.stopping")
        return waiting_line(run, tell) or ("" if run.ended else tell("run.goes-on"))

    def _set(self, name: str, content: Content) -> Static:
        panel = self.query_one(f"#live-{name}", Static)
        put(panel, content, layout=name in GROWING)
        return panel


def _actions(shown: Shown, wide: bool, lang: "Lang") -> list[ActionItem]:
    """What can be done now, with the most needed first."""
    names = [] if shown.run.ended else [("x", "stop")]
    names += [("r", "resume")] if shown.run.ended and shown.run.state is not RunState.FINISHED else []
    names += [] if wide else [("a", "answers")]
    names += [("o", "log"), ("u", "axis"), ("s", "log-scale"), ("+", "zoom-in"), ("−", "zoom-out"), ("0", "whole")]
    names += [("e", "change"), ("y", "copy")]
    acts = {"log-scale": "log_scale", "axis": "axis", "zoom-in": "zoom(0.5)", "zoom-out": "zoom(2)"}
    return [ActionItem(key, say(lang, f"key.run.{name}"), acts.get(name, name)) for key, name in names]
