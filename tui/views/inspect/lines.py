"""What the bench says about an adapter, as lines for any width. Pure."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from textual.content import Content

from lab.runs.adapter_layout import Adapter, middle, place
from tui.formatting import units
from tui.formatting.sanitize import inert
from tui.formatting.text_layout import Lines, join, pad, styled
from tui.views.inspect.layer_table import Figures
from tui.widgets.plot import SERIES, Line, Plot, Point

Say = Callable[..., str]
Layer = Mapping[str, Any]

FIGURES = ("change", "spread", "directions", "parameters")
"""What the table can show; all but the last have to be measured."""
NAMED = ("adapters.safetensors", "best/adapters.safetensors", "adapter_config.json")
"""Files that are named beside the chosen one; of all others there is one line."""
NEARLY_ALL, HARDLY_HALF = 0.85, 0.5
"""Shares of the possible rank from which on it counts as used up, and below which it counts as to spare."""
LIKE_NOISE = 0.6
"""A change needs fewer than this share of noise's directions to be called thin."""


def share(value: float) -> str:
    """38.0 %, 0.42 %, 0.0041 %"""
    percent = 100 * value
    return f"{percent:.1f} %" if percent >= 1 or not percent else f"{percent:.2g} %"


def short(count: float) -> str:
    """3,072; 105 k; 16.8 M: six cells at most."""
    if count < 1e5:
        return units.count(count)
    return f"{count / 1e3:.0f} k" if count < 1e6 else f"{count / 1e6:.3g} M"


def layers(adapter: Adapter) -> dict[str, Layer]:
    """What was measured, by layer; empty while nothing is."""
    return {each["layer"]: each for each in adapter.found["layers"]} if adapter.found else {}


def figures(adapter: Adapter, name: str) -> Figures:
    """The values of one of `FIGURES`."""
    if name == "parameters":
        return Figures(adapter.parameters, short)
    key, write = {
        "change": ("relative_norm", share),
        "spread": ("effective_rank", lambda value: f"{value:.1f}"),
        "directions": ("rank_90", lambda value: f"{value:.0f}"),
    }[name]
    return Figures({layer: each[key] for layer, each in layers(adapter).items()}, write)


def shown(layer: str) -> str:
    """5 q, for a layer's whole name."""
    block, module = place(layer)
    return inert(module if block < 0 else f"{block} {module}")


