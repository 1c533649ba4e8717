"""The laboratory: one bench at a time under a line of tabs; what is done at a bench is recorded in the session."""

import asyncio
import importlib
from typing import TYPE_CHECKING, ClassVar, Final

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.events import Resize
from textual.reactive import reactive
from textual.screen import Screen
from textual.widgets import Input, TextArea

from tui.key_bindings import bind
from tui.locale import say
from tui.screens.header import show_header
from tui.screens.too_small import SmallNotice, too_small
from tui.session import Change, LearnerSession
from tui.startup_tuning import settle
from tui.styles import styles
from tui.views.view import PLACES, LaboratoryView, RunSelection
from tui.widgets.containers import Container
from tui.widgets.key_footer import KeyFooter
from tui.widgets.tab_strip import TabStrip
from tui.widgets.toast import Toast
from tui.widgets.top_bar import NoticeBar, TopBar

if TYPE_CHECKING:
    from lessons.course import Lang
    from tui.lab import Lab

BENCHES: Final = {
    "new": ("tui.views.new_run.view", "NewRunView"),
    "runs": ("tui.views.runs.view", "RunsView"),
    "run": ("tui.views.run.view", "RunView"),
    "compare": ("tui.views.compare.view", "CompareView"),
    "inspect": ("tui.views.inspect.view", "InspectView"),
    "chat": ("tui.views.chat.view", "ChatView"),
    "fuse": ("tui.views.fuse.view", "FuseView"),
}
"""Where each bench is; imported when it is first opened, so that the first frame waits for none of them."""


TALL: Final = 30
"""Rows from which a line may stay empty between tabs and bench."""


