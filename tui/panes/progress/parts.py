"""The parts of the progress page that are only read."""

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.message import Message

from tui.formatting.text_layout import Lines, styled
from tui.key_bindings import bind
from tui.locale import say
from tui.panes.progress import (
    achievements,
    overview,
    points,
)
from tui.widgets.data_grid import DataGrid
from tui.widgets.lines import LinesView
from tui.widgets.page import PagePane

if TYPE_CHECKING:
    from lessons.course import Lang
    from tui.session import LearnerSession


class ReadPane(PagePane):
    """One page of lines, set anew when what they tell has changed."""

    def __init__(self, session: "LearnerSession", lang: "Lang", id: str, lines: Callable[[int], Lines]) -> None:
        super().__init__(id=id)
        self.session, self.lang = session, lang
        self._view = LinesView(lines)

    def on_mount(self) -> None:
        self.page.mount(self._view)

    def show(self, lang: "Lang") -> None:
        """Tell what is so now."""
        self.lang = lang
        self._view.redraw()


class OverviewPane(ReadPane):
    """`due` is the number of questions to review today."""

    due = 0

    def __init__(self, session: "LearnerSession", lang: "Lang", id: str) -> None:
        super().__init__(session, lang, id, self.lines)

    def lines(self, width: int) -> Lines:
        from store.progress import calibration

        progress, course, lang = self.session.progress, self.session.course, self.lang
        lines = [] if self.session.points_hidden else overview.level(progress, lang, width)
        if course is not None:
            lines += overview.done(course, progress, self.due, lang, width)
        lines += overview.days(progress.days, datetime.now().astimezone().date(), lang, width)
        return lines + overview.sure(calibration(progress.questions.values()), lang, width)


class AchievementsPane(ReadPane):
    """The achievements."""

    def __init__(self, session: "LearnerSession", lang: "Lang", id: str) -> None:
        super().__init__(session, lang, id, self.lines)

    def lines(self, width: int) -> Lines:
        return achievements.lines(self.session.progress, self.lang, width)


class PointsGrid(DataGrid):
    """Enter opens what is under the cursor, and the key line says so."""

    BINDINGS: ClassVar[list[BindingType]] = [
        bind("enter,space", "choose", "points.open", show=True, key_display="Enter")
    ]


class PointsPane(Vertical):
    """Every point in a table that opens by lesson, and under it the whole story of the line under the cursor."""

    BINDINGS: ClassVar[list[BindingType]] = [
        bind("left", "fold(False)", "points.close"),
        bind("right", "fold(True)", "points.unfold"),
    ]

    class Asked(Message):
        """Something that earns points is to be gone to: `kind` is section, question, exercise or run."""

        def __init__(self, kind: str, item: str) -> None:
            super().__init__()
            self.kind, self.item = kind, item

    def __init__(self, session: "LearnerSession", lang: "Lang", id: str) -> None:
        super().__init__(id=id)
        self.session, self.lang = session, lang
        self._groups: list[points.Group] = []
        self._opened: set[str] = set()

    def compose(self) -> ComposeResult:
        yield LinesView(self._head, classes="head")
        yield PointsGrid(markable=False)
        yield LinesView(self._told, classes="told")

    def enter(self) -> None:
        """Take the keys; the lesson one is in lies open at first."""
        if not self._opened:
            self.show(self.lang)
            keys = [group.key for group in self._groups]
            here = self.session.progress.last_lesson
            self._opened = {here} if here in keys else set(keys[:1])
            self.show(self.lang)
        self.query_one(DataGrid).focus()

    def show(self, lang: "Lang") -> None:
        """Tell what is so now."""
        self.lang = lang
        course = self.session.course
        self._groups = points.groups(course, self.session.progress, lang) if course else []
        empty = styled(say(lang, "points.empty"), "$text-muted")
        self.query_one(DataGrid).show(points.columns(lang), points.rows(self._groups, self._opened, lang), empty)
        for view in self.query(LinesView):
            view.redraw()

    def _head(self, width: int) -> Lines:
        total = sum(group.worth for group in self._groups)
        return points.head(self.session.progress, total, self.lang, width)

    def _told(self, width: int) -> Lines:
        kind, _, item = self.query_one(DataGrid).cursor_key.partition(":") if self.is_mounted else ("", "", "")
        found = (point for group in self._groups for point in group.points)
        point = next((each for each in found if (each.kind, each.item) == (kind, item)), None)
        return points.explained(point, self.lang, width) if point else points.rules(self.lang, width)

    def on_data_grid_highlighted(self, event: DataGrid.Highlighted) -> None:
        event.stop()
        self.query_one(".told", LinesView).redraw()

    def on_data_grid_chosen(self, event: DataGrid.Chosen) -> None:
        """Open or close a lesson; from a line within one, go to what it is about."""
        event.stop()
        kind, _, item = self.query_one(DataGrid).cursor_key.partition(":")
        if kind == "group":
            self._opened ^= {item}
            self.show(self.lang)
        elif kind:
            self.post_message(self.Asked(kind, item))

    def action_fold(self, out: bool) -> None:
        """Open the lesson under the cursor, or close the one the cursor is in."""
        grid = self.query_one(DataGrid)
        kind, _, item = grid.cursor_key.partition(":")
        within = (group.key for group in self._groups if any(point.item == item for point in group.points))
        key = item if kind == "group" else next(within, "")
        if out:
            self._opened.add(key)
        else:
            self._opened.discard(key)
            grid.go_to(f"group:{key}")
        self.show(self.lang)
