"""docs/authoring.md and the loader name the same keys, files and values."""

import re
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest

from lessons.content_file import Table
from lessons.course import AFTER, CHOICE_NAMES, COUNTED, DEEDS, LANGS, MEASURED, TOLD
from lessons.exercises import SHAPE_NAMES, STEP_KINDS
from lessons.loader import BUNDLED, load_course
from lessons.questions import KINDS
from lessons.series import TAKES
from lessons.skeleton_lesson import new_lesson
from lessons.text import FEEDBACK_NAMES

ROOT = Path(__file__).parents[2]
DOC = (ROOT / "docs" / "authoring.md").read_text(encoding="utf-8")
TASKS = ROOT / "tests" / "tui" / "tasks"
"""Has every kind of step that an exercise may have."""
DEMO = ROOT / "tests" / "tui" / "tracks"
"""Has every kind of question there is."""
DRAWN = ROOT / "tests" / "lessons" / "drawn"
"""Quotes and draws what was measured."""

Keys = dict[str, set[str]]
TEMPLATES = {
    "lesson.toml": ["exercise.runs.RUN", "exercise.typical.RUN", "numbers.NAME", "questions.parameters.NAME"],
    "quiz.toml": [
        *("QUESTION", "QUESTION.options.OPTION", "QUESTION.misconceptions.MISTAKE", "QUESTION.mistakes.MISTAKE"),
        *("QUESTION.chart", "QUESTION.chart.lines", "QUESTION.options", "QUESTION.misconceptions", "QUESTION.mistakes"),
    ],
    "figures.toml": ["bars.BARS", "bars.BARS.labels", "charts.CHART", "charts.CHART.lines"],
    "exercise.toml": ["steps.STEP", "steps.STEP.options", "steps.STEP.options.OPTION", "misconceptions.MISTAKE"],
}
"""Tables whose names are the author's own, written in capitals."""
OWN = {
    ("lesson.toml", "numbers"): "NAME",
    ("lesson.toml", "questions.parameters"): "NAME",
    ("lesson.toml", "questions.misconceptions"): "MISTAKE",
    ("lesson.toml", "questions.mistakes"): "MISTAKE",
    ("lesson.toml", "exercise.misconceptions"): "MISTAKE",
    ("lesson.toml", "exercise.runs"): "RUN",
    ("lesson.toml", "exercise.typical"): "RUN",
    ("lesson.toml", "exercise.typical.RUN"): "FIGURE",
    ("lesson.toml", "exercise.steps.misconceptions"): "MISTAKE",
    ("lesson.toml", "exercise.steps.options"): "OPTION",
    ("quiz.toml", ""): "QUESTION",
    ("quiz.toml", "QUESTION.options"): "OPTION",
    ("quiz.toml", "QUESTION.misconceptions"): "MISTAKE",
    ("quiz.toml", "QUESTION.mistakes"): "MISTAKE",
    ("quiz.toml", "QUESTION.chart.lines"): "LINE",
    ("figures.toml", "bars"): "BARS",
    ("figures.toml", "bars.BARS.labels"): "LABEL",
    ("figures.toml", "charts"): "CHART",
    ("figures.toml", "charts.CHART.lines"): "LINE",
    ("exercise.toml", "steps"): "STEP",
    ("exercise.toml", "steps.STEP.options"): "OPTION",
    ("exercise.toml", "misconceptions"): "MISTAKE",
    ("source.toml", "sections"): "SECTION",
}
"""Tables whose keys are the author's own."""


def documented() -> Keys:
    keys: Keys = defaultdict(set)
    place = ""
    for line in DOC.split("\n"):
        if match := re.fullmatch(r"###? `([a-z]+\.toml)`(?:: `([A-Za-z_.]+)`)?", line):
            place = f"{match[1]}: {match[2] or ''}"
        elif line.startswith("#"):
            place = ""
        elif place and (match := re.match(r"\| `([A-Za-z_]+)` \|", line)):
            assert match[1] not in keys[place], f"{match[1]} stands twice in {place}"
            keys[place].add(match[1])
    return keys


def asked_for(roots: list[Path], monkeypatch: pytest.MonkeyPatch) -> Keys:
    """The keys that the loader looks for while it reads these courses, by file and table."""
    keys: Keys = defaultdict(set)

    def note(table: Table, key: str) -> None:
        file = table.source.file.name
        names = [re.sub(r"[\[\]]", "", part) for part in table.path if not part.startswith('"')]
        path = ".".join(_named(file, names))
        keys[f"{file}: {path}"].add(OWN.get((file, path), key))

    for method in ("raw", "has", "tables"):
        plain = getattr(Table, method)

        def noted(self: Table, key: str, *more: Any, plain: Any = plain, **named: Any) -> Any:
            note(self, key)
            return plain(self, key, *more, **named)

        monkeypatch.setattr(Table, method, noted)
    for root in roots:
        for track in load_course(root).tracks:
            for lesson in track.lessons:
                assert all(section.blocks[lang] for section in lesson.sections for lang in LANGS)
    return keys


def _named(file: str, names: list[str]) -> list[str]:
    """The path with the author's own names in capitals."""
    for template in TEMPLATES.get(file, []):
        parts = template.split(".")
        if len(parts) == len(names) and all(p.isupper() or p == n for p, n in zip(parts, names, strict=True)):
            return parts
    return names


def test_every_key_is_documented_and_every_documented_key_exists(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    new_lesson(tmp_path, "letters", "first")
    asked = asked_for([BUNDLED, DEMO, DRAWN, TASKS, tmp_path], monkeypatch)
    assert asked == {place: keys for place, keys in documented().items() if keys}


def test_every_value_that_has_a_name_is_documented() -> None:
    for name in (*KINDS, *TAKES, *SHAPE_NAMES, "draft", "published", *STEP_KINDS, *AFTER, *DEEDS, "lowest", "highest"):
        assert f"`{name}`" in DOC, name
    for name in (*TOLD, *MEASURED["evaluate"], *MEASURED["inspect"], "effect_nats"):
        assert f"`RUN.{name}`" in DOC, name
    for name in COUNTED:
        assert f"`DATA.{name}`" in DOC, name
    for name in FEEDBACK_NAMES | CHOICE_NAMES:
        assert f"{{{{{name}}}}}" in DOC, name


def test_every_command_of_the_guide_is_real() -> None:
    from lessons.validation.code import commands_in
    from lessons.validation.problems import Problem
    from tui.cli.check import refusals

    for block in re.findall(r"```bash\n(.*?)```", DOC, flags=re.DOTALL):
        found = list(commands_in(ROOT / "docs" / "authoring.md", block))
        commands = [each[2] for each in found if not isinstance(each, Problem)]
        assert len(commands) == len(found) == 5
        assert refusals(commands) == [""] * 5
