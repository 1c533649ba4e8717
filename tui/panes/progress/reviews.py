"""The review: at most ten questions a day, each asked once with sizes of its own, and told afterwards in full."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from tui.formatting.text_layout import join, styled
from tui.locale import say
from tui.panes.quiz import QuizPane
from tui.panes.quiz_sheet import Sheet

if TYPE_CHECKING:
    from lessons.course import Course, Lang, Lesson, Question
    from store.progress import Progress
    from tui.session import LearnerSession


class ReviewPane(QuizPane):
    """Asks what is due; an answer is posted as the quiz's `Given`, and there is no second try on the same day."""

    def __init__(self, session: "LearnerSession", lang: "Lang") -> None:
        super().__init__()
        self.set_reactive(ReviewPane.lang, lang)
        self.session = session
        self._from: dict[str, Lesson] = {}
        self._next = ""
        self._over = False

    async def ask(self, due: list[str]) -> None:
        """Begin with these questions; without any, say when the next one comes back."""
        course, progress = self.session.course, self.session.progress
        found = questions_of(course) if course else {}
        self._from = {key: found[key][0] for key in due if key in found}
        self._sheets = [sheet_for(found[key][1], progress) for key in self._from]
        self._at, self._over = 0, not self._sheets
        self._next = next_due(progress) if self._over else ""
        await self.draw()

    @property
    def sheet(self) -> Sheet | None:
        return None if self._over else super().sheet

    def _widgets(self) -> list[Widget]:
        if self.sheet is not None:
            return super()._widgets()
        lines = [styled(text, style) for text, style in self._nothing()]
        return [Static(join(lines, "\n\n"), classes="block")]

    def _nothing(self) -> list[tuple[str, str]]:
        """What stands there while there is nothing to ask."""
        total = len(self._sheets)
        right = sum(sheet.right_now for sheet in self._sheets)
        head = say(self.lang, "review.done", right=right, total=total) if total else say(self.lang, "review.none")
        found = [(head, "bold $heading")]
        if self._next:
            found.append((say(self.lang, "review.none.next", date=self._next), ""))
        elif not self.session.progress.recalls:
            found.append((say(self.lang, "review.none.never"), ""))
        return [*found, (say(self.lang, "review.none.why"), "$text-muted")]

    def _tally(self) -> Content:
        sheet = self.sheet
        assert sheet is not None
        lesson = self._from[sheet.asked.id]
        count = say(self.lang, "review.count", n=self._at + 1, total=len(self._sheets), lesson=lesson.number,
                    title=lesson.title[self.lang])  # fmt: skip
        return styled(count, "$text-muted")

    def _hint(self, sheet: Sheet) -> str:
        if not sheet.graded:
            return super()._hint(sheet)
        last = self._at + 1 == len(self._sheets)
        text = say(self.lang, "review.hint.last" if last else "review.hint.onward")
        if sheet.right_now:
            return text
        lesson = self._from[sheet.asked.id]
        title = next((each.title[self.lang] for each in lesson.sections if each.id == sheet.asked.section), "")
        return f"{say(self.lang, 'review.again', title=title)}\n{text}" if title else text

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        sheet = self.sheet
        match action:
            case "again" | "hint" | "turn":
                return False
            case "onward":
                return sheet is not None and sheet.graded
        return super().check_action(action, parameters)

    async def action_onward(self) -> None:
        """The next question, and after the last one what was remembered."""
        self._at += 1
        self._over = self._at >= len(self._sheets)
        self._at = min(self._at, len(self._sheets) - 1)
        self._next = next_due(self.session.progress) if self._over else ""
        self.scroll_home(animate=False)
        await self.draw()


def questions_of(course: "Course") -> "Mapping[str, tuple[Lesson, Question]]":
    """Every question of the course with its lesson, by id."""
    return {
        question.id: (lesson, question)
        for track in course.tracks
        for lesson in track.lessons
        for question in lesson.questions
    }


def sheet_for(question: "Question", progress: "Progress") -> Sheet:
    """An empty sheet with sizes that were not asked before, as far as there are any, and without hints."""
    answered = progress.questions.get(question.id)
    attempt = len(progress.recalls.get(question.id, ())) + (answered.attempt if answered else 0)
    template = replace(question.template, hints=()) if question.template else None
    return Sheet(replace(question, hints=(), template=template), attempt=attempt)


def next_due(progress: "Progress") -> str:
    """The date of the next review, ISO 8601; "" where nothing was ever answered."""
    if not progress.recalls:
        return ""
    from store.reviews import cards

    now = datetime.now().astimezone()
    later = [card.due.date() for card in cards(progress.recalls, now) if card.due.date() > now.date()]
    return f"{min(later)}" if later else ""


def payload(sheet_payload: Mapping[str, object]) -> dict[str, object]:
    """What is kept of a review, from what the quiz would keep of the answer."""
    from store.reviews import rating

    right, confidence = sheet_payload["right"] is True, str(sheet_payload.get("confidence") or "")
    kept: dict[str, object] = {"right": right, "rating": rating(right, 0, confidence)}
    if sheet_payload.get("attempt"):
        kept["fresh"] = sheet_payload["attempt"]
    if confidence:
        kept["confidence"] = confidence
    return kept
