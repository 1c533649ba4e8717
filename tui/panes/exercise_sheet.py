"""The lines of an exercise: headings, runs, what was locked, the comparison, what is broken and what is done."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from textual.content import Content

from tui.exercises.stage import TrialState, as_number
from tui.formatting.text_layout import Layout, Lines, barred, hang, inline, join, pad, styled, width_of
from tui.locale import say

if TYPE_CHECKING:
    from lessons.course import Lang, Prediction, Repair, Selection, Trial
    from lessons.grading import Selected

MOST_PROBLEMS = 8
"""Problems of broken data that are listed at once."""


def count(value: float) -> str:
    """Whole numbers with commas; a prediction keeps the decimals that it was made with."""
    return f"{value:,.0f}" if value == round(value) else f"{value:,.2f}" if abs(value) >= 1 else f"{value:,.4g}"


def heading(lang: "Lang", number: int, part: str, done: bool, now: bool) -> Content:
    """✓ what is done, ● what is next, ○ what is to come."""
    mark = styled("✓ ", "$success") if done else styled("● ", "$primary") if now else styled("○ ", "$faint")
    name = styled(f"{number}  {say(lang, f'exercise.part.{part}')}")
    return mark + name.stylize("bold $primary" if now else "bold $heading" if done else "$faint")


def locked_line(lang: "Lang", shown: Content, unit: str) -> Content:
    """The prediction as it stands for good."""
    return join(
        [
            shown.stylize("bold $primary"),
            styled(f" {unit}" if unit else "", "$primary"),
            styled(f"   {say(lang, 'exercise.locked')}", "$faint"),
        ]
    )


def run_rows(lang: "Lang", trials: "Sequence[Trial]", states: Mapping[str, TrialState], status: str) -> Layout:
    """Every run with what becomes of it; the first that is under way is the one that trains."""
    training = next((trial.name for trial in trials if states[trial.name] == "waiting"), "")

    def state(trial: "Trial") -> Content:
        match states[trial.name]:
            case "finished":
                return styled(say(lang, "exercise.run-ended"), "$success")
            case "failed":
                return styled(say(lang, "exercise.run-gone"), "$error")
            case "waiting" if trial.name == training:
                return styled(say(lang, "exercise.run-trains", status=status), "$primary")
            case "waiting":
                return styled(say(lang, "exercise.run-waits"), "$text-muted")
        return styled(say(lang, "exercise.run-none"), "$text-muted")

    marks = {"finished": ("✓ ", "$success"), "failed": ("✗ ", "$error"), "waiting": ("● ", "$primary")}

    told = [_told(trial) for trial in trials]
    alike = [what for what in told[0] if all(what in each for each in told)]
    own = [styled("  ".join(what for what in each if what not in alike), "$text-muted") for each in told]

    def lines(width: int) -> Lines:
        names = max(width_of(trial.name) for trial in trials) + 2
        differences = max(each.cell_length for each in own) + 2
        said = [state(trial) for trial in trials]
        abreast = 2 + names + differences + max(each.cell_length for each in said) <= width
        rows = []
        for trial, differs, now in zip(trials, own, said, strict=True):
            mark, style = marks.get(states[trial.name], ("○ ", "$faint"))
            lead = styled(mark, style) + pad(styled(trial.name, "$heading"), names)
            rows.append((lead, pad(differs, differences) + now if abreast else join([now, differs], "\n")))
        each = styled(say(lang, "exercise.runs-alike", what="  ".join(alike)), "$text-muted")
        return [*(each.wrap(max(width, 4)) if alike else []), *hang(rows, width)]

    return lines


def _told(trial: "Trial") -> list[str]:
    """What decides how a run ends, in the words of its YAML."""
    fields = {"fine_tune_type": "lora", **trial.fields}
    lora = fields.pop("lora_parameters", {})
    fields |= dict(lora) if isinstance(lora, Mapping) else {}
    return [_setting(name, fields[name]) for name in TOLD if name in fields]


def _setting(name: str, value: object) -> str:
    match name:
        case "model" | "data":
            return str(value)
        case "fine_tune_type":
            return {"lora": "LoRA", "dora": "DoRA"}.get(str(value), str(value))
        case _:
            shown = f"{value:g}" if isinstance(value, float) else str(value).lower()
            return f"{name} {shown}"


TOLD = ("model", "data", "fine_tune_type", "iters", "learning_rate", "rank", "scale", "mask_prompt", "seed")
"""The settings of a run that are named beside it, if they are not the same for all."""


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


def source_of(step: "Prediction") -> str:
    """Where the truth of a number comes from, as the comparison says it."""
    from lessons.formula import names_in

    measured = [name for name in names_in(step.truth) if "." in name]
    if not measured:
        return "truth-preset"
    if all(name.endswith(".trainable_parameters") for name in measured):
        return "truth-run"
    from lessons.course import COUNTED

    return "counted" if all(name.partition(".")[2] in COUNTED for name in measured) else "measured"


def comparison(lang: "Lang", source: str, predicted: float, truth: float, feedback: str, digits: int = 0) -> Layout:
    """Prediction, truth, difference and ratio, right-aligned; below, what the grader says."""
    difference = predicted - truth
    sign = "+" if difference > 0 else "−" if difference < 0 else ""
    apart = f"{abs(difference):,.{digits}f}" if digits else count(abs(difference))
    rows = [
        (say(lang, "exercise.row.predicted"), count(predicted), "$primary"),
        (say(lang, f"exercise.row.{source}"), f"{truth:,.{digits}f}", "bold $heading"),
        (say(lang, "exercise.row.difference"), f"{sign}{apart}", ""),
    ]
    label = max(width_of(name) for name, _, _ in rows) + 3
    figure = max(width_of(value) for _, value, _ in rows)

    def lines(width: int) -> Lines:
        from lessons.markdown_parser import spans

        drawn = [
            pad(styled(name, "$text-muted"), label) + pad(styled(value, style), figure, right=True)
            for name, value, style in rows
        ]
        ratio = pad(styled(say(lang, "exercise.row.ratio"), "$text-muted"), label)
        text = styled(ratio_text(lang, predicted, truth), "$warning" if difference else "$success")
        return [*drawn, *hang([(ratio, text)], width), Content(""), *barred(inline(spans(feedback)))(width)]

    return lines


def choice_rows(
    lang: "Lang", step: "Selection", chosen: str, selected: "Selected", values: Mapping[str, float]
) -> Layout:
    """Every option with what was measured for it, the true one and the chosen one marked; below, what is said."""

    def tag(option: str) -> tuple[str, str, str]:
        if option == selected.truth.id:
            return "✓ ", "$success", "both" if option == chosen else "true"
        if option == chosen:
            return ("✓ ", "$success", "tied") if selected.right else ("✗ ", "$error", "yours")
        return "  ", "$text-muted", ""

    def lines(width: int) -> Lines:
        from lessons.markdown_parser import spans

        figures = {option.id: f"{values[option.id]:,.{step.digits}f}" for option in step.options}
        figure = max(map(width_of, figures.values()))
        rows = []
        for option in step.options:
            mark, style, kind = tag(option.id)
            note = styled(f"  {say(lang, f'exercise.choice.{kind}')}", style) if kind else Content("")
            number = pad(styled(figures[option.id], "bold $heading" if kind else ""), figure, right=True)
            text = inline(spans(option.text[lang]))
            rows.append((styled(mark, style) + number + styled(f" {step.unit[lang]}  ", "$text-muted"), text + note))
        said = inline(spans(selected.text[lang]))
        return [*hang(rows, width), Content(""), *barred(said)(width)]

    return lines


def problem_rows(lang: "Lang", step: "Repair", report: Mapping[str, Any]) -> Layout:
    """What the check found in the learner's copy, the worst first, and how much of it there is."""

    def lines(width: int) -> Lines:
        rows = report["splits"]["train"]["rows"]
        told = say(lang, "exercise.repair.errors", errors=report["errors"], warnings=report["warnings"], rows=rows)
        drawn = [styled(told, "bold $heading")]
        if step.clean and report["warnings"]:
            drawn += styled(say(lang, "exercise.repair.warnings"), "$warning").wrap(width)
        if rows < step.rows:
            drawn += styled(say(lang, "exercise.repair.few", count=step.rows), "$warning").wrap(width)
        problems = sorted(report["problems"], key=lambda each: each["severity"] != "error")
        for each in problems[:MOST_PROBLEMS]:
            place = say(lang, "exercise.file", file=each["file"], line=each["line"]) if each["line"] else each["file"]
            bad = each["severity"] == "error"
            mark = styled("✗ " if bad else "! ", "$error" if bad else "$warning")
            drawn += hang(
                [(mark, join([styled(place, "$heading"), styled(f"  {each['problem']}", "$text-muted")]))], width
            )
        left = len(problems) - MOST_PROBLEMS + report["problems_left_out"]
        if left > 0:
            drawn.append(styled(say(lang, "exercise.repair.more", count=left), "$text-muted"))
        return drawn

    return lines


def locked_text(value: object) -> Content:
    """A number that was locked."""
    return styled(count(as_number(value)))
