"""The classroom: contents, text and lab side by side where there is room, behind tabs where there is not."""

from typing import TYPE_CHECKING, ClassVar, Final

from textual import containers
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.events import DescendantFocus, Resize
from textual.reactive import reactive
from textual.screen import Screen
from textual.widget import Widget

from tui.key_bindings import bind
from tui.panes.page import PagePane
from tui.panes.reader import ReaderPane
from tui.screens.too_small import SmallNotice, too_small
from tui.widgets.containers import Container, Horizontal
from tui.widgets.key_footer import KeyFooter
from tui.widgets.tab_strip import TabStrip
from tui.widgets.toast import Toast
from tui.widgets.top_bar import NoticeBar, TopBar

if TYPE_CHECKING:
    from lessons.course import Lang
    from tui.panes.contents import ContentsPane
    from tui.panes.exercise import ExercisePane
    from tui.panes.quiz import QuizPane
    from tui.session import LearnerSession

WIDE: Final = 120
PANES: Final = ("text", "contents", "exercise", "quiz", "lab")
MIDDLE: Final = ("text", "exercise", "quiz")


class Classroom(Screen[None]):
    """Only arranges: which panes are shown, which has the focus, and what the lines above and below say."""

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

    DEFAULT_CSS = """
    Classroom { layers: base above; overflow: hidden; background: $background; color: $text; layout: vertical; }
    Classroom #desk { height: 1fr; width: 1fr; }
    Classroom #contents { width: 18%; min-width: 22; max-width: 34; height: 1fr; }
    Classroom #lab { width: 32%; min-width: 40; max-width: 76; height: 1fr; border-left: solid $rule; padding-top: 1; }
    Classroom #lab.-here { border-left: solid $primary; }
    Classroom.-narrow #contents, Classroom.-narrow #lab { width: 1fr; max-width: 100%; min-width: 0; border: none; }
    """
    AUTO_FOCUS = "#reader"

    lang: reactive["Lang"] = reactive("en", init=False)
    pane: reactive[str] = reactive("text", init=False)

    contents: "ContentsPane"
    exercise: "ExercisePane"
    quiz: "QuizPane"

    def __init__(self, study: "LearnerSession", lang: "Lang") -> None:
        super().__init__()
        self.set_reactive(Classroom.lang, lang)
        self._study = study
        self._middle = "text"
        self._views: dict[str, Widget] = {}

    def compose(self) -> ComposeResult:
        """The least that makes a first frame of the right shape; `furnish` brings the rest."""
        self.set_class(self.wide, "-wide")
        self.set_class(not self.wide, "-narrow")
        tabs, contents = TabStrip(PANES, "tab", active="text", numbered=True, id="tabs"), Container(id="contents")
        lab = containers.Container(id="lab")  # which has a border
        tabs.display, contents.display, lab.display = not self.wide, self.wide, self.wide
        yield TopBar("", markup=False, id="top")
        yield tabs
        self._views = {"text": ReaderPane(), "contents": contents, "lab": lab}
        with Horizontal(id="desk"):
            yield contents
            yield self._views["text"]
            yield lab
        yield KeyFooter("", markup=False, id="keys")

    async def furnish(self) -> None:
        """The panes that are not in the first frame, each in the place that was kept for it."""
        from tui.panes.contents import ContentsPane
        from tui.panes.exercise import ExercisePane
        from tui.panes.quiz import QuizPane

        self.contents = ContentsPane()
        self.exercise = ExercisePane(self._study.place)
        self.quiz = QuizPane()
        self.exercise.display = self.quiz.display = False
        for pane in (self.contents, self.exercise, self.quiz):
            pane.set_reactive(type(pane).lang, self.lang)
        with self.app.batch_update():
            await self.mount(NoticeBar("", markup=False, id="notice"), after="#top")
            await self.mount(Toast(), SmallNotice("", markup=False))
            await self.query_one("#contents").mount(self.contents)
            await self.query_one("#desk").mount(self.exercise, self.quiz, before="#lab")
        self._views |= {"exercise": self.exercise, "quiz": self.quiz}
        self.query_one(SmallNotice).show(self.size, self.lang)

    def tell(self, text: str, kind: str = "") -> None:
        """One line for a few seconds; `kind` as for `Toast.say`."""
        for ribbon in self.query(Toast):
            ribbon.say(text, kind)

    def on_mount(self) -> None:
        for widget in self._speaking():
            widget.set_reactive(type(widget).lang, self.lang)  # type: ignore[attr-defined]

    def on_resize(self, _: Resize) -> None:
        self._arrange()
        for notice in self.query(SmallNotice):
            notice.show(self.size, self.lang)

    def watch_lang(self, lang: "Lang") -> None:
        for widget in self._speaking():
            widget.lang = lang  # type: ignore[attr-defined]
        for notice in self.query(SmallNotice):
            notice.show(self.size, lang)
        self.refresh_bindings()

    def watch_pane(self, pane: str) -> None:
        self._arrange()
        for line in self.query(TabStrip):
            line.active = pane
        self.query("#lab").set_class(pane == "lab", "-here")

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
        for line in self.query(TabStrip):
            line.display = not wide

    def on_descendant_focus(self, event: DescendantFocus) -> None:
        """The pane with the focus is the one that stays when the window gets narrow."""
        for name, view in self._views.items():
            if view in event.widget.ancestors_with_self:
                self.pane = name

    def on_tab_strip_chosen(self, event: TabStrip.Chosen) -> None:
        self.action_show(event.name)

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
        if not any([ribbon.skip() for ribbon in self.query(Toast)]):
            self.action_show("text")

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "show" and parameters == (self.pane,) and self.focused is not None:
            return self._views.get(self.pane) not in self.focused.ancestors_with_self
        return not (action in ("show", "pane", "back") and too_small(self.size))
