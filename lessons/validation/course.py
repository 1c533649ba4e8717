"""The check of a whole course: every lesson by itself, then what only shows when they stand together."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from lessons.content_file import Source
from lessons.course import ContentError
from lessons.loader import load_course, load_lesson
from lessons.validation.answers import check_answers
from lessons.validation.code import check_code
from lessons.validation.ids import check_ids
from lessons.validation.languages import check_languages
from lessons.validation.layout_rules import check_fit
from lessons.validation.lesson_files import LoadedLesson, Tools, line_of
from lessons.validation.problems import Problem
from lessons.validation.text import check_text, todos
from lessons.validation.unused_files import check_files

REMEDY = "docs/authoring.md describes the format"


@dataclass(frozen=True)
class Report:
    """Problems in the order of files and lines; `loaded` are the lessons that could be loaded, in course order."""

    root: Path
    problems: tuple[Problem, ...]
    loaded: tuple[LoadedLesson, ...]

    @property
    def errors(self) -> int:
        return sum(problem.severity == "error" for problem in self.problems)

    @property
    def warnings(self) -> int:
        return len(self.problems) - self.errors


def find_root(folder: Path) -> Path | None:
    """The course that `folder` is, or lies in; None where there is none."""
    folder = folder.absolute()
    return next((each for each in (folder, *folder.parents) if (each / "course.toml").is_file()), None)


def check_course(root: Path, tools: Tools) -> Report:
    """Everything that is wrong with the course in `root`."""
    found: list[Problem] = []
    all_loaded: list[LoadedLesson] = []
    tracks, lessons = _names(root, found)
    for id in lessons:
        folder = root / id
        try:
            all_loaded.append(LoadedLesson(folder, load_lesson(folder, id.partition("/")[0]), tools))
        except ContentError as error:
            found.append(_content(error))
    loaded_ids = [loaded.lesson.id for loaded in all_loaded]
    broken = [id for id in lessons if id not in loaded_ids]
    order = list(check_order(all_loaded, lessons))
    found += order
    if not broken and not order:
        found += _asked(lambda: _whole(root))
    for loaded in all_loaded:
        for check in (check_text, check_languages, check_answers, check_fit):
            found += _asked(lambda check=check, loaded=loaded: check(loaded))  # type: ignore[misc]
    found += _asked(lambda: check_code(all_loaded))
    found += _asked(lambda: check_ids(root, all_loaded, broken))
    found += _asked(lambda: check_files(root, tracks, lessons, all_loaded))
    return Report(root, tuple(sorted(set(found))), tuple(all_loaded))


def check_order(all_loaded: Sequence[LoadedLesson], order: Sequence[str]) -> Iterator[Problem]:
    """Prerequisites that are no lesson, lead back to where they started, or come later in the course."""
    needs = {loaded.lesson.id: loaded.lesson.prerequisites for loaded in all_loaded}
    for loaded in all_loaded:
        id = loaded.lesson.id
        for wanted in loaded.lesson.prerequisites:
            near = ("prerequisites", f'"{wanted}"')
            if wanted not in order:
                what, remedy = f"there is no lesson {wanted!r}", f"there are {', '.join(order)}"
            elif circle := _circle(needs, id, wanted):
                what, remedy = f"the prerequisites go in a circle: {' → '.join(circle)}", "take one of them away"
            elif order.index(wanted) >= order.index(id):
                what, remedy = f"the prerequisite {wanted!r} comes after this lesson", "order the lessons differently"
            else:
                continue
            yield loaded.in_structure("prerequisite", near, what, remedy)


def _circle(needs: dict[str, tuple[str, ...]], start: str, first: str) -> list[str]:
    """The way from `start` over `first` back to `start`; empty when there is none."""
    ways = [[start, first]]
    seen = set()
    while ways:
        way = ways.pop()
        if way[-1] == start:
            return way
        if way[-1] not in seen:
            seen.add(way[-1])
            ways += [[*way, wanted] for wanted in needs.get(way[-1], ())]
    return []


def _names(root: Path, found: list[Problem]) -> tuple[list[str], list[str]]:
    """Folders of tracks and ids of lessons, as course.toml and every track.toml name them."""
    tracks: list[str] = []
    lessons: list[str] = []
    try:
        tracks += Source(root / "course.toml", root).toml().names("tracks")
    except ContentError as error:
        found.append(_content(error))
    for track in tracks:
        try:
            source = Source(root / track / "track.toml", root)
            lessons += [f"{track}/{name}" for name in source.toml().names("lessons")]
            found += todos(source)
        except ContentError as error:
            found.append(_content(error))
    return tracks, lessons


def _whole(root: Path) -> Iterator[Problem]:
    """What only the loader of a whole course notices, such as a lesson that says it is number 3 and is not."""
    course = load_course(root)
    planned = sum(track.planned for track in course.tracks)
    if planned > course.total_lessons:
        source = Source(root / "course.toml", root)
        what = f"the tracks plan {planned} lessons, and the course has {course.total_lessons}"
        yield Problem(source.file, line_of(source, ("total_lessons",)), "content", what, f"write {planned}")


def _asked(check: Callable[[], Iterator[Problem]]) -> list[Problem]:
    """What a check finds; a file that it cannot read is a problem itself."""
    found: list[Problem] = []
    try:
        for problem in check():
            found.append(problem)
    except ContentError as error:
        found.append(_content(error))
    return found


def _content(error: ContentError) -> Problem:
    return Problem(error.file, error.line, "content", error.message, REMEDY)
