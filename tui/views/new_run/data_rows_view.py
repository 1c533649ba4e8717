"""How long the rows are, and one of them as the model sees it, with what is learned from."""

from typing import TYPE_CHECKING, Any, ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.content import Content
from textual.reactive import reactive

from tui.formatting import units
from tui.formatting.sanitize import inert
from tui.formatting.text_layout import Lines, fit, join, spread, styled
from tui.key_bindings import bind
from tui.locale import say
from tui.views.new_run.planner import PlanResult
from tui.views.view import LaboratoryView
from tui.widgets.action_bar import action_link
from tui.widgets.containers import VerticalScroll
from tui.widgets.lines import LinesView

if TYPE_CHECKING:
    from lessons.course import Lang

BLOCKS = "▁▂▃▄▅▆▇█"
HEIGHT = 3
"""Lines of the histogram."""


class RowsView(VerticalScroll, can_focus=True):
    """The arrows go from row to row."""

    BINDINGS: ClassVar[list[BindingType]] = [
        bind("right", "turn(1)", "new.row-next"),
        bind("left", "turn(-1)", "new.row-previous"),
        bind("down,j", "scroll_down", "new.scroll-down"),
        bind("up,k", "scroll_up", "new.scroll-up"),
    ]
    lang: reactive["Lang"] = reactive("en", init=False)

    def __init__(self, lang: "Lang") -> None:
        super().__init__(id="new-rowsview")
        self.set_reactive(RowsView.lang, lang)
        self.outlook: PlanResult | None = None

    def compose(self) -> ComposeResult:
        yield LinesView(self._lines)

    def watch_lang(self) -> None:
        self.show(self.outlook)

    def show(self, outlook: PlanResult | None) -> None:
        """The rows of a plan; while they are only guessed, those before stay."""
        if outlook is None or outlook.exact:
            self.outlook = outlook
        for view in self.query(LinesView):
            view.set_layout(self._lines)

    async def action_turn(self, by: int) -> None:
        """Another row, which the bench has to ask for."""
        await self.query_ancestor(LaboratoryView).run_action(f"turn({by})")

    def _say(self, key: str, **values: object) -> str:
        return say(self.lang, key, **values)

    def _lines(self, width: int) -> Lines:
        answer = self.outlook.answer if self.outlook is not None else {}
        split = answer.get("splits", {}).get("train")
        if not split or not answer.get("row"):
            missing = "new.rows.no-weights" if answer and not answer.get("weights") else "new.rows.waiting"
            return styled(self._say(missing), "$text-muted").wrap(max(width, 4))
        assert self.outlook is not None
        return [*self._lengths(split, width), Content(""), *self._row(answer["row"], answer["data"], width)]

    def _lengths(self, split: dict[str, Any], width: int) -> Lines:
        tokens = split["tokens"]
        facts = self._say("new.lengths.facts", **{k: units.count(tokens[k]) for k in ("min", "median", "p95", "max")})
        learned = self._say("new.lengths.learned", share=f"{split['supervised_share'] or 0:.0%}")
        lines = [styled(self._say("new.lengths.title"), "bold $heading") + styled(f"  {learned}", "$text-muted")]
        cells = min(width - 1, 64)
        assert self.outlook is not None
        window = self.outlook.plan.spec.max_seq_length
        lines += histogram(split["histogram"], cells, window)
        lines.append(fit(styled(facts, "$text-muted"), width))
        cut = ""
        if split["truncated"]:
            lost = f"{split['lost_tokens'] / max(1, tokens['total']):.1%}"
            cut = "✂ " + self._say("new.lengths.cut", count=split["truncated"], window=units.count(window),
                                   share=lost)  # fmt: skip
        return [*lines, fit(styled(cut, "$warning"), width)]

    def _row(self, row: dict[str, Any], data: dict[str, Any], width: int) -> Lines:
        title = self._say("new.rows.title", number=units.count(row["number"] + 1),
                          rows=units.count(data["rows"]["train"]))  # fmt: skip
        facts = self._say("new.rows.facts", count=row["tokens"], learned=units.count(row["supervised"]))
        back = action_link(styled("‹ ", "bold $primary"), "turn(-1)")
        on = action_link(styled(" ›", "bold $primary"), "turn(1)")
        head = back + styled(title, "bold $heading") + on + styled(f"  {facts}", "$text-muted")
        lines = [spread(head, learned_piece(self._say("new.rows.legend").strip("⟦⟧ ")), width)]
        for line in written(row["pieces"]):
            lines += line.wrap(max(width, 4))
        rest = row["tokens"] - row["shown"]
        return lines + ([styled(self._say("new.rows.cut", count=rest), "$text-muted")] * (rest > 0))


def learned_piece(text: str) -> Content:
    """Text that is learned from: coloured, underlined, and between brackets, so that it is seen without colour."""
    return join([styled("⟦", "bold $success"), styled(text, "underline $success"), styled("⟧", "bold $success")])


def written(pieces: list[list[Any]]) -> Lines:
    """A row's pieces in lines that break where the row does; everything in it is inert."""
    lines: list[list[Content]] = [[]]
    for text, learned in pieces:
        parts = [inert(part) for part in str(text).split("\n")]
        for number, part in enumerate(parts):
            if number:
                lines.append([])
            if learned:
                first, last = number == 0, number == len(parts) - 1
                lines[-1] += [styled("⟦", "bold $success")] * first
                lines[-1].append(styled(part, "underline $success"))
                lines[-1] += [styled("⟧", "bold $success")] * last
            else:
                lines[-1].append(styled(part, "$text-muted"))
    return [join(line) for line in lines]


def histogram(bins: list[dict[str, int]], cells: int, window: int, height: int = HEIGHT) -> Lines:
    """Columns of eighths, one or more cells a bin; those with tokens beyond the window are marked by colour and ✂."""
    joined = max(1, -(-len(bins) // max(cells, 1)))
    groups = [bins[i : i + joined] for i in range(0, len(bins), joined)]
    wide = max(1, min(3, cells // max(1, len(groups))))
    counts = [sum(each["rows"] for each in group) for group in groups]
    top = max(counts, default=0)
    eighths = [-(-count * height * 8 // top) if top else 0 for count in counts]
    lines: Lines = []
    for level in range(height - 1, -1, -1):
        parts = []
        for group, filled in zip(groups, eighths, strict=True):
            part = min(max(filled - 8 * level, 0), 8)
            beyond = group[-1]["to"] > window
            parts.append(styled((BLOCKS[part - 1] if part else " ") * wide, "$warning" if beyond else "$primary"))
        lines.append(join(parts))
    if any(group[-1]["to"] > window for group in groups):
        at = next(i for i, group in enumerate(groups) if group[-1]["to"] > window) * wide
        lines.append(styled(" " * at + "✂", "$warning"))
    return lines
