"""Pure graders: they compare an answer with the truth and say what to tell the learner.

A grader that cannot judge raises NotGraded, or ValueError for an answer of another kind; that is "not graded",
never "wrong".
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from lessons.command_spelling import spelled
from lessons.course import (
    Alternative,
    Feedback,
    Filled,
    Graded,
    Misconception,
    NotGraded,
    Ordered,
    Prediction,
    Question,
    Selection,
    Text,
    Verdict,
)
from lessons.formula import evaluate
from lessons.numbers import NotANumber, Number, parse_number, round_to, show_number, significant, without_unit
from lessons.text import fill

__all__ = [
    "NotANumber",
    "Number",
    "grade",
    "grade_choice",
    "grade_flag",
    "grade_number",
    "grade_order",
    "grade_prediction",
    "grade_selection",
    "parse_number",
    "read_prediction",
    "truth_of",
    "values_of",
]

MISCONCEPTION_TOLERANCE = 0.01
"""How near to a misconception's value a number must be to come from it, relative to that value."""


@dataclass(frozen=True)
class Selected:
    """The verdict on a choice that was predicted: `close` is an option that is as good as the true one."""

    kind: Literal["exact", "close", "off"]
    truth: Alternative
    text: Text

    @property
    def right(self) -> bool:
        return self.kind != "off"


def grade(question: Question, answer: str | Sequence[str]) -> Verdict:
    """Judges any kind: `answer` is what was typed, or the ids of the options, for an order in the order given."""
    match question.kind:
        case "number":
            return grade_number(question, answer if isinstance(answer, str) else "")
        case "flag":
            return grade_flag(question, answer if isinstance(answer, str) else "")
        case "order":
            return grade_order(question, list(answer))
    return grade_choice(question, frozenset(answer))


def grade_choice(question: Question, chosen: frozenset[str]) -> Graded:
    """Right when exactly the correct options were chosen; ValueError for none or an unknown option id."""
    known = {option.id for option in question.options}
    if question.kind not in ("one", "many"):
        raise ValueError(f"This question asks for {_ASKED[question.kind]}.")
    if not chosen:
        raise NotGraded("Choose an option first.", "먼저 하나 이상 골라 주세요.")
    if not chosen <= known:
        raise ValueError(f"{min(chosen - known)!r} is not an option here.")
    options = tuple((option, option.id in chosen, option.correct) for option in question.options)
    return Graded(all(picked == correct for _, picked, correct in options), options)


_ASKED = {"one": "a choice", "many": "a choice", "number": "a number", "order": "an order", "flag": "a spelling"}


def grade_order(question: Question, given: Sequence[str]) -> Ordered:
    """Right when all steps were given in the right order; NotGraded while one has no place."""
    if question.kind != "order":
        raise ValueError(f"This question asks for {_ASKED[question.kind]}.")
    known = {step.id for step in question.options}
    if not set(given) <= known:
        raise ValueError(f"{min(set(given) - known)!r} is not a step here.")
    if set(given) != known:
        raise NotGraded("Give every step its place first.", "먼저 모든 단계에 차례를 매겨 주세요.")
    places = tuple((step, given.index(step.id) + 1) for step in question.options)
    return Ordered(all(place == right for right, (_, place) in enumerate(places, 1)), places)


def grade_flag(question: Question, text: str) -> Filled:
    """Judges what was typed into the gap, and names the known mistake it is; NotGraded for nothing at all."""
    if question.gap is None:
        raise ValueError(f"This question asks for {_ASKED[question.kind]}.")
    gap, typed = question.gap, spelled(text)
    if not typed:
        raise NotGraded("Write what belongs in the gap first.", "먼저 빈칸에 들어갈 것을 적어 주세요.")
    if typed in map(spelled, gap.accepted):
        return Filled(True, None, gap.right)
    for mistake in gap.mistakes:
        if typed in map(spelled, mistake.spellings):
            return Filled(False, mistake, mistake.feedback)
    return Filled(False, None, gap.off)


def grade_number(question: Question, text: str) -> Feedback:
    """Judges what was typed, with or without its unit; NotANumber when it cannot be read."""
    if question.number is None:
        raise ValueError(f"This question asks for {_ASKED[question.kind]}.")
    answer = question.number
    number = parse_number(without_unit(text, answer.unit.values()))
    truth = evaluate(answer.formula, answer.parameters)
    texts = {"exact": answer.right, "close": answer.right, "off": answer.off}
    return _judge(number, truth, (answer.tolerance, 0.0), answer.misconceptions, answer.parameters, texts)


