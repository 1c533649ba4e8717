"""The application: themes, the keys that work everywhere, and what outlives a screen."""

import asyncio
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Final

from textual.app import App, SystemCommand
from textual.await_complete import AwaitComplete
from textual.binding import Binding, BindingType
from textual.command import CommandPalette, Provider
from textual.events import Event, Key
from textual.screen import Screen

import i18n
from tui import input_priority
from tui.formatting.short_paths import short_path
from tui.key_bindings import bind
from tui.key_names import key_name, use_own
from tui.keymap import KeymapError
from tui.keymap import check as check_keymap
from tui.keymap import read as read_keymap
from tui.locale import say, say_or
from tui.preferences import remember, remembered
from tui.screens.lesson import LessonScreen
from tui.session import LOADED, Change, LearnerSession, Problem
from tui.styles import read_styles, styles
from tui.theme import DARK, LIGHT, THEMES
from tui.widgets.focus_in_view import Sight

if TYPE_CHECKING:
    from lab.runs.monitor import EndedRun
    from lessons.course import Lang
    from tui.run_watcher import RunWatcher
    from tui.screens.laboratory import Laboratory
    from tui.screens.progress import ProgressScreen
    from tui.views.view import RunSelection

THREADS: Final = 3


def _palette() -> type[Provider]:
    from tui.command_palette import Commands

    return Commands


