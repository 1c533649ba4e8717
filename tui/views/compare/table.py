"""The table of a comparison, and the lines above it. Pure; every word of a run is foreign text."""

from collections.abc import Callable, Sequence

from textual.content import Content

from lab.events.missing import Missing
from lab.reports.comparison import Comparison, Contender, plain
from lab.runs.state import RunState
from tui.formatting import units
from tui.formatting.sanitize import inert
from tui.formatting.text_layout import Lines, fit, hang, join, styled
from tui.views.run.fact_grid import placeholder
from tui.views.run.state_line import GOING, MARKS
from tui.widgets.data_grid import Column, DataGridRow
from tui.widgets.plot import SERIES, STROKES

Say = Callable[..., str]
EXTRA = 3
"""Differing fields that have a column of their own, at most; the others stand among the specification."""
OWN = ("model", "bits", "fine_tune_type")
"""What the columns of method and base tell."""
FIGURES = {"best": (10, 0), "train": (7, 0), "match": (7, 0), "pace": (8, 1), "memory": (8, 2), "trainable": (9, 4),
           "adapter": (8, 5)}  # fmt: skip
"""Columns of what was measured: their cells, and their rank when columns have to go."""
VALUES = {"best": "best_val_loss", "train": "train_loss", "match": "exact_match", "pace": "seconds_per_iteration",
          "memory": "peak_memory_bytes", "trainable": "trainable_parameters", "adapter": "adapter_bytes"}  # fmt: skip
"""What stands in them, by the comparison's names."""
ALIKE = ("data", "iters", "batch_size", "learning_rate", "rank", "scale", "num_layers", "seed")


def name_of(comparison: Comparison, at: int) -> str:
    """A run in as few words as set it apart."""
    return inert(comparison.labels[at])


def field(name: str, say: Say) -> str:
    """A field as the learner knows it: in words where we have some, else by mlx-lm's name."""
    try:
        return say(f"compare.field.{name}")
    except KeyError:
        return name


def mark(at: int) -> Content:
    """The marker of the curve of the run in that place."""
    marker, style = SERIES[at % len(SERIES)]
    return styled(marker, f"bold {style}")


def columns(comparison: Comparison, say: Say) -> list[Column]:
    """Those that tell runs apart first; where there is no room, the least needed go."""
    named = any(each.about.name for each in comparison.contenders)
    found = [Column("mark", "", 2), Column("run", say("compare.head.run"), 8, grow=3, behind=2)]
    found += [Column("method", say("compare.head.method"), 6)] if named else []
    found += [Column("base", say("compare.head.base"), 11, drop=3)] if len(set(comparison.bases)) > 1 else []
    found += [Column(name, field(name, say), 8, right=True, drop=9) for name in extra(comparison)]
    found += [Column(k, say(f"compare.head.{k}"), max(w, units_width(say(f"compare.head.{k}"))), True, drop=d)
              for k, (w, d) in FIGURES.items()]  # fmt: skip
    return found


def units_width(text: str) -> int:
    """Cells of a title."""
    return styled(text).cell_length


def extra(comparison: Comparison) -> list[str]:
    """The differing fields that have a column of their own."""
    return [name for name in comparison.differs if name not in OWN][:EXTRA]


def rows(comparison: Comparison, say: Say) -> list[DataGridRow]:
    """One for each run, keyed by its id."""
    shown = columns(comparison, say)
    return [DataGridRow(each.run.id, tuple(_cell(comparison, at, column.key, say) for column in shown),
                    name=inert(each.about.name or each.method))
            for at, each in enumerate(comparison.contenders)]  # fmt: skip


def _cell(comparison: Comparison, at: int, key: str, say: Say) -> Content:
    each = comparison.contenders[at]
    lead = key in ("best", "train", "match") and _leads(comparison, at, key)
    match key:
        case "mark":
            return mark(at) + styled(STROKES[at % len(STROKES)], SERIES[at % len(SERIES)][1])
        case "run":
            told = MARKS.get(each.state, GOING)
            state = Content("") if each.state is RunState.FINISHED else styled(f" {told[0]}", told[1])
            return styled(inert(each.about.name or each.method), "bold $heading") + state
        case "method":
            return styled(each.method)
        case "base":
            return styled(inert(comparison.bases[at]), "$text-muted")
        case "best" | "train" | "match" | "pace" | "memory" | "trainable" | "adapter":
            text = figure(each, key)
            if text == units.NOTHING:
                missing = each.missing(VALUES[key])
                return styled(placeholder(missing, say(f"missing.{missing}"), FIGURES[key][0]), "$faint")
            return styled(text, "bold $success" if lead else "")
    return styled(_value(key, comparison.differs[key][at], say))


def _value(name: str, value: object, say: Say) -> str:
    return inert(plain(name, value, say("run.all")))


