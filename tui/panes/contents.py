"""Where the learner can go: tracks, lessons, and the sections of the open lesson."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final

from textual.binding import BindingType
from textual.content import Content
from textual.message import Message
from textual.reactive import reactive
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from tui.formatting.text_layout import hang, join, pad, styled, width_of
from tui.key_bindings import bind
from tui.locale import say

if TYPE_CHECKING:
    from lessons.course import Course, Lang, Lesson
    from store.progress import Progress

DONE: Final = ("✓ ", "$success")
HERE: Final = ("● ", "$primary")
OPEN: Final = ("○ ", "$faint")


@dataclass(frozen=True)
class Place:
    """Somewhere to go; `section` is set for sections only, and a review belongs to no lesson."""

    kind: str
    lesson: str
    section: str = ""


class ContentsPane(OptionList):
    """The list on the left; choosing an entry posts `Chosen`."""

    BINDINGS: ClassVar[list[BindingType]] = [
        bind("j,down", "cursor_down", "contents.down", show=True, key_display="j/k"),
        bind("k,up", "cursor_up", "contents.up"),
        bind("enter,space", "select", "contents.open", show=True),
        bind("g,home", "first", "contents.first"),
        bind("G,end", "last", "contents.last"),
    ]

    lang: reactive["Lang"] = reactive("en", init=False)

    class Chosen(Message):
        def __init__(self, place: Place) -> None:
            super().__init__()
            self.place = place

    def __init__(self) -> None:
        super().__init__(id="contents-list", markup=False)
        self._course: Course | None = None
        self._progress: Progress | None = None
        self._lesson = ""
        self._section = ""
        self._width = self._due = 0
        self._places: dict[str, Place] = {}

    def show(self, course: "Course", progress: "Progress", lesson: str, section: str, due: int = 0) -> None:
        """Draw the course as it stands now, and how many reviews are due; the cursor stays with the open section."""
        self._due = due
        moved = (lesson, section) != (self._lesson, self._section)
        self._course, self._progress = course, progress
        self._lesson, self._section = lesson, section
        self._fill(moved)

    def watch_lang(self) -> None:
        if self._course is not None:
            self._fill(moved=False)

    def on_resize(self) -> None:
        if self._course is not None and self._width != self._measure():
            self._fill(moved=False)

    def _measure(self) -> int:
        """Cells for an entry; while the pane is out of sight, those it will have behind its tab."""
        return max((self.size.width or self.screen.size.width - 2) - 4, 12)

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        if event.option_id in self._places:
            self.post_message(self.Chosen(self._places[event.option_id]))

    def _fill(self, moved: bool) -> None:
        highlighted, self._width = self.highlighted, self._measure()
        self._places.clear()
        entries: list[Option] = []
        assert self._course is not None
        if self._due:
            text = say(self.lang, "review.due", n=self._due)
            entries += [self._entry(Place("review", ""), ("↻ ", "$primary"), styled(text)), _still(Content(""))]
        for number, track in enumerate(self._course.tracks):
            if number:
                entries.append(_still(Content("")))
            entries.append(_still(styled(track.title[self.lang], "bold $text-muted")))
            for lesson in track.lessons:
                entries += self._lesson_entries(lesson)
            missing = track.planned - len(track.lessons)
            if missing > 0:
                entries.append(_still(Content("")))
                entries.append(_still(styled(say(self.lang, "contents.more", n=missing), "$faint")))
        with self.prevent(OptionList.OptionHighlighted):
            self.clear_options()
            self.add_options(entries)
        here = next((i for i, e in enumerate(entries) if e.id == f"section:{self._section}"), None)
        self.highlighted = here if moved or highlighted is None else min(highlighted, len(entries) - 1)

    def _lesson_entries(self, lesson: "Lesson") -> list[Option]:
        assert self._progress is not None
        is_open = lesson.id == self._lesson
        done = lesson.id in self._progress.lessons_done_ids
        mark = DONE if done else HERE if is_open else OPEN
        title = styled(f"{lesson.number}  {lesson.title[self.lang]}", "bold $heading" if is_open else "")
        entries = [self._entry(Place("lesson", lesson.id), mark, title)]
        if not is_open:
            return entries
        entries.append(_still(Content("")))
        for section in lesson.sections:
            here = section.id == self._section
            read = section.id in self._progress.sections_read
            mark = DONE if read else HERE if here else OPEN
            text = styled(section.title[self.lang], "$primary" if here else "")
            entries.append(self._entry(Place("section", lesson.id, section.id), mark, text))
        entries.append(_still(Content("")))
        if lesson.exercise is not None:
            state = "done" if lesson.exercise.id in self._progress.exercises_done else "predict"
            entries.append(self._work(Place("exercise", lesson.id), say(self.lang, f"exercise.kind.{state}")))
        if lesson.questions:
            right = sum(1 for q in lesson.questions if q.id in self._progress.questions_right)
            entries.append(self._work(Place("quiz", lesson.id), f"{right}/{len(lesson.questions)}"))
        return entries

    def _work(self, place: Place, state: str) -> Option:
        name = say(self.lang, f"tab.{place.kind}")
        label = pad(styled(name), max(width_of(say(self.lang, f"tab.{k}")) for k in ("exercise", "quiz")) + 2)
        return self._entry(place, ("  ", ""), label + styled(state, "$text-muted"))

    def _entry(self, place: Place, mark: tuple[str, str], text: Content) -> Option:
        key = f"{place.kind}:{place.section or place.lesson}"
        self._places[key] = place
        return Option(join(hang([(styled(*mark), text)], self._measure()), "\n"), id=key)


def _still(content: Content) -> Option:
    return Option(content, disabled=True)
