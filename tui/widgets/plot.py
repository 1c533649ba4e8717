"""Charts in characters. plotext draws lines, points, axes and ticks; limits, ticks and colours are decided here.

plotext gets the number of a line as its colour; `draw` replaces it by the style that the theme has for the line.
"""

from __future__ import annotations

import importlib
import math
import os
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from threading import Lock
from typing import Any, Final, Literal

from textual.content import Content, Span

from lab.events.series import Point, height, thin
from tui.formatting import units

__all__ = [
    "SERIES",
    "STROKES",
    "Line",
    "Plot",
    "Point",
    "Scale",
    "draw",
    "legend",
    "load",
    "upright",
    "x_scale",
    "y_scale",
]

SERIES: Final = tuple((marker, f"$series-{number}") for number, marker in enumerate("•◆▲■✚○", 1))
"""Marker and style of the first, second … of several lines of one kind."""
STROKES: Final = "─╌┈━╍┅"
"""What joins the points of the first, second … line: solid, dashed, dotted, and the same twice as thick."""
DASHES: Final = {"─": (1, 0), "╌": (8, 5), "┈": (2, 4), "━": (1, 0), "╍": (8, 5), "┅": (2, 4)}
"""How many columns of braille dots a stroke is drawn for, and how many are left out then."""
THICK: Final = "━╍┅"
MARKER_GAP: Final = 12
"""Columns from one marker of a joined line to the next, so that the line itself is seen."""
BANDS: Final = "░▒▓"
AXIS: Final = "$text-disabled"
CURSOR: Final = "$text-muted"
BAND: Final = "$faint"
_BAND: Final = re.compile(f"[{BANDS}]+")
LABEL_WIDTH: Final = 4
Unit = Literal["count", "time"]


@dataclass(frozen=True)
class Line:
    """Measured points in order of x, and nothing else, each drawn as `marker`; `stroke` joins them.

    `path` is what the stroke follows where that is not the points: a smoothed curve, or a mean of several.
    `band` holds (x, low, high) in order of x, drawn as a faint area behind all lines.
    """

    name: str
    marker: str
    style: str
    points: Sequence[Point]
    stroke: str = ""
    path: Sequence[Point] | None = None
    band: Sequence[tuple[float, float, float]] = ()

    @property
    def joined(self) -> Sequence[Point]:
        """The points of the stroke; none without one."""
        return () if not self.stroke else self.points if self.path is None else self.path


@dataclass(frozen=True)
class Plot:
    """What is drawn: strokes under markers, and later lines over earlier ones.

    `x_unit` "time" writes seconds as 12:03; `cursor` is an x.
    """

    lines: Sequence[Line] = ()
    x_title: str = ""
    y_title: str = ""
    x_limits: tuple[float, float] | None = None
    log_y: bool = False
    cursor: float | None = None
    x_unit: Unit = "count"


@dataclass(frozen=True)
class Scale:
    """Limits of one axis, as drawn, and the ticks on it with their labels."""

    lower: float
    upper: float
    ticks: Sequence[float] = field(default_factory=tuple)
    labels: Sequence[str] = field(default_factory=tuple)


def nice_step(span: float, most: int) -> float:
    """The smallest of 1, 2, 5 times a power of ten that divides `span` into at most `most` steps."""
    rough = span / max(1, most)
    power = 10.0 ** math.floor(math.log10(rough))
    return next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough * (1 - 1e-9))


def time_step(span: float, most: int) -> float:
    """The same in steps that a clock has."""
    steps = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 43200, 86400)
    return next((float(step) for step in steps if span / step <= max(1, most)), nice_step(span, most))


