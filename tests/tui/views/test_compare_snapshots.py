"""What the bench that compares looks like."""

from pathlib import Path
from typing import Any

from picture import in_two_sizes

from tests.tui.views.compared import three_way
from tui.widgets.top_bar import TopBar

SIZES = {"80x24": (80, 24), "120x40": (120, 40)}


@in_two_sizes
def test_three_ways(app: Any, at_bench: Any, until: Any, snap_compare: Any, home: Path, lang: str, size: str) -> None:
    async def ready(pilot: Any) -> None:
        bench = await at_bench(pilot, "compare")
        chart = bench.query_one("#compare-chart")
        pilot.app.screen.query_one(TopBar).visible = False  # a slow machine reads the first section meanwhile
        await until(pilot, lambda: chart.drawn)
        chart.redraw()
        await pilot.pause()

    three_way(home)
    assert snap_compare(app(lang), terminal_size=SIZES[size], run_before=ready)