class Laboratory(Screen[None]):
    """Only arranges: which bench is shown, and what the lines above and below it say."""

    BLANK = True
    CSS_PATH = styles("widgets", "laboratory", "new_run", "runs", "run", "compare", "inspect", "chat", "fuse")
    BINDINGS: ClassVar[list[BindingType]] = [
        *(bind(str(n), f"show('{name}')", f"view.{name}") for n, name in enumerate(PLACES, 1)),
        bind("ctrl+pagedown", "step(1)", "view.next"),
        bind("ctrl+pageup", "step(-1)", "view.previous"),
        bind("v,f8", "three_way", "view.three-way"),
        bind("tab", "focus_on(1)", "go.next-pane"),
        bind("shift+tab", "focus_on(-1)", "go.previous-pane"),
        bind("f4", "leave", "view.leave", show=True),
        bind("escape", "back", "view.back"),
    ]

    lang: reactive["Lang"] = reactive("en", init=False)
    place: reactive[str] = reactive("", init=False)

    def __init__(self, lab: "Lab", session: LearnerSession, picks: RunSelection | None = None) -> None:
        super().__init__()
        self.set_reactive(Laboratory.lang, session.lang)
        self.lab = lab
        self.session = session
        self.picks = picks or RunSelection()
        self._benches: dict[str, LaboratoryView] = {}
        self._lock = asyncio.Lock()

    def compose(self) -> ComposeResult:
        yield TopBar("", markup=False, id="top")
        yield NoticeBar("", markup=False, id="notice")
        yield TabStrip(PLACES, "view", numbered=True, id="benches")
        yield Container(id="bench")
        yield KeyFooter("", markup=False, id="keys")
        yield Toast()
        yield SmallNotice("", markup=False)

    def on_mount(self) -> None:
        for widget in self.query("*"):
            if hasattr(type(widget), "lang"):
                widget.set_reactive(type(widget).lang, self.lang)  # type: ignore[attr-defined]
        self.session.listen(self._changed)
        self._show_header()
        self.set_interval(1, self.tell_status)
        self.run_worker(self.open(self.place or self.first_place()))

    def first_place(self) -> str:
        """One run or several where some are picked; the form while nothing was ever run, and else the runs."""
        if self.picks.run:
            return "compare" if len(self.picks.marked) > 1 else "run"
        return "runs" if self.lab.monitor.names() else "new"

    @property
    def bench(self) -> LaboratoryView | None:
        """The bench in front."""
        return self._benches.get(self.place)

    @property
    def in_front(self) -> tuple[LaboratoryView | None, str, str]:
        """The bench in front, and the keys of its name and of the laboratory's."""
        return self.bench, f"view.{self.place}", "view.laboratory"

    async def open(self, place: str) -> LaboratoryView:
        """Bring a bench to the front and give it the keys."""
        async with self._lock:
            bench = self._benches.get(place)
            fresh = bench is None
            if bench is None:
                module, name = BENCHES[place]
                found = await asyncio.to_thread(importlib.import_module, module)
                bench = getattr(found, name)(self.lab, self.picks, self.lang)
                bench.display = False
                self._benches[place] = bench
                await self.query_one("#bench").mount(bench)
            before = self.bench
            if before is not None and before is not bench:
                before.leave()
                for widget in before.walk_children(with_self=True):
                    widget.refresh()  # which forgets its picture until it is seen again
            self.place = place
            for each in self._benches.values():
                each.display = each is bench
            await bench.enter()
            self.refresh_bindings()
            if fresh:
                self.call_after_refresh(settle)
            return bench

    def on_unmount(self) -> None:
        self.session.unlisten(self._changed)

    def _changed(self, _: Change) -> None:
        self.lang = self.session.lang
        self._show_header()

    def _show_header(self) -> None:
        """The bench stands in the place of the lesson."""
        title = say(self.lang, f"view.{self.place}") if self.place else ""
        show_header(self, self.session, say(self.lang, "view.laboratory"), title)

    def tell(self, text: str, kind: str = "") -> None:
        """One line for a few seconds; `kind` as for `Toast.say`."""
        for ribbon in self.query(Toast):
            ribbon.say(text, kind)

    def watch_place(self, place: str) -> None:
        for line in self.query("#benches").results(TabStrip):
            line.active = place
        self._show_header()

    def watch_lang(self, lang: "Lang") -> None:
        for widget in self.query("*"):
            if hasattr(type(widget), "lang"):
                widget.lang = lang  # type: ignore[attr-defined]
        for notice in self.query(SmallNotice):
            notice.show(self.size, lang)
        self.refresh_bindings()

    def on_resize(self, event: Resize) -> None:
        self.set_class(event.size.height >= TALL, "-tall")
        for notice in self.query(SmallNotice):
            notice.show(self.size, self.lang)

    def tell_status(self) -> None:
        """Set what the benches say of themselves beside their names."""
        for line in self.query("#benches").results(TabStrip):
            line.statuses = {name: bench.status() for name, bench in self._benches.items()}

    def on_tab_strip_chosen(self, event: TabStrip.Chosen) -> None:
        self.action_show(event.name)

    def on_laboratory_view_go(self, event: LaboratoryView.Go) -> None:
        self.run_worker(self.open(event.place))

    def on_laboratory_view_began(self, event: LaboratoryView.Began) -> None:
        self.session.record_started(event.run_id, event.method, event.model, event.data)

    def on_laboratory_view_did(self, event: LaboratoryView.Did) -> None:
        self.session.record_evidence(event.proofs)
        if event.runs:
            self.run_worker(self.session.look_at_runs(event.runs))

    def on_laboratory_view_tell(self, event: LaboratoryView.Tell) -> None:
        self.tell(event.text, event.kind)

    def action_show(self, place: str) -> None:
        self.run_worker(self.open(place))

    def action_step(self, by: int) -> None:
        """The next bench, round the ends."""
        here = PLACES.index(self.place) if self.place in PLACES else 0
        self.action_show(PLACES[(here + by) % len(PLACES)])

    async def action_three_way(self) -> None:
        """Three runs that differ in one thing each, and their comparison."""
        bench = await self.open("compare")
        await bench.run_action("three_way")

    def action_focus_on(self, by: int) -> None:
        self.focus_next() if by > 0 else self.focus_previous()

    def action_back(self) -> None:
        """Away with a message; out of a field, so that its letters and digits are keys again; else to the classroom."""
        if any([ribbon.skip() for ribbon in self.query(Toast)]):
            return
        if isinstance(self.focused, Input | TextArea):
            self.set_focus(None)
        else:
            self.action_leave()

    def action_leave(self) -> None:
        """Back to the classroom."""
        if self.bench is not None:
            self.bench.leave()
        self.app.pop_screen()

    def on_screen_resume(self) -> None:
        if self.bench is not None:
            self.run_worker(self.open(self.place))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return not (action in ("show", "step", "three_way", "focus_on") and too_small(self.size))
