"""What is known of a run, as lines of labels and right-aligned numbers. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len
from textual.content import Content

from lab.events.missing import SIGNS, Missing
from lab.events.progress import RunProgress
from lab.runs.snapshot import RunSnapshot
from tui.formatting import units
from tui.formatting.sanitize import inert
from tui.locale import Say
from tui.views.run.curves import STYLES, TRAIN, VALIDATION

Fact = tuple[str, str | Missing, str]
"""Label, value or why there is none, style of the value."""

COLUMN = 17
GAP = 2
MUTED, INK = "$text-muted", "$foreground"


def grid(facts: Sequence[Fact], width: int, say: Say) -> Content:
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
                parts.append(_fact(facts[index], rest if column == columns - 1 else cell, say))
        lines.append(Content(" " * GAP).join(parts))
    return Content("\n").join(lines)


def grid_rows(count: int, width: int) -> int:
    """How many lines `grid` takes, so that they can be reserved."""
    columns = max(1, min(count, (width + GAP) // (COLUMN + GAP)))
    return -(-count // columns)


def known(text: str, missing: Missing) -> str | Missing:
    """A figure, or why there is none."""
    return missing if text == units.NOTHING else text


def placeholder(missing: Missing, words: str, room: int) -> str:
    """What stands for a figure in so many cells: the words for it, or a sign where they are too long."""
    return words if cell_len(words) <= room else SIGNS[missing]


def _fact(fact: Fact, width: int, say: Say) -> Content:
    label, value, style = fact
    if isinstance(value, Missing):
        value, style = placeholder(value, say(f"missing.{value}"), width - cell_len(label) - 1), MUTED
    head = units.fit(label, max(0, width - cell_len(value) - 1))
    return Content.assemble((f"{head} ", MUTED), (value, style))


def live_facts(run: RunSnapshot, say: Say) -> list[Fact]:
    """Eight facts of a run that goes on, four about learning and four about the machine."""
    progress, missing = run.progress, run.missing("training")
    now = progress.measured.get
    return [
        *losses(run, say, INK),
        (say("lab.left"), known(units.duration(now("remaining_seconds")), missing), INK),
        (say("lab.speed"), known(units.count(now("tokens_per_second")), missing), INK),
        (say("lab.step"), known(units.per_iteration(now("iterations_per_second")), missing), INK),
        (say("lab.memory"), known(units.size(now("peak_memory_bytes")), missing), INK),
        (say("lab.time"), known(units.duration(now("elapsed_seconds")), missing), INK),
    ]


def final_facts(run: RunSnapshot, say: Say) -> list[Fact]:
    """Eight facts of a run that has ended."""
    progress, missing = run.progress, run.missing("training")
    get = progress.outcome_number
    seconds = get("seconds_per_iteration")
    step = 1 / seconds if seconds else get("iterations_per_second")
    return [
        *losses(run, say, INK),
        (say("lab.time"), known(units.duration(progress.elapsed), missing), INK),
        (say("lab.tokens"), known(units.count(get("trained_tokens")), missing), INK),
        (say("lab.speed"), known(units.count(get("tokens_per_second")), missing), INK),
        (say("lab.step"), known(units.per_iteration(step), missing), INK),
        (say("lab.memory"), known(units.size(get("peak_memory_bytes")), missing), INK),
    ]


def losses(run: RunSnapshot, say: Say, best: str) -> list[Fact]:
    """The newest training and validation loss, and in the style `best` the lowest of validation with its iteration."""
    progress, lowest = run.progress, run.progress.best
    at: str | Missing = run.missing("best")
    if lowest is not None:
        at = say("lab.best-at", loss=units.loss(lowest.y), iteration=units.count(lowest.x))
    return [
        (say("lab.train-loss"), known(units.loss(progress.train_loss), run.missing("training")), STYLES[TRAIN]),
        (say("lab.val-loss"), known(units.loss(progress.val_loss), run.missing("validation")), STYLES[VALIDATION]),
        (say("lab.best"), at, best),
    ]


def trainable(run: RunSnapshot, say: Say, width: int) -> Content:
    """How many of all parameters were trained, and the share."""
    part, whole = run.progress.trainable_parameters, run.progress.total_parameters
    if part is None:
        return _fact((say("lab.trainable"), run.missing("training"), INK), width, say)
    text = say("lab.of-total", part=units.parameters(part), whole=units.parameters(whole))
    return _fact((say("lab.trainable"), f"{text}  {units.percent(part, whole, 2)}", INK), width, say)


def files_table(files: Sequence[tuple[str, int]], rows: int, width: int, say: Say) -> Content:
    """Names and sizes of the adapter folder, at most `rows` lines."""
    if not files:
        return Content.styled(say("lab.no-files"), MUTED)
    room = rows if len(files) <= rows else max(1, rows - 1)
    lines = [
        Content.assemble((units.fit(inert(name), width - 9), INK), (units.size(bytes).rjust(9), INK))
        for name, bytes in files[:room]
    ]
    if len(files) > room:
        rest = files[room:]
        label = say("lab.more-files", count=len(rest))
        total = units.size(sum(bytes for _, bytes in rest)).rjust(9)
        lines.append(Content.styled(units.fit(label, width - 9) + total, MUTED))
    return Content("\n").join(lines)


def adapter_bytes(files: Sequence[tuple[str, int]]) -> int | None:
    """Size of the finished adapter, or None while there is none."""
    return next((bytes for name, bytes in files if name == "adapters.safetensors"), None)


def ratio(files: Sequence[tuple[str, int]], base: int | None, say: Say) -> Content:
    """The adapter's size beside the base's."""
    adapter = adapter_bytes(files)
    if adapter is None or not base:
        return Content("")
    share = units.percent(adapter, base)
    text = say("lab.ratio", adapter=units.size(adapter), base=units.size(base), percent=share)
    return Content.styled(text, "bold $success")


def progress_line(progress: RunProgress, width: int) -> Content:
    """A bar and n/m, exactly `width` cells."""
    total = progress.iterations
    numbers = f"{progress.iteration:,}/{total:,}".rjust(2 * len(f"{total:,}") + 1) if total else units.NOTHING
    room = max(0, width - len(numbers) - 2)
    full, empty = units.bar(progress.done, room)
    return Content.assemble((full, "$primary"), (empty, "$text-disabled"), "  ", (numbers, f"bold {INK}"))
