"""The loss curves as a picture in characters: limits and ticks worked out here, drawn by plotext."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from textual.content import Content

from tui.labroom.series import Point, thin

if TYPE_CHECKING:
    from tui.labroom.progress import RunProgress

TRAIN, SMOOTH, VALIDATION, BEST = "•", "─", "◆", "★"
STYLES = {
    TRAIN: "$chart-train",
    SMOOTH: "$chart-smooth",
    VALIDATION: "$chart-validation",
    BEST: "bold $chart-best",
}
AXIS = "$text-disabled"
LABEL_WIDTH = 4


@dataclass(frozen=True)
class Curves:
    """What is drawn: losses by iteration, and the iteration the run ends at (0: not known)."""

    iterations: int = 0
    train: Sequence[Point] = ()
    smooth: Sequence[Point] = ()
    validation: Sequence[Point] = ()
    best: Point | None = None

    @classmethod
    def of(cls, progress: RunProgress) -> Curves:
        """A bounded copy: at most a few hundred points whatever the length of the run."""
        return cls(
            max(progress.iterations, progress.iteration),
            tuple(progress.train.points()),
            tuple(progress.smooth.points()),
            tuple(progress.validation.points()),
            progress.best,
        )


@dataclass(frozen=True)
class Scale:
    """Limits of one axis and the ticks on it."""

    lower: float
    upper: float
    ticks: Sequence[float] = field(default_factory=tuple)


def nice_step(span: float, most: int) -> float:
    """The smallest of 1, 2, 5 times a power of ten that divides `span` into at most `most` steps."""
    rough = span / max(1, most)
    power = 10.0 ** math.floor(math.log10(rough))
    return next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough * (1 - 1e-9))


def loss_scale(curves: Curves, rows: int) -> Scale:
    """From 0, or from just under the lowest loss when all lie high, to a round number above the highest."""
    values = [point.y for points in (curves.train, curves.validation) for point in points]
    low, high = min(values, default=0.0), max(values, default=1.0)
    most = max(1, min(6, rows // 2))
    if high <= 0:
        high = low + 1 if low == high else high
    base = 0.0 if 0 <= low < high / 2 or low == high else low
    step = nice_step(max(high - base, 1e-6), most)
    lower = math.floor(base / step + 1e-9) * step
    steps = max(1, math.ceil((high - lower) / step - 1e-9))
    return Scale(lower, lower + steps * step, [lower + index * step for index in range(steps + 1)])


def iteration_scale(curves: Curves, columns: int) -> Scale:
    """From 0 to the last iteration of the run, so that the curve grows into a frame that stays."""
    seen = [int(points[-1].x) for points in (curves.train, curves.validation) if points]
    last = max(1, curves.iterations, *seen)
    step = max(1.0, nice_step(last, max(1, min(6, columns // 9))))
    return Scale(0, last, [index * step for index in range(int(last / step + 1e-9) + 1)])


def loss_label(value: float) -> str:
    """At most four cells, right-aligned, so that the axis does not move while the scale does."""
    text = f"{value:.2f}" if abs(value) < 9.995 else f"{value:.1f}" if abs(value) < 99.95 else f"{value:.0f}"
    return (text if len(text) <= LABEL_WIDTH else f"{value:.0e}".replace("e+0", "e")).rjust(LABEL_WIDTH)


def draw(plotext: Any, curves: Curves, width: int, height: int, axis_title: str) -> list[str]:
    """The chart as `height` lines of `width` cells, each series in its own marker."""
    columns, rows = width - LABEL_WIDTH - 1, height - 2 - bool(axis_title)
    if columns < 4 or rows < 2:
        return []
    across, up = iteration_scale(curves, columns), loss_scale(curves, rows)
    plotext.terminal.limit(False, False)
    figure = type(plotext.figure)(plotext.terminal)
    figure.plot_size(width, height)
    figure.theme("colorless")
    for axis, side in (("x", "upper"), ("y", "right")):
        figure.axes(False, axis=axis, side=side)
    smooth = thin(curves.smooth, across.lower, across.upper, columns, "last")
    train = thin(curves.train, across.lower, across.upper, columns)
    validation = thin(curves.validation, across.lower, across.upper, columns, "last")
    best = [curves.best] if curves.best else []
    for marker, points in ((SMOOTH, smooth), (TRAIN, train), (VALIDATION, validation), (BEST, best)):
        if points:
            xs, ys = [point.x for point in points], [point.y for point in points]
            signal = figure.signal(xs, ys, marker=marker)
            figure.draw(signal.lines(marker == SMOOTH))
    known = bool(train or validation)
    if not known:
        figure.draw(figure.signal([0], [up.lower], marker=" "))
    figure.ruler("x").lim(across.lower, across.upper)
    figure.ruler("y").lim(up.lower, up.upper)
    figure.ruler("x").ticks(list(across.ticks), [f"{tick:.0f}" for tick in across.ticks])
    figure.ruler("y").ticks(list(up.ticks), [loss_label(tick) for tick in up.ticks])
    if axis_title:
        figure.label(axis_title, axis="x")
    lines: list[str] = figure.build().string(colorless=True).split("\n")[:height]
    if known:
        return lines
    blank = " " * LABEL_WIDTH + "│"
    return [blank + line[len(blank) :] for line in lines[:rows]] + lines[rows:]


def coloured(lines: Sequence[str], rows: int) -> Content:
    """The picture in the theme's colours: each marker has its own, in the first `rows` lines."""
    parts: list[str | tuple[str, str]] = []
    for row, line in enumerate(lines):
        head = LABEL_WIDTH + 1 if row < rows else len(line)
        parts.append((line[:head], AXIS))
        run = ""
        for character in line[head:]:
            if run and character != run[-1]:
                parts.append((run, STYLES.get(run[0], "")) if run.strip() else run)
                run = ""
            run += character
        if run:
            parts.append((run, STYLES.get(run[0], "")) if run.strip() else run)
        if row < len(lines) - 1:
            parts.append("\n")
    return Content.assemble(*parts)
