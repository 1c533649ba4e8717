"""`lowrank read`: a lesson as plain text."""

from typing import Annotated

from typer import Argument, Option

import i18n
from lab.errors import LabError
from tui.cli.common import Json, say, write, write_text
from tui.cli.completion import lesson_ids


def read(
    lesson: Annotated[str, Argument(help="Lesson id, for example lora/why-lora.", autocompletion=lesson_ids)] = "",
    lang: Annotated[str, Option(help=f"The language: {', '.join(i18n.languages())}.")] = "en",
    as_json: Json = False,
) -> int:
    """Print a lesson as plain text; without an id, list the lessons."""
    from lessons.course import LANGS
    from lessons.loader import load_course
    from tui.formatting.lesson_text import lesson_text

    language = next((known for known in LANGS if known == lang), None)
    if language is None:
        raise LabError(f"unknown language {lang!r}", where="--lang", remedy=f"give {' or '.join(LANGS)}", usage=True)
    course = load_course()
    found = {each.id: each for track in course.tracks for each in track.lessons}
    if lesson and lesson not in found:
        raise LabError(f"no lesson {lesson!r}", remedy=f"there are {', '.join(found)}", usage=True)
    if not lesson:
        rows = [{"lesson": k, "title": v.title[language], "minutes": v.minutes} for k, v in found.items()]
        if as_json:
            say({"lessons": rows})
        for row in [] if as_json else rows:
            write(f"{row['lesson']}  {row['title']}  ~{row['minutes']} min")
        return 0
    text = lesson_text(found[lesson], language)
    say({"lesson": lesson, "lang": lang, "text": text}) if as_json else write_text(text)
    return 0
