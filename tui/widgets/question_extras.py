"""What may stand with a question beside its options: a command with a gap, hints, and how sure one is."""

from typing import TYPE_CHECKING

from textual.message import Message

from tui.formatting.text_layout import Layout, Lines, clickable, hang, inline, join, styled
from tui.locale import say
from tui.widgets.lines import LinesView

if TYPE_CHECKING:
    from lessons.course import Gap, Lang, Text


def command_lines(gap: "Gap", filled: str, style: str) -> Layout:
    """The command, with what is filled into its gap in a style of its own; the gap itself where that is nothing."""
    from lessons.course import GAP

    before, _, after = gap.command.partition(GAP)
    middle = styled(filled or GAP * 2, f"bold {style} underline" if filled else f"bold {style}")
    whole = join([styled("$ ", "$faint"), styled(before), middle, styled(after)])
    mark = styled("▎ ", "$rule")
    return lambda width: [mark + line for line in whole.wrap(max(width - 2, 4))]


class SureLine(LinesView):
    """The three words for how sure one is; a click on one states it."""

    class Stated(Message):
        def __init__(self, confidence: str) -> None:
            super().__init__()
            self.confidence = confidence

    def __init__(self, lang: "Lang", choices: tuple[str, ...], stated: str, in_field: bool) -> None:
        super().__init__(self._layout_lines, classes="sure")
        self.auto_links = False
        self.stated = stated
        self._lang, self._choices, self._in_field = lang, choices, in_field

    def show(self, stated: str) -> None:
        """Mark what is stated, or nothing for ""."""
        self.stated = stated
        self.set_layout(self._layout_lines)

    def action_state(self, confidence: str) -> None:
        self.post_message(self.Stated(confidence))

    def _layout_lines(self, width: int) -> Lines:
        key = say(self._lang, "quiz.sure.key-in-field" if self._in_field else "quiz.sure.key")
        parts = [styled(say(self._lang, "quiz.sure.ask"), "$text-muted")]
        for each in self._choices:
            here = each == self.stated
            mark, style = ("● ", "$primary") if here else ("○ ", "$faint")
            name = styled(say(self._lang, f"quiz.sure.{each}"), "$heading" if here else "$text-muted")
            parts.append(clickable(styled(mark, style) + name, "state", each))
        return hang([(styled(f"{key}  ", "$primary"), join(parts, "   "))], width)


class HintLines(LinesView):
    """The hints shown so far, and what the next one costs; a click on that asks for it."""

    class Asked(Message):
        """The next hint was clicked."""

    def __init__(self, layout: Layout) -> None:
        super().__init__(layout, classes="hints")
        self.auto_links = False

    def action_ask(self) -> None:
        self.post_message(self.Asked())


def hint_lines(
    lang: "Lang",
    hints: "tuple[Text, ...]",
    shown: set[int],
    price: tuple[int, int] | None,
    asked: bool,
    in_field: bool,
    quiet: bool = False,
) -> Layout:
    """`shown` are numbers from 1; `price` is (what the next costs, what the question is worth), None for no more.

    `quiet` says nothing of XP.
    """
    from lessons.markdown_parser import spans

    key = say(lang, "quiz.hints.key-in-field" if in_field else "quiz.hints.key")
    rows = [
        (styled(f"{say(lang, 'quiz.hints.label', n=number)}  ", "$warning"), inline(spans(hint[lang])))
        for number, hint in enumerate(hints, 1)
        if number in shown
    ]
    if price is not None:
        cost, worth = price
        number = next(number for number in range(1, len(hints) + 1) if number not in shown)
        end = ".quiet" if quiet else ""
        if asked:
            offer = say(lang, f"quiz.hints.ask{end}", n=number, total=len(hints), cost=cost, press=key)
        else:
            offer = say(lang, f"quiz.hints.offer{end}" if cost or quiet else "quiz.hints.free", cost=cost, worth=worth)
        text = clickable(styled(offer, "$warning" if asked else "$text-muted"), "ask")
        rows.append((styled(f"{key}  ", "$primary"), text))
    return lambda width: [line for row in rows for line in hang([row], width)]