def y_scale(lows: Sequence[float], log: bool, rows: int) -> Scale:
    """From 0, or from just under the lowest value when all lie high, to a round number above the highest."""
    if log:
        return _log_scale([value for value in lows if value > 0], rows)
    low, high = min(lows, default=0.0), max(lows, default=1.0)
    most = max(1, min(6, rows // 2))
    if high <= 0:
        high = low + 1 if low == high else high
    base = 0.0 if 0 <= low < high / 2 or low == high else low
    step = nice_step(max(high - base, 1e-6), most)
    lower = math.floor(base / step + 1e-9) * step
    steps = max(1, math.ceil((high - lower) / step - 1e-9))
    ticks = [lower + index * step for index in range(steps + 1)]
    # Rounding may put a limit that is meant to be a value just beside it.
    limits = min(lower, base), max(lower + steps * step, high)
    return Scale(*limits, ticks, [value_label(tick) for tick in ticks])


def _log_scale(values: Sequence[float], rows: int) -> Scale:
    """In powers of ten: limits and ticks are exponents, and ticks stand at 1, 2 and 5 where there is room."""
    low, high = min(values, default=0.1), max(values, default=1.0)
    exponents = range(math.floor(math.log10(low)) - 1, math.ceil(math.log10(high)) + 2)
    for factors in ((1, 2, 5), (1,)):
        steps = [factor * 10.0**exponent for exponent in exponents for factor in factors]
        lower = max((step for step in steps if step <= low * (1 + 1e-9)), default=steps[0])
        upper = min((step for step in steps if step >= high * (1 - 1e-9) and step > lower), default=steps[-1])
        ticks = [step for step in steps if lower <= step <= upper]
        if len(ticks) <= max(2, rows // 2):
            break
    every = -(-len(ticks) // max(2, rows // 2))
    ticks = ticks[::every]
    lower, upper = min(lower, low), max(upper, high)
    return Scale(math.log10(lower), math.log10(upper), [math.log10(t) for t in ticks], [value_label(t) for t in ticks])


def x_scale(plot: Plot, columns: int) -> Scale:
    """The limits asked for, or from 0 (from the first point when all lie far) to the last point."""
    if plot.x_limits is not None:
        lower, upper = plot.x_limits
    else:
        drawn = [points for line in plot.lines for points in (line.points, line.joined) if points]
        ends = [end.x for points in drawn for end in (points[0], points[-1])]
        ends += [end[0] for line in plot.lines if line.band for end in (line.band[0], line.band[-1])]
        lower, upper = min(ends, default=0.0), max(ends, default=1.0)
        lower = 0.0 if 0 <= lower < upper / 2 or lower == upper else lower
    upper = upper if upper > lower else lower + 1
    most = max(1, min(6, columns // 9))
    step = time_step(upper - lower, most) if plot.x_unit == "time" else nice_step(upper - lower, most)
    step = max(1.0, step) if upper - lower >= 2 else step
    first = math.ceil(lower / step - 1e-9)
    ticks = [index * step for index in range(first, math.floor(upper / step + 1e-9) + 1)]
    label = units.duration if plot.x_unit == "time" else count_label
    return Scale(lower, upper, ticks, [label(tick) for tick in ticks])


def count_label(value: float) -> str:
    """0, 250, 1500, 20k, 1.5M"""
    for limit, unit in ((1e9, "G"), (1e6, "M"), (1e4, "k")):
        if abs(value) >= limit:
            return f"{value / (1e3 if unit == 'k' else limit):.4g}{unit}"
    return f"{value:.4g}" if value != round(value) else f"{value:.0f}"


def value_label(value: float) -> str:
    """At most four cells, right-aligned, so that the axis does not move while the scale does."""
    text = f"{value:.2f}" if abs(value) < 9.995 else f"{value:.1f}" if abs(value) < 99.95 else f"{value:.0f}"
    if len(text) > LABEL_WIDTH or 0 < abs(value) < 0.005:
        text = f"{value:.0e}".replace("e+0", "e").replace("e-0", "e-").replace("e+", "e")
    return text[:LABEL_WIDTH].rjust(LABEL_WIDTH)


_PLOTEXT = Lock()


def load() -> Any:
    """plotext, once it is imported; that takes 0.2 s, so call this in a thread."""
    with _PLOTEXT:
        return importlib.import_module("plotext")


def braille() -> bool:
    """Whether the terminal shows braille: $LOWRANK_BRAILLE (1 or 0), or what it and its encoding are known for."""
    chosen = os.environ.get("LOWRANK_BRAILLE", "")
    if chosen:
        return chosen != "0"
    encoding = getattr(sys.__stdout__, "encoding", None) or "utf-8"
    return os.environ.get("TERM") != "linux" and encoding.lower().startswith("utf")


def draw(plotext: Any, plot: Plot, width: int, height: int) -> Content:
    """The chart as `height` lines of `width` cells, without the cursor; empty if there is no room. From any thread."""
    with _PLOTEXT:  # whose figures share one terminal
        return _draw(plotext, plot, width, height)


def _draw(plotext: Any, plot: Plot, width: int, height: int) -> Content:
    columns, rows = room(plot, width, height)
    if columns < 4 or rows < 2:
        return Content("")
    across = x_scale(plot, columns)
    seen = [(line, *_visible(line, across, columns, plot.log_y)) for line in plot.lines]
    values = [point.y for _, points, path, _ in seen for point in (*points, *path)] + [
        y for *_, band in seen for both in band.values() for y in both
    ]
    up = y_scale(values, plot.log_y, rows)
    plotext.terminal.limit(False, False)
    figure = type(plotext.figure)(plotext.terminal)
    figure.plot_size(width, rows + 2 + bool(plot.x_title))
    figure.theme("colorless")
    for axis, side in (("x", "upper"), ("y", "right")):
        figure.axes(False, axis=axis, side=side)

    def put(number: int, points: Sequence[Point], mark: str, cuts: Sequence[int] | None = None) -> None:
        """Draw points; joined, but for the cuts before those places, if there are `cuts`."""
        if points:
            marker = plotext.marker(mark, plotext.pixel((0, 0, number + 1)))
            signal = figure.signal([point.x for point in points], [point.y for point in points], marker=marker)
            signal.lines(cuts is not None)
            for at in cuts or ():
                signal.line(at, False)
            figure.draw(signal)

    def scaled(points: Sequence[Point]) -> list[Point]:
        return [point._replace(y=math.log10(point.y)) for point in points] if plot.log_y else list(points)

    dots = braille()
    for number, (line, points, path, _) in enumerate(seen):
        if path:
            places, cuts = _dashed(scaled(path), line.stroke, across, 2 * columns) if dots else (scaled(path), [])
            put(number, places, "braille" if dots else line.stroke, cuts)
            if dots and line.stroke in THICK and len(places) > 1:
                rise = (up.upper - up.lower) / (4 * rows - 1)
                put(number, [each._replace(y=min(up.upper, each.y + rise)) for each in places], "braille", cuts)
        else:
            put(number, scaled(points), line.marker)
    joined = [(number, scaled(points)) for number, (_, points, path, _) in enumerate(seen) if path]
    for number, points in _marked(joined, across, up, (columns, rows)):
        put(number, points, plot.lines[number].marker)
    empty = not any(points or path for _, points, path, _ in seen)
    if empty:
        figure.draw(figure.signal([across.lower], [up.lower], marker=" "))
    figure.ruler("x").lim(across.lower, across.upper)
    figure.ruler("y").lim(up.lower, up.upper)
    figure.ruler("x").ticks(list(across.ticks), list(across.labels))
    figure.ruler("y").ticks(list(up.ticks), list(up.labels))
    if plot.x_title:
        figure.label(plot.x_title, axis="x")
    pictured = figure.build().string().split("\n")[: rows + 2 + bool(plot.x_title)]
    found = [_cells(line) for line in pictured]
    lines, owners = [text for text, _ in found], [owner for _, owner in found]
    if empty:  # plotext takes away the axis when there is nothing on it
        blank = " " * LABEL_WIDTH + "│"
        lines = [blank + line[len(blank) :] for line in lines[:rows]] + lines[rows:]
    for number, (*_, band) in enumerate(seen):
        _fill(lines, band, BANDS[number % len(BANDS)], up, plot.log_y, rows)
    return _styled(plot, lines, owners, width, height)


_COLOUR: Final = re.compile(r"\x1b\[(?:38;2;0;0;(\d+)|[\d;]*)m")


Owners = list[tuple[int, int, int]]


def _cells(line: str) -> tuple[str, Owners]:
    """The text of a line of plotext, and (start, end, number) of each stretch that a line of the plot has drawn."""
    text, owner = "", 0
    owners: Owners = []
    parts = _COLOUR.split(line)
    for at in range(0, len(parts), 2):
        if owner and parts[at]:
            owners.append((len(text), len(text) + len(parts[at]), owner - 1))
        text += parts[at]
        owner = int(parts[at + 1] or 0) if at + 1 < len(parts) else 0
    return text, owners


def _styled(
    plot: Plot, lines: list[str], owners: Sequence[list[tuple[int, int, int]]], width: int, height: int
) -> Content:
    rows = room(plot, width, height)[1]
    spans: list[Span] = []
    title = [units.fit(plot.y_title, width)] if _titled(plot, height) else []
    length = sum(len(line) + 1 for line in title)
    if title:
        spans.append(Span(0, length - 1, AXIS))
    for number, (line, drawn) in enumerate(zip(lines, owners, strict=True)):
        spans.append(Span(length, length + (LABEL_WIDTH + 1 if number < rows else len(line)), AXIS))
        spans += [Span(length + each.start(), length + each.end(), BAND) for each in _BAND.finditer(line)]
        spans += [Span(length + start, length + end, plot.lines[owner].style) for start, end, owner in drawn]
        length += len(line) + 1
    return Content("\n".join([*title, *lines]), spans=spans)


def room(plot: Plot, width: int, height: int) -> tuple[int, int]:
    """Columns and rows that are left for the lines themselves."""
    return width - LABEL_WIDTH - 1, height - 2 - bool(plot.x_title) - _titled(plot, height)


def _titled(plot: Plot, height: int) -> bool:
    return bool(plot.y_title) and height >= 10


def column(across: Scale, columns: int, x: float) -> int:
    """The column in which an x is drawn, counted from the axis."""
    return round((x - across.lower) / (across.upper - across.lower) * (columns - 1))


def _dashed(path: list[Point], stroke: str, across: Scale, dots: int) -> tuple[list[Point], list[int]]:
    """What is drawn of a path over so many columns of dots, and the places before which it is cut.

    What lies below shows in the gaps, so that equal lines are all seen.
    """
    on, off = DASHES.get(stroke, (1, 0))
    if not off or len(path) < 2:
        return path, []
    step = (across.upper - across.lower) / (dots - 1)
    drawn: list[Point] = []
    cuts: list[int] = []
    for first in range(0, dots, on + off):
        begin, end = max(path[0].x, across.lower + first * step), across.lower + (first + on - 1) * step
        end = min(path[-1].x, end)
        if begin <= end:
            cuts.append(len(drawn))
            inner = [point for point in path if begin < point.x < end]
            drawn += [Point(begin, height(path, begin)), *inner, Point(end, height(path, end))]
    return drawn, cuts


def _marked(
    lines: Sequence[tuple[int, Sequence[Point]]], across: Scale, up: Scale, room: tuple[int, int]
) -> list[tuple[int, list[Point]]]:
    """Of each joined line the last point and some of those before it; lines that meet in a cell take turns."""
    sharing: dict[tuple[int, int], dict[int, Point]] = {}
    for turn, (number, points) in enumerate(lines):
        after = (turn + 1) * MARKER_GAP // len(lines)
        last = -MARKER_GAP if len(lines) == 1 else after - MARKER_GAP
        for point in points:
            row = round((point.y - up.lower) / (up.upper - up.lower) * (room[1] - 1))
            at = column(across, room[0], point.x)
            if at - last >= MARKER_GAP or point is points[-1]:
                last = at
                sharing.setdefault((at, row), {})[number] = point
    kept: dict[int, list[Point]] = {number: [] for number, _ in lines}
    for cell in sorted(sharing):
        number = min(sharing[cell], key=lambda each: len(kept[each]))
        kept[number].append(sharing[cell][number])
    return list(kept.items())


def _visible(
    line: Line, across: Scale, columns: int, log: bool
) -> tuple[list[Point], list[Point], dict[int, tuple[float, float]]]:
    """What there is to see of a line: its points and its path, thinned to the columns, and its band by column."""
    points = thin(line.points, across.lower, across.upper, columns)
    path = thin(line.joined, across.lower, across.upper, columns, "last")
    points, path = ([point for point in each if point.y > 0 or not log] for each in (points, path))
    band: dict[int, tuple[float, float]] = {}
    for x, low, high in line.band:
        if across.lower <= x <= across.upper and (low > 0 or not log):
            band[column(across, columns, x)] = (low, high)
    return points, path, band


def _fill(
    lines: list[str], band: Mapping[int, tuple[float, float]], mark: str, up: Scale, log: bool, rows: int
) -> None:
    """Draw a band in place, under what is there; columns between two known ones are filled in straight."""
    known = sorted(band)
    for left, right in zip(known, [*known[1:], *known[-1:]], strict=True):
        for at in range(left, max(left + 1, right)):
            share = (at - left) / max(1, right - left)
            ends = [a + share * (b - a) for a, b in zip(band[left], band[right], strict=True)]
            ys = [math.log10(max(end, 1e-12)) if log else end for end in ends]
            low, high = (round((y - up.lower) / (up.upper - up.lower) * (rows - 1)) for y in ys)
            for row in range(max(0, rows - 1 - high), min(rows - 1, rows - 1 - low) + 1):
                cell = LABEL_WIDTH + 1 + at
                if lines[row][cell : cell + 1] == " ":
                    lines[row] = lines[row][:cell] + mark + lines[row][cell + 1 :]


def upright(plot: Plot, picture: Content, width: int, height: int) -> tuple[int, dict[int, tuple[str, str]]]:
    """The cursor: the cell of a line in which it stands, and by number of line what stands there, and its style."""
    columns, rows = room(plot, width, height)
    at = cursor_cell(plot, columns)
    if at is None:
        return 0, {}
    styles = {line.marker: line.style for line in plot.lines if line.marker}
    top, marks = int(_titled(plot, height)), {}
    for number, line in enumerate(picture.plain.split("\n")[: top + rows + 1]):
        if number == top + rows and at < len(line):
            marks[number] = "╂", AXIS
        elif number >= top and at < len(line):
            seen = line[at] in styles
            style = styles[line[at]] if seen else CURSOR
            marks[number] = line[at] if seen else "│", f"bold {style}"
    return at, marks


def cursor_cell(plot: Plot, columns: int) -> int | None:
    """The cell of a line in which the cursor stands, if it is in view."""
    across = x_scale(plot, columns)
    if plot.cursor is None or not across.lower <= plot.cursor <= across.upper:
        return None
    return LABEL_WIDTH + 1 + column(across, columns, plot.cursor)


def legend(plot: Plot) -> Content:
    """Which marker is which line, in one line."""
    parts: list[str | tuple[str, str]] = []
    for line in plot.lines:
        parts += ["  " if parts else "", (line.marker or line.stroke, line.style), (f" {line.name}", "$text-muted")]
    return Content.assemble(*parts)
