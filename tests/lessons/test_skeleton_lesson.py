"""`lowrank new lesson`: a skeleton that loads, and that the check accepts but for what is marked TODO."""

import shutil
from pathlib import Path

import pytest

from lab.errors import LabError
from lessons.course import ContentError
from lessons.loader import BUNDLED, load_course, stale_sections
from lessons.skeleton_lesson import new_lesson
from lessons.validation.course import check_course
from tui.cli import check
from tui.cli.mark_translated import mark_translated
from tui.cli.new.lesson import lesson


@pytest.fixture(autouse=True)
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOWRANK_HOME", str(tmp_path / "home"))


def test_a_new_course_has_nothing_but_todos(tmp_path: Path) -> None:
    root = tmp_path / "course"
    for number, name in enumerate(("letters/first", "letters/second", "post/stamps"), 1):
        assert new_lesson(root, *name.split("/")) == root / name
        assert sum(len(track.lessons) for track in load_course(root).tracks) == number
    course = load_course(root)
    assert (course.total_lessons, [track.planned for track in course.tracks]) == (3, [2, 1])
    assert [lesson.number for lesson in course.tracks[0].lessons] == [1, 2]
    report = check_course(root, check.tools())
    assert {problem.kind for problem in report.problems} == {"todo"}
    marked = sum(file.read_text().count("TODO") for file in root.rglob("*") if file.is_file())
    assert len(report.problems) == marked
    assert not any(stale_sections(lesson) for track in course.tracks for lesson in track.lessons)


def test_lists_are_added_to_as_they_were_written(tmp_path: Path) -> None:
    root = Path(shutil.copytree(BUNDLED, tmp_path / "tracks"))
    track = root / "lora" / "track.toml"
    track.write_text('id = "lora"\nplanned = 6  # to come\nlessons = [\n    "why-lora"  # the first\n]\n'
                     '[title]\nen = "LoRA"\nko = "LoRA"\n')  # fmt: skip
    with pytest.raises(ContentError, match=r'write "data" into its list'):
        new_lesson(root, "lora", "data")
    assert not (root / "lora" / "data").exists()
    track.write_text(track.read_text().replace('"  # the', '",  # the'))
    new_lesson(root, "lora", "data")
    assert 'lessons = [\n    "why-lora",  # the first\n    "data"\n]' in track.read_text()
    assert "planned = 6  # to come" in track.read_text()
    assert (root / "course.toml").read_text() == (BUNDLED / "course.toml").read_text()
    assert [lesson.id for lesson in load_course(root).tracks[0].lessons] == ["lora/why-lora", "lora/data"]


def test_what_is_there_is_never_written_over(tmp_path: Path) -> None:
    folder = new_lesson(tmp_path, "letters", "first")
    (folder / "en" / "lesson.md").write_text("mine")
    with pytest.raises(ContentError, match="is there already"):
        new_lesson(tmp_path, "letters", "first")
    assert (folder / "en" / "lesson.md").read_text() == "mine"
    with pytest.raises(ContentError, match="lower-case words"):
        new_lesson(tmp_path, "letters", "Second One")


def test_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(LabError, match="in no course"):
        lesson("letters/first")
    with pytest.raises(LabError, match="TRACK/NAME"):
        lesson("first", tmp_path)
    assert lesson("letters/first", Path("mine")) == 0
    out, err = capsys.readouterr()
    assert out == "mine/letters/first\n"
    assert "lowrank preview mine/letters/first" in err
    monkeypatch.chdir(tmp_path / "mine" / "letters")
    assert lesson("letters/second") == 0
    with pytest.raises(LabError, match="is there already"):
        lesson("letters/second")
    text = tmp_path / "mine/letters/first/en/lesson.md"
    text.write_text(text.read_text().replace("TODO: show", "TODO: better show"))
    loaded = load_course(tmp_path / "mine").lesson("letters/first")
    assert stale_sections(loaded) == {"letters/first#second-section"}
    assert mark_translated(Path("first"), ["second-section"]) == 0
    assert not stale_sections(load_course(tmp_path / "mine").lesson("letters/first"))
