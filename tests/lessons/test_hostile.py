"""A course that somebody else wrote reads nothing but its own small files, and ends neither loader nor check."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from lessons.course import ContentError
from lessons.loader import load_course
from lessons.validation.course import check_course
from lessons.validation.lesson_files import Tools

TRACKS = Path(__file__).parents[1] / "tui" / "tracks"
DEEP = 100_000
Do = Callable[[Path], object]


@pytest.fixture
def course(tmp_path: Path) -> Path:
    (tmp_path / "secret.txt").write_text("the secret")
    return Path(shutil.copytree(TRACKS, tmp_path / "course"))


def says(file: str, old: str, new: str) -> Do:
    def do(root: Path) -> None:
        path = root / file
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new, 1))

    return do


def is_(file: str, make: Callable[[Path], object]) -> Do:
    def do(root: Path) -> None:
        path = root / file
        shutil.rmtree(path) if path.is_dir() else path.unlink()
        make(path)

    return do


def linked(to: str) -> Callable[[Path], object]:
    return lambda path: path.symlink_to(to)


def holds(content: str) -> Callable[[Path], object]:
    return lambda path: path.write_text(content)


THIN, WIDE, LIST = "demo/thin/lesson.toml", "demo/thin/code/wide.txt", 'tracks = ["demo"]'
HOSTILE: dict[str, Do] = {
    **{f"a diagram {name}": says(THIN, 'file = "wide.txt"', f'file = "{name}"')
       for name in ("/etc/passwd", "../../../secret.txt", "../../../../secret.txt", ".", "..", "/dev/zero")},
    **{f"code {name}": says(THIN, 'file = "count.py"', f'file = "{name}"') for name in ("/etc/passwd", "..", "../x")},
    **{f"a track {name}": says("course.toml", LIST, f'tracks = ["{name}"]') for name in ("../x", "/etc", "..", "")},
    **{f"a lesson {name}": says("demo/track.toml", '"thin", ', f'"{name}", ') for name in ("../thin", "/etc", "")},
    "a link to a secret": is_(WIDE, linked("../../../../secret.txt")),
    "a link to a system's file": is_(WIDE, linked("/etc/passwd")),
    "a link to a device": is_(WIDE, linked("/dev/zero")),
    "a link to itself": is_(WIDE, linked("wide.txt")),
    "a linked folder": is_("demo/thin/code", linked("../../..")),
    "a linked lesson": is_("demo/thin", linked("..")),
    "a pipe": is_(WIDE, os.mkfifo),
    "a folder": is_(WIDE, Path.mkdir),
    "a pipe for a lesson": is_(THIN, os.mkfifo),
    "a large file": is_(WIDE, lambda path: (path.touch(), os.truncate(path, 1 << 40))),
    "deep TOML": is_(THIN, holds("a = " + "[" * DEEP)),
    "a key of many parts": is_(THIN, holds("a" + ".a" * DEEP + " = 1")),
    "a deep table": is_("course.toml", holds("[" + ".".join(["a"] * DEEP) + "]")),
    "a number of 5,000 digits": says(THIN, "minutes = 3", f"minutes = {'9' * 5000}"),
    "a number of 4,000 digits": says(THIN, "minutes = 3", f"minutes = {'9' * 4000}"),
    "many decimals": says(THIN, "rank = 8", 'rank = { formula = "1 / 3", digits = 99999999999 }'),
    "a deep formula": says(THIN, 'answer = "2 * r * inputs"', f'answer = "{"(" * DEEP}"'),
    "a long formula": says(THIN, 'answer = "2 * r * inputs"', f'answer = "{"1+" * DEEP}1"'),
    "a formula of signs": says(THIN, 'answer = "2 * r * inputs"', f'answer = "{"-" * DEEP}1"'),
    "no text": is_(THIN, lambda path: path.write_bytes(b"\xff\xfe\x00")),
}  # fmt: skip


def check(root: Path) -> str:
    tools = Tools(lambda *_: {}, lambda *_: {}, lambda *_: None, lambda commands: ["" for _ in commands])
    return "\n".join(f"{each.file}: {each.what}" for each in check_course(root, tools).problems)


@pytest.mark.parametrize("kind", HOSTILE)
def test_what_leads_out_or_has_no_end_is_a_complaint(kind: str, course: Path) -> None:
    HOSTILE[kind](course)
    with pytest.raises(ContentError) as error:
        load_course(course)
    said = str(error.value)
    assert len(said) < 5000 and "secret" not in error.value.message.replace("secret.txt", "")
    assert check(course)


NESTED: dict[str, str] = {
    "python brackets": "(" * DEEP, "python signs": "-" * DEEP + "1", "python names": "a" + ".a" * DEEP,
    "python sums": "1+" * DEEP + "1", "json brackets": "[" * DEEP, "json digits": "9" * 5000,
    "jsonl brackets": "[" * DEEP, "jsonl digits": "9" * 5000, "toml brackets": "a = " + "[" * DEEP,
    "toml digits": "a = " + "9" * 5000, "yaml brackets": "[" * DEEP, "yaml dashes": "- " * DEEP,
    "yaml digits": "a: " + "9" * 5000, "yaml circle": "a: &a [*a]",
}  # fmt: skip


@pytest.mark.parametrize("kind", NESTED)
def test_code_of_any_depth_is_a_problem_and_ends_nothing(kind: str, course: Path) -> None:
    language, text = kind.partition(" ")[0], NESTED[kind]
    (course / "demo/thin/code/count.py").write_text(text)
    says(THIN, 'language = "python"', f'language = "{language}"')(course)
    assert "count.py: is not " in check(course) or language == "python"


def test_a_link_that_stays_in_the_course_is_followed(course: Path) -> None:
    is_(WIDE, linked("../../thin/en/lesson.md"))(course)
    load_course(course)
