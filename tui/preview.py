"""`lowrank preview`: the program on a course that is being written, read again whenever a file is saved."""

import asyncio
import os
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from lab.sanitize import inert
from tui.app import LowrankApp
from tui.formatting.text_layout import hang, join, styled
from tui.key_bindings import bind
from tui.locale import say
from tui.panes.reader import ReaderPane
from tui.screens.lesson import LessonRoom
from tui.widgets.lines import LinesView
from tui.widgets.top_bar import NoticeBar

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lessons.course import Lang, Lesson
    from lessons.validation.problems import Problem

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


class PreviewRoom(LessonRoom):
    """Shows what was saved in the place where it is read; what cannot be shown is said above the text as it was."""

    BINDINGS: ClassVar[list[BindingType]] = [bind("f9", "problems", "preview.problems", show=True)]

    root: Path
    begin_at: Path
    pause = PAUSE
    readings = 0
    """How often the course was read again; tests wait for it, and until it is settled."""
    settled = False
    _trouble = ""
    _problems: "tuple[Problem, ...]" = ()

    async def _begin(self) -> None:
        seen = await asyncio.to_thread(stamp_of, self.root)
        await super()._begin()
        await self._look_through()
        self.run_worker(self._watch(seen), group="preview", exit_on_error=True)

    async def _open_course(self) -> None:
        """At the lesson that was asked for, or the first lesson of the track."""
        course, at = self._study.course, self.begin_at
        lessons = [lesson for track in course.tracks for lesson in track.lessons] if course else []
        folders = {lesson.id: self.root / lesson.id for lesson in lessons}
        inside = (lambda folder: folder.is_relative_to(at)) if at != self.root else lambda _: False
        here = [each for each in lessons if inside(folders[each.id]) or at.is_relative_to(folders[each.id])]
        if here:
            await self.open_lesson(here[0])
        else:
            await super()._open_course()

    async def _explain_failure(self, key: str, detail: str) -> None:
        remedy = say(self.lang, "preview.waiting" if key == "trouble.lessons" else f"{key}.remedy")
        await self.query_one(ReaderPane).fail(say(self.lang, key), detail, remedy)

    async def _watch(self, seen: Stamp) -> None:
        """Look, until the program ends; two looks alike make sure that nobody is in the middle of saving."""
        before = seen
        while True:
            await asyncio.sleep(self.pause)
            now = await asyncio.to_thread(stamp_of, self.root)
            if now == before and now != seen:
                seen = now
                await self._reread()
            before = now

    async def _reread(self) -> None:
        from lessons.course import ContentError

        self.settled = False
        try:
            await asyncio.to_thread(self._study.reread)
        except ContentError as error:
            file = error.file.relative_to(self.root) if error.file.is_relative_to(self.root) else error.file
            self._trouble = inert(f"{file}:{error.line}: {error.message}")
        except Exception as error:  # a file that nobody foresaw must not end the preview, which is there to mend it
            self._trouble = inert(f"{type(error).__name__}: {error}")
        else:
            self._trouble = ""
            await self._show_again()
        self.show_problems()
        self.readings += 1
        await self._look_through()

    async def _show_again(self) -> None:
        course, old = self._study.course, self._lesson
        lessons = [lesson for track in course.tracks for lesson in track.lessons] if course else []
        new = next((each for each in lessons if old is not None and each.id == old.id), None)
        if new is None:
            self._lesson = None
            await self._open_course()
            return
        self._lesson = new
        await self.query_one(ReaderPane).reread(new)
        await self._reopen_tasks(new)
        self.refresh_standing()

    async def _reopen_tasks(self, lesson: "Lesson") -> None:
        """Quiz and exercise with their new texts, the quiz at the question that it was at."""
        progress, exercise = self._study.progress, lesson.exercise
        asked = self.quiz.sheet.question.id if self.quiz.sheet else ""
        self.quiz._lesson = ""  # it is the same lesson by name, and must be drawn anew
        await self.quiz.open(lesson, progress.questions)
        ids = [question.id for question in lesson.questions]
        if asked in ids and self.quiz.sheet:
            await self.quiz.action_turn(ids.index(asked) - ids.index(self.quiz.sheet.question.id))
        await self.exercise.open(lesson, progress.exercises.get(exercise.id) if exercise else None)

    def show_problems(self) -> None:
        """What cannot be shown stands above everything, and the text below it as it was."""
        super().show_problems()
        if self._trouble:
            kept = say(self.lang, "preview.kept") if self._lesson is not None else ""
            self.query_one(NoticeBar).show(f"{self._trouble}\n{kept}".rstrip())

    async def _look_through(self) -> None:
        """The check, in short; commands of mlx-lm are left to `lowrank check`, which may start an engine for them."""
        try:
            self._problems = await asyncio.to_thread(_checked, self.root)
        except Exception as error:
            self._problems = ()
            self._trouble = self._trouble or inert(f"{type(error).__name__}: {error}")
            self.show_problems()
        lesson = self._here()
        errors = sum(problem.severity == "error" for problem in lesson)
        state = say(self.lang, "preview.clean")
        if lesson:
            state = say(self.lang, "preview.found", errors=errors, warnings=len(lesson) - errors)
        if self.readings:
            state = say(self.lang, "preview.read", time=f"{datetime.now():%H:%M:%S}", state=state)
        self.tell(state, "trouble" if self._trouble else "")
        self.settled = True

    def _here(self) -> "list[Problem]":
        """Problems of the open lesson, or of the whole course while there is none."""
        return [problem for problem in self._problems if problem.file.is_relative_to(self._folder)]

    @property
    def _folder(self) -> Path:
        return self.root / self._lesson.id if self._lesson else self.root

    def action_problems(self) -> None:
        self.app.push_screen(ProblemsScreen(self._here(), self._folder, self.lang))


