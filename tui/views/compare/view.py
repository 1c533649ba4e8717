"""The bench that holds runs against each other, and from an empty lab makes three worth comparing."""

import shlex
from asyncio import to_thread
from collections.abc import Callable, Coroutine
from contextlib import aclosing
from pathlib import Path
from typing import Any, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.content import Content
from textual.reactive import reactive

from lab.errors import LabError
from lab.queue import three_way
from lab.queue.sweep import estimate
from lab.reports import markdown as report
from lab.reports.comparison import Comparison
from lab.runs import run_evidence
from lab.runs.directory import Run, Runs
from lab.runs.run_index import RunIndex
from lab.runs.state import RunState
from tui.formatting import units
from tui.formatting.sanitize import inert
from tui.formatting.short_paths import short_path
from tui.formatting.text_layout import Lines
from tui.key_bindings import bind
from tui.views.compare import (
    chart,
    lines,
    table,
)
from tui.views.compare.evaluation import Measuring
from tui.views.compare.progress import Asking, share
from tui.views.view import LaboratoryView
from tui.widgets.action_bar import ActionBar
from tui.widgets.breakpoints import Breakpoint
from tui.widgets.containers import Container, Horizontal, VerticalScroll
from tui.widgets.data_grid import DataGrid
from tui.widgets.lines import LinesView
from tui.widgets.loss_chart import PlotView
from tui.widgets.tab_strip import TabStrip

PARTS = ("chart", "answers", "differences")
LOOK = 0.4
"""Seconds between looks at runs that are going on."""
CURVES = 6
"""Curves shown at first, at most: as many as there are markers."""


