"""The progress page: a line of parts, one of them in front; it lies over the classroom or the laboratory."""

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.events import Resize
from textual.message import Message
from textual.reactive import reactive
from textual.screen import Screen
from textual.widget import Widget

from tui.key_bindings import bind
from tui.locale import say
from tui.panes.progress.data import DataPane
from tui.panes.progress.parts import AchievementsPane, OverviewPane, PointsPane
from tui.panes.progress.reviews import ReviewPane, payload
from tui.screens.header import show_header
from tui.screens.too_small import SmallNotice, too_small
from tui.session import REVIEWS, Change, LearnerSession
from tui.styles import styles
from tui.widgets.containers import Container
from tui.widgets.key_footer import KeyFooter
from tui.widgets.tab_strip import TabStrip
from tui.widgets.toast import Toast
from tui.widgets.top_bar import NoticeBar, TopBar

if TYPE_CHECKING:
    from lessons.course import Lang
    from tui.panes.quiz import QuizPane

PARTS: Final = ("overview", "points", "achievements", "review", "keeping")


class ProgressScreen(Screen[None]):
    """Only arranges and records; what is shown is what the log amounts to."""

    BLANK = True
    CSS_PATH = styles("widgets", "progress")
    BINDINGS: ClassVar[list[BindingType]] = [
        *(bind(str(n), f"show('{name}')", f"progress.{name}") for n, name in enumerate(PARTS, 1)),
        bind("tab,ctrl+pagedown", "step(1)", "progress.next", show=True),
        bind("shift+tab,ctrl+pageup", "step(-1)", "progress.previous"),
        bind("escape", "back", "progress.back", show=True),
    ]

    lang: reactive["Lang"] = reactive("en", init=False)
    part: reactive[str] = reactive("", init=False)

    @dataclass
    class Go(Message):
        """What earns points is to be gone to: `kind` is section, question, exercise or run."""

        kind: str
        lesson: str = ""
        item: str = ""

    def __init__(self, session: LearnerSession, part: str = "overview") -> None:
        super().__init__()
        lang = session.lang
        self.set_reactive(ProgressScreen.lang, lang)
        self.session = session
        self._first = part
        self.overview = OverviewPane(session, lang, "overview")
        self.points = PointsPane(session, lang, "points")
        self.achievements = AchievementsPane(session, lang, "achievements")
        self.review = ReviewPane(session, lang)
        self.keeping = DataPane(session, lang, "keeping")
        self.due: list[str] = []
        self.ready = False
        """Everything is looked up and drawn; tests wait for it."""

    @property
    def panes(self) -> "dict[str, OverviewPane | PointsPane | AchievementsPane | ReviewPane | DataPane]":
        """The parts by name, in order."""
        found = (self.overview, self.points, self.achievements, self.review, self.keeping)
        return dict(zip(PARTS, found, strict=True))

    @property
    def shown(self) -> tuple[str, ...]:
        """The parts that there are: all, but for the points where they are hidden."""
        return tuple(name for name in PARTS if name != "points" or not self.session.points_hidden)

    @property
    def in_front(self) -> tuple[Widget | None, str, str]:
        """The part in front, and the keys of its name and of the page's."""
        return self.panes.get(self.part), f"progress.part.{self.part}", "progress.title"

    def compose(self) -> ComposeResult:
        yield TopBar("", markup=False, id="top")
        yield NoticeBar("", markup=False, id="notice")
        yield TabStrip(PARTS, "progress.part", lang=self.lang, numbered=True, id="parts")
        with Container(id="part"):
            for pane in self.panes.values():
                pane.display = False
                yield pane
        yield KeyFooter("", markup=False, id="keys")
        yield Toast()
        yield SmallNotice("", markup=False)

    def on_mount(self) -> None:
        self.query_one(KeyFooter).set_reactive(KeyFooter.lang, self.lang)
        self.session.listen(self._changed)
        self.part = self._first if self._first in self.shown else "overview"
        self.run_worker(self._begin())

    async def _begin(self) -> None:
        await self.ask_due()
        self.ready = True

    async def ask_due(self) -> None:
        """Look up in a thread what is to be reviewed today, and begin with it."""
        self.due = await asyncio.to_thread(self.session.due)
        await self.review.ask(self.due)
        self.draw()

    def _changed(self, change: Change) -> None:
        self.lang = self.session.lang
        if change.kind != REVIEWS:  # those it counts itself
            self.draw()

    def draw(self) -> None:
        """Tell in every part what is so now; a question that is being answered stays as it is."""
        if not self.part or not self.query(TopBar):  # it is being opened, or was closed
            return
        title = say(self.lang, f"progress.part.{self.part}")
        show_header(self, self.session, say(self.lang, "progress.title"), title)
        left = len(self.due)
        self.overview.due = left
        for pane in (self.overview, self.points, self.achievements, self.keeping):
            pane.show(self.lang)
        tabs = self.query_one(TabStrip)
        tabs.active, tabs.shown, tabs.lang = self.part, self.shown, self.lang
        tabs.set_status("review", f"{left}" if left else "")

    def tell(self, text: str, kind: str = "") -> None:
        """One line for a few seconds; `kind` as for `Toast.say`."""
        for ribbon in self.query(Toast):
            ribbon.say(text, kind)

    def watch_lang(self, lang: "Lang") -> None:
        for line in self.query(KeyFooter):
            line.lang = lang
        for notice in self.query(SmallNotice):
            notice.show(self.size, lang)
        self.review.lang = lang
        self.draw()

    def watch_part(self, part: str) -> None:
        for name, pane in self.panes.items():
            pane.display = name == part
        self.draw()
        self.panes[part].enter()
        self.refresh_bindings()

    def on_unmount(self) -> None:
        self.session.unlisten(self._changed)

    def on_resize(self, _: Resize) -> None:
        for notice in self.query(SmallNotice):
            notice.show(self.size, self.lang)

    # what the parts ask for

    def on_quiz_pane_given(self, event: "QuizPane.Given") -> None:
        """An answer in the review."""
        event.stop()
        self.due = [each for each in self.due if each != event.question]
        self.session.record("review.done", event.question, payload(event.payload))
        self.draw()

    def on_data_pane_changed(self, event: DataPane.Changed) -> None:
        event.stop()
        self.tell(event.text, event.kind)
        self.session.replaced()
        self.run_worker(self.ask_due(), exclusive=True, group="due")

    def on_points_pane_asked(self, event: PointsPane.Asked) -> None:
        """To what a point is given for: in a lesson, or in the laboratory for a run."""
        event.stop()
        if event.kind == "run":
            self.post_message(self.Go("run"))
        for lesson in self.session.course.lessons if self.session.course else ():
            items = {*(each.id for each in lesson.sections), *(each.id for each in lesson.questions)}
            if event.item in items or (lesson.exercise is not None and lesson.exercise.id == event.item):
                self.post_message(self.Go(event.kind, lesson.id, event.item))

    def on_tab_strip_chosen(self, event: TabStrip.Chosen) -> None:
        self.action_show(event.name)

    # keys

    def action_show(self, name: str) -> None:
        if name in self.shown:
            self.part = name

    def action_step(self, by: int) -> None:
        """The next part, round the ends."""
        names = self.shown
        self.part = names[(names.index(self.part) + by) % len(names)]

    async def action_keep(self, name: str) -> None:
        """A line of the part about keeping was clicked."""
        await self.keeping.run_action(name)

    def action_back(self) -> None:
        """Away with a message; else back to where one came from."""
        if not any([ribbon.skip() for ribbon in self.query(Toast)]):
            self.app.pop_screen()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "show" and parameters == ("points",) and self.is_mounted and self.session.points_hidden:
            return False
        return not (action in ("show", "step") and too_small(self.size))