def files(adapter: Adapter, say: Say, width: int) -> Lines:
    """Names, bytes and bars of the base and of what is kept of the adapter, in six lines at most."""
    chosen, *others = adapter.files
    rows = [(say("inspect.file.base", name=inert(adapter.model)), adapter.base_bytes)] if adapter.base_bytes else []
    rows += [(inert(name), size) for name, size in (chosen, *(each for each in others if each[0] in NAMED))]
    numbered = [size for name, size in others if name[:1].isdigit() and "/" not in name]
    rest = [size for name, size in others if name not in NAMED and not (name[:1].isdigit() and "/" not in name)]
    for key, sizes in (("numbered", numbered), ("more", rest)):
        rows += [(say(f"inspect.file.{key}", n=len(sizes)), sum(sizes))] if sizes else []
    most = max((size for _, size in rows), default=1) or 1
    name_width = min(max((Content(name).cell_length for name, _ in rows), default=0), width * 2 // 5)
    room = max(width - name_width - 12, 0)
    lines = []
    for number, (name, size) in enumerate(rows):
        style = "$text-muted" if number == 0 and adapter.base_bytes else "$primary"
        bar = styled(("▰" * round(size / most * room)) or "▏", style)
        lines.append(join([pad(styled(name), name_width), pad(styled(units.size(size)), 8, right=True), bar], "  "))
    return lines


def ratio(adapter: Adapter, say: Say) -> Content:
    """How small it is beside the base, in a sentence."""
    parameters = units.parameters(adapter.trained)
    if not (adapter.base_bytes and adapter.total_parameters):
        return styled(say("inspect.ratio-file", parameters=parameters), "$text-muted")
    text = say("inspect.ratio", share=share(adapter.files[0][1] / adapter.base_bytes), parameters=parameters,
               part=share(adapter.trained / adapter.total_parameters),
               total=units.parameters(adapter.total_parameters))  # fmt: skip
    return styled(text, "$text-muted")


def facts(adapter: Adapter, chosen: Sequence[str], say: Say, width: int) -> Lines:
    """The figures of one or two layers and of the middle one, side by side, in seven lines."""
    found = layers(adapter)
    labels = ("shape", "parameters", "change", "spread", "ninety", "ninety-nine")
    columns = [_layer_facts(adapter, layer, found.get(layer)) for layer in chosen]
    heads = [join([styled(mark, style), styled(f" {shown(layer)}", "bold $heading")])
             for layer, (mark, style) in zip(chosen, SERIES, strict=False)]  # fmt: skip
    if adapter.found:
        columns.append(_middle_facts(adapter))
        mark, style = SERIES[2]
        heads.append(join([styled(mark, style), styled(f" {say('inspect.middle')}", "$text-muted")]))
    label_width = max(Content(say(f"inspect.fact.{label}")).cell_length for label in labels)
    wide = max(min((width - label_width) // max(len(columns), 1) - 1, 16), 8)
    lines = [join([Content(" " * label_width), *(pad(head, wide, right=True) for head in heads)], " ")]
    for number, label in enumerate(labels):
        cells = [pad(styled(column[number]), wide, right=True) for column in columns]
        lines.append(join([pad(styled(say(f"inspect.fact.{label}"), "$text-muted"), label_width), *cells], " "))
    return lines


def _layer_facts(adapter: Adapter, layer: str, found: Layer | None) -> list[str]:
    count = units.parameters(adapter.parameters.get(layer))
    if found is None:
        return [units.NOTHING, count, *[units.NOTHING] * 4]
    rows, columns = found["shape"]
    spread = f"{found['effective_rank']:.1f}/{found['largest_possible_rank']:g}"
    return [f"{rows:,} × {columns:,}", count, share(found["relative_norm"]), spread,
            f"{found['rank_90']:g}", f"{found['rank_99']:g}"]  # fmt: skip


def _middle_facts(adapter: Adapter) -> list[str]:
    assert adapter.found is not None
    s = adapter.found["summary"]
    spread = f"{s['effective_rank']:.1f}/{s['largest_possible_rank']:g}"
    return ["", units.parameters(adapter.trained / max(len(adapter.parameters), 1)), share(s["relative_norm"]), spread,
            f"{s['rank_90']:g}", f"{s['rank_99']:g}"]  # fmt: skip


def chart(adapter: Adapter, chosen: Sequence[str], say: Say, log: bool) -> Plot:
    """Singular values of one or two layers and the median of all; the cursor is the first one's effective rank."""
    found = layers(adapter)
    lines = []
    if found:
        mark, style = SERIES[2]
        points = [Point(*pair) for pair in middle([each["values"] for each in found.values()])]
        lines.append(Line(say("inspect.middle"), mark, style, points))
    for layer, (mark, style) in reversed(list(zip(chosen, SERIES, strict=False))):
        if layer in found:
            points = [Point(float(at), value) for at, value in found[layer]["values"]]
            lines.append(Line(shown(layer), mark, style, points))
    most = max((line.points[-1].x for line in lines if line.points), default=1.0)
    first = found.get(chosen[0]) if chosen else None
    return Plot(lines, x_title=say("inspect.axis"), x_limits=(1.0, max(most, 2.0)), log_y=log,
                cursor=first["effective_rank"] if first else None)  # fmt: skip


def seen(adapter: Adapter, say: Say) -> str:
    """What one sees, in sentences."""
    assert adapter.found is not None
    s, found = adapter.found["summary"], list(layers(adapter).values())
    if not s["norm"]:
        return say("inspect.see.nothing")
    said = [say("inspect.see.size", count=s["layers"], change=share(s["relative_norm"])), _spread(adapter, say)]
    if len(found) > 1:
        ordered = sorted(found, key=lambda each: each["relative_norm"])
        low, high = ordered[0], ordered[-1]
        said.append(
            say("inspect.see.most", most=_called(high["layer"], say), high=share(high["relative_norm"]),
                least=_called(low["layer"], say), low=share(low["relative_norm"]))
        )  # fmt: skip
    return " ".join(said)


def _called(layer: str, say: Say) -> str:
    block, module = place(layer)
    return inert(module) if block < 0 else say("inspect.see.layer", module=inert(module), block=block)


def _spread(adapter: Adapter, say: Say) -> str:
    assert adapter.found is not None
    s, rank = adapter.found["summary"], adapter.found["rank"]
    spread, most, noise = s["effective_rank"], s["largest_possible_rank"], s["random_rank_90"]
    if noise is None:
        used = spread / most if most else 0.0
        kind = "full-rank" if used >= NEARLY_ALL else "some-rank" if used >= HARDLY_HALF else "spare-rank"
        values = {"rank": rank, "spread": f"{spread:.1f}"} | ({} if kind == "full-rank" else {"most": f"{most:g}"})
        return say(f"inspect.see.{kind}", **values)
    kind = "thin" if s["rank_90"] < LIKE_NOISE * noise else "dense"
    return say(f"inspect.see.{kind}", ninety=f"{s['rank_90']:g}", most=f"{most:g}", noise=f"{noise:g}", rank=rank,
               held=share(s["energy_in_rank"]))  # fmt: skip