def _checked(root: Path) -> "tuple[Problem, ...]":
    from lessons.validation.course import check_course
    from tui.cli.check import tools

    return check_course(root, tools(ask_mlx_lm=False)).problems


class ProblemsScreen(ModalScreen[None]):
    """Problems with file, line and what to do, as `lowrank check` lists them."""

    BINDINGS: ClassVar[list[BindingType]] = [
        bind("escape,q,f9,enter", "dismiss", "dialog.close"),
        bind("down,j", "line(1)", "page.down"),
        bind("up,k", "line(-1)", "page.up"),
        bind("pagedown,space", "line(10)", "page.next"),
        bind("pageup", "line(-10)", "page.previous"),
    ]
    DEFAULT_CSS = """
    ProblemsScreen { align: center middle; background: $background 60%; }
    ProblemsScreen > .card { width: 76; height: auto; max-height: 90%; padding: 1 3; background: $surface;
                             border: round $primary; scrollbar-size-vertical: 1; }
    ProblemsScreen .title { color: $heading; text-style: bold; margin-bottom: 1; height: auto; width: auto; }
    ProblemsScreen LinesView { height: auto; width: 1fr; margin-right: 1; }
    """

    def __init__(self, problems: "Sequence[Problem]", root: Path, lang: "Lang") -> None:
        super().__init__()
        self._problems, self._root, self._lang = problems, root, lang

    def compose(self) -> ComposeResult:
        with VerticalScroll(classes="card", can_focus=False):
            yield Static(styled(say(self._lang, "preview.title")), classes="title")
            if self._problems:
                yield LinesView(lambda width: hang([self._item(each) for each in self._problems], width, gap=1))
            else:
                yield Static(styled(say(self._lang, "preview.clean"), "$text-muted"))

    def _item(self, problem: "Problem") -> tuple[Content, Content]:
        wrong = problem.severity == "error"
        mark = styled("✗ " if wrong else "! ", "$error" if wrong else "$warning")
        place = styled(inert(f"{problem.file.relative_to(self._root)}:{problem.line}"), "bold")
        said = [styled(f"  {inert(problem.what)}"), styled(f"\n{inert(problem.remedy)}", "$text-muted")]
        return mark, join([place, *said])

    def action_line(self, step: int) -> None:
        self.query_one(VerticalScroll).scroll_relative(y=step, animate=False)


class PreviewApp(LowrankApp):
    """`home` keeps progress and runs of previews, `root` is the course, `begin_at` the folder that was asked for."""

    def __init__(self, home: Path, root: Path, begin_at: Path) -> None:
        super().__init__(home, root)
        room = PreviewRoom(self.study, self._first_lang)
        room.root, room.begin_at = root, begin_at
        self.room = room
