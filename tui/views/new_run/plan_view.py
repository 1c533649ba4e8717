"""What the run will need: parameters, memory against what the machine has, time, warnings and what mends them."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from textual.app import ComposeResult
from textual.content import Content
from textual.reactive import reactive

from lab.planning.duration import checkpoints, validations
from tui.formatting import units
from tui.formatting.sanitize import inert
from tui.formatting.text_layout import Lines, fit, hang, pad, spread, styled
from tui.locale import say
from tui.views.new_run.planner import PlanResult
from tui.widgets.action_bar import action_link
from tui.widgets.containers import VerticalScroll
from tui.widgets.lines import LinesView

if TYPE_CHECKING:
    from lab.planning.warnings import Warning
    from lessons.course import Lang

LABEL, AMOUNT, BAR = 13, 9, 26


class PlanView(VerticalScroll, can_focus=True):
    """Shows the last outlook, and what goes on while the next one is made."""

    lang: reactive["Lang"] = reactive("en", init=False)

    def __init__(self, lang: "Lang") -> None:
        super().__init__(id="new-plan")
        self.set_reactive(PlanView.lang, lang)
        self.outlook: PlanResult | None = None
        self._doing = self._trouble = ""

    def compose(self) -> ComposeResult:
        yield LinesView(self._lines)

    def watch_lang(self) -> None:
        self._draw()

    def show(self, outlook: PlanResult) -> None:
        """A plan that was made."""
        self.outlook, self._trouble, self._doing = outlook, "", ""
        self._draw()

    def going(self, doing: str) -> None:
        """What is going on meanwhile; the last plan stays."""
        if doing != self._doing:
            self._doing = doing
            self._draw()

    def fail(self, trouble: str) -> None:
        """Why there is no plan."""
        self._trouble, self._doing = trouble, ""
        self._draw()

    def _draw(self) -> None:
        for view in self.query(LinesView):
            view.set_layout(self._lines)

    def _say(self, key: str, **values: object) -> str:
        return say(self.lang, key, **values)

    def _lines(self, width: int) -> Lines:
        outlook = self.outlook
        lines = [spread(styled(self._say("new.plan.title"), "bold $heading"), self._news(), width)]
        if outlook is None:
            return lines
        lines += [self._parameters(outlook, width), *self._memory(outlook, width), *self._time(outlook, width)]
        lines += [*self._components(outlook, width), *self._warnings(outlook, width)]
        return [line.stylize("dim") for line in lines] if self._trouble else lines

    def _news(self) -> Content:
        """One line that is always there, so that nothing jumps."""
        if self._trouble:
            return styled(inert(self._trouble), "$error")
        if self._doing:
            return styled(inert(self._doing), "$text-muted")
        if self.outlook is None:
            return styled(self._say("new.plan.none"), "$text-muted")
        return Content("") if self.outlook.exact else styled(self._say("new.plan.guessed"), "$text-muted")

    def _parameters(self, outlook: PlanResult, width: int) -> Content:
        plan = outlook.plan
        share = self._say("new.plan.of", total=units.parameters(plan.total),
                          share=units.percent(plan.trainable, plan.total, 2))  # fmt: skip
        some = plan.spec.num_layers if 0 < plan.spec.num_layers < plan.blocks else plan.blocks
        where = self._say("new.plan.blocks", some=some, blocks=plan.blocks)
        amount = styled(units.parameters(plan.trainable), "bold $heading")
        line = self._label("trainable") + amount + styled(f" {share}", "$text-muted")
        return fit(line + styled(f"  {where}", "$text-disabled"), width)

    def _memory(self, outlook: PlanResult, width: int) -> Lines:
        """The peak, and below it how much that is of what the machine has."""
        plan = outlook.plan
        peak = self._say("new.plan.peak", peak=units.size(plan.peak), uncertainty=f"{plan.uncertainty:.0%}")
        learned = ""
        if plan.probe_peak:
            learned = self._say("new.plan.learned-trial")
        elif plan.calibrated:
            learned = self._say("new.plan.learned", count=plan.calibrated)
        free = units.size(plan.machine.available)
        fits = self._say("new.plan.fits" if plan.fits else "new.plan.too-large", free=free)
        verdict = styled(f" ✓ {fits}", "$success") if plan.fits else styled(f" ✗ {fits}", "bold $error")
        gauge = _gauge(plan.peak, plan.machine.available, max(8, width - LABEL - verdict.cell_length - 1))
        first = self._label("memory") + styled(peak, "bold $heading") + styled(f"  {learned}", "$text-muted")
        return [fit(first, width), self._label("") + gauge + verdict]

    def _components(self, outlook: PlanResult, width: int) -> Lines:
        memory = outlook.plan.memory
        room, top = max(8, min(BAR, width - LABEL - AMOUNT - 2)), max(memory.values())
        lines = []
        for name, size in memory.items():
            if size:
                bar = "▇" * max(1, round(room * size / top))
                label = pad(styled(f"  {self._say(f'new.memory.{name}')}", "$text-muted"), LABEL)
                lines.append(label + pad(styled(units.size(size)), AMOUNT, right=True) + styled(f" {bar}", "$primary"))
        return [styled(self._say("new.plan.parts-title"), "$text-muted"), *lines]

    def _time(self, outlook: PlanResult, width: int) -> Lines:
        plan, timing, spec = outlook.plan, outlook.plan.timing, outlook.plan.spec
        if timing is None or plan.seconds is None:
            known = "no-weights" if not plan.base.weights else "" if outlook.exact else self._later("time")
            if known:
                return [self._label("time") + styled(self._say(f"new.plan.{known}"), "$text-muted"), Content("")]
            ask = styled("^t ", "$primary") + styled(self._say("new.plan.measure"), "$text-muted")
            return [self._label("time") + styled(self._say("new.plan.unknown"), "$text-muted"),
                    self._label("") + action_link(ask, "measure")]  # fmt: skip
        about = self._say("new.plan.seconds", time=units.duration(plan.seconds))
        asks = checkpoints(spec) if timing.samples else 0
        parts = self._say(
            "new.plan.parts", start=_seconds(timing.start), iters=units.count(spec.iters), step=_seconds(timing.step),
            count=validations(spec), validation=_seconds(timing.validation),
        )  # fmt: skip
        if asks:
            parts += " " + self._say("new.plan.asks", asks=asks, samples=_seconds(timing.samples))
        by = self._say("new.plan.by-trial") if outlook.measured else self._say("new.plan.by-runs", count=_runs(outlook))
        wrapped = hang([(self._label(""), styled(parts, "$text-disabled"))], width)
        again = Content("") if outlook.measured else action_link(styled("  ^t", "$primary"), "measure")
        return [self._label("time") + styled(about, "bold $heading") + styled(f"  {by}", "$text-muted") + again,
                *wrapped]  # fmt: skip

    def _warnings(self, outlook: PlanResult, width: int) -> Lines:
        warnings = outlook.plan.warnings
        if not warnings and not outlook.exact:
            return [Content(""), styled(self._say(f"new.plan.{self._later('warnings')}"), "$text-muted")]
        if not warnings:
            return [Content(""), styled("✓ ", "$success") + styled(self._say("new.plan.no-warnings"), "$text-muted")]
        lines: Lines = [Content("")]
        first = next((warning for warning in warnings if warning.changes), None)
        for warning in warnings:
            style = "$error" if warning.refused else "$warning"
            lines += hang([(styled("! ", f"bold {style}"), styled(inert(sentence(warning, self.lang)), style))], width)
            if warning.kind == "valid":
                mend = styled("F8 ", "$primary") + styled(self._say("new.split.offer"), "$text-muted")
                lines.append(Content("  ") + action_link(mend, "split"))
            if warning.changes:
                key = "F9 " if warning is first else "·  "
                mends = self._say("new.fixes", change=changed(warning.changes))
                mend = styled(key, "$primary") + styled(mends, "$text-muted")
                lines.append(Content("  ") + action_link(mend, f"fix({warnings.index(warning)})"))
        return lines

    def _later(self, what: str) -> str:
        """What stands for something that only the engine's answer tells, which comes, or failed to come."""
        return "not-known" if self._trouble else f"{what}-later"

    def _label(self, name: str) -> Content:
        text = self._say(f"new.plan.{name}") if name else ""
        return pad(styled(text, "$text-muted"), LABEL)


