"""A new lesson: a skeleton in every language, which the check accepts but for what is marked TODO."""

import os
import re
import shutil
import tomllib
from pathlib import Path

from lessons.content_file import Source
from lessons.course import ContentError
from lessons.translation_status import mark_translated

SKELETON = Path(__file__).parent / "skeleton"
_NAME = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")


def new_lesson(root: Path, track: str, name: str) -> Path:
    """Makes the lesson TRACK/NAME below `root`, and the course and the track where they are not there yet.

    Returns its folder. Raises ContentError, and changes nothing, when it is there or a list cannot be added to.
    """
    folder, course_file, track_file = root / track / name, root / "course.toml", root / track / "track.toml"
    for part in (track, name):
        if not _NAME.fullmatch(part):
            raise ContentError(folder, 1, f"{part!r} must be lower-case words joined by '-'")
    if folder.exists():
        raise ContentError(folder, 1, "is there already")
    course = Source(course_file).text if course_file.exists() else "total_lessons = 1\ntracks = []\n"
    own = f'id = "{track}"\nplanned = 1\nlessons = []\n\n[title]\nen = "TODO: {track}"\nko = "TODO: {track} 트랙"\n'
    own = _appended(track_file, Source(track_file).text if track_file.exists() else own, "lessons", name)
    if not track_file.exists():
        course = _appended(course_file, course, "tracks", track)
    number = len(tomllib.loads(own)["lessons"])
    try:
        shutil.copytree(SKELETON, folder, ignore=shutil.ignore_patterns("__pycache__"))
        structure = (folder / "lesson.toml").read_text(encoding="utf-8")
        structure = structure.replace("NAME", name).replace("TRACK", track).replace("number = 1", f"number = {number}")
        (folder / "lesson.toml").write_text(structure, encoding="utf-8", newline="\n")
        mark_translated(folder, track, frozenset())
        _replace(track_file, _at_least(own, "planned", number))
        _replace(course_file, _at_least(course, "total_lessons", _planned(root, course)))
    except OSError:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return folder


def _replace(file: Path, text: str) -> None:
    """The new text whole, or the old one."""
    draft = file.with_name(f".{file.name}.new")
    try:
        draft.write_text(text, encoding="utf-8", newline="\n")
        os.replace(draft, file)
    finally:
        draft.unlink(missing_ok=True)


def _appended(file: Path, text: str, key: str, value: str) -> str:
    """`text` with `value` at the end of the list `key`; what else stands in it stays as it was written."""
    match = re.search(rf"^{key}\s*=\s*\[([^\]]*)\]", text, flags=re.MULTILINE)
    if match:
        inside = match[1].rstrip()
        written = re.sub(r"#.*", "", inside).rstrip()
        between = "," if written and not written.endswith(",") else ""
        space = "\n    " if "\n" in match[1] else " " if inside else ""
        end = "\n" if "\n" in match[1] else ""
        changed = f'{text[: match.start(1)]}{inside}{between}{space}"{value}"{end}{text[match.end(1) :]}'
        try:
            if tomllib.loads(changed)[key] == [*tomllib.loads(text)[key], value]:
                return changed
        except tomllib.TOMLDecodeError:
            pass
    raise ContentError(file, 1, f'cannot be added to; write "{value}" into its list {key!r} yourself')


def _at_least(text: str, key: str, value: int) -> str:
    def more(match: re.Match[str]) -> str:
        return f"{match[1]}{max(int(match[2]), value)}"

    return re.sub(rf"^({key}\s*=\s*)(\d+)", more, text, count=1, flags=re.MULTILINE)


def _planned(root: Path, course: str) -> int:
    files = (root / track / "track.toml" for track in tomllib.loads(course)["tracks"])
    return sum(int(tomllib.loads(file.read_text(encoding="utf-8"))["planned"]) for file in files)
