"""What each bench looks like while there are no runs, in both languages, at both sizes."""

from typing import Any

import pytest
from picture import in_two_sizes

from tui.views.view import PLACES

SIZES = {"80x24": (80, 24), "120x40": (120, 40)}


@pytest.mark.long
@in_two_sizes
@pytest.mark.parametrize("place", PLACES[1:])
def test_nothing_yet(app: Any, at_bench: Any, until: Any, snap_compare: Any, place: str, size: str, lang: str) -> None:
    async def ready(pilot: Any) -> None:
        bench = await at_bench(pilot, place)
        await until(pilot, lambda: getattr(bench, "ready", True))
        for widget in pilot.app.screen.query("TopBar, TabStrip"):  # which a slow machine fills later
            widget.visible = False
        await pilot.pause()

    assert snap_compare(app(lang), terminal_size=SIZES[size], run_before=ready)
