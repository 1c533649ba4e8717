"""The classroom at work: what is done in the panes is recorded, and what is recorded is shown."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Final, cast

from tui.formatting.short_paths import shorten
from tui.locale import say, say_or
from tui.panes.reader import ReaderPane
from tui.screens.exercise_controller import ExerciseRoom
from tui.startup_tuning import settle
from tui.widgets.tab_strip import TabStrip
from tui.widgets.top_bar import NoticeBar, Standing, TopBar

if TYPE_CHECKING:
    from lab.runs.run_evidence import RunEvidence
    from lessons.course import Lesson
    from tui.app import LowrankApp
    from tui.panes.contents import ContentsPane
    from tui.panes.quiz import QuizPane
    from tui.session import Change


HOME: Final = 24
"""Cells of the home folder in a notice, which has three lines at most."""


class LessonRoom(ExerciseRoom):
    """Draws the shell first and fills it afterwards; every event of the learner's goes through `record`."""

    _started = _open = False
    _due = 0
    _standing = Standing()
    _seen: asyncio.Event
    _early: list[tuple[str, str, Mapping[str, object]]]
    ready = False
    """Everything is loaded, drawn and looked through; tests and scripts wait for it."""

    def on_mount(self) -> None:
        self._early = []
        self._seen = asyncio.Event()
        super().on_mount()
        self.stand(Standing(lang=self.lang.upper()))
        self.call_after_refresh(self._start)

    def _start(self) -> None:
        """Once: after the first frame, or as soon as something lies over it, when no frame need ever come."""
        if not self._started:
            self._started = True
            self.run_worker(self._begin(), exit_on_error=True)

    async def _begin(self) -> None:
        await self.furnish()
        await self._fill()
        cast("LowrankApp", self.app).watch_runs()
        await self._seen.wait()
        if self._open and self._lab is None:
            await self._show_course()
        settle()
        self.ready = True

    async def _fill(self) -> None:
        """Load everything outside the event loop, then fill the panes, then look for runs that ended unseen.

        The panes take a third of a second, in which no key is heard: under the laboratory they wait to be seen.
        """
        try:
            await asyncio.to_thread(self._study.load)
        except Exception as error:  # whatever it is, the learner gets a sentence and not a traceback
            await self._explain_failure("trouble.start", f"{type(error).__name__}: {error}")
            return
        self._open = True
        for kind, item, payload in self._early:
            self._study.record(kind, item, payload)
        self._restore_settings()
        self.show_problems()
        self.refresh_standing()
        if self._seen.is_set():
            await self._show_course()
        await self._look_back()

    async def _show_course(self) -> None:
        await self._mount_lab()
        if self._lesson is None:
            await self._open_course()
        self.refresh_standing()

    async def _look_back(self) -> None:
        """At runs that ended while nobody looked, and at what is to be reviewed today."""
        try:
            finished = await asyncio.to_thread(self._study.finished_runs)
        except Exception as error:
            self.tell(f"{type(error).__name__}: {error}", "trouble")
            return
        for run_id, method, result in finished:
            self._celebrate(self._study.record_finished(run_id, method, result))
        await self._witness(None, [run_id for run_id, _, _ in finished])
        await self._look_for_reviews()
        await asyncio.to_thread(self._study.tidy)

    async def _look_for_reviews(self) -> None:
        """How many questions are due today, looked up in a thread."""
        due = len(await asyncio.to_thread(self._study.due))
        if due != self._due:
            self._due = due
            self.refresh_standing()

    def on_screen_suspend(self) -> None:
        self._start()
        for reader in self.query(ReaderPane):
            reader.rest()

    @property
    def loaded(self) -> bool:
        """The log is there, and what it amounts to."""
        return self._open

    def on_screen_resume(self) -> None:
        if self.is_current and not cast("LowrankApp", self.app).begins_elsewhere:
            self._seen.set()
        for reader in self.query(ReaderPane):
            reader.mark_time()
        if self._open:
            self.run_worker(self._look_for_reviews(), group="reviews", exclusive=True)

    async def anew(self) -> None:
        """Show everything as it is now that progress is another one, from elsewhere or from the beginning."""
        self.refresh_standing()
        self.show_problems()
        lesson, progress = self._lesson, self._study.progress
        if lesson is not None:
            self.quiz.forget()
            await self.quiz.open(lesson, progress.questions, progress.hints)
            await self.exercise.open(lesson, progress.exercises.get(lesson.exercise.id) if lesson.exercise else None)
            self.go_on(anew=True)

    async def _open_course(self) -> None:
        course, progress = self._study.course, self._study.progress
        lessons = [lesson for track in course.tracks for lesson in track.lessons] if course else []
        if not lessons:
            detail = next((p.detail for p in self._study.problems if p.kind == "content"), "")
            await self._explain_failure("trouble.lessons", detail)
            return
        await self.open_lesson(next((each for each in lessons if each.id == progress.last_lesson), lessons[0]))

    async def open_lesson(self, lesson: "Lesson", section: str = "") -> None:
        """Show a lesson where it was left, or at `section`."""
        progress = self._study.progress
        same, self._lesson = self._lesson is lesson, lesson
        block = 0 if section else progress.position_block.get(lesson.id, 0)
        await self.query_one(ReaderPane).open(lesson, section or progress.position.get(lesson.id, ""), block)
        if not same:
            await self.quiz.open(lesson, progress.questions, progress.hints)
            exercise = lesson.exercise
            await self.exercise.open(lesson, progress.exercises.get(exercise.id) if exercise else None)
            self.go_on(anew=True)

    async def _explain_failure(self, key: str, detail: str) -> None:
        for pane in (self.quiz, self.exercise):
            await pane.draw()
        await self.query_one(ReaderPane).fail(say(self.lang, key), detail, say(self.lang, f"{key}.remedy"))

    def _restore_settings(self) -> None:
        theme, lang = self._study.setting("theme"), self._study.progress.language
        if theme in self.app.available_themes:
            self.app.theme = theme
        if lang == "en":
            self.lang = "en"
        elif lang == "ko":
            self.lang = "ko"

    async def _mount_lab(self) -> None:
        """The one place where the lab comes in, and where its messages are listened to."""
        from tui.panes.lab.pane import LabPane

        self._lab = LabPane(self._study.runs, self._study.cache, self.lang)
        await self.query_one("#lab").mount(self._lab)

    # recording and showing

    def record(self, kind: str, item: str = "", payload: Mapping[str, object] | None = None) -> None:
        """Append an event, and show at once what it changed; before the log is there, it waits for it."""
        if not self._open:
            self._early.append((kind, item, payload or {}))
            return
        self._celebrate(self._study.record(kind, item, payload))

    def prove(self, proofs: "Iterable[RunEvidence]") -> None:
        """Record what is not known yet of what runs prove."""
        for kind, item, payload in proofs:
            if self._open and self._study.progress.proofs.get((kind, item)) != payload:
                self.record(kind, item, payload)

    def witness(self, runs: "Iterable[str]", ended: bool = False) -> None:
        names = list(runs)
        self.run_worker(self._witness(names, names if ended else ()))

    async def _witness(self, runs: "Sequence[str] | None", ended: "Sequence[str]") -> None:
        """Look in a thread, for it reads files; without names, at every run there is."""
        from tui.run_evidence import found

        if self._open:
            try:
                self.prove(await asyncio.to_thread(found, self._study.runs, runs, ended, self._study.progress))
            except OSError as error:
                self.tell(str(error), "trouble")

    def _celebrate(self, change: "Change") -> None:
        level = self._study.progress.level
        if change.level_up and not self._quiet:
            name = say(self.lang, f"level.{self._study.progress.level_name}")
            self._cheer(say(self.lang, "level.up", n=level, name=name))
        for each in change.achievements:
            name = say_or(self.lang, f"achievement.{each}", each)
            hint = say_or(self.lang, f"achievement.{each}.hint", "")
            self._cheer(say(self.lang, "achievement", name=name, hint=hint))
        self.refresh_standing()
        self.show_problems()

    def _cheer(self, text: str) -> None:
        """On whatever screen the learner is."""
        cast("LowrankApp", self.app).tell(text, "cheer")

    def refresh_standing(self) -> None:
        """Header, contents and tabs, from the progress as it is now."""
        if not self._open:
            return
        progress, lesson, course = self._study.progress, self._lesson, self._study.course
        name = say_or(self.lang, f"level.{progress.level_name}", progress.level_name)
        quiet = self.quiz.quiet = self._quiet
        track = next((t for t in course.tracks if lesson and t.id == lesson.track), None) if course else None
        self.stand(
            Standing(
                track=f"{track.title[self.lang]} · {lesson.number}/{len(track.lessons)}" if track and lesson else "",
                title=lesson.title[self.lang] if lesson else "",
                level="" if quiet else say(self.lang, "level", name=name, n=progress.level),
                fraction=progress.xp_in_level / progress.xp_to_next if progress.xp_to_next else 1.0,
                xp=f"{progress.xp_in_level}/{progress.xp_to_next}" if progress.xp_to_next else f"{progress.xp}",
                lang=self.lang.upper(),
            )
        )
        if course is None or lesson is None:
            return
        section = self.query_one(ReaderPane).section
        self.contents.show(course, progress, lesson.id, section.id if section else "", self._due)
        right = sum(1 for q in lesson.questions if q.id in progress.questions and progress.questions[q.id].right)
        for tabs in self.query(TabStrip):
            tabs.set_status("quiz", f"{right}/{len(lesson.questions)}" if lesson.questions else "")
            tabs.set_status("contents", f"↻{self._due}" if self._due else "")

    @property
    def _quiet(self) -> bool:
        """Whether the learner wants nothing said of points and levels."""
        return self._study.setting("points") == "hidden"

    @property
    def standing(self) -> Standing:
        """What the header shows."""
        return self._standing

    def stand(self, standing: Standing) -> None:
        """Show it here, and on whatever else is open."""
        self._standing = standing
        for top in self.query(TopBar):
            top.standing = standing
        app = cast("LowrankApp", self.app)
        for screen in (app.laboratory, app.progress_page):
            if screen is not None:
                screen.stand(standing)

    def show_problems(self) -> None:
        """What lasts and does not belong to one pane stands under the header, here and on whatever else is open."""
        app = cast("LowrankApp", self.app)
        for screen in (self, app.laboratory, app.progress_page):
            for notice in screen.query(NoticeBar) if screen is not None else ():
                notice.show(self.notice)

    @property
    def notice(self) -> str:
        """Every lasting problem, in a line each."""
        home = self._study.home
        return "\n".join(
            say(self.lang, f"trouble.{p.kind}", detail=shorten(p.said(self.lang), home, HOME))
            for p in self._study.problems
            if p.kind != "content"
        )

    def watch_lang(self, lang: "str") -> None:
        super().watch_lang(lang)  # type: ignore[arg-type]
        if self._open:
            self.refresh_standing()
            self.show_problems()

    def leave(self) -> None:
        """Record where the reading stops."""
        reader = self.query_one(ReaderPane)
        if self._open and self._lesson is not None and reader.section is not None:
            self._place(reader.section.id, reader.block)

    def _place(self, section: str, block: int) -> None:
        assert self._lesson is not None
        progress, lesson = self._study.progress, self._lesson.id
        before = progress.position.get(lesson, self._lesson.sections[0].id), progress.position_block.get(lesson, 0)
        if before != (section, block):
            self.record("lesson.position", lesson, {"section": section, "block": block})

    # reader, contents, quiz

    def on_reader_pane_shown(self, event: ReaderPane.Shown) -> None:
        if self._lesson is not None and self._study.progress.position.get(self._lesson.id) != event.section:
            self._place(event.section, 0)
        self.refresh_standing()

    def on_reader_pane_read(self, event: ReaderPane.Read) -> None:
        if not self._study.was_read(event.section, self.lang):
            self.record("section.read", event.section, {"lang": self.lang})

    def on_reader_pane_copied(self, event: ReaderPane.Copied) -> None:
        key = "code.none" if event.title is None else "code.copied"
        self.tell(say(self.lang, key, title=event.title or ""))

    def on_reader_pane_links_asked(self) -> None:
        self.action_links()

    def action_links(self) -> None:
        """The links of the lesson; the one chosen is opened in the browser."""
        from tui.screens.dialogs import LinksScreen

        if self._lesson is None or not self._lesson.links:
            self.tell(say(self.lang, "links.none"))
            return
        self.app.push_screen(LinksScreen(self._lesson.links, self.lang), self._follow)

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

    async def on_contents_pane_chosen(self, event: "ContentsPane.Chosen") -> None:
        await self.go(event.place.kind, event.place.lesson, event.place.section)

    async def go(self, kind: str, lesson_id: str, section: str = "") -> None:
        """To a lesson, a section, an exercise or a quiz; or to the review."""
        if kind == "review":
            await cast("LowrankApp", self.app).action_progress("review")
        if self._study.course is None or kind == "review":
            return
        lesson = self._study.course.lesson(lesson_id)
        if lesson is not self._lesson or section:
            await self.open_lesson(lesson, section)
        self.action_show(kind if kind in ("exercise", "quiz") else "text")

    def on_quiz_pane_given(self, event: "QuizPane.Given") -> None:
        self.record("question.answered", event.question, event.payload)

    def on_quiz_pane_hinted(self, event: "QuizPane.Hinted") -> None:
        self.record("hint.used", event.question, {"hint": event.hint})
