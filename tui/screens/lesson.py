"""The lesson: contents, text and lab side by side where there is room, behind tabs where there is not."""

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar, Final

from textual import containers
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.events import DescendantFocus, Resize
from textual.message import Message
from textual.reactive import reactive
from textual.screen import Screen
from textual.widget import Widget

from tui.key_bindings import bind
from tui.locale import say
from tui.panes.reader import ReaderPane
from tui.screens.header import show_header
from tui.screens.too_small import SmallNotice, too_small
from tui.session import REPLACED, RUN_ENDED, Change, LearnerSession
from tui.startup_tuning import settle
from tui.styles import read_styles, styles
from tui.widgets.containers import Container, Horizontal
from tui.widgets.key_footer import KeyFooter
from tui.widgets.page import PagePane
from tui.widgets.tab_strip import TabStrip
from tui.widgets.toast import Toast
from tui.widgets.top_bar import NoticeBar, TopBar

if TYPE_CHECKING:
    from lessons.course import Lang, Lesson
    from tui.panes.contents import ContentsPane
    from tui.panes.exercise import ExercisePane
    from tui.panes.lab.messages import RunEnded, RunStarted, Status
    from tui.panes.lab.pane import LabPane
    from tui.panes.quiz import QuizPane
    from tui.screens.exercise_controller import ExerciseController

WIDE: Final = 120
PANES: Final = ("text", "contents", "exercise", "quiz", "lab")
MIDDLE: Final = ("text", "exercise", "quiz")


def left_lesson(session: LearnerSession) -> "Lesson | None":
    """The lesson that was left last, or the first one."""
    lessons = session.course.lessons if session.course else []
    return next((each for each in lessons if each.id == session.progress.last_lesson), next(iter(lessons), None))


