"""Records which English text a translation was made from: python -m lessons.translation_status LESSON [SECTION …]."""

import sys
from pathlib import Path

from lessons.course import LANGS, ContentError
from lessons.loader import BUNDLED, SOURCE, load_lesson, translations


def stamp(folder: Path, track: str, sections: frozenset[str]) -> None:
    """Writes source.toml for every translation of the lesson in `folder`.

    `sections` names those whose translation is now up to date; none means all. What is recorded for
    the others stays. Raises ContentError for a section that the lesson has not.
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
        head = "# The English text that each section was translated from; written by `lowrank stamp`\n"
        (folder / lang / "source.toml").write_text(f"{head}[sections]\n{''.join(lines)}", encoding="utf-8")


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(
            "usage: python -m lessons.translation_status LESSON [SECTION …], for example lora/why-lora the-arithmetic"
        )
    path = BUNDLED / sys.argv[1]
    try:
        stamp(path, path.parent.name, frozenset(sys.argv[2:]))
    except ContentError as error:
        sys.exit(str(error))
