"""`lowrank preview`: the program on a course that is being written, read again whenever a file is saved."""

import asyncio
import os
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from lab.sanitize import inert
from tui.app import LowrankApp
from tui.formatting.text_layout import hang, join, styled
from tui.key_bindings import bind
from tui.locale import say
from tui.panes.reader import ReaderPane
from tui.screens.lesson import LessonScreen, left_lesson
from tui.session import LearnerSession, Problem
from tui.widgets.dialogs import Dialog
from tui.widgets.lines import LinesView

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from lessons.course import Lang, Lesson
    from lessons.validation.problems import Problem as ContentProblem

    Check = Callable[[Path], Sequence[ContentProblem]]

PAUSE = 0.25
"""Seconds between looks at the folder; a file counts as saved when two looks in a row see it alike."""

Stamp = frozenset[tuple[str, int, int]]


def stamp_of(root: Path) -> Stamp:
    """Name, time and size of every file below `root` that an editor has not hidden."""
    found = set()
    for folder, folders, files in os.walk(root):
        folders[:] = [name for name in folders if not name.startswith((".", "__"))]
        for name in files:
            if not name.startswith(".") and not name.endswith("~"):
                try:
                    status = os.stat(os.path.join(folder, name))
                except OSError:
                    continue
                found.add((os.path.join(folder, name), status.st_mtime_ns, status.st_size))
    return frozenset(found)


class ProblemsScreen(Dialog[None]):
    """Problems with file, line and what to do, as `lowrank check` lists them."""

    BINDINGS: ClassVar[list[BindingType]] = [
        bind("escape,q,f9,enter", "dismiss", "dialog.close"),
        bind("down,j", "line(1)", "page.down"),
        bind("up,k", "line(-1)", "page.up"),
        bind("pagedown,space", "line(10)", "page.next"),
        bind("pageup", "line(-10)", "page.previous"),
    ]

    def __init__(self, problems: "Sequence[ContentProblem]", root: Path, lang: "Lang") -> None:
        super().__init__()
        self._problems, self._root, self._lang = problems, root, lang

    def compose(self) -> ComposeResult:
        with VerticalScroll(classes="card", can_focus=False):
            yield Static(styled(say(self._lang, "preview.title")), classes="title")
            if self._problems:
                yield LinesView(lambda width: hang([self._item(each) for each in self._problems], width, gap=1))
            else:
                yield Static(styled(say(self._lang, "preview.clean"), "$text-muted"))

    def _item(self, problem: "ContentProblem") -> tuple[Content, Content]:
        wrong = problem.severity == "error"
        mark = styled("✗ " if wrong else "! ", "$error" if wrong else "$warning")
        place = styled(inert(f"{problem.file.relative_to(self._root)}:{problem.line}"), "bold")
        said = [styled(f"  {inert(problem.what)}"), styled(f"\n{inert(problem.remedy)}", "$text-muted")]
        return mark, join([place, *said])

    def action_line(self, step: int) -> None:
        self.query_one(VerticalScroll).scroll_relative(y=step, animate=False)


