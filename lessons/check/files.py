"""Files of a course that nothing refers to: forgotten, misspelt, or not meant to be published."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from lessons.check.desk import TEXTS, Desk
from lessons.check.ids import FILE
from lessons.check.problems import Problem
from lessons.figures import FOLDER
from lessons.load import SOURCE
from lessons.model import LANGS


def check_files(root: Path, tracks: Sequence[str], lessons: Sequence[str], desks: Sequence[Desk]) -> Iterator[Problem]:
    """Everything below `root` that neither the course, a track (by folder) nor a lesson (by id) refers to.

    Of lessons that could not be loaded only the folder is known, so their files and the figures are not judged.
    """
    yield from _others(root, {"course.toml", FILE, FOLDER, *tracks}, "course.toml")
    if len(desks) == len(lessons):
        structures = (desk.source("lesson.toml").toml().data for desk in desks)
        figures = {f"{name}.json" for data in structures for name in _named(data, "figure")}
        yield from _others(root / FOLDER, figures, "no lesson.toml")
    for track in tracks:
        own = {id.partition("/")[2] for id in lessons if id.startswith(f"{track}/")}
        yield from _others(root / track, {"track.toml", *own}, f"{track}/track.toml")
    for desk in desks:
        named = set(_named(desk.source("lesson.toml").toml().data, "file"))
        folders = {file.parent.name for name in named for file in desk.folder.glob(f"*/{name}")} - set(LANGS)
        yield from _others(desk.folder, {"lesson.toml", *LANGS, *folders}, "the format")
        for folder in folders:
            yield from _others(desk.folder / folder, named, "lesson.toml")
        texts = {"lesson.md", *TEXTS[: 1 if desk.lesson.exercise is None else 2]}
        for lang in desk.langs:
            own = texts if lang == SOURCE else {*texts, "source.toml"}
            yield from _others(desk.folder / lang, own, "the format")


def _named(data: object, wanted: str) -> Iterator[str]:
    """Every text under the key `wanted`, however deep it stands."""
    if isinstance(data, Mapping):
        for key, value in data.items():
            if key == wanted and isinstance(value, str):
                yield value
            yield from _named(value, wanted)
    elif isinstance(data, list):
        for item in data:
            yield from _named(item, wanted)


def _others(folder: Path, known: set[str], by: str) -> Iterator[Problem]:
    if not folder.is_dir():
        return
    for path in sorted(folder.iterdir()):
        passing = path.name.startswith(".") or path.name.endswith(("~", ".swp")) or path.name == "__pycache__"
        if path.name not in known and not passing:
            noun = "folder" if path.is_dir() else "file"
            what = f"{by} knows no {noun} of this name"
            yield Problem(path, 1, "unlisted", what, "refer to it, or take it away")