def figure(each: Contender, key: str) -> str:
    """One of the measured columns, with its unit."""
    match key:
        case "best":
            at = each.value("best_iteration")
            return units.loss(each.value("best_val_loss")) + (f"@{at:.0f}" if at is not None else "")
        case "train":
            return units.loss(each.value("train_loss"))
        case "match":
            return units.percent(each.value("exact_match"), 1)
        case "pace":
            value = each.value("seconds_per_iteration")
            return units.per_iteration(1 / value if value else None)
        case "memory":
            return units.size(each.value("peak_memory_bytes"))
        case "trainable":
            return units.parameters(each.value("trainable_parameters"))
    return units.size(each.value("adapter_bytes"))


def _leads(comparison: Comparison, at: int, key: str) -> bool:
    """Whether this run has the best of all such figures, once all have ended and one is better than another."""
    value = {"best": "best_val_loss", "train": "train_loss", "match": "exact_match"}[key]
    found = [each.value(value) for each in comparison.contenders]
    known = [each for each in found if each is not None]
    if not comparison.ended or len(known) < 2 or min(known) == max(known) or comparison.doubts():
        return False
    return found[at] == (max(known) if key == "match" else min(known))


def differences(comparison: Comparison, say: Say, width: int) -> Lines:
    """What differs, then what all have alike, in a line each."""
    parts = []
    for name, values in comparison.differs.items():
        if name == "fine_tune_type":
            values = [each.method for each in comparison.contenders]
        if name == "model":
            values = list(comparison.bases)
        told = " | ".join(dict.fromkeys(_value(name, value, say) for value in values))
        parts.append(styled(f"{field(name, say)} ", "$text-muted") + styled(told, "$heading"))
    what = join(parts, "   ") if parts else styled(say("compare.differs.nothing"), "$text-muted")
    alike = [f"{field(name, say)} {_value(name, value, say)}" for name, value in _alike(comparison, ALIKE)]
    labels = [styled(say(key), "bold $heading") for key in ("compare.differs", "compare.alike")]
    wide = max(label.cell_length for label in labels) + 2
    lines = [labels[0].pad_right(wide - labels[0].cell_length) + what,
             labels[1].pad_right(wide - labels[1].cell_length) + styled(" · ".join(alike), "$text-muted")]  # fmt: skip
    return [fit(line, width) for line in lines]


def _alike(comparison: Comparison, names: Sequence[str]) -> list[tuple[str, object]]:
    if not comparison.contenders:
        return []
    fields = comparison.contenders[0].fields
    return [(name, fields[name]) for name in names if name not in comparison.differs and name in fields]


def doubts(comparison: Comparison, say: Say, width: int) -> Lines:
    """What one should know before one holds the figures against each other."""
    found = []
    for doubt in comparison.doubts():
        what = ", ".join(field(name, say) for name in doubt.what)
        text = say(f"compare.doubt.{doubt.kind}", what=what) if doubt.what else say(f"compare.doubt.{doubt.kind}")
        found.append((styled("! ", "bold $warning"), styled(text, "$warning")))
    return hang(found, width) if found else []


def specification(comparison: Comparison, say: Say, width: int) -> Lines:
    """Every field: those that differ with the value of each run, then those that are the same in all."""
    lines: Lines = []
    differing = {**comparison.differs, **comparison.shown_otherwise}
    wide = max((units_width(field(name, say)) for name in differing), default=0) + 2
    for name, values in differing.items():
        cells = [mark(at) + Content(" ") + styled(_value(name, value, say)) for at, value in enumerate(values)]
        lines += hang([(styled(field(name, say), "$text-muted").pad_right(wide - units_width(field(name, say))),
                        join(cells, "   "))], width)  # fmt: skip
    lines += [Content(""), styled(say("compare.hold"), "bold $heading")]
    fields = comparison.contenders[0].fields if comparison.contenders else {}
    same = [f"{name} {_value(name, fields[name], say)}" for name in fields if name not in differing]
    return lines + styled(" · ".join(same), "$text-muted").wrap(max(width, 8))


def answers(comparison: Comparison, say: Say, width: int) -> Lines:
    """Each sample question with what every run answered at its newest save."""
    from lab.score import same

    told = [each.answers()[1] for each in comparison.contenders]
    lines: Lines = [styled(say("compare.answers"), "bold $heading")]
    prompts = list(dict.fromkeys((a.prompt, a.expected) for answered in told for a in answered))
    if not prompts:
        reasons = {each.missing("samples") for each in comparison.contenders}
        come = Missing.NOT_YET if Missing.NOT_YET in reasons else Missing.NONE
        return [*lines, *styled(say(f"compare.no-answers.{come}"), "$text-muted").wrap(width)]
    for prompt, expected in prompts:
        items = [(styled("? ", "$text-muted"), styled(inert(prompt), "$text-muted"))]
        if isinstance(expected, str):
            items.append((styled("= ", "$text-muted"), styled(inert(expected), "$text-muted")))
        for at, answered in enumerate(told):
            text = next((a.text for a in answered if a.prompt == prompt), None)
            if text is not None:
                right = isinstance(expected, str) and same(text, expected)
                sign = styled(" ✓", "bold $success") if right else styled(" ✗", "$error") if expected else Content("")
                items.append((mark(at) + Content(" "), styled(inert(text)) + sign))
        lines += [*([Content("")] if len(lines) > 1 else []), *hang(items, width)]
    return lines