class PreviewApp(LowrankApp):
    """Shows what was saved in the place where it is read; what cannot be shown is said above the text as it was.

    `home` keeps progress and runs of previews, `root` is the course, `begin_at` the folder that was asked for; `check`
    finds the problems of a course.
    """

    BINDINGS: ClassVar[list[BindingType]] = [bind("f9", "problems", "preview.problems", show=True)]

    pause = PAUSE
    readings = 0
    """How often the course was read again; tests wait for it, and until it is settled."""
    settled = False

    def __init__(self, home: Path, root: Path, begin_at: Path, check: "Check") -> None:
        self.course_root, self._asked_for, self._check = root, begin_at, check
        self._seen = stamp_of(root)
        self._problems: Sequence[ContentProblem] = ()
        super().__init__(home, root)

    def make_lesson_screen(self) -> LessonScreen:
        return LessonScreen(self.session, self._first_lesson, "preview.waiting")

    def _first_lesson(self, session: LearnerSession) -> "Lesson | None":
        """The lesson that was asked for, or the first lesson of the track."""
        for lesson in session.course.lessons if session.course and self._asked_for != self.course_root else ():
            folder = self.course_root / lesson.id
            if folder.is_relative_to(self._asked_for) or self._asked_for.is_relative_to(folder):
                return lesson
        return left_lesson(session)

    def on_lesson_screen_ready(self) -> None:
        self.run_worker(self._follow_files(), group="preview", exit_on_error=True)

    async def _follow_files(self) -> None:
        """Look, until the program ends; two looks alike make sure that nobody is in the middle of saving."""
        await self._look_through()
        before = self._seen
        while True:
            await asyncio.sleep(self.pause)
            now = await asyncio.to_thread(stamp_of, self.course_root)
            if now == before and now != self._seen:
                self._seen = now
                await self._reread()
            before = now

    async def _reread(self) -> None:
        from lessons.course import ContentError

        self.settled = False
        trouble = ""
        try:
            await asyncio.to_thread(self.session.reread)
        except ContentError as error:
            inside = error.file.is_relative_to(self.course_root)
            file = error.file.relative_to(self.course_root) if inside else error.file
            trouble = f"{file}:{error.line}: {error.message}"
        except Exception as error:  # a file that nobody foresaw must not end the preview, which is there to mend it
            trouble = f"{type(error).__name__}: {error}"
        else:
            await self._show_again()
        self._set_trouble(trouble)
        self.readings += 1
        await self._look_through()

    def _set_trouble(self, text: str) -> None:
        """What cannot be shown stands above everything, and the text below it as it was."""
        others = [problem for problem in self.session.problems if not problem.kind.startswith("preview")]
        kind: Literal["preview", "preview-kept"] = "preview-kept" if self.lesson_screen.lesson else "preview"
        self.session.problems[:] = [Problem(kind, inert(text)), *others] if text else others
        self.lesson_screen.refresh_progress()

    @property
    def _trouble(self) -> bool:
        return any(problem.kind.startswith("preview") for problem in self.session.problems)

    async def _show_again(self) -> None:
        """The lesson with its new texts, the quiz at the question that it was at."""
        screen, old = self.lesson_screen, self.lesson_screen.lesson
        lessons = self.session.course.lessons if self.session.course else ()
        new = screen.lesson = next((each for each in lessons if old is not None and each.id == old.id), None)
        if new is None:
            await screen.open_first()
            return
        await screen.query_one(ReaderPane).reread(new)
        asked = screen.quiz.sheet.question.id if screen.quiz.sheet else ""
        await screen.open_quiz(new, anew=True)
        ids = [question.id for question in new.questions]
        if asked in ids and screen.quiz.sheet:
            await screen.quiz.action_turn(ids.index(asked) - ids.index(screen.quiz.sheet.question.id))
        await screen.exercises.show(new)

    async def _look_through(self) -> None:
        """The check, in short."""
        try:
            self._problems = await asyncio.to_thread(self._check, self.course_root)
        except Exception as error:
            self._problems = ()
            if not self._trouble:
                self._set_trouble(f"{type(error).__name__}: {error}")
        lesson = self._here()
        errors = sum(problem.severity == "error" for problem in lesson)
        state = say(self.lang, "preview.clean")
        if lesson:
            state = say(self.lang, "preview.found", errors=errors, warnings=len(lesson) - errors)
        if self.readings:
            state = say(self.lang, "preview.read", time=f"{datetime.now():%H:%M:%S}", state=state)
        self.lesson_screen.tell(state, "trouble" if self._trouble else "")
        self.settled = True

    def _here(self) -> "list[ContentProblem]":
        """Problems of the open lesson, or of the whole course while there is none."""
        return [problem for problem in self._problems if problem.file.is_relative_to(self._folder)]

    @property
    def _folder(self) -> Path:
        lesson = self.lesson_screen.lesson
        return self.course_root / lesson.id if lesson else self.course_root

    def action_problems(self) -> None:
        self.push_screen(ProblemsScreen(self._here(), self._folder, self.lang))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return action != "problems" or self.screen is self.lesson_screen
