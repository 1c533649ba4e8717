"""`lowrank progress`: exit codes, one line for each trouble, and what scripts read."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from store.event_log import EventLog
from tui.cli.main import main


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LOWRANK_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def lowrank(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Any:
    """Runs a command; gives its exit code, standard output and standard error."""

    def run(*arguments: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["lowrank", "progress", *map(str, arguments)])
        code = main()
        return code, *capfd.readouterr()

    return run


def read(home: Path, count: int = 3) -> EventLog:
    from lessons.loader import load_course

    log = EventLog(home / "progress")
    for section in load_course().tracks[0].lessons[0].sections[:count]:
        log.append("section.read", section.id, {"lang": "en"})
    return log


def test_progress_goes_to_another_machine_and_back(
    home: Path, lowrank: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read(home)
    file, shared = tmp_path / "progress.json", tmp_path / "shared"
    assert lowrank("export", file) == (0, f"3 events in {file}\n", "")
    assert lowrank("sync", shared) == (0, "sent 3, received 0, devices 1\n", "")
    monkeypatch.setenv("LOWRANK_HOME", str(tmp_path / "laptop"))
    assert json.loads(lowrank("import", file, "--json")[1]) == {"file": str(file), "new": 3, "known": 0}
    assert lowrank("import", file) == (0, "0 new events, 3 known already\n", "")
    assert json.loads(lowrank("show", "--json")[1])["xp"] == 15
    code, out, _ = lowrank("sync", shared, "--json")
    assert (code, json.loads(out)) == (0, {"sent": 0, "received": 0, "devices": 1, "waiting": [], "newer": []})


def test_a_reset_asks_first_counts_for_nothing_and_can_be_undone(home: Path, lowrank: Any) -> None:
    read(home)
    code, out, err = lowrank("reset")
    assert (code, out, len(err.splitlines())) == (2, "", 1)
    assert "give --yes" in err
    code, out, _ = lowrank("reset", "--yes", "--json")
    assert (code, json.loads(out)["xp_before"]) == (0, 15)
    assert json.loads(lowrank("show", "--json")[1])["xp"] == 0
    assert lowrank("undo-reset") == (0, "back to 15 XP\n", "")
    assert lowrank("undo-reset") == (1, "", "lowrank: there is no reset to undo\n")
    assert len(EventLog(home / "progress").events()) == 5


@pytest.mark.parametrize(("answer", "code", "xp"), [("n\n", 1, 15), ("y\n", 0, 0)])
def test_whoever_is_there_is_asked(
    home: Path, lowrank: Any, monkeypatch: pytest.MonkeyPatch, answer: str, code: int, xp: int
) -> None:
    import io

    read(home)
    typed = io.StringIO(answer)
    monkeypatch.setattr(typed, "isatty", lambda: True)
    monkeypatch.setattr(sys, "stdin", typed)
    result = lowrank("reset")
    assert result[0] == code
    assert "Begin anew? 15 XP" in result[2]
    assert json.loads(lowrank("show", "--json")[1])["xp"] == xp


def test_every_trouble_is_one_line_and_an_exit_code(home: Path, lowrank: Any, tmp_path: Path) -> None:
    read(home)
    half = tmp_path / "half.json"
    half.write_text('{"format":"lowrank-progress","version":1,"eve')
    newer = tmp_path / "newer.json"
    newer.write_text('{"format":"lowrank-progress","version":2}')
    for code, words, *arguments in (
        (1, "is not whole: it breaks off", "import", half),
        (1, "written by a newer Lowrank", "import", newer),
        (1, "No such file", "import", tmp_path / "none"),
        (1, "is there and is not progress", "export", home / "progress" / "device"),
        (1, "the folder above it is there", "sync", tmp_path / "no" / "drive"),
        (2, "Missing argument", "sync"),
        (2, "No such option", "reset", "--really"),
    ):
        found, out, err = lowrank(*arguments)
        assert (found, out, len(err.splitlines())) == (code, "", 1), arguments
        assert words in err
        assert err.startswith("lowrank: ")
    assert len(EventLog(home / "progress").events()) == 3


def test_what_was_recovered_or_passed_over_is_said_beside_the_answer(home: Path, lowrank: Any, tmp_path: Path) -> None:
    read(home)
    (file,) = (home / "progress").glob("*-*.json")
    file.write_bytes(b"spoilt")
    code, out, err = lowrank("show", "--json")
    assert (code, json.loads(out)["xp"]) == (0, 15)
    assert "has been recovered from its copy; nothing is lost" in err
    shared = tmp_path / "shared"
    shared.mkdir()
    (shared / "lowrank-0-1.json").write_text("")
    (shared / "lowrank-0-2.json").write_text('{"format":"lowrank-progress","version":2}')
    code, out, err = lowrank("sync", shared)
    assert (code, out) == (0, "sent 3, received 0, devices 1\n")
    assert "lowrank-0-1.json is not whole yet" in err
    assert "lowrank-0-2.json was written by a newer Lowrank" in err


def test_a_home_that_is_no_folder_is_said_plainly(home: Path, lowrank: Any) -> None:
    home.write_text("a file")
    assert lowrank("show")[0] == 0
    code, out, err = lowrank("reset", "--yes")
    assert (code, out, len(err.splitlines())) == (1, "", 1)
    assert "could not be written" in err


def test_totals_speak_of_what_there_is(home: Path, lowrank: Any) -> None:
    """Scripts read how many lessons the course will have; people are told how many there are."""
    from lessons.loader import load_course

    course = load_course()
    written = sum(len(track.lessons) for track in course.tracks)
    assert f"Lessons 0 of {written}; {course.total_lessons} planned" in lowrank("show")[1]
    told = json.loads(lowrank("show", "--json")[1])
    assert (told["lessons_total"], told["lessons_written"]) == (course.total_lessons, written)
