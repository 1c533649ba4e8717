"""A run as a row of the table, and as lines beside it. Foreign text comes in as text, never as markup."""

import time
from collections.abc import Callable, Sequence
from typing import Final

from textual.content import Content

from lab.paths import shown
from lab.queue.sweep import Standing
from lab.runs.run_index import Row
from lab.runs.state import RunState
from tui.formatting import units
from tui.formatting.sanitize import inert
from tui.formatting.short_names import tell_apart
from tui.formatting.text_layout import Lines, bar, fit, hang, join, spread, styled, width_of
from tui.views.run.fact_grid import placeholder
from tui.widgets.data_grid import Cells, Column, DataGridRow

Say = Callable[..., str]

COLUMNS: Final = (
    # key, cells, right, grow, drop
    ("title", 20, False, 1, 0),
    ("state", 11, False, 0, 0),
    ("method", 6, False, 0, 3),
    ("rank", 4, True, 0, 4),
    ("learning_rate", 7, True, 0, 5),
    ("model", 12, False, 0, 9),
    ("data", 8, False, 0, 10),
    ("iterations", 9, True, 0, 11),
    ("train_loss", 6, True, 0, 8),
    ("val_loss", 6, True, 0, 0),
    ("exact_match", 7, True, 0, 7),
    ("total_bytes", 7, True, 0, 2),
    ("begun", 11, False, 0, 6),
)
SORTS: Final = tuple(key for key, *_ in COLUMNS)
MARKS: Final = {
    "running": ("●", "$primary"),
    "stopping": ("◐", "$warning"),
    "waiting": ("○", "$text-muted"),
    "finished": ("✓", "$success"),
    "stopped": ("■", "$warning"),
    "failed": ("✗", "$error"),
    "lost": ("?", "$error"),
}
QUEUE = 6
"""Runs of the queue that are listed beside the table."""


def columns(say: Say, by: str, down: bool) -> list[Column]:
    """The table's columns, the one sorted by with an arrow and always in sight; the id tells when a run was begun."""
    found = []
    for key, width, right, grow, drop in COLUMNS:
        name = say(f"runs.col.{key}")
        if key == by:
            width, drop = max(width, width_of(name) + 2), drop * (key == "begun")
        behind = 0 if key == "title" else None
        found.append(Column(key, name, width, right, grow, drop, ("↓" if down else "↑") if key == by else "", behind))
    return found


def grid_row(row: Row, say: Say) -> DataGridRow:
    """The row, whose cells are made when it comes into sight."""
    return DataGridRow(row.run, lambda: cells(row, say), name=inert(row.title))


def cells(row: Row, say: Say) -> Cells:
    """One cell a column."""
    return (
        title(row),
        state(row, say),
        styled(inert(row.method)),
        _number(units.count(row.rank)),
        _number(rate(row.learning_rate)),
        styled(inert(short(row.model))),
        styled(inert(short(row.data))),
        _number(units.count(row.iterations)),
        _figure(row, "train_loss", units.loss(row.train_loss), 6, say),
        _figure(row, "val_loss", units.loss(row.val_loss), 6, say),
        _number(units.percent(row.exact_match, 1)),
        _number(units.size(row.total_bytes)),
        styled(time.strftime("%m-%d %H:%M", time.localtime(row.begun)), "$text-muted"),
    )


def _figure(row: Row, key: str, text: str, room: int, say: Say) -> Content:
    """A figure, or why there is none."""
    if text != units.NOTHING:
        return _number(text)
    missing = row.missing(key)
    return styled(placeholder(missing, say(f"missing.{missing}"), room), "$faint")


def _number(text: str) -> Content:
    return styled(text, "$faint" if text == units.NOTHING else "")


def title(row: Row) -> Content:
    """The name, or the id, and the tags."""
    tags = [styled(f"#{inert(tag)}", "$primary") for tag in row.tags]
    return join([styled(inert(row.title)), *tags], " ")


def state(row: Row, say: Say) -> Content:
    """A mark and a word; of a run that trains, how far it is."""
    if row.damaged:
        return styled(f"! {say('runs.state.damaged')}", "$error")
    if row.verdict:
        return styled(f"! {say(f'runs.verdict.{row.verdict}')}", "$warning")
    mark, style = MARKS.get(row.state, MARKS["lost"])
    if row.state is RunState.RUNNING and row.iterations:
        text = f"{row.iterations}/{row.iters}"
    else:
        text = say(f"runs.state.{row.state}") + (f" {row.position}" if row.position else "")
    return styled(f"{mark} {text}", style)


def short(path: str) -> str:
    """The last part of a folder or hub id."""
    return path.rstrip("/").rpartition("/")[2] or path


def rate(value: float | None) -> str:
    """0.002, 2e-05"""
    return units.NOTHING if value is None else f"{value:g}"


