"""The loader: a course of any size, and complaints that name the file and the line."""

import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lessons.course import ContentError
from lessons.loader import BUNDLED, load_course, load_lesson, stale_sections
from lessons.translation_status import mark_translated

Edit = Callable[[str, str, str], None]


@pytest.fixture
def lesson(root: Path) -> Path:
    return root / "lora" / "why-lora"


@pytest.fixture
def edit(lesson: Path) -> Edit:
    def change(file: str, old: str, new: str) -> None:
        text = (lesson / file).read_text(encoding="utf-8")
        assert old in text
        (lesson / file).write_text(text.replace(old, new, 1), encoding="utf-8")

    return change


def complaint(folder: Path) -> ContentError:
    with pytest.raises(ContentError) as error:
        load_lesson(folder, "lora")
    return error.value


def line_of(file: Path, text: str) -> int:
    return file.read_text(encoding="utf-8").split(text)[0].count("\n") + 1


def test_the_course_is_bigger_than_what_is_written() -> None:
    course = load_course()
    assert course.total_lessons == 51
    assert [(track.id, track.planned) for track in course.tracks] == [("lora", 6)]
    assert course.lesson("lora/why-lora").number == 1
    with pytest.raises(KeyError):
        course.lesson("lora/none")


def test_ids_are_full_ids() -> None:
    lesson = load_course().lesson("lora/why-lora")
    assert lesson.sections[0].id == "lora/why-lora#the-arithmetic"
    assert lesson.questions[0].id == "lora/why-lora?memory"
    assert lesson.questions[0].section == "lora/why-lora#the-arithmetic"
    assert lesson.exercise is not None
    assert lesson.exercise.id == "lora/why-lora!count"


def test_a_second_track_needs_no_change(root: Path) -> None:
    shutil.copytree(root / "lora", root / "data")
    for file, old, new in [
        ("course.toml", '["lora"]', '["lora", "data"]'),
        ("data/track.toml", 'id = "lora"', 'id = "data"'),
        ("data/why-lora/lesson.toml", 'track = "lora"', 'track = "data"'),
        ("data/why-lora/lesson.toml", "prerequisites = []", 'prerequisites = ["lora/why-lora"]'),
    ]:
        text = (root / file).read_text(encoding="utf-8")
        (root / file).write_text(text.replace(old, new, 1), encoding="utf-8")
    course = load_course(root)
    assert course.lesson("data/why-lora").prerequisites == ("lora/why-lora",)
    assert course.lesson("data/why-lora").sections[0].id == "data/why-lora#the-arithmetic"


def test_a_prerequisite_must_come_before(root: Path, lesson: Path, edit: Edit) -> None:
    edit("lesson.toml", "prerequisites = []", 'prerequisites = ["lora/why-lora"]')
    with pytest.raises(ContentError, match="is no lesson before this one"):
        load_course(root)


def test_a_lesson_without_a_translation_shows_english_and_is_not_stale(lesson: Path) -> None:
    shutil.rmtree(lesson / "ko")
    loaded = load_lesson(lesson, "lora")
    assert loaded.title["ko"] == loaded.title["en"]
    assert loaded.sections[0].blocks["ko"] == loaded.sections[0].blocks["en"]
    assert stale_sections(loaded) == frozenset()  # the check says that there is none: "untranslated"


def test_only_the_changed_english_section_goes_stale(lesson: Path, edit: Edit) -> None:
    assert stale_sections(load_lesson(lesson, "lora")) == frozenset()
    edit("en/lesson.md", "Three details are worth keeping", "Three details are worth your while")
    stale = frozenset({"lora/why-lora#the-decomposition"})
    assert stale_sections(load_lesson(lesson, "lora")) == stale
    mark_translated(lesson, "lora", frozenset({"the-arithmetic"}))
    assert stale_sections(load_lesson(lesson, "lora")) == stale
    mark_translated(lesson, "lora", frozenset({"the-decomposition"}))
    assert stale_sections(load_lesson(lesson, "lora")) == frozenset()


