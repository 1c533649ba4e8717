"""What is seen of the bench that compares: table, chart, answers and specification, and which of them is in front."""

from typing import Any

from textual import on
from textual.app import ComposeResult
from textual.content import Content
from textual.events import Resize
from textual.reactive import reactive

from lab.queue import three_way
from lab.reports.comparison import Comparison
from lab.runs import run_evidence
from tui.formatting.text_layout import Lines
from tui.views.compare import (
    chart,
    lines,
    table,
)
from tui.views.compare.evaluation import Measuring
from tui.views.compare.progress import Asking
from tui.views.view import LaboratoryView
from tui.widgets.action_bar import ActionBar
from tui.widgets.containers import Container, Horizontal, VerticalScroll
from tui.widgets.data_grid import DataGrid
from tui.widgets.lines import LinesView
from tui.widgets.loss_chart import PlotView
from tui.widgets.tab_strip import TabStrip

PARTS = ("chart", "answers", "differences")
WIDE, HIGH = 110, 28


class CompareLayout(LaboratoryView, can_focus=True):
    """Draws what was last read of a comparison; the bench around it decides what is compared."""

    DEFAULT_CSS = """
    CompareLayout { padding: 0 1; }
    CompareLayout #compare-table { height: auto; max-height: 9; width: 1fr; }
    CompareLayout #compare-bar, CompareLayout #compare-strip { height: 1; }
    CompareLayout #compare-choices { width: auto; }
    CompareLayout.-wide #compare-table, CompareLayout.-wide #compare-strip { margin-top: 1; }
    CompareLayout #compare-body { height: 1fr; layout: horizontal; }
    CompareLayout VerticalScroll { width: 1fr; height: 1fr; scrollbar-size-vertical: 1; }
    CompareLayout PlotView { width: 1fr; }
    CompareLayout #compare-empty { display: none; height: auto; max-width: 76; margin: 2 2; }
    CompareLayout.-empty > * { display: none; }
    CompareLayout.-empty #compare-empty { display: block; }
    CompareLayout.-wide #compare-answers { width: 46; margin-left: 2; }
    CompareLayout.-chart #compare-specification, CompareLayout.-answers #compare-specification { display: none; }
    CompareLayout.-chart #compare-answers, CompareLayout.-answers PlotView { display: none; }
    CompareLayout.-wide.-chart #compare-answers { display: block; }
    CompareLayout.-differences PlotView, CompareLayout.-differences #compare-answers { display: none; }
    """

    part: reactive[str] = reactive("chart", init=False)

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.comparison: Comparison | None = None
        self.measuring: Measuring | None = None
        self._curve: chart.Kind = "validation"
        self._over = 0
        self._log: bool | None = None

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
        self._arrange()

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

    def on_resize(self, _: Resize) -> None:
        self._arrange()

    def _arrange(self) -> None:
        self.set_class(self.size.width >= WIDE and self.size.height >= HIGH, "-wide")
        if self.part not in self._parts():
            self.part = "chart"
        for name in PARTS:
            self.set_class(name == self.part, f"-{name}")
        self._draw_strip()

    def watch_part(self) -> None:
        self._arrange()

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