def details(row: Row | None, queue: Sequence[Row], say: Say, width: int) -> Lines:
    """All about one run, and who waits."""
    if row is None:
        return [*styled(say("runs.info.none"), "$text-muted").wrap(width), *_queue(queue, say, width)]
    lines = styled(inert(row.title), "bold $heading").wrap(width)
    if row.name:
        lines.append(fit(styled(inert(row.run), "$faint"), width))
    if row.tags:
        lines += join([styled(f"#{inert(tag)}", "$primary") for tag in row.tags], " ").wrap(width)
    if row.group:
        lines.append(fit(styled(say("runs.info.group", group=inert(row.group)), "$text-muted"), width))
    lines += [Content(""), *_asked(row, say, width), *_where(row, say, width), Content("")]
    lines += _heading(say("runs.info.reached"))
    lines += [_pair(say(f"runs.info.{name}"), text, width) for name, text in _reached(row, say)]
    lines += [Content(""), *_heading(say("runs.info.disk"))]
    lines += [_pair(say(f"runs.info.{name}"), text, width) for name, text in _disk(row)]
    if row.spare_bytes and row.ended:
        lines.append(styled(say("runs.info.spare", size=units.size(row.spare_bytes)), "$text-muted"))
    lines += [Content(""), *_heading(say("runs.info.notes"))]
    notes = [inert(line.expandtabs(4)) for line in row.notes.splitlines()]
    lines += [part for line in notes for part in styled(line).wrap(width)]
    if not notes:
        lines.append(styled(say("runs.info.no-notes"), "$faint"))
    return lines + _queue(queue, say, width)


def _heading(text: str) -> Lines:
    return [styled(text, "bold $text-muted")]


def _pair(label: str, text: str, width: int) -> Content:
    return spread(styled(label, "$text-muted"), _number(text), min(width, 34))


def _asked(row: Row, say: Say, width: int) -> Lines:
    what = say("runs.info.of", method=inert(row.method), model=inert(shown(row.model)), data=inert(shown(row.data)))
    values = (("rank", row.rank), ("scale", row.scale), ("rate", row.learning_rate), ("batch", row.batch_size))
    said = [f"{name} {value:g}" for name, value in (*values, ("seed", row.seed)) if value is not None]
    return [*styled(what).wrap(width), *styled(", ".join(said), "$text-muted").wrap(width)]


def _where(row: Row, say: Say, width: int) -> Lines:
    parts = [state(row, say)]
    if row.state is RunState.WAITING and row.behind:
        text = say("runs.info.behind", position=row.position or 1, behind=inert(row.behind))
        return [*parts, *styled(text, "$text-muted").wrap(width)]
    text = say("runs.info.done", done=units.count(row.iterations), all=units.count(row.iters))
    if row.ended and row.seconds:
        text += ", " + say("runs.info.took", time=units.duration(row.seconds))
    elif row.remaining is not None and not row.ended:
        text += ", " + say("runs.info.left", time=units.duration(row.remaining))
    lines = [*parts, *styled(text, "$text-muted").wrap(width)]
    if row.problem:
        lines += hang([(styled("✗ ", "$error"), styled(inert(row.problem), "$error"))], width)
    if row.verdict:
        lines += styled(say(f"runs.verdict.{row.verdict}.what"), "$warning").wrap(width)
    return lines


def _reached(row: Row, say: Say) -> list[tuple[str, str]]:
    best = units.NOTHING
    if row.best_iteration is not None:
        best = say("runs.info.best-at", loss=units.loss(row.best_val_loss), iteration=units.count(row.best_iteration))
    step = units.NOTHING if row.seconds_per_iteration is None else f"{row.seconds_per_iteration:.3f} s"
    figures = (
        ("train", "train_loss", units.loss(row.train_loss)),
        ("val", "val_loss", units.loss(row.val_loss)),
        ("best", "best_val_loss", best),
        ("exact", "exact_match", units.percent(row.exact_match, 1)),
        ("step", "seconds_per_iteration", step),
        ("speed", "tokens_per_second", units.count(row.tokens_per_second)),
        ("memory", "peak_memory_bytes", units.size(row.peak_memory_bytes)),
        ("trainable", "trainable_parameters", units.parameters(row.trainable_parameters)),
    )
    return [(n, say(f"missing.{row.missing(key)}") if text == units.NOTHING else text) for n, key, text in figures]


def _disk(row: Row) -> list[tuple[str, str]]:
    known = row.adapter_bytes + row.checkpoint_bytes + row.resume_bytes
    return [
        ("adapter", units.size(row.adapter_bytes)),
        ("checkpoints", units.size(row.checkpoint_bytes)),
        ("resume", units.size(row.resume_bytes)),
        ("rest", units.size(row.total_bytes - known)),
        ("total", units.size(row.total_bytes)),
    ]


def _queue(queue: Sequence[Row], say: Say, width: int) -> Lines:
    """The runs that are going on or wait, those that train first."""
    if not queue:
        return []
    lines = [Content(""), *_heading(say("runs.info.queue"))]
    states = [state(row, say) for row in queue[:QUEUE]]
    room = width - 1 - max(each.cell_length for each in states)
    names = tell_apart([inert(row.title) for row in queue[:QUEUE]], max(room, 8))
    for row, its in zip(queue[:QUEUE], states, strict=True):
        lines.append(spread(styled(names[inert(row.title)]), its, width))
    if len(queue) > QUEUE:
        lines.append(styled(f"+ {len(queue) - QUEUE:,}", "$text-muted"))
    return lines


def queue_of(rows: Sequence[Row]) -> list[Row]:
    """The runs that have not ended, in the order in which they train."""
    going = [row for row in rows if not row.ended]
    return sorted(going, key=lambda row: (row.position or 0, row.run))


def group_line(name: str, told: Standing, say: Say, width: int) -> Content:
    """One progress bar for all the runs of a group."""
    parts = [say("runs.group", done=told.ended, count=told.runs)]
    if told.failed:
        parts.append(say("runs.group.failed", failed=told.failed))
    if told.ended < told.runs and told.remaining is not None:
        parts.append(say("runs.group.left", time=units.duration(told.remaining)))
    right = Content("  ") + bar(told.share, 12 if width < 100 else 24) + styled("  " + "  ".join(parts), "$text-muted")
    return spread(styled(inert(name), "bold $primary"), right, width)
