"""Ids are for ever, since progress hangs on them: a list of all that were ever published lies beside the course."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from lessons.content_file import Source
from lessons.course import Lesson, Selection
from lessons.validation.lesson_files import LoadedLesson, local
from lessons.validation.problems import Problem

FILE = "ids.txt"
HEAD = """\
# Every id that was ever published. Learners' progress hangs on these names: none may go or come to mean something else.
# `lowrank check --add-ids` adds the new ones of published lessons at the end; nothing takes one away.
"""


def ids_of(lesson: Lesson) -> Iterator[str]:
    """What progress is kept under: lesson, sections, questions, exercise, steps, and what these let one choose."""
    yield lesson.id
    yield from (section.id for section in lesson.sections)
    for question in lesson.questions:
        yield question.id
        yield from (f"{question.id}/{option.id}" for option in question.options)
    if lesson.exercise is not None:
        yield lesson.exercise.id
        for step in lesson.exercise.steps:
            yield f"{lesson.exercise.id}/{step.id}"
            if isinstance(step, Selection):
                yield from (f"{lesson.exercise.id}/{step.id}/{option.id}" for option in step.options)


def listed(root: Path) -> dict[str, int]:
    """The ids of the list, and the line that each stands on; none where there is no list."""
    file = root / FILE
    if not file.exists():
        return {}
    lines = (line.partition("#")[0] if line.startswith("#") else line for line in Source(file).text.split("\n"))
    return {line.strip(): number for number, line in enumerate(lines, 1) if line.strip()}


def check_ids(root: Path, all_loaded: Sequence[LoadedLesson], unreadable: Sequence[str]) -> Iterator[Problem]:
    """Ids that vanished, and published ones that are not in the list; `unreadable` lessons are not judged."""
    known = listed(root)
    today = {id for loaded in all_loaded for id in ids_of(loaded.lesson)}
    for id, line in known.items():
        if id not in today and not any(_belongs(id, lesson) for lesson in unreadable):
            what = f"the id {id!r} was published, and the course no longer has it"
            yield Problem(root / FILE, line, "id", what, "give it back its name: learners' progress hangs on it")
    for loaded in all_loaded:
        new = [id for id in ids_of(loaded.lesson) if id not in known] if loaded.lesson.status == "published" else []
        if new:
            named = ", ".join(new[:3]) + (f" and {len(new) - 3:,} more" if len(new) > 3 else "")
            what = f"{'ids' if len(new) > 1 else 'an id'} of a published lesson not yet in {FILE}: {named}"
            remedy = "when they are final, `lowrank check --add-ids` writes them down for good"
            yield loaded.in_structure("id", _place(new[0]), what, remedy)


def add_ids(root: Path, lessons: Sequence[Lesson]) -> tuple[str, ...]:
    """Adds the ids of published lessons that the list lacks to its end, and returns them."""
    known = listed(root)
    new = [id for lesson in lessons if lesson.status == "published" for id in ids_of(lesson) if id not in known]
    if new:
        file = root / FILE
        before = file.read_text(encoding="utf-8") if file.exists() else HEAD
        text = before + ("" if before.endswith("\n") else "\n") + "".join(f"{id}\n" for id in new)
        file.write_text(text, encoding="utf-8", newline="\n")
    return tuple(new)


def _belongs(id: str, lesson: str) -> bool:
    return id == lesson or (id.startswith(lesson) and id[len(lesson)] in "#?!")


def _place(id: str) -> tuple[str, ...]:
    """Words that stand near an id in lesson.toml."""
    name = f'"{local(id)}"'
    if "#" in id:
        return ("sections", name)
    for sign, table in (("?", "[[questions]]"), ("!", "[exercise]")):
        if sign in id:
            parts = id.partition(sign)[2].split("/")
            return (table, *(f'"{part}"' for part in parts))
    return ("id =", name)
