"""Records which English text a translation was made from (`source.toml` beside each translation)."""

from pathlib import Path

from lessons.course import LANGS, ContentError
from lessons.loader import SOURCE, load_lesson, translations


def mark_translated(folder: Path, track: str, sections: frozenset[str]) -> None:
    """Write source.toml for every translation of the lesson in `folder`.

    `sections` names the sections whose translation is now up to date; none means all. The records of the others stay.
    Raises ContentError for a section that the lesson does not have.
    """
    lesson = load_lesson(folder, track)
    today = {section.id.partition("#")[2]: section.source_hash for section in lesson.sections}
    if unknown := sections - today.keys():
        raise ContentError(folder / "lesson.toml", 1, f"there is no section {min(unknown)!r}")
    before = translations(folder)
    for lang in LANGS:
        if lang == SOURCE or not (folder / lang).is_dir():
            continue
        recorded = {**before.get(lang, {}), **{id: today[id] for id in sections or today}}
        lines = [f'{id} = "{recorded[id]}"\n' for id in today if id in recorded]
        head = "# The English text that each section was translated from; written by `lowrank mark-translated`\n"
        (folder / lang / "source.toml").write_text(f"{head}[sections]\n{''.join(lines)}", encoding="utf-8")
