"""The learner's answer to one question: what is chosen, how it was graded, what there is to say."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from textual.content import Content

from tui.typeset import Layout, Lines, hang, inline, join, styled
from tui.words import say

if TYPE_CHECKING:
    from lessons.model import Feedback, Graded, Lang, Question
    from store.progress import Answered


@dataclass
class Sheet:
    """Pure state: `grade` is the only thing here that asks the grader."""

    question: "Question"
    chosen: set[str] = field(default_factory=set)
    typed: str = ""
    cursor: int = 0
    right: bool = False
    """Ever answered rightly."""
    missed: bool = False
    """Answered, and never rightly."""
    verdict_on: "Graded | Feedback | None" = None
    trouble: Exception | None = None
    """Why an answer was not graded; it is never counted as wrong."""

    @classmethod
    def restored(cls, question: "Question", answered: "Answered | None") -> "Sheet":
        """A question answered rightly is shown as it was answered; any other is open."""
        sheet = cls(question)
        if answered is None:
            return sheet
        sheet.missed = not answered.right
        if answered.right:
            sheet.right = True
            if isinstance(answered.chosen, str):
                sheet.typed = answered.chosen
            elif isinstance(answered.chosen, list):
                sheet.chosen = {str(each) for each in answered.chosen}
            sheet.grade()
            if not sheet.right_now:
                sheet.clear()
        return sheet

    @property
    def graded(self) -> bool:
        return self.verdict_on is not None

    @property
    def right_now(self) -> bool:
        return self.verdict_on is not None and self.verdict_on.right

    @property
    def answer(self) -> list[str] | str:
        """What is kept of the answer."""
        if self.question.kind == "number":
            return self.typed
        return [option.id for option in self.question.options if option.id in self.chosen]

    def move(self, step: int) -> None:
        self.cursor = (self.cursor + step) % len(self.question.options)

    def choose(self, number: int) -> bool:
        """Take an option up, or put it down; False where there is none to choose."""
        if self.graded or not 0 <= number < len(self.question.options):
            return False
        option = self.question.options[number].id
        self.cursor = number
        self.trouble = None
        if self.question.kind == "one":
            self.chosen = {option}
        else:
            self.chosen ^= {option}
        return True

    def clear(self) -> None:
        """Ready for another try."""
        self.chosen, self.typed, self.trouble, self.verdict_on = set(), "", None, None

    def grade(self) -> bool:
        """Ask the grader; False, with `trouble` set, where it could not judge."""
        from lessons.grade import grade_choice, grade_number

        self.trouble = None
        try:
            if self.question.kind == "number":
                self.verdict_on = grade_number(self.question, self.typed)
            else:
                if self.question.kind == "one" and not self.chosen:
                    self.chosen = {self.question.options[self.cursor].id}
                self.verdict_on = grade_choice(self.question, frozenset(self.chosen))
        except Exception as error:  # a broken grader must not cost the learner an answer
            self.trouble = error
            return False
        self.right = self.right or self.right_now
        self.missed = not self.right
        return True

    def verdict(self, lang: "Lang") -> Layout:
        """One sentence in its colour; under a number, also what the grader has to say."""

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
        from lessons.model import Feedback
        from lessons.parse import spans

        if not isinstance(self.verdict_on, Feedback):
            return []
        return [Content("\n"), inline(spans(self.verdict_on.text[lang]))]


def _reason(trouble: Exception, lang: "Lang") -> str:
    """Why an answer could not be judged: in the learner's language where it is about what they typed."""
    from lessons.numbers import NotANumber

    if isinstance(trouble, NotANumber):
        return trouble.text[lang]
    return str(trouble) if isinstance(trouble, ValueError) else f"{type(trouble).__name__}: {trouble}"
