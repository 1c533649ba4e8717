"""Where progress is kept, and how it moves: sync, export, import, reset and undo, and whether points are shown."""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from textual.binding import BindingType
from textual.message import Message

import foreign
from tui.formatting.sanitize import inert
from tui.formatting.short_paths import short_path
from tui.formatting.text_layout import Lines, clickable, hang, join, spread, styled
from tui.key_bindings import bind
from tui.locale import say
from tui.widgets.lines import LinesView
from tui.widgets.page import PagePane

if TYPE_CHECKING:
    from lessons.course import Lang
    from tui.session import LearnerSession

COMMAND = "lowrank progress show · sync · export · import · reset"
QUIET = "points"
"""The setting under which "hidden" or "shown" is kept."""


FOLDER = "sync-folder"
"""The file that remembers the folder; it is not in the log, since each machine calls that folder otherwise."""


def kept_folder(home: Path) -> str:
    """The folder last synced with; "" for none."""
    try:
        return foreign.read_text(home / FOLDER, 1 << 16).strip()
    except (OSError, foreign.Refused):
        return ""


class DataPane(PagePane):
    """Each line is a key; what writes works in a thread, and is said in a line when it is done."""

    BINDINGS: ClassVar[list[BindingType]] = [
        bind("s", "sync", "keeping.sync", show=True),
        bind("f", "folder", "keeping.folder"),
        bind("e", "export", "keeping.export", show=True),
        bind("i", "import", "keeping.import", show=True),
        bind("r,delete", "reset", "keeping.reset"),
        bind("u", "undo", "keeping.undo"),
        bind("h", "quiet", "keeping.quiet", show=True),
    ]

    class Changed(Message):
        """Progress is another one now; `text` is what to say of it, as `kind` of line."""

        def __init__(self, text: str, kind: str = "") -> None:
            super().__init__()
            self.text, self.kind = text, kind

    def __init__(self, session: "LearnerSession", lang: "Lang", id: str) -> None:
        super().__init__(id=id)
        self.session, self.lang = session, lang
        self._view = LinesView(self.lines)
        self._view.auto_links = False

    def on_mount(self) -> None:
        self.page.mount(self._view)

    def show(self, lang: "Lang") -> None:
        """Tell what is so now."""
        self.lang = lang
        self._view.redraw()
        self.refresh_bindings()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return action != "undo" or bool(self.session.progress.reset)

    # what stands there

    def lines(self, width: int) -> Lines:
        """The keys with what they do, by what they are for."""
        lang, folder = self.lang, kept_folder(self.session.home)
        where = say(lang, "keeping.sync.none")
        if folder:
            where = say(lang, "keeping.sync.folder", folder=short_path(inert(folder), width // 2))
        shown = say(lang, f"keeping.quiet.{'hidden' if self.session.points_hidden else 'shown'}")
        lines = [styled(say(lang, "keeping.moves"), "bold $heading")]
        lines += self._row("s", "sync", where, width)
        lines += self._row("e", "export", "", width)
        lines += self._row("i", "import", "", width)
        lines += [styled(""), styled(say(lang, "keeping.anew"), "bold $heading")]
        lines += self._row("r", "reset", "", width)
        if self.session.progress.reset:
            lines += self._row("u", "undo", "", width)
        lines += [styled("")]
        lines += self._row("h", "quiet", shown, width)
        foot = [say(lang, "keeping.command", command=COMMAND)]
        foot.append(say(lang, "keeping.here", home=inert(self.session.home / "progress")))
        return [*lines, styled(""), *(line for text in foot for line in styled(text, "$faint").wrap(width))]

    def _row(self, key: str, name: str, state: str, width: int) -> Lines:
        title = join([styled(f"{key}  ", "bold $primary"), styled(say(self.lang, f"keeping.{name}"))])
        title = clickable(title, "screen.keep", name)
        about = styled(say(self.lang, f"keeping.{name}.about"), "$text-muted")
        return [spread(title, styled(state, "$text-muted"), width), *hang([(styled("   "), about)], width)]

    # what is done

    def action_sync(self) -> None:
        """With the folder that was chosen, or ask for one."""
        if folder := kept_folder(self.session.home):
            self._sync(Path(folder))
        else:
            self.action_folder()

    def action_folder(self) -> None:
        """Another folder from now on."""
        self._ask("folder", kept_folder(self.session.home) or "~/", self._sync)

    def _sync(self, folder: Path) -> None:
        def work() -> str:
            done = self.session.sync(folder)
            (self.session.home / FOLDER).write_text(f"{folder}\n", "utf-8")
            return say(self.lang, "keeping.did.sync", sent=done.sent, received=done.received, count=done.devices)

        self._do(work)

    def action_export(self) -> None:
        """Everything in one file, under a name that is free."""

        def export(path: Path) -> None:
            def work() -> str:
                if path.exists():
                    raise OSError(say(self.lang, "keeping.there", path=short_path(path, self.app.size.width // 2)))
                self.session.export(path)
                return say(self.lang, "keeping.did.export", path=short_path(path, self.app.size.width // 2))

            self._do(work)

        self._ask("export", f"~/lowrank-progress-{time.strftime('%Y%m%d')}.json", export)

    def action_import(self) -> None:
        """What a file holds, in addition."""

        def import_(path: Path) -> None:
            def work() -> str:
                done = self.session.import_(path)
                return say(self.lang, "keeping.did.import", new=done.new, known=done.known)

            self._do(work)

        self._ask("import", "~/", import_)

    def action_reset(self) -> None:
        """All back to nothing, after asking."""
        from tui.widgets.dialogs import ConfirmScreen

        if not self.session.progress.days:
            self.post_message(self.Changed(say(self.lang, "keeping.nothing-reset")))
            return

        def answered(yes: bool | None) -> None:
            if yes:
                self.session.reset()
                self.post_message(self.Changed(say(self.lang, "keeping.did.reset")))

        texts = [say(self.lang, f"keeping.ask.reset{part}") for part in ("", ".yes", ".no")]
        self.app.push_screen(ConfirmScreen(*texts), answered)

    def action_undo(self) -> None:
        """What was before the reset counts again."""
        text = "keeping.did.undo" if self.session.undo_reset() else "keeping.nothing-undone"
        self.post_message(self.Changed(say(self.lang, text)))

    def action_quiet(self) -> None:
        """Say nothing of points and levels anywhere, or say it again."""
        value = "shown" if self.session.points_hidden else "hidden"
        self.session.record("setting.set", QUIET, {"value": value})
        self.post_message(self.Changed(say(self.lang, f"keeping.did.{'hide' if value == 'hidden' else 'show'}")))

    def _ask(self, what: str, value: str, then: Callable[[Path], None]) -> None:
        from tui.views.runs.dialogs import LineScreen

        def answered(text: str | None) -> None:
            if text and text.strip():
                then(Path(text.strip()).expanduser().absolute())

        title, hint = say(self.lang, f"keeping.ask.{what}"), say(self.lang, f"keeping.ask.{what}.hint")
        self.app.push_screen(LineScreen(title, value, hint, self.lang), answered)

    def _do(self, work: Callable[[], Any]) -> None:
        self.run_worker(self._work(work), exclusive=True, group="keeping")

    async def _work(self, work: Callable[[], Any]) -> None:
        from store.errors import StoreError, reason

        try:
            text = await asyncio.to_thread(work)
        except StoreError as error:
            self.post_message(self.Changed(inert(error.text[self.lang]), "trouble"))
        except OSError as error:
            where = f"{error.filename}: " if error.filename else ""
            self.post_message(self.Changed(inert(f"{where}{reason(error)[self.lang]}"), "trouble"))
        else:
            self.post_message(self.Changed(inert(text)))
