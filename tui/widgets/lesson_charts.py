"""What is drawn from data, in a text or beside a question: bars, and charts, for which plotext is loaded."""

import sys
from asyncio import to_thread
from typing import TYPE_CHECKING, Any, Final

from textual.content import Content

from tui.formatting.text_layout import Layout, Lines, fit, join, pad, styled
from tui.widgets import plot as plots
from tui.widgets.lines import LinesView

if TYPE_CHECKING:
    from lessons.course import Bars, Chart, Lang

JOINED_FROM: Final = 40
"""Points; fewer are drawn apart, since a stroke between them would say more than is known."""
CHART_ROWS, CHART_ROWS_TALL, TALL = 14, 20, 36
"""Lines of a chart, and in a terminal of at least so many lines."""
EIGHTHS: Final = "▏▎▍▌▋▊▉"


def chart_rows(screen_rows: int) -> int:
    """Lines of a chart in a terminal of that many lines."""
    return CHART_ROWS if screen_rows < TALL else CHART_ROWS_TALL


def chart_lines(chart: "Chart", lang: "Lang", plotext: Any, rows: int) -> Layout:
    """The chart in that many lines; the first ones name the axes, and say which marker is which line.

    Without plotext (None), the place of the lines stays empty.
    """
    lines = [
        plots.Line(
            line.title[lang],
            marker,
            style,
            [plots.Point(x, y) for x, y in line.points],
            stroke if len(line.points) >= JOINED_FROM else "",
        )
        for line, (marker, style), stroke in zip(chart.lines, plots.SERIES, plots.STROKES, strict=False)
    ]
    plot = plots.Plot(lines, log_y=chart.log_y)
    axes = styled(f"{chart.y[lang]} ↑  {chart.x[lang]} →", "$text-muted") + Content(" ")
    entries = [axes, *(plots.legend(plots.Plot([line])) for line in lines)]

    def layout(width: int) -> Lines:
        head = beside(entries, width)[: rows // 2]
        room = rows - len(head)
        drawn = plots.draw(plotext, plot, width, room) if plotext is not None else Content()
        picture = drawn.split("\n") if drawn else []
        return [*head, *picture, *[Content("")] * (room - len(picture))]

    return layout


def beside(entries: list[Content], width: int) -> Lines:
    """As many entries in a line as it takes; one that is wider than a line is cut."""
    lines: list[list[Content]] = []
    for entry in entries:
        if lines and sum(each.cell_length + 2 for each in lines[-1]) + entry.cell_length <= width:
            lines[-1].append(entry)
        else:
            lines.append([entry])
    return [fit(join(line, "  "), width) for line in lines]


class ChartView(LinesView):
    """A chart in a text: its place is kept until plotext is there, so that nothing jumps."""

    def __init__(self, chart: "Chart", lang: "Lang", classes: str = "block") -> None:
        self.plotext: Any = sys.modules.get("plotext")
        self._chart, self._lang = chart, lang
        super().__init__(self._titled, classes=classes)

    async def on_mount(self) -> None:
        if self.plotext is None:
            self.run_worker(self._load(), exit_on_error=False)

    async def _load(self) -> None:
        self.plotext = await to_thread(plots.load)
        self.redraw()

    def _titled(self, width: int) -> Lines:
        title = self._chart.title
        rows = chart_rows(self.app.size.height)
        picture = chart_lines(self._chart, self._lang, self.plotext, rows)(width)
        return [*_title(title[self._lang] if title else "", width), *picture]


def bars_lines(bars: "Bars", lang: "Lang") -> Layout:
    """One line for each bar, the longest as long as there is room; the number stands behind it."""
    labels = [styled(bar.label[lang]) for bar in bars.bars]
    values = [styled(bar.shown, "$heading") for bar in bars.bars]
    most = max((bar.length for bar in bars.bars), default=0)

    def layout(width: int) -> Lines:
        beside_it = min(max(label.cell_length for label in labels), width // 2)
        room = max(1, width - beside_it - 3 - max(value.cell_length for value in values))
        lines = _title(bars.title[lang], width)
        for bar, label, value in zip(bars.bars, labels, values, strict=True):
            length = strip(bar.length / most if most else 0, room)
            parts = [pad(label, beside_it), styled(" │", "$faint"), styled(length, "$primary"), styled(" "), value]
            lines.append(fit(join(parts), width))
        return lines

    return layout


def strip(share: float, cells: int) -> str:
    """A share from 0 to 1 of so many cells, to an eighth of one; nothing is drawn for 0 alone."""
    eighths = round(share * cells * 8)
    eighths = max(1, eighths) if share > 0 else 0
    return "█" * (eighths // 8) + (EIGHTHS[eighths % 8 - 1] if eighths % 8 else "")


def _title(text: str, width: int) -> Lines:
    return styled(text, "bold $text-muted").wrap(max(width, 4)) if text else []