class CompareView(LaboratoryView, can_focus=True):
    """Shows the runs marked, else those it showed before, else the newest three-way comparison."""

    BINDINGS: ClassVar[list[BindingType]] = [
        bind("m,ctrl+e", "measure", "compare.measure", show=True),
        bind("w,ctrl+s", "report", "compare.report", show=True),
        bind("t,f9", "part", "compare.part", show=True),
        bind("c,f10", "curve", "compare.curve", show=True),
        bind("u,f6", "axis", "compare.axis"),
        bind("s,f7", "log_scale", "compare.log-scale"),
        bind("d,delete", "take_out", "compare.take-out"),
        bind("y", "copy", "compare.copy"),
        bind("x", "stop", "compare.stop", show=True),
    ]
    BREAKPOINTS = (Breakpoint("-wide", 110, 28),)

    part: reactive[str] = reactive("chart", init=False)

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.comparison: Comparison | None = None
        self.measuring: Measuring | None = None
        self._curve: chart.Kind = "validation"
        self._over = 0
        self._log: bool | None = None
        self._here = self._reading = False
        self._tried: set[str] = set()
        """Runs that were asked their questions without being told to; a run that cannot answer is not asked again."""

    def compose(self) -> ComposeResult:
        yield LinesView(self._head, id="compare-head")
        yield DataGrid(id="compare-table")
        yield LinesView(self._bar, id="compare-bar")
        with Horizontal(id="compare-strip"):
            yield TabStrip(PARTS, "compare.parts", active="chart", lang=self.lang)
            yield ActionBar(id="compare-choices")
        with Container(id="compare-body"):
            yield PlotView(id="compare-chart")
            with VerticalScroll(id="compare-answers"):
                yield LinesView(self._answers)
            with VerticalScroll(id="compare-specification"):
                yield LinesView(self._specification)
        yield LinesView(self._empty, id="compare-empty")

    def on_mount(self) -> None:
        self.rearrange()
        self.set_interval(LOOK, self._look)

    @property
    def ids(self) -> tuple[str, ...]:
        """The runs compared, in order."""
        return tuple(each.run.id for each in self.comparison.contenders) if self.comparison else ()

    @property
    def three(self) -> bool:
        """Whether one three-way comparison is what is shown."""
        groups = {each.about.group for each in self.comparison.contenders} if self.comparison else set()
        return len(groups) == 1 and three_way.is_one(groups.pop())

    def draw(self) -> None:
        """Set everything anew from what was last read."""
        comparison = self.comparison
        self.set_class(comparison is None, "-empty")
        if comparison is not None:
            grid = self.query_one(DataGrid)
            grid.show(table.columns(comparison, self.say), table.rows(comparison, self.say))
            grid.styles.height = min(9, 1 + len(self.ids))
            self._draw_chart()
            self.post_message(self.Did(proofs=tuple(run_evidence.compared(comparison))))
        self._draw_strip()
        for view in self.query(LinesView):
            view.set_layout(view._set_lines)
        self.refresh_bindings()

    def _draw_chart(self) -> None:
        if self.comparison is not None:
            shown, over = self.query_one(DataGrid).marked, chart.AXES[self._over]
            self.query_one(PlotView).show(chart.plot(self.comparison, shown, self._curve, over, self._log, self.say))

    def _draw_strip(self) -> None:
        tabs, choices = self.query_one(TabStrip), self.query_one("#compare-choices", ActionBar)
        tabs.shown, tabs.active = self._parts(), self.part
        choices.display = self.part == "chart"
        choices.show(*lines.choices(self._curve, chart.AXES[self._over], self.say))

    def _head(self, width: int) -> Lines:
        return lines.head(self.comparison, self.three, self.say, width) if self.comparison else []

    def _bar(self, width: int) -> Lines:
        if self.comparison is None:
            return [Content("")]
        return [lines.going_on(self.comparison, self._asking, self.three, self.say, width)]

    @property
    def _asking(self) -> Asking | None:
        return self.measuring.now if self.measuring is not None else None

    def _answers(self, width: int) -> Lines:
        return table.answers(self.comparison, self.say, width) if self.comparison else []

    def _specification(self, width: int) -> Lines:
        return table.specification(self.comparison, self.say, width) if self.comparison else []

    def _empty(self, width: int) -> Lines:
        return lines.empty(self.say, width)

    def _parts(self) -> tuple[str, ...]:
        return ("chart", "differences") if self.has_class("-wide") else PARTS

    def rearrange(self) -> None:
        if self.part not in self._parts():
            self.part = "chart"
        for name in PARTS:
            self.set_class(name == self.part, f"-{name}")
        self._draw_strip()

    def watch_part(self) -> None:
        self.rearrange()

    def watch_lang(self) -> None:
        if self.is_mounted:
            self.draw()

    @on(DataGrid.MarkedChanged)
    def _shown_changed(self, event: DataGrid.MarkedChanged) -> None:
        event.stop()
        self._draw_chart()

    def action_part(self) -> None:
        parts = self._parts()
        self.part = parts[(parts.index(self.part) + 1) % len(parts)]

    @on(TabStrip.Chosen)
    def _part_chosen(self, event: TabStrip.Chosen) -> None:
        event.stop()
        self.part = event.name

    def action_curve(self) -> None:
        self._curve = "train" if self._curve == "validation" else "validation"
        self._draw_chart()
        self._draw_strip()

    def action_axis(self) -> None:
        self._over = (self._over + 1) % len(chart.AXES)
        self._draw_chart()
        self._draw_strip()

    def action_log_scale(self) -> None:
        self._log = not self.query_one(PlotView).plot.log_y
        self._draw_chart()

    async def enter(self) -> None:
        """Show what is marked, as it is on disk now."""
        self._here = True
        await self.open(self.picks.marked if len(self.picks.marked) > 1 else ())
        self.focus_first()

    def leave(self) -> None:
        self._here = False

    def focus_first(self) -> None:
        (self if self.comparison is None else self.query_one(DataGrid)).focus()

    async def open(self, ids: tuple[str, ...] = ()) -> None:
        """Compare these runs; without any those shown, else the newest three. What cannot be read is left out."""
        shown = self.ids
        try:
            found = await to_thread(self._find, ids or shown)
        except (LabError, OSError) as error:
            self.fail(error)
            found = None
        self.comparison = found
        if self.ids != shown:
            self.query_one(DataGrid).marked = self.ids[:CURVES]
        self.draw()

    def _find(self, ids: tuple[str, ...]) -> Comparison | None:
        runs = Runs(self.lab.root)
        there = {run.id: run for run in runs.all()}
        found = [there[name] for name in ids if name in there] or three_way.newest(runs)
        return Comparison.of(found, self.lab.cache) if found else None

    async def _look(self) -> None:
        """Read what was said since, ask what is still to be asked, and draw if there was any news."""
        comparison = self.comparison
        if not self._here or self._reading or comparison is None or (comparison.ended and not self._to_ask()):
            return
        self._reading = True
        try:
            news = await to_thread(comparison.read)
        finally:
            self._reading = False
        if comparison is self.comparison:
            if comparison.ended and self.measuring is None and (runs := self._to_ask()):
                self._tried.update(run.id for run in runs)
                self._ask(runs, three_way.ROWS)
            if news:
                self.draw()

    def _to_ask(self) -> list[Run]:
        """Of three runs begun together, those that were not asked yet and are to be without another key."""
        if self.comparison is None or not self.three or self.measuring is not None:
            return []
        return [each.run for each in self.comparison.contenders
                if each.state is RunState.FINISHED and each.score is None
                and each.run.id not in self._tried]  # fmt: skip

    @on(DataGrid.Chosen)
    def _chosen(self, event: DataGrid.Chosen) -> None:
        event.stop()
        self.picks.run = event.key
        self.post_message(self.Go("run"))

    @on(DataGrid.Highlighted)
    def _highlighted(self, event: DataGrid.Highlighted) -> None:
        event.stop()
        if event.key:
            self.picks.run = event.key

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        comparison = self.comparison
        match action:
            case "stop":
                return self.measuring is not None or (comparison is not None and not comparison.ended)
            case "measure":
                return comparison is not None and self.measuring is None
            case "report" | "part" | "curve" | "axis" | "log_scale" | "take_out" | "copy":
                return comparison is not None
        return True

    async def action_three_way(self) -> None:
        """Three runs and their comparison, asked about first; where there is one already, that is shown."""
        there = await to_thread(three_way.newest, Runs(self.lab.root))
        if there:
            self.picks.marked = tuple(run.id for run in there)
            await self.open(self.picks.marked)
            self.focus_first()
            if self.comparison is None or not self.comparison.ended or self.measuring is not None:
                return
        time, behind = await to_thread(self._outlook)
        where = self.say("compare.three.behind", run=inert(behind)) if behind else self.say("compare.three.now")
        iterations, data = three_way.fields()[0]["iters"], three_way.fields()[0]["data"]
        about = self.say("compare.three", iterations=iterations, data=data, time=time, where=where)
        self._confirm("again" if there else "first", self.begin, f"\n\n{about}")

    def _outlook(self) -> tuple[str, str]:
        """About how long three runs take, and the run that they wait behind, or nothing."""
        runs = Runs(self.lab.root)
        rows = RunIndex(runs, self.lab.cache).read()
        known = [estimate(fields, rows) for fields in three_way.fields()]
        seconds = sum(each or 0 for each in known)
        going = [row.run for row in rows if not row.ended]
        time = self.say("compare.three.minute") if None in known else units.duration(seconds)
        return time, going[0] if going else ""

    async def begin(self) -> None:
        """Train the three, and show them from the first moment on."""
        try:
            made = await to_thread(three_way.begin, self.lab.service)
        except (LabError, OSError) as error:
            self.fail(error)
            return
        self.picks.marked, self.picks.run = tuple(run.id for run in made), made[0].id
        await self.open(self.picks.marked)
        self.focus_first()
        for each in self.comparison.contenders if self.comparison else ():
            self.post_message(self.Began(each.run.id, each.method, each.spec.model, each.spec.data))
        self.tell("compare.goes-on")

    def action_measure(self) -> None:
        """Ask every run that has an adapter those test questions that it was not asked yet."""
        if self.comparison is None:
            return
        ended = [each for each in self.comparison.contenders if each.state.keeps_adapter]
        left = [each.run for each in ended if each.score is None or each.score["rows"]]
        if not left:
            self.tell("compare.measured-already" if ended else "compare.nothing-to-measure")
        else:
            self._ask(left, 0)

    def _ask(self, runs: list[Run], rows: int) -> None:
        self.measuring = Measuring(runs, rows, self.lab.cache)
        self.run_worker(self._measure(self.measuring), group="compare-measure", exclusive=True)

    async def _measure(self, measuring: Measuring) -> None:
        try:
            async with aclosing(measuring.work()) as steps:
                async for trouble in steps:
                    if trouble:
                        run, reason = map(inert, trouble)
                        self.tell("compare.trouble", "trouble", name=run, reason=reason)
                    if measuring.moved and self.comparison is not None:
                        await to_thread(self.comparison.read)
                        self.draw()
                    self.query_one("#compare-bar", LinesView).set_layout(self._bar)
        finally:
            if self.measuring is measuring:
                self.measuring = None
            self.draw()

    def action_stop(self) -> None:
        """Measuring ends at once, since what is measured is kept; runs are asked about first."""
        if self.measuring is not None:
            self.workers.cancel_group(self, "compare-measure")
            self.tell("compare.cancelled")
            return
        self._confirm("stop", self._stop_runs)

    async def _stop_runs(self) -> None:
        if self.comparison is not None:
            going = [each.run for each in reversed(self.comparison.contenders) if not each.ended]
            try:
                await to_thread(self.lab.service.stop, *going)
            except (LabError, OSError) as error:
                self.fail(error)
            else:
                self.tell("compare.stopping")

    def _confirm(self, about: str, then: Callable[[], Coroutine[Any, Any, None]], more: str = "") -> None:
        text, yes, no = (self.say(f"compare.{key}") for key in (about, f"{about}.yes", f"{about}.no"))
        self.confirm(text + more, yes, no, then)

    async def action_report(self) -> None:
        """Write what is shown as Markdown below the home folder; an earlier report is never replaced."""
        if self.comparison is not None:
            folder = self.lab.root.parent / "reports"
            try:
                path: Path = await to_thread(report.write, self.comparison, folder, self.lang)
            except (LabError, OSError) as error:
                self.fail(error)
                return
            shown = short_path(inert(path), self.app.size.width // 2)
            self.tell("compare.written", path=shown)

    async def action_take_out(self) -> None:
        """Compare the others; the run itself stays where it is."""
        key = self.query_one(DataGrid).cursor_key
        left = tuple(name for name in self.ids if name != key)
        if key and left:
            marked = self.query_one(DataGrid).marked
            name = table.name_of(self.comparison, self.ids.index(key)) if self.comparison else key
            self.picks.marked = left
            await self.open(left)
            self.query_one(DataGrid).marked = tuple(each for each in marked if each != key)
            self._draw_chart()
            self.tell("compare.took-out", name=name)

    def action_copy(self) -> None:
        """The equal command."""
        command = shlex.join(["lowrank", "compare", *self.ids])
        self.copy(command, "compare.copied")

    def status(self) -> str:
        """How much of what is going on is done."""
        if self.comparison is None or (self.comparison.ended and self.measuring is None):
            return ""
        return f"{100 * share(self.comparison, self._asking, self.three):.0f} %"

    def palette(self) -> dict[str, str]:
        names = {"measure": "measure", "report": "report", "curve": "curve", "axis": "axis", "log-scale": "log_scale"}
        return {self.say(f"key.compare.{key}"): action for key, action in names.items()} if self.comparison else {}
