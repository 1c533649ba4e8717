"""Numbers as people read them: fixed precision, and a unit."""

from __future__ import annotations

import math

NOTHING = "–"


def loss(value: float | None) -> str:
    """0.412; 12.34; nan is said, not hidden."""
    if value is None:
        return NOTHING
    if not math.isfinite(value):
        return str(value)
    return f"{value:.3f}" if abs(value) < 100 else f"{value:.3g}"


def count(value: float | None) -> str:
    """2,310"""
    return NOTHING if value is None or not math.isfinite(value) else f"{round(value):,}"


def parameters(value: float | None) -> str:
    """135,168; from a hundred million on in millions: 1,236 M."""
    return count(value) if value is None or value < 1e8 else f"{count(value / 1e6)} M"


def size(value: float | None) -> str:
    """Bytes in decimal units: 812 B, 12.3 kB, 0.7 MB, 11.4 MB, 212 MB, 1.2 GB."""
    if value is None or not math.isfinite(value):
        return NOTHING
    if value < 1000:
        return f"{value:.0f} B"
    if value < 100_000:
        return f"{value / 1e3:.1f} kB"
    if value < 1e9:
        return f"{value / 1e6:.1f} MB" if value < 1e8 else f"{value / 1e6:.0f} MB"
    return f"{value / 1e9:.1f} GB"


def duration(seconds: float | None) -> str:
    """0:25, 12:03, 1:02:03"""
    if seconds is None or not math.isfinite(seconds) or seconds < 0:
        return NOTHING
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def per_iteration(iterations_per_second: float | None) -> str:
    """0.031 s from 32 iterations a second."""
    if not iterations_per_second or not math.isfinite(iterations_per_second):
        return NOTHING
    seconds = 1 / iterations_per_second
    return f"{seconds:.3f} s" if seconds < 100 else f"{seconds:.0f} s"


def percent(part: float | None, whole: float | None, digits: int = 1) -> str:
    """6.1 %"""
    return NOTHING if part is None or not whole else f"{100 * part / whole:.{digits}f} %"
