"""The command palette, and the table of keys that help shows; both say what there is to do."""

from collections.abc import Callable, Iterable
from functools import partial
from typing import TYPE_CHECKING, Any

from textual.binding import Binding
from textual.command import DiscoveryHit, Hit, Hits, Provider
from textual.content import Content

from tui.keys import key_name
from tui.typeset import plain
from tui.widgets.keyline import label
from tui.widgets.tabs import PANES
from tui.words import say

if TYPE_CHECKING:
    from lessons.model import Lang
    from tui.app import LowrankApp

Command = tuple[str, str, Callable[[], Any]]


class Places(Provider):
    """Sections, panes and settings; titles of lessons are plain text."""

    async def discover(self) -> Hits:
        for title, about, run in self._commands():
            yield DiscoveryHit(Content(title), run, text=title, help=about)

    async def search(self, query: str) -> Hits:
        matcher = self.matcher(query)
        for title, about, run in self._commands():
            score = matcher.match(title)
            if score > 0:
                yield Hit(score, matcher.highlight(title), run, text=title, help=about)

    def _commands(self) -> Iterable[Command]:
        from tui.app import LowrankApp

        app = self.app
        assert isinstance(app, LowrankApp)
        lang, room = app.lang, app.room
        for name in PANES:
            title = say(lang, "palette.go", name=say(lang, f"tab.{name}"))
            yield title, say(lang, "palette.go.help"), partial(room.action_show, name)
        yield from self._lessons(app)
        for name, run in (
            ("language", app.action_language),
            ("theme", app.action_theme),
            ("help", app.action_help),
            ("files", app.action_where),
            ("quit", app.action_quit),
        ):
            yield say(lang, f"palette.{name}"), say(lang, f"palette.{name}.help"), run

    def _lessons(self, app: "LowrankApp") -> Iterable[Command]:
        lang, room, course = app.lang, app.room, app.study.course
        for track in course.tracks if course else ():
            for lesson in track.lessons:
                title = plain(say(lang, "palette.lesson", n=lesson.number, title=lesson.title[lang]))
                yield title, plain(track.title[lang]), partial(room.go, "lesson", lesson.id)
                for section in lesson.sections:
                    title = plain(say(lang, "palette.section", title=section.title[lang]))
                    yield title, plain(lesson.title[lang]), partial(room.go, "section", lesson.id, section.id)


def key_groups(lang: "Lang") -> list[tuple[str, list[tuple[str, str]]]]:
    """(place, [(keys, what they do)]) for every binding of ours, straight from the classes that hold them."""
    from tui.app import LowrankApp
    from tui.labroom.pane import LabPane
    from tui.panes.contents import ContentsPane
    from tui.panes.exercise import ExercisePane
    from tui.panes.page import PagePane
    from tui.panes.quiz import QuizPane
    from tui.panes.reader import ReaderPane
    from tui.screens.classroom import Classroom

    places = {
        "everywhere": LowrankApp.BINDINGS,
        "go": Classroom.BINDINGS,
        "page": PagePane.BINDINGS,
        "read": ReaderPane.BINDINGS,
        "contents": ContentsPane.BINDINGS,
        "quiz": QuizPane.BINDINGS,
        "exercise": ExercisePane.BINDINGS,
        "lab": LabPane.BINDINGS,
    }
    return [
        (say(lang, f"help.{place}"), _rows([b for b in bindings if isinstance(b, Binding)], lang))
        for place, bindings in places.items()
    ]


def _rows(bindings: list[Binding], lang: "Lang") -> list[tuple[str, str]]:
    """One row for each thing that can be done, with all its keys; one key that does several things has one row."""
    keys_of: dict[str, list[str]] = {}
    for binding in bindings:
        text = say(lang, "help.options") if str(binding.id).startswith("quiz.option-") else label(binding, lang)
        keys = [key_name(key) for key in binding.key.split(",") if key.isascii()]
        keys_of.setdefault(text, []).extend(key for key in keys if key not in keys_of.get(text, []))
    rows: dict[str, list[str]] = {}
    for text, keys in keys_of.items():
        rows.setdefault(" ".join(_range(keys)), []).append(text)
    return [(keys, " · ".join(texts)) for keys, texts in rows.items()]


def _range(keys: list[str]) -> list[str]:
    return ["1–9"] if keys == [str(n) for n in range(1, 10)] else keys
