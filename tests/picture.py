"""When a screen may be photographed, and what differs where a picture is not the stored one."""

import asyncio
import html
import re
import time
from difflib import unified_diff
from typing import Any

import pytest
from textual.pilot import Pilot
from waiting import PATIENCE

from tui.widgets.loss_chart import PlotView

in_two_sizes = pytest.mark.parametrize(
    ("size", "lang"), [("80x24", "en"), pytest.param("120x40", "ko", marks=pytest.mark.long)]
)
"""A picture of the small screen in English; `make test-long` takes the large one in Korean too."""
in_both_languages = pytest.mark.parametrize("lang", ["en", pytest.param("ko", marks=pytest.mark.long)])

LOOKS = 3
"""A screen is at rest when nothing is to be done several times in a row: a worker may have just ended between two."""


async def rest(pilot: Pilot[Any]) -> None:
    """Until every message is handled and everything drawn.

    The pilot's own pause takes a process for idle that uses no processor, also where it merely gets none.
    """
    end, found = time.monotonic() + PATIENCE, 0
    while found < LOOKS:
        assert time.monotonic() < end, "the screen never comes to rest"
        await asyncio.sleep(0.02)
        found = 0 if _busy(pilot) else found + 1


def _busy(pilot: Pilot[Any]) -> bool:
    screen = pilot.app.screen
    pumps = [pilot.app, *screen.walk_children(with_self=True)]
    charts = [chart for chart in screen.query(PlotView) if chart.is_on_screen and all(chart.content_size)]
    return bool(
        any(pump.message_queue_size or pump._next_callbacks for pump in pumps)
        or any(chart._dirty or chart._drawing or chart._plotext is None for chart in charts)
        or screen._callbacks
        or screen._layout_required
        or screen._repaint_required
        or screen._dirty_widgets
    )


def drawn(chart: PlotView) -> str:
    """The text of a chart as it stands on the screen, cursor and all."""
    return "\n".join(chart.render_line(y).text for y in range(chart.size.height))


def difference(stored: str, taken: str) -> str:
    """The lines of text in which two pictures differ; only colours do where it is empty."""
    return "\n".join(unified_diff(_lines(stored), _lines(taken), "stored", "taken", n=0, lineterm=""))


def _lines(svg: str) -> list[str]:
    rows: dict[float, str] = {}
    for x, y, text in re.findall(r'<text [^>]*?x="([\d.]+)" y="([\d.]+)"[^>]*>(.*?)</text>', svg, re.DOTALL):
        row = rows.get(float(y), "")
        rows[float(y)] = row.ljust(round(float(x) / 12.2)) + html.unescape(text).replace("\xa0", " ")
    return [row for _, row in sorted(rows.items())]
