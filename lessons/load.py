"""From the files of a course to its values."""

from pathlib import Path

from lessons.model import Course, Lesson

BUNDLED = Path(__file__).parent / "tracks"


def load_course(root: Path = BUNDLED) -> Course:
    """Every track under `root`; ContentError names the file and line that cannot be used."""
    raise NotImplementedError


def load_lesson(folder: Path, track: str) -> Lesson:
    """The lesson in `folder`, as part of the track with this id; raises ContentError."""
    raise NotImplementedError


def stale_sections(lesson: Lesson) -> frozenset[str]:
    """Ids of the sections whose translation was made from another English text than today's."""
    raise NotImplementedError
