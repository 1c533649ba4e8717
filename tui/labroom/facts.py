"""What is known of a run, as lines of labels and right-aligned numbers. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len
from textual.content import Content

from lab.events.progress import RunProgress
from tui.labroom import units
from tui.labroom.curves import STYLES, TRAIN, VALIDATION
from tui.labroom.inert import inert
from tui.labroom.words import Words

Fact = tuple[str, str, str]
"""Label, value, style of the value."""

COLUMN = 17
GAP = 2
MUTED, INK = "$text-muted", "$foreground"


def grid(facts: Sequence[Fact], width: int) -> Content:
    """The facts in as many columns of at least 17 cells as fit, read downwards."""
    rows = grid_rows(len(facts), width)
    columns = -(-len(facts) // rows)
    cell = (width - GAP * (columns - 1)) // columns
    lines = []
    for row in range(rows):
        parts: list[Content] = []
        for column in range(columns):
            index = column * rows + row
            if index < len(facts):
                rest = width - (cell + GAP) * column
                parts.append(_fact(facts[index], rest if column == columns - 1 else cell))
        lines.append(Content(" " * GAP).join(parts))
    return Content("\n").join(lines)


def grid_rows(count: int, width: int) -> int:
    """How many lines `grid` takes, so that they can be reserved."""
    columns = max(1, min(count, (width + GAP) // (COLUMN + GAP)))
    return -(-count // columns)


def _fact(fact: Fact, width: int) -> Content:
    label, value, style = fact
    head = units.fit(label, max(0, width - cell_len(value) - 1))
    return Content.assemble((f"{head} ", MUTED), (value, style))


def live_facts(progress: RunProgress, say: Words) -> list[Fact]:
    """Eight facts of a run that goes on, four about learning and four about the machine."""
    now = progress.measured.get
    return [
        (say.train_loss, units.loss(progress.train_loss), STYLES[TRAIN]),
        (say.val_loss, units.loss(progress.val_loss), STYLES[VALIDATION]),
        (say.best, best(progress, say), INK),
        (say.left, units.duration(now("remaining_seconds")), INK),
        (say.speed, units.count(now("tokens_per_second")), INK),
        (say.step, units.per_iteration(now("iterations_per_second")), INK),
        (say.memory, units.size(now("peak_memory_bytes")), INK),
        (say.time, units.duration(now("elapsed_seconds")), INK),
    ]


def final_facts(progress: RunProgress, say: Words) -> list[Fact]:
    """Eight facts of a run that has ended."""
    get = progress.outcome_number
    seconds = get("seconds_per_iteration")
    step = 1 / seconds if seconds else get("iterations_per_second")
    return [
        (say.train_loss, units.loss(progress.train_loss), STYLES[TRAIN]),
        (say.val_loss, units.loss(progress.val_loss), STYLES[VALIDATION]),
        (say.best, best(progress, say), INK),
        (say.time, units.duration(progress.elapsed), INK),
        (say.tokens, units.count(get("trained_tokens")), INK),
        (say.speed, units.count(get("tokens_per_second")), INK),
        (say.step, units.per_iteration(step), INK),
        (say.memory, units.size(get("peak_memory_bytes")), INK),
    ]


def best(progress: RunProgress, say: Words) -> str:
    """The lowest validation loss and the iteration it was seen at."""
    if progress.best is None:
        return units.NOTHING
    return say.best_at.format(loss=units.loss(progress.best.y), iteration=units.count(progress.best.x))


def trainable(progress: RunProgress, say: Words, width: int) -> Content:
    """How many of all parameters were trained, and the share."""
    part, whole = progress.trainable_parameters, progress.total_parameters
    text = say.of_total.format(part=units.parameters(part), whole=units.parameters(whole))
    share = f"  {units.percent(part, whole, 2)}"
    return _fact((say.trainable, text + share, INK), width)


def files_table(files: Sequence[tuple[str, int]], rows: int, width: int, say: Words) -> Content:
    """Names and sizes of the adapter folder, at most `rows` lines."""
    if not files:
        return Content.styled(say.no_files, MUTED)
    room = rows if len(files) <= rows else max(1, rows - 1)
    lines = [
        Content.assemble((units.fit(inert(name), width - 9), INK), (units.size(bytes).rjust(9), INK))
        for name, bytes in files[:room]
    ]
    if len(files) > room:
        rest = files[room:]
        label = say.more_files.format(count=len(rest))
        total = units.size(sum(bytes for _, bytes in rest)).rjust(9)
        lines.append(Content.styled(units.fit(label, width - 9) + total, MUTED))
    return Content("\n").join(lines)


def adapter_bytes(files: Sequence[tuple[str, int]]) -> int | None:
    """Size of the finished adapter, or None while there is none."""
    return next((bytes for name, bytes in files if name == "adapters.safetensors"), None)


def ratio(files: Sequence[tuple[str, int]], base: int | None, say: Words) -> Content:
    """The adapter's size beside the base's."""
    adapter = adapter_bytes(files)
    if adapter is None or not base:
        return Content("")
    share = units.percent(adapter, base)
    text = say.ratio.format(adapter=units.size(adapter), base=units.size(base), percent=share)
    return Content.styled(text, "bold $success")


def progress_line(progress: RunProgress, width: int) -> Content:
    """A bar and n/m, exactly `width` cells."""
    total = progress.iterations
    numbers = f"{progress.iteration:,}/{total:,}".rjust(2 * len(f"{total:,}") + 1) if total else units.NOTHING
    room = max(0, width - len(numbers) - 2)
    full, empty = units.bar(progress.done, room)
    return Content.assemble((full, "$primary"), (empty, "$text-disabled"), "  ", (numbers, f"bold {INK}"))


def wrapped_lines(text: str, width: int) -> int:
    """How many lines plain text takes at this width."""
    return len(Content(text).wrap(width)) if text and width > 0 else 0
