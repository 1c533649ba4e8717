"""The progress page of a learner who has days behind them."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.tui.panes.progress.learner import stop_the_clock, write
from tui.screens.progress import ProgressScreen


@pytest.fixture(autouse=True)
def one_clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    stop_the_clock(monkeypatch)
    yield
    monkeypatch.undo()


@pytest.fixture
def learned(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    write(home, monkeypatch)
    return home


@pytest.fixture
def at_page(opened: Any, until: Any) -> Any:
    async def go(pilot: Any, part: str = "overview") -> ProgressScreen:
        await opened(pilot)
        await pilot.app.action_progress(part)
        page: ProgressScreen = pilot.app.progress_page
        await until(pilot, lambda: page.ready and pilot.app.screen is page)
        return page

    return go
