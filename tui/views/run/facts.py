"""The lines of words and numbers around the chart. Pure."""

from textual.content import Content

from lab.events.curves import Curves
from lab.events.schema import Train
from lab.runs.snapshot import RunSnapshot
from tui.formatting import units
from tui.formatting.text_layout import fit, join, styled
from tui.locale import Say
from tui.views.run.curves import STYLES
from tui.views.run.fact_grid import Fact, known, losses
from tui.views.run.timeline import Timeline, View, before

INK = "$foreground"


def rate(value: float | None) -> str:
    """0.00193 as 1.93e-03, which keeps its width while it falls."""
    return units.NOTHING if value is None else f"{value:.2e}"


def facts(run: RunSnapshot, say: Say) -> list[Fact]:
    """Ten facts: what was learned, how fast, and what it takes."""
    progress, now, missing = run.progress, run.progress.outcome_number, run.missing("training")
    measured = progress.measured.get
    per_second = measured("iterations_per_second")
    seconds = now("seconds_per_iteration") if run.ended else None
    time, spent = (say("lab.time"), progress.elapsed) if run.ended else (say("lab.left"), measured("remaining_seconds"))
    return [
        *losses(run, say, STYLES["★"]),
        (say("run.rate"), known(rate(measured("learning_rate")), missing), INK),
        (say("lab.tokens"), known(units.count(now("trained_tokens")), missing), INK),
        (say("lab.speed"), known(units.count(now("tokens_per_second")), missing), INK),
        (say("lab.step"), known(units.per_iteration(1 / seconds if seconds else per_second), missing), INK),
        (say("lab.memory"), known(units.size(now("peak_memory_bytes")), missing), INK),
        (time, known(units.duration(spent), missing), INK),
        (say("lab.trainable"), known(units.parameters(progress.trainable_parameters), missing), INK),
    ]


def cursor_line(view: View, curves: Curves, timeline: Timeline, report: Train | None, width: int, say: Say) -> Content:
    """The exact values at the cursor, or at the newest report while there is none."""
    at = curves.end.x if view.cursor is None else view.cursor
    number = f"{at:>{len(f'{curves.iterations:,}')},.0f}"
    parts = [styled(f"▸ {number}", "$text-muted" if view.cursor is None else "bold $heading")]
    known = (("train", curves.train), ("smooth", curves.smooth), ("val", curves.validation))
    for name, points in known:
        point = before(points, at)
        value = units.loss(point.y if point else None)
        where = f"@{point.x:,.0f}" if point and point.x != at else ""
        parts.append(Content.assemble((f"{say(f'run.{name}')} ", "$text-muted"), (value, INK), (where, "$text-muted")))
    if report is not None and report.learning_rate is not None:
        parts.append(Content.assemble((f"{say('run.rate')} ", "$text-muted"), (rate(report.learning_rate), INK)))
    parts.append(styled(units.duration(timeline.x(at, "seconds")), INK))
    return _as_fits(parts, "  ", width)


def _as_fits(parts: list[Content], between: str, width: int) -> Content:
    """The first of them, as many as fit."""
    while len(parts) > 1 and join(parts, between).cell_length > width:
        parts = parts[:-1]
    return fit(join(parts, between), width)


def view_line(view: View, whole: float, say: Say, title: str) -> Content:
    """Which axes, and how much of the run is in view."""
    low, high = view.span or (0.0, whole)
    share = 100 * (high - low) / max(1.0, whole)
    seen = say("run.all") if view.span is None else say("run.zoom", percent=f"{share:.2g}")
    axes = f"{title} · {say('run.log-y' if view.log else 'run.linear')} · {seen}"
    return styled(axes, "$text-muted")