def sentence(warning: "Warning", lang: "Lang") -> str:
    """A warning in the learner's language; one we have no words for as the lab says it."""
    values: dict[str, Any] = dict(warning.values)
    kind = str(values.get("about", warning.kind))
    if kind == "rate" and not values.get("scale"):
        kind = "rate-full"
    shown: dict[str, object] = {name: _shown(name, value) for name, value in values.items()}
    shown["count"] = values.get("rows")
    try:
        return say(lang, f"new.warning.{kind}", **shown)
    except KeyError:
        return str(warning)


def changed(changes: Mapping[str, Any]) -> str:
    """A change as it would stand in the YAML."""
    parts = []
    for name, value in changes.items():
        inner = value if isinstance(value, Mapping) else {name: value}
        parts += [f"{key}: {_yaml(each)}" for key, each in inner.items()]
    return ", ".join(parts)


def _yaml(value: object) -> str:
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    return f"{value:g}" if isinstance(value, float) else str(value)


def _shown(name: str, value: object) -> object:
    if name in ("peak", "available") and isinstance(value, int | float):
        return units.size(value)
    if isinstance(value, float):
        return f"{value:g}"
    return f"{value:,}" if isinstance(value, int) else value


def _gauge(part: float, whole: float, cells: int) -> Content:
    """How much of what there is; what is too much is marked otherwise too."""
    share = part / whole if whole else 1.0
    full = max(1, round(min(share, 1.0) * cells))
    mark, style = ("▰", "$primary") if share <= 1 else ("▚", "$error")
    return styled(mark * full, style) + styled("▱" * (cells - full), "$faint")


def _seconds(value: float) -> str:
    return f"{value:.3f} s" if value < 1 else f"{value:.1f} s"


def _runs(outlook: PlanResult) -> int:
    pasts, method = outlook.inputs.pasts, outlook.plan.method
    return len([past for past in pasts if past.method == method] or pasts)
