"""Files of a course that nothing refers to: forgotten, misspelt, or not meant to be published."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from lessons.charts import FILE as DRAWN
from lessons.course import LANGS, Repair
from lessons.figures import FOLDER
from lessons.loader import SOURCE
from lessons.validation.ids import FILE
from lessons.validation.lesson_files import TEXTS, LoadedLesson
from lessons.validation.problems import Problem


def check_files(
    root: Path, tracks: Sequence[str], lessons: Sequence[str], all_loaded: Sequence[LoadedLesson]
) -> Iterator[Problem]:
    """Everything below `root` that neither the course, a track (by folder) nor a lesson (by id) refers to.

    Of lessons that could not be loaded only the folder is known, so their files and the figures are not judged.
    """
    yield from _others(root, {"course.toml", FILE, FOLDER, *tracks}, "course.toml")
    if len(all_loaded) == len(lessons):
        structures = (loaded.source("lesson.toml").toml().data for loaded in all_loaded)
        figures = {f"{name}.json" for data in structures for name in _named(data, "figure")}
        yield from _others(root / FOLDER, figures, "no lesson.toml")
    for track in tracks:
        own = {id.partition("/")[2] for id in lessons if id.startswith(f"{track}/")}
        yield from _others(root / track, {"track.toml", *own}, f"{track}/track.toml")
    for loaded in all_loaded:
        structure = loaded.source("lesson.toml").toml()
        named = set(_named(structure.data, "file"))
        folders = {file.parent.name for name in named for file in loaded.folder.glob(f"*/{name}")} - set(LANGS)
        repairs = set(_repairs(loaded))
        folders |= {"data"} if repairs else set()
        yield from _others(loaded.folder, {"lesson.toml", *LANGS, *folders}, "the format")
        for folder in folders:
            yield from _others(loaded.folder / folder, named | repairs, "lesson.toml")
        absent = {"exercise.toml": loaded.lesson.exercise is None}
        absent[DRAWN] = not structure.has("bars") and not structure.has("charts")
        texts = {"lesson.md", *(name for name in TEXTS if not absent.get(name))}
        for lang in loaded.langs:
            own = texts if lang == SOURCE else {*texts, "source.toml"}
            yield from _others(loaded.folder / lang, own, "the format")


def _repairs(loaded: LoadedLesson) -> Iterator[str]:
    """The folders in data/ that the exercise has repaired, and those that show how."""
    for step in loaded.lesson.exercise.steps if loaded.lesson.exercise else ():
        if isinstance(step, Repair):
            yield from (step.broken.name, step.repaired.name)


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
