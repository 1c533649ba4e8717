"""The learner's answer to one question: what is chosen or written, how it was graded, what there is to say."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from textual.content import Content

from tui.formatting.text_layout import Layout, Lines, hang, inline, join, styled
from tui.locale import say

if TYPE_CHECKING:
    from lessons.course import Lang, Option, Question, Verdict
    from store.progress import Answered

WRITTEN = ("number", "flag")
"""Kinds that are answered in a field."""


@dataclass
class Sheet:
    """Pure state: `grade` is the only thing here that asks the grader."""

    asked: "Question"
    """As the lesson has it; `question` is what this attempt asks."""
    attempt: int = 0
    chosen: list[str] = field(default_factory=list)
    """Ids, in the order in which they were chosen."""
    typed: str = ""
    cursor: int = 0
    right: bool = False
    """Ever answered rightly."""
    missed: bool = False
    """Answered, and never rightly."""
    verdict_on: "Verdict | None" = None
    trouble: Exception | None = None
    """Why an answer was not graded; it is never counted as wrong."""
    confidence: str = ""
    """How sure the learner says they are of this answer; "" for nothing said."""
    hints: set[int] = field(default_factory=set)
    """Numbers of the hints shown, from 1."""
    hint_asked: bool = False
    """The price of the next hint is said, and waits for a yes."""

    @classmethod
    def restored(cls, question: "Question", answered: "Answered | None", hints: Iterable[int] = ()) -> "Sheet":
        """A question answered rightly is shown as it was answered; any other is open."""
        sheet = cls(question, hints=set(hints))
        if answered is None:
            return sheet
        sheet.missed = not answered.right
        sheet.attempt = answered.attempt
        sheet.right = answered.right
        if answered.right:
            if isinstance(answered.chosen, str):
                sheet.typed = answered.chosen
            elif isinstance(answered.chosen, list):
                sheet.chosen = [str(each) for each in answered.chosen]
            sheet.grade()
        if not sheet.right_now:
            sheet.clear()
        return sheet

    @property
    def question(self) -> "Question":
        from lessons.question_variants import at

        return at(self.asked, self.attempt)

    @property
    def rows(self) -> "tuple[Option, ...]":
        """The options as they are listed; the steps of an order stand in the right order once it is graded."""
        from lessons.question_variants import shown_steps

        return self.asked.options if self.graded else shown_steps(self.asked, self.attempt)

    @property
    def written(self) -> bool:
        """Answered in a field."""
        return self.asked.kind in WRITTEN

    @property
    def graded(self) -> bool:
        return self.verdict_on is not None

    @property
    def right_now(self) -> bool:
        return self.verdict_on is not None and self.verdict_on.right

    @property
    def answer(self) -> list[str] | str:
        """What is kept of the answer."""
        if self.written:
            return self.typed
        if self.asked.kind == "order":
            return list(self.chosen)
        return [option.id for option in self.asked.options if option.id in self.chosen]

    @property
    def more_hints(self) -> bool:
        """Whether one is left that can be asked for now."""
        return not self.graded and len(self.hints) < len(self.asked.hints)

    def next_hint(self) -> int:
        """The first number not yet shown."""
        return next(number for number in range(1, len(self.asked.hints) + 1) if number not in self.hints)

    def price(self) -> tuple[int, int]:
        """XP that the next hint takes off this question, and XP it is worth now; nothing once it is paid."""
        from store.xp import question_xp

        worth = 0 if self.right else question_xp(len(self.hints))
        return worth - (0 if self.right else question_xp(len(self.hints) + 1)), worth

    def move(self, step: int) -> None:
        self.cursor = (self.cursor + step) % len(self.asked.options)

    def choose(self, number: int) -> bool:
        """Take an option up, or put it down; False where there is none to choose."""
        if self.graded or not 0 <= number < len(self.asked.options):
            return False
        option = self.rows[number].id
        self.cursor = number
        self.trouble = None
        if self.asked.kind == "one":
            self.chosen = [option]
        elif option in self.chosen:
            self.chosen.remove(option)
        else:
            self.chosen.append(option)
        return True

    def clear(self) -> None:
        """Ready for another try."""
        self.chosen, self.typed, self.trouble, self.verdict_on = [], "", None, None
        self.confidence, self.hint_asked = "", False
        self.attempt += 1

    def grade(self) -> bool:
        """Ask the grader; False, with `trouble` set, where it could not judge."""
        from lessons.grading import grade

        self.trouble, self.hint_asked = None, False
        if self.asked.kind == "one" and not self.chosen:
            self.chosen = [self.rows[self.cursor].id]
        try:
            self.verdict_on = grade(self.question, self.answer)
        except Exception as error:  # a broken grader must not cost the learner an answer
            self.trouble = error
            return False
        self.right = self.right or self.right_now
        self.missed = not self.right
        return True

    def verdict(self, lang: "Lang") -> Layout:
        """One sentence in its colour; under what was written, also what the grader has to say."""

        def lines(width: int) -> Lines:
            if self.trouble:
                text = say(lang, "quiz.not-graded", why=_reason(self.trouble, lang))
                return hang([(styled("… ", "$warning"), styled(text, "$warning"))], width)
            if self.verdict_on is None:
                return []
            style = "bold $success" if self.right_now else "bold $error"
            mark = styled("✓ " if self.right_now else "✗ ", style)
            sentence = say(lang, "quiz.right" if self.right_now else "quiz.wrong")
            return hang([(mark, join([styled(sentence, style), *self._feedback(lang)]))], width)

        return lines

    def _feedback(self, lang: "Lang") -> list[Content]:
        from lessons.course import Feedback, Filled
        from lessons.markdown_parser import spans

        if not isinstance(self.verdict_on, Feedback | Filled):
            return []
        return [Content("\n"), inline(spans(self.verdict_on.text[lang]))]

    def calibration(self, lang: "Lang", tally: tuple[int, int]) -> Layout:
        """What being sure was worth: a sentence on this answer, and how many of those first given so were right."""
        if not self.graded or not self.confidence:
            return lambda _: []
        said = say(lang, f"quiz.sure.{self.confidence}.{'right' if self.right_now else 'wrong'}")
        right, total = tally
        if total > 1:
            name = say(lang, f"quiz.sure.{self.confidence}")
            said += " " + say(lang, "quiz.sure.tally", right=right, count=total, name=name)
        return lambda width: hang([(Content("  "), styled(said, "$text-muted"))], width)


def _reason(trouble: Exception, lang: "Lang") -> str:
    """Why an answer could not be judged: in the learner's language where it is about what they did."""
    from lessons.course import NotGraded

    if isinstance(trouble, NotGraded):
        return trouble.text[lang]
    return str(trouble) if isinstance(trouble, ValueError) else f"{type(trouble).__name__}: {trouble}"
