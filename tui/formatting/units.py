"""Numbers as the lab shows them, and widths counted in terminal cells."""

from __future__ import annotations

from rich.cells import cell_len, set_cell_size

from lab.units import NOTHING, count, duration, loss, parameters, per_iteration, percent, size

__all__ = ["NOTHING", "bar", "count", "duration", "fit", "loss", "parameters", "per_iteration", "percent", "size"]


def fit(text: str, width: int) -> str:
    """Exactly `width` cells: padded, or cut with an ellipsis."""
    if cell_len(text) <= width:
        return text + " " * (width - cell_len(text))
    return set_cell_size(text, max(0, width - 1)) + "…" if width > 0 else ""


def bar(done: float, width: int) -> tuple[str, str]:
    """A progress bar of `width` cells as its filled and its empty part."""
    halves = round(max(0.0, min(1.0, done)) * width * 2)
    filled = "━" * (halves // 2) + ("╸" if halves % 2 else "")
    return filled, "─" * (width - len(filled))