def read_prediction(prediction: Prediction, text: str) -> float:
    """What was predicted, before it is locked for good; NotGraded for what is no number, and for what cannot be."""
    value = parse_number(without_unit(text, prediction.unit.values())).value
    if value > prediction.most:
        shown, most = f"{value:,.10g}", f"{prediction.most:,.10g}"
        raise NotGraded(
            f"{shown} cannot be: this is a number from 0 to {most}. Nothing is locked yet.",
            f"나올 수 없는 숫자예요({shown}). 0부터 {most}까지의 숫자를 적어 주세요. 아직 잠그지 않았어요.",
        )
    return value


def truth_of(prediction: Prediction, names: Mapping[str, int | float]) -> int | float:
    """The prediction's truth over a shape and measurements, rounded to its digits; FormulaError when a name lacks."""
    value = round(evaluate(prediction.truth, names), prediction.digits)
    return value if prediction.digits else int(value)


def grade_prediction(
    prediction: Prediction, predicted: float, truth: int | float, names: Mapping[str, int | float]
) -> Feedback:
    """Judges a prediction against the measured or computed truth, and names the misconception it matches."""
    number = Number(predicted, max(1, significant(predicted)))
    texts = {"exact": prediction.exact, "close": prediction.close, "off": prediction.off}
    near = (prediction.tolerance, prediction.within)
    return _judge(number, truth, near, prediction.misconceptions, names, texts, prediction.digits)


def values_of(selection: Selection, names: Mapping[str, int | float]) -> dict[str, float]:
    """What was measured for every option, by its id; FormulaError when a name lacks."""
    return {option.id: float(evaluate(option.formula, names)) for option in selection.options}


def grade_selection(selection: Selection, chosen: str, values: Mapping[str, float]) -> Selected:
    """Judges a choice by what was measured for every option; ValueError for an option that there is not."""
    options = {option.id: option for option in selection.options}
    if chosen not in options:
        raise ValueError(f"{chosen!r} is not an option here.")
    best = (min if selection.take == "lowest" else max)(options, key=lambda id: values[id])
    truth, tied = options[best], abs(values[chosen] - values[best]) <= selection.tie * abs(values[best])
    kind: Literal["exact", "close", "off"] = "exact" if chosen == best else "close" if tied else "off"
    shown = {name: _shown(values[id], selection.digits) for name, id in (("value", chosen), ("best", best))}
    said = (selection.exact if kind != "off" else options[chosen].chosen).items()
    text = {lang: fill(words, {**shown, "truth": truth.text[lang]}) for lang, words in said}
    return Selected(kind, truth, text)


def _judge(
    number: Number,
    truth: int | float,
    near: tuple[float, float],
    misconceptions: Sequence[Misconception],
    names: Mapping[str, int | float],
    texts: Mapping[str, Text],
    digits: int | None = None,
) -> Feedback:
    """`near` is how far off still counts as right, relative and absolute; `digits` are the truth's decimals."""
    value = number.value
    if value == truth:
        return _feedback("exact", None, value, truth, texts["exact"], digits)
    if abs(value - truth) <= near[1] or _meant(number, truth, near[0]):
        return _feedback("close", None, value, truth, texts["close"], digits)
    reached = ((evaluate(wrong.formula, names), wrong) for wrong in misconceptions)
    matches = [(abs(value - target), wrong) for target, wrong in reached if _meant(number, target)]
    if matches:
        nearest = min(matches, key=lambda match: match[0])[1]
        return _feedback("misconception", nearest, value, truth, nearest.feedback, digits)
    return _feedback("off", None, value, truth, texts["off"], digits)


def _meant(number: Number, target: int | float, tolerance: float = MISCONCEPTION_TOLERANCE) -> bool:
    """Whether the number is `target` within the tolerance, or `target` rounded as its writer rounded."""
    if abs(number.value - target) <= tolerance * abs(target):
        return True
    return round_to(target, max(2, number.precision)) == number.value


def _feedback(
    kind: Literal["exact", "close", "misconception", "off"],
    misconception: Misconception | None,
    value: float,
    truth: int | float,
    text: Text,
    digits: int | None = None,
) -> Feedback:
    low, high = sorted((value, float(truth)))
    shown = {
        "predicted": show_number(value),
        "truth": show_number(truth) if digits is None else _shown(truth, digits),
        "difference": show_number(high - low) if not digits else _shown(high - low, digits),
        "times": show_number(round(high / low, 2)) if low > 0 else "∞",
    }
    ratio = value / truth if truth else 0.0
    filled = {lang: fill(words, shown) for lang, words in text.items()}
    return Feedback(kind, misconception, truth, round(value - truth), ratio, filled)


def _shown(value: float, digits: int) -> str:
    return f"{value:,.{digits}f}"
