"""The classroom: contents, text and lab side by side where there is room, behind tabs where there is not."""

from typing import TYPE_CHECKING, ClassVar, Final

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container, Horizontal
from textual.events import DescendantFocus, Resize
from textual.reactive import reactive
from textual.screen import Screen
from textual.widget import Widget

from tui.keys import bind
from tui.panes.contents import ContentsPane
from tui.panes.exercise import ExercisePane
from tui.panes.quiz import QuizPane
from tui.panes.reader import ReaderPane
from tui.screens.small import SmallNotice, too_small
from tui.widgets.keyline import KeyLine
from tui.widgets.ribbon import Ribbon
from tui.widgets.tabs import PANES, TabLine
from tui.widgets.topbar import NoticeBar, TopBar

if TYPE_CHECKING:
    from lessons.model import Lang
    from tui.study import Study

WIDE: Final = 120
MIDDLE: Final = ("text", "exercise", "quiz")


class Classroom(Screen[None]):
    """Only arranges: which panes are shown, which has the focus, and what the lines above and below say."""

    BINDINGS: ClassVar[list[BindingType]] = [
        bind("e", "show('exercise')", "go.exercise", show=True),
        bind("z", "show('quiz')", "go.quiz", show=True),
        bind("t", "show('lab')", "go.lab", show=True),
        bind("c", "show('contents')", "go.contents"),
        bind("b", "show('text')", "go.text"),
        *(bind(str(n), f"show('{name}')", f"go.tab-{n}") for n, name in enumerate(PANES, 1)),
        bind("tab", "pane(1)", "go.next-pane"),
        bind("shift+tab", "pane(-1)", "go.previous-pane"),
        bind("escape", "back", "go.back"),
    ]

    DEFAULT_CSS = """
    Classroom { layers: base above; overflow: hidden; background: $background; color: $text; layout: vertical; }
    Classroom #desk { height: 1fr; width: 1fr; }
    Classroom #contents { width: 20%; min-width: 26; max-width: 34; height: 1fr; }
    Classroom #lab { width: 32%; min-width: 40; max-width: 76; height: 1fr; border-left: solid $rule; padding-top: 1; }
    Classroom #lab.-here { border-left: solid $primary; }
    Classroom .middle { width: 1fr; height: 1fr; }
    Classroom.-narrow #contents, Classroom.-narrow #lab { width: 1fr; max-width: 100%; min-width: 0; border: none; }
    """
    AUTO_FOCUS = "#reader"
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (WIDE, "-wide")]  # noqa: RUF012

    lang: reactive["Lang"] = reactive("en", init=False)
    pane: reactive[str] = reactive("text", init=False)

    def __init__(self, study: "Study", lang: "Lang") -> None:
        super().__init__()
        self.set_reactive(Classroom.lang, lang)
        self._study = study
        self._middle = "text"

    def compose(self) -> ComposeResult:
        yield TopBar("", markup=False, id="top")
        yield NoticeBar("", markup=False, id="notice")
        yield TabLine("", markup=False, id="tabs")
        with Horizontal(id="desk"):
            yield ContentsPane()
            yield ReaderPane()
            yield ExercisePane(self._study.runs, self._study.cache)
            yield QuizPane()
            yield Container(id="lab")
        yield Ribbon()
        yield SmallNotice("", markup=False)
        yield KeyLine("", markup=False, id="keys")

    def on_mount(self) -> None:
        for widget in self._speaking():
            widget.set_reactive(type(widget).lang, self.lang)  # type: ignore[attr-defined]
        self._arrange()
        self.query_one(ReaderPane).focus()

    def on_resize(self, _: Resize) -> None:
        self._arrange()
        self.query_one(SmallNotice).show(self.size, self.lang)

    def watch_lang(self, lang: "Lang") -> None:
        for widget in self._speaking():
            widget.lang = lang  # type: ignore[attr-defined]
        self.query_one(SmallNotice).show(self.size, lang)
        self.refresh_bindings()

    def watch_pane(self, pane: str) -> None:
        self._arrange()
        self.query_one(TabLine).active = pane
        for view in self.query("#lab"):
            view.set_class(pane == "lab", "-here")

    @property
    def wide(self) -> bool:
        return self.size.width >= WIDE

    def _speaking(self) -> list[Widget]:
        """Everything that shows words of its own."""
        return [widget for widget in self.query("*") if hasattr(type(widget), "lang")]

    def _views(self) -> dict[str, Widget]:
        return {
            "text": self.query_one(ReaderPane),
            "contents": self.query_one(ContentsPane),
            "exercise": self.query_one(ExercisePane),
            "quiz": self.query_one(QuizPane),
            "lab": self.query_one("#lab"),
        }

    def _arrange(self) -> None:
        if self.pane in MIDDLE:
            self._middle = self.pane
        wide = self.wide
        for name, view in self._views().items():
            beside = name in ("contents", "lab") or name == self._middle
            view.display = beside if wide else name == self.pane
            view.set_class(name in MIDDLE, "middle")
        self.query_one(TabLine).display = not wide

    def on_descendant_focus(self, event: DescendantFocus) -> None:
        """The pane with the focus is the one that stays when the window gets narrow."""
        for name, view in self._views().items():
            if view in event.widget.ancestors_with_self:
                self.pane = name

    def action_show(self, name: str) -> None:
        """Open a pane and give it the keys."""
        self.pane = name
        view = self._views()[name]
        if isinstance(view, QuizPane | ExercisePane):
            view.enter()
        elif name == "lab":
            for child in view.children:
                child.focus()
        else:
            view.focus()

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
        if not self.query_one(Ribbon).skip():
            self.action_show("text")

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "show" and parameters == (self.pane,) and self.focused is not None:
            return self._views()[self.pane] not in self.focused.ancestors_with_self
        return not (action in ("show", "pane", "back") and too_small(self.size))
