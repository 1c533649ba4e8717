"""A line chart as an SVG that asks for nothing outside itself, readable in light, in dark, and without colour."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Final

from lab.events.series import Point, thin
from lab.sanitize import inert

WIDTH, HIGH = 760, 380
LEFT, RIGHT, TOP, BOTTOM = 62, 18, 40, 46
LIGHT: Final = ("#2c5fb5", "#a86b00", "#2c7a3c", "#9a3487", "#0d7a78", "#b5532e")
DARK: Final = ("#8fb4f7", "#e5bf78", "#93c98a", "#d78fc9", "#6fc7c4", "#ea9a73")
DASHES: Final = ("", "7 3", "2 3", "9 3 2 3", "5 5", "1 4")
MARKERS: Final = 14
"""Markers on one line, at most: enough to tell it by, not so many as to hide it."""
FONT: Final = "system-ui, -apple-system, 'Segoe UI', 'Noto Sans', 'Noto Sans CJK KR', sans-serif"


@dataclass(frozen=True)
class Curve:
    """A line through points in order of x; `band` holds (x, low, high), drawn as an area behind all lines.

    `measured` are the points that get markers: not those of a smoothed curve, nor of a mean that was filled in.
    """

    name: str
    points: Sequence[Point]
    band: Sequence[tuple[float, float, float]] = ()
    measured: Sequence[Point] = ()


def chart(curves: Sequence[Curve], title: str, x_title: str, *, log: bool | None = None) -> str:
    """The whole SVG document. `log` None chooses by the values; names and titles are foreign text and made harmless."""
    across = [x for curve in curves for x in (*(p.x for p in curve.points), *(b[0] for b in curve.band))]
    up = [y for curve in curves for y in (*(p.y for p in curve.points), *(y for b in curve.band for y in b[1:]))]
    logarithmic = bool(up) and min(up) > 0 and (max(up) / min(up) > 6 if log is None else log)
    frame = _Frame(_limits(across, False), _limits(up, logarithmic), logarithmic)
    body = [*_axes(frame, title, x_title)]
    for number, curve in enumerate(curves):
        body += _drawn(frame, curve, number % len(LIGHT))
    body += _legend(curves)
    label = _text(f"{title}: " + ", ".join(curve.name for curve in curves))
    high = HIGH + 20 * len(curves)
    head = (f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{high}" viewBox="0 0 {WIDTH} {high}" '
            f'role="img" aria-label="{label}">')  # fmt: skip
    return "\n".join(
        [head, _style(), f'<rect class="page" width="{WIDTH}" height="{high}" rx="6"/>', *body, "</svg>", ""]
    )


@dataclass(frozen=True)
class _Frame:
    """Where values fall: limits of x and y (of a logarithmic y, exponents of ten)."""

    across: tuple[float, float]
    up: tuple[float, float]
    log: bool

    def x(self, value: float) -> float:
        low, high = self.across
        return LEFT + (value - low) / (high - low) * (WIDTH - LEFT - RIGHT)

    def y(self, value: float) -> float:
        low, high = self.up
        at = math.log10(value) if self.log else value
        return HIGH - BOTTOM - (at - low) / (high - low) * (HIGH - TOP - BOTTOM)


def _limits(values: Sequence[float], log: bool) -> tuple[float, float]:
    low, high = min(values, default=1.0), max(values, default=10.0)
    if log:
        low, high = math.log10(low), math.log10(high)
        return (low - 0.04 * (high - low), high) if high > low else (low - 0.5, high + 0.5)
    low = 0.0 if 0 <= low < high / 2 or low == high else low
    return (low, high) if high > low else (low, low + 1)


def ticks(low: float, high: float, most: int) -> list[float]:
    """Round numbers between two limits, at most `most` steps apart."""
    rough = (high - low) / most
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough * (1 - 1e-9))
    return [index * step for index in range(math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9) + 1)]


def _log_ticks(low: float, high: float) -> list[float]:
    exponents = range(math.floor(low) - 1, math.ceil(high) + 1)
    fine = [factor * 10.0**e for e in exponents for factor in (1, 2, 3, 5)]
    found = [value for value in fine if low <= math.log10(value) <= high]
    return found if len(found) <= 9 else [10.0**e for e in exponents if low <= e <= high]


def _axes(frame: _Frame, title: str, x_title: str) -> list[str]:
    bottom, right = HIGH - BOTTOM, WIDTH - RIGHT
    lines = [f'<text class="title" x="{LEFT}" y="24">{_text(title)}</text>']
    for value in _log_ticks(*frame.up) if frame.log else ticks(*frame.up, 6):
        y = frame.y(value)
        lines.append(f'<line class="grid" x1="{LEFT}" y1="{y:.1f}" x2="{right}" y2="{y:.1f}"/>')
        lines.append(f'<text class="tick" x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{value:.3g}</text>')
    for value in ticks(*frame.across, 8):
        x = frame.x(value)
        lines.append(f'<line class="axis" x1="{x:.1f}" y1="{bottom}" x2="{x:.1f}" y2="{bottom + 4}"/>')
        lines.append(f'<text class="tick" x="{x:.1f}" y="{bottom + 18}" text-anchor="middle">{value:,.6g}</text>')
    lines.append(f'<line class="axis" x1="{LEFT}" y1="{bottom}" x2="{right}" y2="{bottom}"/>')
    middle = (LEFT + right) / 2
    return [*lines, f'<text class="tick" x="{middle}" y="{bottom + 36}" text-anchor="middle">{_text(x_title)}</text>']


def _drawn(frame: _Frame, curve: Curve, number: int) -> list[str]:
    parts: list[str] = []
    band = [each for each in curve.band if each[1] > 0 or not frame.log]
    if band:
        there = [f"{frame.x(x):.1f},{frame.y(high):.1f}" for x, _, high in band]
        back = [f"{frame.x(x):.1f},{frame.y(low):.1f}" for x, low, _ in reversed(band)]
        parts.append(f'<polygon class="f{number} band" points="{" ".join(there + back)}"/>')
    points = thin([p for p in curve.points if p.y > 0 or not frame.log], *frame.across, WIDTH - LEFT - RIGHT)
    at = [(frame.x(p.x), frame.y(p.y)) for p in points]
    if at:
        line = " ".join(f"{x:.1f},{y:.1f}" for x, y in at)
        parts.append(f'<polyline class="s{number}" points="{line}"/>')
    shown = [point for point in curve.measured if point.y > 0 or not frame.log]
    every = max(1, -(-len(shown) // MARKERS))
    for point in [*shown[::every], *(shown[-1:] if (len(shown) - 1) % every else [])]:
        parts.append(_marker(number, frame.x(point.x), frame.y(point.y)))
    return parts


def _marker(number: int, x: float, y: float) -> str:
    """A shape of its own for each line, so that they can be told apart without colour."""
    shapes = {
        0: "M-4 0a4 4 0 1 0 8 0a4 4 0 1 0-8 0z",
        1: "M0-5.5L5.5 0L0 5.5L-5.5 0z",
        2: "M0-5.5L5 4L-5 4z",
        3: "M-4-4H4V4H-4z",
        4: "M-1.5-5H1.5V-1.5H5V1.5H1.5V5H-1.5V1.5H-5V-1.5H-1.5z",
        5: "M-4.5 0a4.5 4.5 0 1 0 9 0a4.5 4.5 0 1 0-9 0zM-2.5 0a2.5 2.5 0 1 1 5 0a2.5 2.5 0 1 1-5 0z",
    }
    return f'<path class="f{number}" transform="translate({x:.1f} {y:.1f})" d="{shapes[number]}"/>'


def _legend(curves: Sequence[Curve]) -> list[str]:
    lines = []
    for at, curve in enumerate(curves):
        number, y = at % len(LIGHT), HIGH + 6 + 20 * at
        last = f"  {curve.points[-1].y:.3f}" if curve.points else ""
        lines += [f'<polyline class="s{number}" points="{LEFT},{y - 4} {LEFT + 36},{y - 4}"/>',
                  *([_marker(number, LEFT + 18, y - 4)] if curve.measured else []),
                  f'<text class="name" x="{LEFT + 46}" y="{y}">{_text(curve.name)}{last}</text>']  # fmt: skip
    return lines


def _style() -> str:
    """The colours of the light theme, and those of the dark one where the reader's screen is dark."""

    def rules(page: str, ink: str, muted: str, grid: str, colours: Sequence[str]) -> str:
        own = "".join(
            f".s{n}{{stroke:{c};fill:none;stroke-width:2;stroke-dasharray:{DASHES[n] or 'none'}}}.f{n}{{fill:{c}}}"
            for n, c in enumerate(colours)
        )
        title = f".title{{fill:{ink};font-weight:600;font-size:15px}}.name{{fill:{ink};font-size:13px}}"
        lines = f".tick{{fill:{muted};font-size:12px}}.grid{{stroke:{grid}}}.axis{{stroke:{muted}}}"
        return f".page{{fill:{page}}}{title}{lines}{own}"

    light = rules("#fbf9f4", "#17181c", "#5c5850", "#e6e1d5", LIGHT)
    dark = rules("#14161b", "#f1f2f5", "#9aa1b0", "#262a34", DARK)
    always = f"text{{font-family:{FONT};white-space:pre}}.band{{opacity:.2}}"
    return f"<style>{always}{light}@media (prefers-color-scheme: dark){{{dark}}}</style>"


def _text(text: str) -> str:
    return escape(inert(text))
