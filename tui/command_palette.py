"""The command palette, and the table of keys that help shows; both say what there is to do."""

from collections.abc import Iterable
from functools import partial
from typing import TYPE_CHECKING, Any

from textual.app import App, SystemCommand
from textual.binding import Binding
from textual.command import DiscoveryHit, Hit, Hits, Provider
from textual.content import Content
from textual.dom import DOMNode
from textual.widget import Widget

from tui.formatting.text_layout import plain
from tui.key_names import key_name
from tui.locale import say
from tui.screens.lesson import PANES
from tui.views.view import PLACES
from tui.widgets.key_footer import label

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from lessons.course import Lang
    from tui.screens.laboratory import Laboratory
    from tui.screens.lesson import LessonScreen
    from tui.screens.progress import ProgressScreen


class Commands(Provider):
    """What `get_system_commands` of the app names; titles of lessons are plain text."""

    async def discover(self) -> Hits:
        for title, about, run, _ in self.app.get_system_commands(self.screen):
            yield DiscoveryHit(Content(title), run, text=title, help=about)

    async def search(self, query: str) -> Hits:
        matcher = self.matcher(query)
        for title, about, run, _ in self.app.get_system_commands(self.screen):
            score = matcher.match(title)
            if score > 0:
                yield Hit(score, matcher.highlight(title), run, text=title, help=about)


def lesson_commands(screen: "LessonScreen") -> Iterable[SystemCommand]:
    """The panes of the lesson, then every lesson and section."""
    lang, course = screen.lang, screen.session.course
    for name in PANES:
        title = say(lang, "palette.go", name=say(lang, f"tab.{name}"))
        yield SystemCommand(title, say(lang, "palette.go.help"), partial(screen.action_show, name))
    for track in course.tracks if course else ():
        for lesson in track.lessons:
            title = plain(say(lang, "palette.lesson", n=lesson.number, title=lesson.title[lang]))
            yield SystemCommand(title, plain(track.title[lang]), partial(screen.go, "lesson", lesson.id))
            for section in lesson.sections:
                title = plain(say(lang, "palette.section", title=section.title[lang]))
                go = partial(screen.go, "section", lesson.id, section.id)
                yield SystemCommand(title, plain(lesson.title[lang]), go)


def laboratory_commands(laboratory: "Laboratory") -> Iterable[SystemCommand]:
    """What can be done at the bench in front, then the other benches."""
    lang, bench = laboratory.lang, laboratory.bench
    here = say(lang, f"view.{laboratory.place}") if laboratory.place else ""
    for title, action in bench.palette().items() if bench is not None else ():
        yield SystemCommand(title, here, partial(bench.run_action, action) if bench else laboratory.action_leave)
    three_way = say(lang, "key.view.three-way"), say(lang, "view.three-way.help")
    yield SystemCommand(*three_way, laboratory.action_three_way)
    for name in PLACES:
        title = say(lang, "palette.go", name=say(lang, f"view.{name}"))
        yield SystemCommand(title, say(lang, f"view.{name}.help"), partial(laboratory.action_show, name))
    yield SystemCommand(say(lang, "palette.classroom"), say(lang, "palette.go.help"), laboratory.action_leave)


def progress_commands(lang: "Lang", show: "Callable[[str], Awaitable[None]]") -> Iterable[SystemCommand]:
    """The parts of the progress page."""
    from tui.screens.progress import PARTS

    for part in PARTS:
        title = say(lang, "palette.progress", part=say(lang, f"progress.part.{part}"))
        yield SystemCommand(title, say(lang, "palette.progress.help"), partial(show, part))


Groups = list[tuple[str, list[tuple[str, str]]]]


def key_groups(lang: "Lang", app: type[App[Any]], over: "Laboratory | ProgressScreen | None" = None) -> Groups:
    """(place, [(keys, what they do)]) for every binding of ours, straight from the classes that hold them.

    Of the laboratory, and of the progress page, which lie `over` the lesson, those of what is in front; else those of
    the lesson.
    """
    from tui.panes.contents import ContentsPane
    from tui.panes.exercise import ExercisePane
    from tui.panes.lab.pane import LabPane
    from tui.panes.quiz import QuizPane
    from tui.panes.reader import ReaderPane
    from tui.screens.lesson import LessonScreen
    from tui.widgets.page import PagePane

    everywhere = [binding for holder in app.__mro__ if holder.__module__.startswith("tui.") for binding in _own(holder)]
    if over is not None:
        front, name, whole = over.in_front
        groups = [(name, _bindings_within(front))] if front is not None else []
        groups += [(whole, _own(type(over))), ("help.everywhere", everywhere)]
        return [(say(lang, place), _rows(bindings, lang)) for place, bindings in groups if bindings]
    places: dict[str, type[DOMNode]] = {
        "page": PagePane,
        "read": ReaderPane,
        "contents": ContentsPane,
        "quiz": QuizPane,
        "exercise": ExercisePane,
        "lab": LabPane,
    }
    groups = [("help.everywhere", everywhere), ("help.go", _own(LessonScreen))]
    groups += [(f"help.{place}", _own(holder)) for place, holder in places.items()]
    return [(say(lang, place), _rows(bindings, lang)) for place, bindings in groups]


def _own(holder: type[DOMNode]) -> list[Binding]:
    return [binding for binding in holder.__dict__.get("BINDINGS", ()) if isinstance(binding, Binding)]


def _bindings_within(widget: Widget) -> list[Binding]:
    """Those of a bench and of everything on it, each once."""
    found: dict[str, Binding] = {}
    for node in (widget, *widget.walk_children()):
        for holder in type(node).__mro__:
            if holder.__module__.startswith("tui."):
                found.update({b.id: b for b in _own(holder) if b.id and b.id not in found})
    return list(found.values())


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
