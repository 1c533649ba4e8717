"""The lab pane: form, live run or summary; it holds nothing that cannot be read back from the runs."""

from __future__ import annotations

import asyncio
import importlib
from asyncio import to_thread
from collections.abc import Mapping
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, ClassVar, Self

from textual.app import ComposeResult
from textual.binding import Binding
from textual.reactive import reactive
from textual.widget import Widget
from textual.widgets import Static

from tui import input_priority
from tui.locale import Say, sayer
from tui.panes.lab.messages import Refused, RunEnded, RunStarted, Status

if TYPE_CHECKING:
    from textual.timer import Timer
    from textual.widgets import Button

    from lab.runs.snapshot import RunSnapshot
    from lessons.course import Lang
    from tui.lab import Lab
    from tui.panes.lab.fields import Choices
    from tui.panes.lab.form import FormView
    from tui.panes.lab.live import LiveView
    from tui.panes.lab.summary import SummaryView

POLLS_PER_SECOND = 4
SECONDS_BETWEEN_LOOKS = 2
LOOKS_AFTER_A_CHANGE = 3
SECONDS_TO_CONFIRM = 6
STATUS = {"finished": "✓", "stopped": "■", "failed": "✗", "lost": "✗"}


class LabPane(Widget):
    """Mount it in the first frame: everything heavy is imported after that, plotext with the first chart."""

    BLANK = True
    BINDINGS: ClassVar = [
        Binding("ctrl+r", "start", "Start", id="lab.start", show=True),
        Binding("x,ㅌ,delete", "stop", "Stop", id="lab.stop", show=True, key_display="x"),
        Binding("n,ㅜ,f6", "new", "New run", id="lab.new", show=True, key_display="n"),
        Binding("y,ㅛ,f7", "copy", "Copy command", id="lab.copy", show=True, key_display="y"),
        Binding("w,ㅈ,f5", "watch", "Watch", id="lab.watch", show=True, key_display="w"),
        Binding("escape", "back", "Back", id="lab.back", show=False),
    ]

    lang: reactive[Lang] = reactive("en", init=False)

    def __init__(self, runs: Path, cache: Path, lang: Lang, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.set_reactive(LabPane.lang, lang)
        self._paths = (runs, cache)
        self._lab: Lab | None = None
        self._choices: Choices | None = None
        self._follower: RunSnapshot | None = None
        self._form: FormView | None = None
        self._live: LiveView | None = None
        self._summary: SummaryView | None = None
        self._view: Widget | None = None
        self._elsewhere = ""
        self._known: frozenset[str] = frozenset()
        self._looks = 0
        self._told: set[str] = set()
        self._status = ""
        self._works: list[bool | None] = []
        self._polling = self._behind = False
        self._polled = 0.0
        self._starting = False
        self._lock = asyncio.Lock()
        self._confirm: Timer | None = None

    @property
    def say(self) -> Say:
        return sayer(self.lang)

    @property
    def run_id(self) -> str:
        """The run shown, or nothing."""
        return self._follower.id if self._follower else ""

    @property
    def going(self) -> bool:
        """Whether the run shown has not ended yet."""
        return self._follower is not None and not self._follower.ended

    def compose(self) -> ComposeResult:
        yield Static(id="lab-notice", markup=False)
        yield Static(self.say("lab.looking"), id="lab-looking", markup=False)

    def on_mount(self) -> None:
        self.call_after_refresh(lambda: self.run_worker(self._open()))
        self.set_interval(1 / POLLS_PER_SECOND, self._tick)
        self.set_interval(SECONDS_BETWEEN_LOOKS, lambda: self.run_worker(self.look()))

    def focus(self, scroll_visible: bool = True) -> Self:
        """Focus what is shown: a field of the form, the live run, the summary."""
        if self._form is not None and self._view is self._form:
            self._form.focus_first()
        elif self._view is not None:
            self._view.focus(scroll_visible)
        return self

    async def start_run(self, fields: Mapping[str, object], purpose: str = "lab") -> str:
        """Start a run, or put it in line behind what trains, and watch it; its id. Raises Refused if it cannot be."""
        from lab.errors import LabError

        async with self._lock:
            lab = await self._ready()
            try:
                run = await to_thread(lab.begin, fields)
            except LabError as error:
                reason = "; ".join(filter(None, (error.what, error.remedy)))
                field = error.where.removeprefix("--").replace("-", "_")
                raise Refused(self.say("lab.refused", reason=reason), field) from None
            except OSError as error:
                raise Refused(self.say("lab.could-not-start", reason=error)) from None
            self._known |= {run.id}
            self.post_message(RunStarted(run.id, run.method, run.model, run.data, purpose))
            await self._follow(run)
        return run.id

    def watch_run(self, run_id: str) -> None:
        """Show a run of the runs folder, going on or ended."""
        self.run_worker(self._watch_id(run_id))

    async def poll(self) -> None:
        """Read what the watched run has written since the last time, and show it."""
        follower = self._follower
        if follower is None or self._polling:
            return
        self._polling, self._polled = True, monotonic()
        try:
            changed = await to_thread(follower.poll)
        except (OSError, ValueError) as error:
            self._notice(self.say("lab.could-not-read", reason=error))
            return
        finally:
            self._polling = False
        self._behind = self._behind or changed
        if self._behind and follower is self._follower and (self.screen.is_active or follower.ended):
            self._behind = False
            await self._shown()

    async def look(self) -> None:
        """Notice runs that were started elsewhere, such as on the command line."""
        if self._lab is None or self.going:
            return
        names = self._lab.monitor.names()
        if names != self._known:
            self._known, self._looks = names, LOOKS_AFTER_A_CHANGE
        if not self._looks and not self._elsewhere:
            return
        self._looks = max(0, self._looks - 1)
        going, _ = await to_thread(self._lab.monitor.newest)
        if going and going == self.run_id:
            await self._watch_id(going)
        elif going != self._elsewhere and not self.going:
            self._elsewhere = going
            self._notice(f"{self.say('lab.elsewhere', run=going)} · w {self.say('lab.watch')}" if going else "")
            self.refresh_bindings()

    def watch_lang(self) -> None:
        for view in (self._form, self._live, self._summary):
            if view is not None:
                view.lang = self.lang
        self._notice("")
        self._elsewhere, self._looks = "", LOOKS_AFTER_A_CHANGE

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        form = self._view is not None and self._view is self._form
        return {
            "start": form,
            "stop": self._view is self._live and self.going,
            "new": self._view is not None and self._view is self._summary,
            "copy": self._view is not None and self._view is self._summary,
            "watch": bool(self._elsewhere),
            "back": (form and self._follower is not None) or (self._live is not None and self._live.asking),
        }.get(action, True)

    def action_start(self) -> None:
        if self._form is not None:
            self._form.action_start()

    async def action_stop(self) -> None:
        """Ask first; stop when asked again within a few seconds."""
        if self._live is None or self._follower is None or self._lab is None:
            return
        if not self._live.asking:
            self._ask(True)
            self._confirm = self.set_timer(SECONDS_TO_CONFIRM, lambda: self._ask(False))
            return
        self._ask(False)
        from lab.errors import LabError

        try:
            await to_thread(self._lab.service.stop, self._follower.run)
        except (LabError, OSError) as error:
            self._notice(str(error))
        await self.poll()

    async def action_new(self) -> None:
        async with self._lock:
            await self._show_form()

    def action_copy(self) -> None:
        if self._follower is not None and self._summary is not None:
            self.app.copy_to_clipboard(self._follower.command)
            self._summary.copied = True

    def action_watch(self) -> None:
        if self._elsewhere:
            self.watch_run(self._elsewhere)

    async def action_back(self) -> None:
        if self._live is not None and self._live.asking:
            self._ask(False)
        elif self._follower is not None:
            await self._shown()

    async def on_button_pressed(self, event: Button.Pressed) -> None:
        event.stop()
        name = event.button.name or ""
        if self.check_action(name, ()):
            await self.run_action(name)

    def on_form_view_start(self, event: FormView.Start) -> None:
        event.stop()
        if not self._starting:
            self._starting = True
            self.run_worker(self._start_from_form(event.run_fields))

    async def _start_from_form(self, fields: dict[str, object]) -> None:
        refusal = Refused("")
        if self._form is not None:
            self._form.announce(self.say("lab.starting"))
        try:
            await self.start_run(fields)
        except Refused as refused:
            refusal = refused
        finally:
            self._starting = False
        if self._form is not None:
            self._form.announce("")
            self._form.refuse(str(refusal), refusal.field)

    async def _ready(self) -> Lab:
        """The lab, with the modules of the views imported outside the event loop."""
        if self._lab is None:
            for name in ("tui.lab", *(f"tui.panes.lab.{each}" for each in ("form", "live", "summary"))):
                await to_thread(importlib.import_module, name)
            from tui.lab import Lab

            self._lab = Lab(*self._paths)
        return self._lab

    async def _open(self) -> None:
        async with self._lock:
            lab = await self._ready()
            if self._view is None:
                self._known, self._looks = lab.monitor.names(), LOOKS_AFTER_A_CHANGE
                going, ended = await to_thread(lab.monitor.newest) if self._known else ("", "")
                if not (going or ended) or not await self._try_follow(going or ended):
                    await self._show_form()
        from tui.panes.lab import fields

        self._choices = await to_thread(fields.choices, lab.cache)
        if self._form is not None:
            self._form.set_choices(self._choices, fields.command)

    async def _watch_id(self, run_id: str) -> None:
        async with self._lock:
            await self._try_follow(run_id)

    async def _try_follow(self, run_id: str) -> bool:
        from lab.errors import LabError

        lab = await self._ready()
        try:
            follower = await to_thread(lab.monitor.snapshot, run_id)
        except (LabError, OSError, ValueError) as error:
            self._notice(self.say("lab.could-not-read", reason=error))
            return False
        await self._follow(follower)
        return True

    async def _follow(self, follower: RunSnapshot) -> None:
        self._follower = follower
        self._elsewhere = ""
        self._notice("")
        await self._shown()

    async def _shown(self) -> None:
        """Show the watched run as it is now, and tell the app when it has ended."""
        from tui.panes.lab.live import LiveView
        from tui.panes.lab.summary import SummaryView

        follower = self._follower
        if follower is None:
            return
        if follower.ended:
            if self._summary is None:
                self._summary = SummaryView(self.lang, follower)
                await self.mount(self._summary)
            self._summary.show(follower)
            self._switch(self._summary)
            if follower.id not in self._told:
                self._told.add(follower.id)
                self.post_message(RunEnded(follower.id, follower.state, follower.method, follower.outcome))
        else:
            self._told.discard(follower.id)  # a run that was resumed ends again
            if self._live is None:
                self._live = LiveView(self.lang, follower)
                await self.mount(self._live)
            self._live.show(follower)
            self._switch(self._live)

    async def _show_form(self) -> None:
        from tui.panes.lab.form import FormView

        if self._form is None:
            self._form = FormView(self.lang, self._choices)
            await self.mount(self._form)
            if self._choices is not None:
                from tui.panes.lab import fields

                self._form.set_choices(self._choices, fields.command)
        self._form.set_place(not self._known, self._follower is not None)
        self._switch(self._form)

    def _switch(self, view: Widget) -> None:
        """Bring a view to the front; the focus follows when it was in the pane."""
        if view is not self._view:
            inside = self.has_focus_within
            self.query("#lab-looking").remove()
            self._view = view
            for other in (self._form, self._live, self._summary):
                if other is not None:
                    other.display = other is view
            self._ask(False)
            if inside:
                self.focus()
        self._tell_status()
        self._tell_keys()

    def _tell_keys(self) -> None:
        """Have the key line read again where other keys work now, not with every step of a run."""
        works = [self.check_action(name, ()) for name in ("start", "stop", "new", "copy", "watch", "back")]
        if works != self._works:
            self._works = works
            self.refresh_bindings()

    def _tell_status(self) -> None:
        text = ""
        if self._follower is not None and self._view is not self._form:
            progress = self._follower.progress
            text = STATUS.get(self._follower.state, f"●{progress.iteration}/{progress.iterations}")
        if text != self._status:
            self._status = text
            self.post_message(Status(text))

    def _ask(self, asking: bool) -> None:
        if self._confirm is not None:
            self._confirm.stop()
            self._confirm = None
        if self._live is not None:
            self._live.asking = asking
            self.refresh_bindings()

    def _notice(self, text: str) -> None:
        from tui.formatting.sanitize import inert

        notice = self.query_one("#lab-notice", Static)
        notice.update(inert(text))
        notice.set_class(bool(text), "-shown")

    def _tick(self) -> None:
        if self._polling or input_priority.waits(self._polled):
            return
        if self._follower and (self.going or self._follower.unread) and self.screen.is_current:
            self.run_worker(self.poll())