def test_new_line_breaks_do_not_make_a_translation_stale(lesson: Path, edit: Edit) -> None:
    edit("en/lesson.md", "Three details are worth keeping", "Three details\nare worth keeping")
    assert stale_sections(load_lesson(lesson, "lora")) == frozenset()


def test_stamping_an_unknown_section_is_refused(lesson: Path) -> None:
    with pytest.raises(ContentError, match="there is no section 'nope'"):
        mark_translated(lesson, "lora", frozenset({"nope"}))


MISTAKES = [
    ("lesson.toml", 'kind = "many"', 'kind = "some"', 'kind = "some"', "must be one of one, many, number"),
    ("lesson.toml", "minutes = 17", "minutes = 0", "minutes", "whole number of at least 1"),
    ("lesson.toml", "minutes = 17", "minuets = 17", "# Structure", "'minutes' is missing"),
    ("lesson.toml", 'tags = ["lora"', 'colour = 3\ntags = ["lora"', "colour", "not a key known here"),
    (
        "lesson.toml",
        'correct = ["same-start"]',
        'correct = ["nope"]',
        'correct = ["nope"]',
        "not among the options",
    ),
    (
        "lesson.toml",
        'correct = ["shapes"]',
        'correct = ["shapes", "config"]',
        'id = "where-count"',
        "does not suit",
    ),
    (
        "lesson.toml",
        'answer = "billions * 16"',
        'answer = "billion * 16"',
        'answer = "billion * 16"',
        "'billion' is not a name",
    ),
    ("lesson.toml", 'truth = "layers', 'truth = "blokcs', "truth", "'blokcs' is no name of a model's shape"),
    ("lesson.toml", '"scale * rank"', '"scale / rank / 3"', "alpha", "say how many digits"),
    (
        "lesson.toml",
        '"https://arxiv.org/abs/2012.13255"',
        '"http://x"',
        'url = "http://x"',
        "must begin with https",
    ),
    ("lesson.toml", 'id = "thin-layer"', 'id = "memory"', 'id = "memory"', "is used twice"),
    ("lesson.toml", 'id = "zeros"', 'id = "Zeros!"', 'id = "Zeros!"', "lower-case words joined by '-'"),
    ("lesson.toml", "[[questions]]", "[[questions]", "[[questions]", "is not TOML"),
    (
        "lesson.toml",
        'source = "run:lora"',
        'source = "run:guess"',
        'source = "run:guess"',
        "must be 'run:' and a run's name, or 'preset:NAME'",
    ),
    (
        "en/lesson.md",
        "{{seven_use_gb}} GB. A good",
        "{{seven_gb}} GB. A good",
        "{{seven_gb}}",
        "not among the numbers",
    ),
    ("ko/lesson.md", "{{seven_use_gb}} GB가", "{{ seven }} GB가", "{{ seven }}", "begins no reference"),
    ("en/lesson.md", "[the LoRA paper][lora-paper]", "[it][lora]", "[it][lora]", "there is no link 'lora'"),
    (
        "en/lesson.md",
        "[the LoRA paper][lora-paper]",
        "[it](http://x)",
        "[it](http://x)",
        "stands in lesson.toml",
    ),
    ("en/lesson.md", "{{code:mlx}}", "```bash\nls\n```", "```bash", "code lies in code/"),
    ("en/lesson.md", "{{code:mlx}}", "{{code:mxl}}", "{{code:mxl}}", "there is no code 'mxl'"),
    ("ko/lesson.md", "{{code:mlx}}\n", "\n", "# ", "every code block, diagram and chart must be placed"),
    ("ko/lesson.md", "{#first-run}", "{#frist-run}", "## ", "the sections must be, in this order"),
    ("ko/lesson.md", "{#first-run}", "", "## 첫 학습", "a heading must be"),
    ("en/lesson.md", "{#first-run}", "{#the-arithmetic}", "## Your first run", "is used twice"),
    ("en/lesson.md", "# Why nobody", "Why nobody", "Why nobody", "begins with '# Title'"),
    (
        "ko/quiz.toml",
        "[zeros.options.free]",
        "[zeros.options.fere]",
        "[zeros.options.fere]",
        "'free' is missing",
    ),
    ("ko/quiz.toml", "why = ", "wyh = ", "[zeros.options.free]", "'why' is missing"),
    ("en/quiz.toml", "{{inputs}} inputs", "{{input}} inputs", 'prompt = "A linear', "{{input}} is not among"),
    (
        "en/exercise.toml",
        "[misconceptions.kv-full]",
        "[misconceptions.kv]",
        "[misconceptions",
        "'kv-full' is missing",
    ),
    (
        "en/exercise.toml",
        'title = "Predict',
        'x = "1"\ntitle = "Predict',
        "x = ",
        "'x' is not a key known here",
    ),
    (
        "en/exercise.toml",
        'explain = "In two',
        'explain = ""\nother = "In two',
        "explain",
        "must be a text that is not empty",
    ),
]