class LowrankApp(App[None]):
    """`home` is where progress, runs and cache are kept; `tracks` replaces the bundled course."""

    TITLE = "Lowrank"
    COMMANDS: ClassVar = {_palette}
    BINDINGS: ClassVar[list[BindingType]] = [
        bind("f1,question_mark", "help", "app.help", show=True),
        bind("ctrl+p", "command_palette", "app.palette", show=True),
        bind("l,f2", "language", "app.language"),
        bind("f3", "theme", "app.theme"),
        bind("f4", "laboratory", "app.laboratory", show=True),
        bind("ctrl+l", "progress", "app.progress"),
        bind("q,ctrl+q", "quit", "app.quit"),
        bind("ctrl+c", "how_to_quit", "app.how-to-quit"),
    ]

    def __init__(self, home: Path, tracks: Path | None = None) -> None:
        super().__init__()
        self.home = home
        for theme in THEMES:
            self.register_theme(theme)
        self.theme, lang = remembered(home)
        self.session = LearnerSession(home, tracks, lang)
        self.session.listen(self._session_changed)
        self.lesson_screen = self.make_lesson_screen()
        self.laboratory: Laboratory | None = None
        self.progress_page: ProgressScreen | None = None
        self._watcher: RunWatcher | None = None
        self._begin_at: RunSelection | None = None
        self._sight = Sight()
        self._own_keys: dict[str, str] = {}
        use_own({})
        self._read_keys()

    def _read_keys(self) -> None:
        """The learner's own keys; a file that cannot be read is said, and the keys stay as they are."""
        try:
            keymap = read_keymap(self.home)
        except KeymapError as error:
            self._refuse_keys(error)
        else:
            if keymap:
                self.set_keymap(keymap)
                use_own(keymap)
            self._own_keys = keymap

    def _refuse_keys(self, error: KeymapError) -> None:
        self.session.problems.append(Problem("keys", str(error), error.korean))

    async def _check_keys(self) -> None:
        """Once the program stands, look at what one's own keys take away from other actions; then the usual ones."""
        try:
            await asyncio.to_thread(check_keymap, self._own_keys, self.home)
        except KeymapError as error:
            self._refuse_keys(error)
            self.set_keymap({})
            use_own({})
            self.lesson_screen.refresh_progress()

    @property
    def failure(self) -> Exception | None:
        """What ended the program, if nobody had foreseen it: of a worker its own error.

        Textual has no public name for it, nor for the two hooks below.
        """
        return getattr(self._exception, "error", self._exception)

    def _print_error_renderables(self) -> None:
        """Textual prints a traceback over several screens; `main` keeps it in a file and says so in one line."""
        if self._exception is None:
            super()._print_error_renderables()

    def make_lesson_screen(self) -> LessonScreen:
        """The screen that lies under all others."""
        return LessonScreen(self.session)

    def get_default_screen(self) -> LessonScreen:
        read_styles(self, self.lesson_screen.css_path)
        return self.lesson_screen

    def get_key_display(self, binding: Binding) -> str:
        """Keys as they stand on the keyboard: F1, Enter, Esc."""
        return binding.key_display or key_name(binding.key)

    @property
    def lang(self) -> "Lang":
        return self.session.lang

    def action_language(self) -> None:
        """The next language, everywhere and in place."""
        self.session.choose_language(i18n.following(self.lang))
        remember(self.home, self.theme, self.lang)

    def action_theme(self) -> None:
        """Light or dark, the other one."""
        self.theme = LIGHT if self.theme == DARK else DARK
        self.session.record("setting.set", "theme", {"value": self.theme})
        remember(self.home, self.theme, self.lang)

    def _session_changed(self, change: Change) -> None:
        """Show the theme that was chosen last, and tell what was earned, on whatever screen the learner is."""
        if change.kind == LOADED and (theme := self.session.setting("theme")) in self.available_themes:
            self.theme = theme
        if change.trouble:
            self.tell(change.trouble, "trouble")
        if change.level_up and not self.session.points_hidden:
            progress = self.session.progress
            name = say(self.lang, f"level.{progress.level_name}")
            self.tell(say(self.lang, "level.up", n=progress.level, name=name), "cheer")
        for each in change.achievements:
            name = say_or(self.lang, f"achievement.{each}", each)
            hint = say_or(self.lang, f"achievement.{each}.hint", "")
            self.tell(say(self.lang, "achievement", name=name, hint=hint), "cheer")

    def open_at(self, picks: "RunSelection") -> None:
        """Begin in the laboratory: at one run, or at the comparison of several."""
        self._begin_at = picks
        self.lesson_screen.covered = True

    def on_load(self) -> None:
        """Few threads, whatever the machine: each keeps memory of its own, and what they do is mostly waiting."""
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(THREADS))

    async def on_event(self, event: Event) -> None:
        if isinstance(event, Key):
            input_priority.heard()
            self._sight.typed(self.screen)
        await super().on_event(event)

    def on_mount(self) -> None:
        self._watch_layout(self.screen)
        self.screen_change_signal.subscribe(self, self._watch_layout)

    def _watch_layout(self, screen: Screen[Any]) -> None:
        screen.screen_layout_refresh_signal.subscribe(self, self._sight.keep, immediate=True)

    def on_descendant_focus(self) -> None:
        self._sight.keep(self.screen)

    def on_ready(self) -> None:
        if self._own_keys:
            self.run_worker(self._check_keys(), group="keys")
        if self._begin_at is not None:
            self.run_worker(self._open_laboratory(self._begin_at))

    async def action_laboratory(self) -> None:
        """Over the classroom, and kept for the next time."""
        await self._open_laboratory()

    async def _open_laboratory(self, picks: "RunSelection | None" = None) -> None:
        if self.laboratory is None:
            from tui.lab import Lab
            from tui.screens.laboratory import Laboratory

            self.laboratory = Laboratory(Lab(self.session.runs, self.session.cache), self.session, picks)
            read_styles(self, self.laboratory.css_path)
            self.install_screen(self.laboratory, "laboratory")
        if self.laboratory not in self.screen_stack:
            await self.push_screen(self.laboratory)
        while self.screen is self.progress_page:
            await self.pop_screen()

    async def action_progress(self, part: str = "overview") -> None:
        """What is done, over whatever is open; made anew each time, and gone when one goes back."""
        if not self.session.loaded or self.progress_page in self.screen_stack:
            return
        from tui.screens.progress import ProgressScreen

        self.progress_page = ProgressScreen(self.session, part)
        read_styles(self, self.progress_page.css_path)
        await self.push_screen(self.progress_page)

    async def on_progress_screen_go(self, event: "ProgressScreen.Go") -> None:
        if event.kind == "run":
            await self.action_laboratory()
            return
        self.show_lesson()
        kind = {"question": "quiz"}.get(event.kind, event.kind)
        await self.lesson_screen.go(kind, event.lesson, event.item if kind == "section" else "")

    def pop_screen(self) -> AwaitComplete:
        """Away with the screen in front and with its workers, which would come back to a screen without parts."""
        if not self.is_screen_installed(self.screen):
            for node in self.screen.walk_children(with_self=True):
                self.workers.cancel_node(node)
        if self.screen is self.progress_page:
            self.progress_page = None
        return super().pop_screen()

    def _handle_exception(self, error: Exception) -> None:
        """While the program is being closed, screens are taken apart in any order, and what falls then harms nobody."""
        if self.is_running:
            super()._handle_exception(error)
        else:
            self.log.error(error)

    def show_lesson(self) -> None:
        """Away with all that lies over the lesson."""
        while self.screen is not self.lesson_screen:
            self.pop_screen()

    def tell(self, text: str, kind: str = "") -> None:
        """One line for a few seconds, on the screen that is seen; `kind` as for `Toast.say`."""
        open_ones = (self.progress_page, self.laboratory)
        front = next((each for each in open_ones if each is not None and each in self.screen_stack), self.lesson_screen)
        front.tell(text, kind)

    def on_lesson_screen_loaded(self) -> None:
        """From now on, tell of every run that ends, and record it. Dialogs have their styles before one is opened."""
        from tui.run_watcher import RunWatcher

        self._watcher = RunWatcher(self.session.runs, self.session.cache)
        read_styles(self, styles("dialogs"))
        self.run_worker(self._watcher.watch(self._run_ended), group="watcher")

    def _run_ended(self, ended: "EndedRun") -> None:
        from tui.run_watcher import told

        text, kind = told(ended, self.lang)
        self.bell()
        self.tell(text, kind)
        self.run_worker(self.session.run_ended(ended.run, ended.state, ended.method, ended.result))

    def action_help(self) -> None:
        from tui.command_palette import key_groups
        from tui.widgets.dialogs import HelpScreen

        if not isinstance(self.screen, HelpScreen):
            here = next((each for each in (self.laboratory, self.progress_page) if self.screen is each), None)
            groups = key_groups(self.lang, type(self), here)
            self.push_screen(HelpScreen(groups, str(self.home), self.lang))

    def action_command_palette(self) -> None:
        """The palette, asking in the learner's language."""
        if not isinstance(self.screen, CommandPalette):
            read_styles(self, styles("dialogs"))
            self.push_screen(CommandPalette(placeholder=say(self.lang, "palette.placeholder")))

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        """What the palette offers where one is."""
        from tui import command_palette

        lang, back = self.lang, say(self.lang, "palette.classroom")
        if self.progress_page is not None and self.progress_page in self.screen_stack:
            yield SystemCommand(back, say(lang, "palette.go.help"), self.show_lesson)
        elif self.laboratory is not None and self.laboratory in self.screen_stack:
            yield from command_palette.laboratory_commands(self.laboratory)
        else:
            yield from command_palette.lesson_commands(self.lesson_screen)
            about = say(lang, "palette.laboratory.help")
            yield SystemCommand(say(lang, "palette.laboratory"), about, self.action_laboratory)
        yield from command_palette.progress_commands(lang, self.action_progress)
        for name, run in (
            ("language", self.action_language),
            ("theme", self.action_theme),
            ("help", self.action_help),
            ("files", self.action_where),
            ("quit", self.action_quit),
        ):
            yield SystemCommand(say(lang, f"palette.{name}"), say(lang, f"palette.{name}.help"), run)

    def action_where(self) -> None:
        """Where progress and runs are kept."""
        self.tell(say(self.lang, "files.here", home=short_path(self.home, self.size.width // 2)))

    def action_how_to_quit(self) -> None:
        self.tell(say(self.lang, "quit.how"))

    async def action_quit(self) -> None:
        """A run goes on by itself."""
        goes_on = self._watcher is not None and await self._watcher.active()
        self.end(message=say(self.lang, "quit.run-goes-on") if goes_on else None)

    def end(self, status: int = 0, message: str | None = None) -> None:
        """Keep the place in the text and exit."""
        self.lesson_screen.keep_place()
        self.workers.cancel_all()  # they would go on filling screens that are being taken down
        self.exit(return_code=status, message=message)
