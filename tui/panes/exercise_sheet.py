"""The lines of an exercise: headings, what was locked, and the comparison."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from textual.content import Content

from tui.experiment import as_number
from tui.typeset import Layout, Lines, barred, hang, inline, join, pad, styled, width_of
from tui.words import say

if TYPE_CHECKING:
    from lessons.model import Lang


def count(value: float) -> str:
    """Whole numbers with commas; a prediction keeps the decimals that it was made with."""
    return f"{value:,.0f}" if value == round(value) else f"{value:,.2f}"


def heading(lang: "Lang", number: int, part: str, done: bool, now: bool) -> Content:
    """✓ what is done, ● what is next, ○ what is to come."""
    mark = styled("✓ ", "$success") if done else styled("● ", "$primary") if now else styled("○ ", "$faint")
    name = styled(f"{number}  {say(lang, f'exercise.part.{part}')}")
    return mark + name.stylize("bold $primary" if now else "bold $heading" if done else "$faint")


def locked_line(lang: "Lang", locked: Mapping[str, object], unit: str) -> Content:
    """The prediction as it stands for good."""
    return join(
        [
            styled(f"{count(as_number(locked.get('value')))} ", "bold $primary"),
            styled(unit, "$primary"),
            styled(f"   {say(lang, 'exercise.locked')}", "$faint"),
        ]
    )


def ratio_text(lang: "Lang", predicted: float, truth: float) -> str:
    """How many times the prediction is too small or too large."""
    if predicted <= 0 or truth <= 0:
        return "–"
    if predicted == truth:
        return say(lang, "exercise.ratio.same")
    small = predicted < truth
    times = truth / predicted if small else predicted / truth
    shown = f"{times:,.2f}" if times >= 1.005 else f"{times:,.4f}"
    return say(lang, "exercise.ratio.small" if small else "exercise.ratio.large", times=shown)


def comparison(lang: "Lang", source: str, predicted: float, truth: int, feedback: str) -> Layout:
    """Prediction, truth, difference and ratio, right-aligned; below, what the grader says."""
    kind = "run" if source == "run" else "preset"
    difference = predicted - truth
    sign = "+" if difference > 0 else "−" if difference < 0 else ""
    rows = [
        (say(lang, "exercise.row.predicted"), count(predicted), "$primary"),
        (say(lang, f"exercise.row.truth-{kind}"), count(truth), "bold $heading"),
        (say(lang, "exercise.row.difference"), f"{sign}{count(abs(difference))}", ""),
    ]
    label = max(width_of(name) for name, _, _ in rows) + 3
    figure = max(width_of(value) for _, value, _ in rows)

    def lines(width: int) -> Lines:
        from lessons.parse import spans

        drawn = [
            pad(styled(name, "$text-muted"), label) + pad(styled(value, style), figure, right=True)
            for name, value, style in rows
        ]
        ratio = pad(styled(say(lang, "exercise.row.ratio"), "$text-muted"), label)
        text = styled(ratio_text(lang, predicted, truth), "$warning" if difference else "$success")
        return [*drawn, *hang([(ratio, text)], width), Content(""), *barred(inline(spans(feedback)))(width)]

    return lines
