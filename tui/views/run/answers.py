"""What the model answered at one moment, beside what was expected. Pure; all of it is foreign text."""

from collections.abc import Callable, Sequence

from rich.cells import cell_len
from textual.content import Content

from lab.events.schema import Answer
from lab.score import same
from tui.formatting.sanitize import inert
from tui.formatting.text_layout import pad

Say = Callable[..., str]
RIGHT, WRONG, OPEN = ("✓", "$success"), ("✗", "$error"), ("·", "$text-muted")


def verdict(answer: Answer) -> bool | None:
    """Whether an answer is the one expected; None where nothing was."""
    return None if answer.expected is None else same(answer.text, answer.expected)


def heading(at: int, answers: Sequence[Answer], say: Say) -> Content:
    """Which moment it is, and how many answers are right."""
    known = [found for each in answers if (found := verdict(each)) is not None]
    title = say("run.answers-at", at=f"{at:,}") if at else say("run.untrained")
    count = say("run.right", right=sum(known), total=len(known)) if known else ""
    return Content.assemble((title, "bold $heading"), (f"  {count}" if count else "", "$text-muted"))


def sheet(answers: Sequence[Answer], width: int, say: Say) -> Content:
    """Every question with its answer; what was expected is said where the answer is another."""
    names = {name: say(f"run.{name}") for name in ("asked", "expected", "answered")}
    indent = max(cell_len(name) for name in names.values()) + 2
    lines: list[Content] = []
    for number, answer in enumerate(answers):
        right = verdict(answer)
        mark, style = OPEN if right is None else RIGHT if right else WRONG
        lines += [Content("")] if number else []
        told = [("asked", answer.prompt, "$text-muted"), ("answered", answer.text, "$foreground")]
        if not right and right is not None:
            told.insert(1, ("expected", answer.expected or "", "$text-muted"))
        for name, text, ink in told:
            lead = Content.styled(f"{mark} " if name == "answered" else "  ", style)
            label = pad(Content.styled(names[name], "$text-disabled"), indent)
            parts = text.split("\n") if text else [say("run.nothing")]
            block = Content("\n").join(Content.styled(inert(part), ink) for part in parts)
            wrapped = block.wrap(max(8, width - 2 - indent))
            gap = Content(" " * (indent + 2))
            lines += [(lead + label if row == 0 else gap) + line for row, line in enumerate(wrapped)]
    return Content("\n").join(lines)