@pytest.mark.parametrize(("file", "old", "new", "at", "message"), MISTAKES)
def test_a_mistake_is_named_with_file_line_and_reason(
    lesson: Path, edit: Edit, file: str, old: str, new: str, at: str, message: str
) -> None:
    edit(file, old, new)
    error = complaint(lesson)
    assert message in error.message
    assert error.file == lesson / file
    assert error.line == line_of(lesson / file, at)
    assert str(error) == f"{lesson / file}:{error.line}: {error.message}"


@pytest.mark.parametrize("file", ["lesson.toml", "en/lesson.md", "ko/quiz.toml", "en/exercise.toml", "code/train.sh"])
def test_a_missing_or_unreadable_file_is_named(lesson: Path, file: str) -> None:
    (lesson / file).write_bytes(b"one\ntwo \xff\xfe\n")
    error = complaint(lesson)
    assert (error.file, error.line) == (lesson / file, 2)
    assert "is not UTF-8" in error.message
    (lesson / file).unlink()
    error = complaint(lesson)
    assert error.file == lesson / file
    assert "cannot be read" in error.message


def test_escapes_in_content_files_are_inert(lesson: Path, edit: Edit) -> None:
    edit("en/lesson.md", "Three details", "Three\x1b[2J \u202edetails")
    edit("en/quiz.toml", "Why does B start", "Why \\u001b[31mdoes B start")
    edit("code/train.sh", "lowrank train", "lowrank \x1b]0;owned\x07train")
    loaded = load_lesson(lesson, "lora")
    shown = [repr(section.blocks["en"]) for section in loaded.sections] + [repr(loaded.questions)]
    assert not re.search(r"\\x1b|\\u202e|\\x07", "".join(shown))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.sampled_from(["lesson.toml", "en/lesson.md", "ko/lesson.md", "en/quiz.toml", "ko/exercise.toml"]),
    st.integers(min_value=0, max_value=10_000),
    st.integers(min_value=0, max_value=200),
    st.text(max_size=20),
)
def test_a_damaged_file_loads_or_is_a_content_error(
    lesson: Path, file: str, start: int, length: int, junk: str
) -> None:
    whole = (BUNDLED / "lora" / "why-lora" / file).read_text(encoding="utf-8")
    try:
        damaged = whole[: start % len(whole)] + junk + whole[start % len(whole) + length :]
        (lesson / file).write_text(damaged, encoding="utf-8", newline="")
        loaded = load_lesson(lesson, "lora")
        assert all(section.blocks[lang] for section in loaded.sections for lang in ("en", "ko"))
    except ContentError as error:
        assert error.line >= 1
        assert not re.search(r"[\x00-\x1f\x7f-\x9f]", str(error))
    finally:
        (lesson / file).write_text(whole, encoding="utf-8")


def test_nothing_is_imported_for_markdown_until_a_section_is_read() -> None:
    program = (
        "import sys; from lessons.loader import load_course; from lessons.grading import grade_number\n"
        "lesson = load_course().tracks[0].lessons[0]; assert 'markdown_it' not in sys.modules\n"
        "assert lesson.sections[0].blocks['ko']; assert 'markdown_it' in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