class LessonScreen(Screen[None]):
    """Shows what the session knows in panes, and records in it what the learner does there.

    The first frame has what is seen of it; the rest is made and filled afterwards. `first_lesson` chooses the lesson
    to begin with; `no_lesson` is the key of what to do where there is none.
    """

    BLANK = True
    BINDINGS: ClassVar[list[BindingType]] = [
        bind("e", "show('exercise')", "go.exercise", show=True),
        bind("z", "show('quiz')", "go.quiz", show=True),
        bind("t", "show('lab')", "go.lab", show=True),
        bind("c", "show('contents')", "go.contents"),
        bind("b", "show('text')", "go.text"),
        bind("a", "app.progress", "go.progress"),
        *(bind(str(n), f"show('{name}')", f"go.tab-{n}") for n, name in enumerate(PANES, 1)),
        bind("tab", "pane(1)", "go.next-pane"),
        bind("shift+tab", "pane(-1)", "go.previous-pane"),
        bind("escape", "back", "go.back"),
    ]

    AUTO_FOCUS = "#reader"
    CSS_PATH = styles("widgets", "lesson")

    lang: reactive["Lang"] = reactive("en", init=False)
    pane: reactive[str] = reactive("text", init=False)

    contents: "ContentsPane"
    quiz: "QuizPane"
    exercise: "ExercisePane"
    exercises: "ExerciseController"

    class Loaded(Message):
        """The session is loaded, and what happened while nobody looked is recorded."""

    class Ready(Message):
        """The course is shown too."""

    def __init__(
        self,
        session: LearnerSession,
        first_lesson: "Callable[[LearnerSession], Lesson | None]" = left_lesson,
        no_lesson: str = "trouble.lessons.remedy",
    ) -> None:
        super().__init__()
        self.set_reactive(LessonScreen.lang, session.lang)
        self.session = session
        self.lesson: Lesson | None = None
        self.lab: LabPane | None = None
        self.ready = False
        """Everything is loaded, drawn and looked through; tests and scripts wait for it."""
        self.covered = False
        """Another screen is about to lie over this one, which is not shown before that is gone."""
        self._first_lesson, self._no_lesson = first_lesson, no_lesson
        self._middle = "text"
        self._views: dict[str, Widget] = {}
        self._started = False
        self._seen = asyncio.Event()

    # the beginning

    def compose(self) -> ComposeResult:
        """The least that makes a first frame of the right shape; `_furnish` brings the rest."""
        self.set_class(self.wide, "-wide")
        self.set_class(not self.wide, "-narrow")
        tabs, contents = TabStrip(PANES, "tab", active="text", numbered=True, id="tabs"), Container(id="contents")
        lab = containers.Container(id="lab")  # which has a border
        tabs.display, contents.display, lab.display = not self.wide, self.wide, self.wide
        yield TopBar("", markup=False, id="top")
        yield tabs
        self._views = {"text": ReaderPane(), "contents": contents, "lab": lab}
        with Horizontal(id="panes"):
            yield contents
            yield self._views["text"]
            yield lab
        yield KeyFooter("", markup=False, id="keys")

    def on_mount(self) -> None:
        self.session.listen(self._changed)
        for widget in self._speaking():
            widget.set_reactive(type(widget).lang, self.lang)  # type: ignore[attr-defined]
        show_header(self, self.session)
        self.call_after_refresh(self._start)

    def on_unmount(self) -> None:
        self.session.unlisten(self._changed)

    def _start(self) -> None:
        """Once: after the first frame, or as soon as something lies over it, when no frame need ever come."""
        if not self._started:
            self._started = True
            self.run_worker(self._begin(), exit_on_error=True)

    async def _begin(self) -> None:
        """Load everything outside the event loop, then fill the panes, then look for runs that ended unseen.

        The panes take a third of a second, in which no key is heard: under the laboratory they wait to be seen.
        """
        await self._furnish()
        try:
            await self.session.open()
        except Exception as error:  # whatever it is, the learner gets a sentence and not a traceback
            await self._explain_failure("trouble.start", f"{type(error).__name__}: {error}", "trouble.start.remedy")
        if self.session.loaded:
            if self._seen.is_set():
                await self._show_course()
            await self.session.look_back()
        self.post_message(self.Loaded())
        await self._seen.wait()
        if self.session.loaded and self.lab is None:
            await self._show_course()
        settle()
        self.ready = True
        self.post_message(self.Ready())

    async def _furnish(self) -> None:
        """The panes that are not in the first frame, each in the place that was kept for it."""
        from tui.panes.contents import ContentsPane
        from tui.panes.exercise import ExercisePane
        from tui.panes.quiz import QuizPane
        from tui.screens.exercise_controller import ExerciseController

        self.contents = ContentsPane()
        self.exercise = ExercisePane(self.session.folders)
        self.exercises = ExerciseController(self.exercise, self.session)
        self.quiz = QuizPane()
        self.exercise.display = self.quiz.display = False
        for pane in (self.contents, self.exercise, self.quiz):
            pane.set_reactive(type(pane).lang, self.lang)
        with self.app.batch_update():
            await self.mount(NoticeBar("", markup=False, id="notice"), after="#top")
            await self.mount(Toast(), SmallNotice("", markup=False))
            await self.query_one("#contents").mount(self.contents)
            await self.query_one("#panes").mount(self.exercise, self.quiz, before="#lab")
        self._views |= {"exercise": self.exercise, "quiz": self.quiz}
        self.query_one(SmallNotice).show(self.size, self.lang)

    async def _show_course(self) -> None:
        from tui.panes.lab.pane import LabPane

        read_styles(self.app, styles("lab"))
        self.lab = self.exercises.lab = LabPane(self.session.runs, self.session.cache, self.lang)
        await self.query_one("#lab").mount(self.lab)
        if self.lesson is None:
            await self.open_first()
        self.refresh_progress()

    async def _explain_failure(self, key: str, detail: str, remedy: str) -> None:
        for pane in (self.quiz, self.exercise):
            await pane.draw()
        await self.query_one(ReaderPane).fail(say(self.lang, key), detail, say(self.lang, remedy))

    # what the session tells

    def _changed(self, change: Change) -> None:
        self.lang = self.session.lang
        if change.kind == REPLACED:
            self.run_worker(self._show_replaced(), group="replaced", exclusive=True)
        elif change.kind == RUN_ENDED:
            self.exercises.run_ended(change.item)
        self.refresh_progress()

    async def _show_replaced(self) -> None:
        if self.lesson is not None:
            await self.open_quiz(self.lesson, anew=True)
            await self.exercises.open(self.lesson)

    def refresh_progress(self) -> None:
        """Header, contents and tabs, from the progress as it is now."""
        session, lesson, course = self.session, self.lesson, self.session.course
        track = next((t for t in course.tracks if lesson and t.id == lesson.track), None) if course else None
        where = f"{track.title[self.lang]} · {lesson.number}/{len(track.lessons)}" if track and lesson else ""
        show_header(self, session, where, lesson.title[self.lang] if lesson else "")
        if not session.loaded:
            return
        self.quiz.quiet = session.points_hidden
        if course is None or lesson is None:
            return
        progress, due = session.progress, session.reviews_due
        section = self.query_one(ReaderPane).section
        self.contents.show(course, progress, lesson.id, section.id if section else "", due)
        right = sum(1 for q in lesson.questions if q.id in progress.questions and progress.questions[q.id].right)
        for tabs in self.query("#tabs").results(TabStrip):
            tabs.set_status("quiz", f"{right}/{len(lesson.questions)}" if lesson.questions else "")
            tabs.set_status("contents", f"↻{due}" if due else "")

    def watch_lang(self, lang: "Lang") -> None:
        for widget in self._speaking():
            widget.lang = lang  # type: ignore[attr-defined]
        for notice in self.query(SmallNotice):
            notice.show(self.size, lang)
        self.refresh_bindings()

    def tell(self, text: str, kind: str = "") -> None:
        """One line for a few seconds; `kind` as for `Toast.say`."""
        for toast in self.query(Toast):
            toast.say(text, kind)

    # the lesson

    async def open_first(self) -> None:
        """Show the lesson to begin with."""
        lesson = self._first_lesson(self.session)
        if lesson is not None:
            await self.open_lesson(lesson)
            return
        detail = next((each.detail for each in self.session.problems if each.kind == "content"), "")
        await self._explain_failure("trouble.lessons", detail, self._no_lesson)

    async def open_lesson(self, lesson: "Lesson", section: str = "") -> None:
        """Show a lesson where it was left, or at `section`."""
        progress = self.session.progress
        same, self.lesson = self.lesson is lesson, lesson
        block = 0 if section else progress.position_block.get(lesson.id, 0)
        await self.query_one(ReaderPane).open(lesson, section or progress.position.get(lesson.id, ""), block)
        if not same:
            await self.open_quiz(lesson)
            await self.exercises.open(lesson)

    async def open_quiz(self, lesson: "Lesson", anew: bool = False) -> None:
        """Show the questions of a lesson, `anew` even where they are there."""
        if anew:
            self.quiz.forget()
        await self.quiz.open(lesson, self.session.progress.questions, self.session.progress.hints)

    async def go(self, kind: str, lesson_id: str, section: str = "") -> None:
        """To a lesson, a section, an exercise or a quiz; or to the review."""
        if kind == "review":
            await self.run_action("app.progress('review')")
        if self.session.course is None or kind == "review":
            return
        lesson = self.session.course.lesson(lesson_id)
        if lesson is not self.lesson or section:
            await self.open_lesson(lesson, section)
        self.action_show(kind if kind in ("exercise", "quiz") else "text")

    def keep_place(self) -> None:
        """Record where the reading stops, if there is a page already."""
        for reader in self.query(ReaderPane):
            if self.session.loaded and self.lesson is not None and reader.section is not None:
                self._record_place(self.lesson, reader.section.id, reader.block)

    def _record_place(self, lesson: "Lesson", section: str, block: int) -> None:
        progress = self.session.progress
        before = progress.position.get(lesson.id, lesson.sections[0].id), progress.position_block.get(lesson.id, 0)
        if before != (section, block):
            self.session.record("lesson.position", lesson.id, {"section": section, "block": block})

    # the arrangement

    @property
    def wide(self) -> bool:
        return (self.size or self.app.size).width >= WIDE

    def _speaking(self) -> list[Widget]:
        """Everything that shows words of its own."""
        return [widget for widget in self.query("*") if hasattr(type(widget), "lang")]

    def _arrange(self) -> None:
        if self.pane in MIDDLE:
            self._middle = self.pane
        wide = self.wide
        self.set_class(wide, "-wide")
        self.set_class(not wide, "-narrow")
        for name, view in self._views.items():
            beside = name in ("contents", "lab") or name == self._middle
            view.display = beside if wide else name == self.pane
        self.query("#tabs").set(display=not wide)

    def watch_pane(self, pane: str) -> None:
        self._arrange()
        for tabs in self.query("#tabs").results(TabStrip):
            tabs.active = pane
        self.query("#lab").set_class(pane == "lab", "-here")

    def on_resize(self, _: Resize) -> None:
        self._arrange()
        for notice in self.query(SmallNotice):
            notice.show(self.size, self.lang)

    def on_descendant_focus(self, event: DescendantFocus) -> None:
        """The pane with the focus is the one that stays when the window gets narrow."""
        for name, view in self._views.items():
            if view in event.widget.ancestors_with_self:
                self.pane = name

    def on_screen_suspend(self) -> None:
        self.covered = False
        self._start()
        for reader in self.query(ReaderPane):
            reader.rest()

    def on_screen_resume(self) -> None:
        if self.is_current and not self.covered:
            self._seen.set()
        for reader in self.query(ReaderPane):
            reader.mark_time()
        if self.session.loaded:
            self.run_worker(self.session.look_for_reviews(), group="reviews", exclusive=True)

    # keys

    def action_show(self, name: str) -> None:
        """Open a pane and give it the keys."""
        view = self._views.get(name)
        if view is None:
            return
        self.pane = name
        if isinstance(view, PagePane):
            view.enter()
        for child in view.children if name in ("contents", "lab") else ():
            child.focus()

    def action_pane(self, direction: int) -> None:
        """On to the next thing that takes keys; with one pane in view, past its end to the next pane."""
        chain = self.focus_chain
        if not self.wide and (not chain or self.focused is chain[-1 if direction > 0 else 0]):
            self.action_show(PANES[(PANES.index(self.pane) + direction) % len(PANES)])
        elif direction > 0:
            self.focus_next()
        else:
            self.focus_previous()

    def action_back(self) -> None:
        """Away with a message, and else back to the text."""
        if not any([toast.skip() for toast in self.query(Toast)]):
            self.action_show("text")

    def action_links(self) -> None:
        """The links of the lesson; the one chosen is opened in the browser."""
        from tui.widgets.dialogs import LinksScreen

        if self.lesson is None or not self.lesson.links:
            self.tell(say(self.lang, "links.none"))
            return
        self.app.push_screen(LinksScreen(self.lesson.links, self.lang), self._follow)

    def _follow(self, url: str | None) -> None:
        if url:
            self.action_open_link(url)

    def action_open_link(self, url: str) -> None:
        """Open a web address in the browser; anything else is only shown."""
        web = url.startswith(("https://", "http://"))
        if web:
            self.app.open_url(url)
        self.tell(say(self.lang, "links.opened" if web else "links.refused", url=url))

    def action_copy_code(self, block: str) -> None:
        self.query_one(ReaderPane).copy_block(block)

    async def action_section(self, step: int) -> None:
        await self.query_one(ReaderPane).action_section(step)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "show" and parameters == (self.pane,) and self.focused is not None:
            return self._views.get(self.pane) not in self.focused.ancestors_with_self
        return not (action in ("show", "pane", "back") and too_small(self.size))

    # what the panes tell

    def on_tab_strip_chosen(self, event: TabStrip.Chosen) -> None:
        self.action_show(event.name)

    def on_reader_pane_shown(self, event: ReaderPane.Shown) -> None:
        if self.lesson is not None and self.session.progress.position.get(self.lesson.id) != event.section:
            self._record_place(self.lesson, event.section, 0)
        self.refresh_progress()

    def on_reader_pane_read(self, event: ReaderPane.Read) -> None:
        if not self.session.was_read(event.section, self.lang):
            self.session.record("section.read", event.section, {"lang": self.lang})

    def on_reader_pane_copied(self, event: ReaderPane.Copied) -> None:
        key = "code.none" if event.title is None else "code.copied"
        self.tell(say(self.lang, key, title=event.title or ""))

    def on_reader_pane_links_asked(self) -> None:
        self.action_links()

    async def on_contents_pane_chosen(self, event: "ContentsPane.Chosen") -> None:
        await self.go(event.place.kind, event.place.lesson, event.place.section)

    def on_quiz_pane_given(self, event: "QuizPane.Given") -> None:
        self.session.record("question.answered", event.question, event.payload)

    def on_quiz_pane_hinted(self, event: "QuizPane.Hinted") -> None:
        self.session.record("hint.used", event.question, {"hint": event.hint})

    def on_exercise_pane_typed(self, event: "ExercisePane.Typed") -> None:
        self.exercises.predict(event)

    def on_exercise_pane_run_asked(self, event: "ExercisePane.RunAsked") -> None:
        self.exercises.run(event.exercise)

    def on_exercise_pane_check_asked(self) -> None:
        self.exercises.go_on()

    async def on_exercise_pane_explained(self, event: "ExercisePane.Explained") -> None:
        await self.exercises.explain(event)

    def on_lab_pane_run_started(self, event: "RunStarted") -> None:
        self.session.record_started(event.run_id, event.method, event.model, event.data)

    def on_lab_pane_run_ended(self, event: "RunEnded") -> None:
        self.run_worker(self.session.run_ended(event.run_id, event.state, event.method, event.result))

    def on_lab_pane_status(self, event: "Status") -> None:
        self.query_one("#tabs", TabStrip).set_status("lab", event.text)
        self.exercise.set_status(event.text)
