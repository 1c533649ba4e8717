"""What the bench says about the ways of fusing, as lines for any width. Pure."""

from collections.abc import Callable, Mapping
from typing import Any

from textual.content import Content

from lab.fidelity import LEAST_EFFECT, Way, faults
from tui.formatting import units
from tui.formatting.text_layout import Lines, join, pad, styled

Say = Callable[..., str]
Table = Mapping[str, Any]

STAR, KEPT, LOST = "★", "✓", "✗"
LEAST = {"size": 9, "kl": 15, "lost": 12, "same": 11, "answers": 12}
"""Cells of each column beside the names', at least."""
AIRY = 100
"""Cells from which on the columns stand further apart."""


def widths(width: int) -> dict[str, int]:
    """Cells of each column beside the names'."""
    return {key: least + 3 * (width >= AIRY) for key, least in LEAST.items()}


def ways(table: Table) -> dict[str, Way]:
    """The measured ways by name."""
    found = (
        Way(each["way"], each["bytes"], each["kl"], each["top1_agreement"], each["exact_match"])
        for each in table["ways"]
    )
    return {way.name: way for way in found}


def trained(table: Table) -> tuple[float, float | None, int]:
    """What `lab.fidelity` wants to know of base + adapter."""
    return table["adapter_effect"], table["exact_match_adapter"], table["questions"]


def share(value: float | None) -> str:
    return units.NOTHING if value is None else f"{100 * value:.1f} %"


def lost(kl: float, effect: float) -> str:
    """The share of the adapter's own effect that a divergence of `kl` nats a token is."""
    return units.NOTHING if effect < LEAST_EFFECT else share(kl / effect) if kl <= effect else "> 100 %"


def nats(kl: float) -> str:
    """0.0062; what cannot be told from rounding is written so."""
    return f"{kl:.2g}" if not 0 < kl < LEAST_EFFECT else f"< {LEAST_EFFECT:.0e}".replace("e-0", "e-")


def head(say: Say, width: int) -> Content:
    """The titles of the columns."""
    cells = [pad(styled(say(f"fuse.head.{key}")), wide, right=True) for key, wide in widths(width).items()]
    return pad(join([pad(Content("    ") + say("fuse.head.way"), _names(width)), *cells], ""), width).stylize(
        "bold $text-muted"
    )


def row(name: str, table: Table | None, chosen: bool, focused: bool, say: Say, width: int) -> Content:
    """One way; what is not measured is a dash."""
    mark = styled("▸ " if chosen else "  ", "bold $primary")
    title = say(f"fuse.way.{name}")
    if table is None:
        cells = [pad(styled(units.NOTHING, "$text-muted"), wide, right=True) for wide in widths(width).values()]
        sign = styled("  ")
    else:
        way = ways(table)[name]
        values = (units.size(way.bytes), nats(way.kl), lost(way.kl, table["adapter_effect"]), share(way.top1),
                  share(way.exact_match))  # fmt: skip
        cells = [pad(styled(text), wide, right=True) for text, wide in zip(values, widths(width).values(), strict=True)]
        kept = not faults(way, *trained(table))
        if name == table["recommended"]:
            sign = styled(f"{STAR} ", "bold $success" if kept else "bold $warning")
        else:
            sign = styled(f"{KEPT} ", "$success") if kept else styled(f"{LOST} ", "$error")
    line = pad(join([pad(join([mark, sign, styled(title)], ""), _names(width)), *cells], ""), width)
    if not chosen:
        return line
    return line.stylize("bold $heading on $panel" if focused else "bold $heading on $surface")


def baselines(table: Table | None, say: Say, width: int) -> Lines:
    """Base + adapter, which the ways are held against, and the base alone."""
    effect = table["adapter_effect"] if table else None
    right = share(table["exact_match_adapter"]) if table else units.NOTHING
    adapter = {"answers": right}
    base = {} if effect is None else {"kl": f"{effect:.2g}", "lost": lost(effect, effect)}
    lines = []
    for name, values in (("adapter", adapter), ("base", base)):
        cells = [pad(styled(values.get(key, "")), wide, right=True) for key, wide in widths(width).items()]
        names = pad(Content("    ") + say(f"fuse.row.{name}"), _names(width))
        lines.append(join([names, *cells], "").stylize("$text-muted"))
    return lines


def _names(width: int) -> int:
    return max(min(width - sum(widths(width).values()), 30), 10)


def cost(name: str, table: Table, say: Say) -> str:
    """What a way costs in bytes and in answers, in sentences."""
    found = ways(table)
    way, effect, right, questions = found[name], *trained(table)
    said = [say(f"fuse.about.{name}")]
    if name != "separate":
        more = way.bytes - found["separate"].bytes
        kind = "same" if not more else "more" if more > 0 else "less"
        said.append(say(f"fuse.cost.{kind}", **({} if kind == "same" else {"bytes": units.size(abs(more))})))
    if way.exact_match is not None and right is not None and questions:
        count, more = round(way.exact_match * questions), round((way.exact_match - right) * questions)
        values = {"right": f"{count:,}", "questions": f"{questions:,}"}
        kind = "same" if not more else "more" if more > 0 else "fewer"
        said.append(say(f"fuse.answers.{kind}", **values, **({"n": abs(more)} if more else {})))
    wrong = faults(way, effect, right, questions)
    best = name == table["recommended"]
    if wrong:
        reasons = ", ".join(say(f"fuse.fault.{fault.kind}", **fault.figures) for fault in wrong)
        said += [say("fuse.nearest")] if best else []
        said.append(say("fuse.not-kept", faults=reasons))
    else:
        said.append(say("fuse.recommended" if best else "fuse.kept"))
    return " ".join([*said, *([say("fuse.faint")] if effect < LEAST_EFFECT else [])])


def step(number: int, name: str, done: bool, now: bool, text: str, say: Say, width: int) -> Content:
    """The heading of a step: its mark, its number, and what is known of it."""
    mark = styled(f"{KEPT} ", "$success") if done else styled("● " if now else "○ ", "$primary" if now else "$faint")
    title = styled(f"{number} {say(f'fuse.step.{name}')}", "bold $heading" if done or now else "$text-muted")
    return pad(join([mark, title, styled(f"  {text}", "$text-muted")], ""), width)
