"""Any lines as a picture in characters: limits and ticks worked out here, drawn by plotext, coloured by the theme."""

from __future__ import annotations

import importlib
import math
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
    "coloured",
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
"""What joins the points of the first, second … line: told apart without colour, and not to be taken for a marker."""
BANDS: Final = "░▒▓"
AXIS: Final = "$text-disabled"
CURSOR: Final = "$text-muted"
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


def draw(plotext: Any, plot: Plot, width: int, height: int) -> list[str]:
    """The chart as `height` lines of `width` cells; without the cursor. From any thread."""
    with _PLOTEXT:  # whose figures share one terminal
        return _draw(plotext, plot, width, height)


def _draw(plotext: Any, plot: Plot, width: int, height: int) -> list[str]:
    columns, rows = room(plot, width, height)
    if columns < 4 or rows < 2:
        return []
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

    def put(points: Sequence[Point], mark: str, joined: bool = False) -> None:
        if points:
            ys = [math.log10(point.y) if plot.log_y else point.y for point in points]
            figure.draw(figure.signal([point.x for point in points], ys, marker=mark).lines(joined))

    strokes = [(line, path) for line, _, path, _ in seen if path]
    for turn, (line, path) in enumerate(strokes):
        shared = len(strokes) > 1
        put(_dotted(path, across, columns, turn, len(strokes), plot.log_y) if shared else path, line.stroke, not shared)
    taken: dict[tuple[int, int], int] = {}
    for line, points, path, _ in seen:
        put(_shared(points, across, up, (columns, rows), plot.log_y, taken) if path else points, line.marker)
    empty = not any(points or path for _, points, path, _ in seen)
    if empty:
        figure.draw(figure.signal([across.lower], [up.lower], marker=" "))
    figure.ruler("x").lim(across.lower, across.upper)
    figure.ruler("y").lim(up.lower, up.upper)
    figure.ruler("x").ticks(list(across.ticks), list(across.labels))
    figure.ruler("y").ticks(list(up.ticks), list(up.labels))
    if plot.x_title:
        figure.label(plot.x_title, axis="x")
    lines: list[str] = figure.build().string(colorless=True).split("\n")[: rows + 2 + bool(plot.x_title)]
    if empty:  # plotext takes away the axis when there is nothing on it
        blank = " " * LABEL_WIDTH + "│"
        lines = [blank + line[len(blank) :] for line in lines[:rows]] + lines[rows:]
    for number, (*_, band) in enumerate(seen):
        _fill(lines, band, BANDS[number % len(BANDS)], up, plot.log_y, rows)
    return [units.fit(plot.y_title, width), *lines] if _titled(plot, height) else lines


def room(plot: Plot, width: int, height: int) -> tuple[int, int]:
    """Columns and rows that are left for the lines themselves."""
    return width - LABEL_WIDTH - 1, height - 2 - bool(plot.x_title) - _titled(plot, height)


def _titled(plot: Plot, height: int) -> bool:
    return bool(plot.y_title) and height >= 10


def column(across: Scale, columns: int, x: float) -> int:
    """The column in which an x is drawn, counted from the axis."""
    return round((x - across.lower) / (across.upper - across.lower) * (columns - 1))


def _dotted(path: Sequence[Point], across: Scale, columns: int, turn: int, turns: int, log: bool) -> list[Point]:
    """Places of a stroke in the columns of its turn, so that no line hides another that it follows."""
    heights = [point._replace(y=math.log(point.y)) for point in path] if log else path
    step = (across.upper - across.lower) / max(1, columns - 1)
    places = (across.lower + at * step for at in range(turn, columns, turns))
    ys = [(x, height(heights, x)) for x in places if path[0].x <= x <= path[-1].x]
    return [Point(x, math.exp(y) if log else y) for x, y in ys]


def _shared(
    points: Sequence[Point],
    across: Scale,
    up: Scale,
    room: tuple[int, int],
    log: bool,
    taken: dict[tuple[int, int], int],
) -> list[Point]:
    """The points without some of those that would fall on another line's marker, so that all of equal lines are seen.

    `taken` counts the lines in each cell, and is kept up to date.
    """
    cells: dict[tuple[int, int], list[Point]] = {}
    for point in points:
        y = (math.log10(point.y) if log else point.y) - up.lower
        at = column(across, room[0], point.x), round(y / (up.upper - up.lower) * (room[1] - 1))
        cells.setdefault(at, []).append(point)
    kept = []
    for at, there in cells.items():
        taken[at] = taken.get(at, 0) + 1
        kept += there if at[0] % taken[at] == 0 else []
    return kept


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


def coloured(plot: Plot, lines: Sequence[str], width: int, height: int) -> Content:
    """The picture in the theme's colours, each marker in its own; without the cursor."""
    _, rows = room(plot, width, height)
    top = _top(plot, lines, rows)
    styles = _styles(plot)
    spans, length = [], 0
    for number, line in enumerate(lines):
        head = LABEL_WIDTH + 1 if top <= number < top + rows else len(line)
        spans.append(Span(length, length + head, AXIS))
        begin = head
        while begin < len(line):
            end = begin + 1
            while end < len(line) and line[end] == line[begin]:
                end += 1
            if style := styles.get(line[begin], ""):
                spans.append(Span(length + begin, length + end, style))
            begin = end
        length += len(line) + 1
    return Content("\n".join(lines), spans=spans)


def upright(plot: Plot, lines: Sequence[str], width: int, height: int) -> tuple[int, dict[int, tuple[str, str]]]:
    """The cursor: the cell of a line in which it stands, and by number of line what stands there, and its style."""
    columns, rows = room(plot, width, height)
    top, styles = _top(plot, lines, rows), _styles(plot)
    at = cursor_cell(plot, columns)
    if at is None:
        return 0, {}
    marks = {}
    for number, line in enumerate(lines[: top + rows + 1]):
        if number == top + rows and at < len(line):
            marks[number] = "╂", AXIS
        elif number >= top and at < len(line):
            seen = line[at] not in " " + STROKES + BANDS
            style = styles.get(line[at], "") if seen else CURSOR
            marks[number] = line[at] if seen else "│", f"bold {style}" if style else ""
    return at, marks


def _top(plot: Plot, lines: Sequence[str], rows: int) -> int:
    """Lines above the first row."""
    return len(lines) - rows - 2 - bool(plot.x_title)


def _styles(plot: Plot) -> dict[str, str]:
    marks = {mark: line.style for line in plot.lines for mark in (line.marker, line.stroke) if mark}
    return {mark: "$faint" for mark in BANDS} | marks


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
