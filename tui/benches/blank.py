"""A bench that is not built yet."""

from textual.app import ComposeResult
from textual.widgets import Static

from tui.benches.bench import Bench


class BlankBench(Bench):
    """Says so."""

    def compose(self) -> ComposeResult:
        yield Static("…", markup=False)
