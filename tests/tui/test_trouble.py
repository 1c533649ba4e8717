"""What goes wrong is said in words, where it happened and what to do; the rest goes on."""

import shutil
from pathlib import Path
from typing import Any

import pytest

from store.event_log import EventLog
from tui.app import LowrankApp

TRACKS = Path(__file__).parent / "tracks"
SIZE = (100, 30)


async def test_broken_lessons_are_named_with_file_and_line(
    app: Any, opened: Any, until: Any, text: Any, tmp_path: Path
) -> None:
    tracks = tmp_path / "tracks"
    shutil.copytree(TRACKS, tracks)
    (tracks / "demo" / "track.toml").write_text("id = 3\n")
    async with app(tracks=tracks).run_test(size=SIZE) as pilot:
        await opened(pilot)
        assert "The lessons cannot be loaded" in text(pilot) and "track.toml" in "".join(text(pilot).split())
        await pilot.press("t")
        await until(pilot, lambda: pilot.app.lesson_screen.pane == "lab" and "sprout" in text(pilot))
        for key in ("escape", "n", "y", "o", "e", "b", "z", "b", "l"):
            await pilot.press(key)
            await pilot.pause()
        await pilot.press("q")
    assert pilot.app.return_code == 0


async def test_a_home_that_cannot_be_written_to_is_said_at_once(
    opened: Any, until: Any, text: Any, tmp_path: Path
) -> None:
    blocked = tmp_path / "a file"
    blocked.write_text("")
    app = LowrankApp(blocked / "home", TRACKS)
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot)
        await until(pilot, lambda: "Nothing can be kept" in text(pilot))
        await pilot.press("l")
        await until(pilot, lambda: "폴더가아니에요" in "".join(text(pilot).split()))
        await pilot.press("l")
        await pilot.press("z")
        await until(pilot, lambda: app.lesson_screen.pane == "quiz")
        await pilot.press("1", "enter")
        await until(pilot, lambda: "Right." in text(pilot) and "7/100" in text(pilot))
        await pilot.press("q")
    assert app.return_code == 0


async def test_a_damaged_log_is_reported_and_the_rest_counts(
    app: Any, opened: Any, until: Any, text: Any, home: Path
) -> None:
    EventLog(home / "progress").append("question.answered", "demo/thin?one", {"right": True, "chosen": ["yes"]})
    for file in (home / "progress").glob("*.json*"):
        file.write_bytes(b"\x00 not what was written")
    async with app().run_test(size=SIZE) as pilot:
        await opened(pilot)
        await until(pilot, lambda: "were damaged; what they held is missing" in text(pilot))
        assert "0/100" in text(pilot)
        await pilot.press("l")
        await until(pilot, lambda: "손상되어" in text(pilot))


@pytest.mark.main_path
async def test_whatever_fails_while_opening_is_a_sentence_and_no_traceback(
    app: Any, until: Any, text: Any, monkeypatch: Any
) -> None:
    def broken(_: object) -> None:
        raise RuntimeError("nobody thought of this")

    monkeypatch.setattr("tui.session.LearnerSession.load", broken)
    async with app().run_test(size=SIZE) as pilot:
        await until(pilot, lambda: "Something went wrong while the program was starting" in text(pilot))
        assert "RuntimeError: nobody thought of this" in text(pilot)
        for key in ("n", "e", "z", "t", "c", "l", "f3", "f1", "escape", "q"):
            await pilot.press(key)
            await pilot.pause()
    assert pilot.app.return_code == 0


async def test_unreadable_runs_do_not_stop_the_lesson(app: Any, opened: Any, until: Any, text: Any, home: Path) -> None:
    run = home / "runs" / "20250101-000000-sql-lora"
    (run / "adapters").mkdir(parents=True)
    (run / "spec.yaml").write_text(": not yaml [")
    (run / "result.json").write_text('{"event": "finished"}')
    async with app().run_test(size=SIZE) as pilot:
        await until(pilot, lambda: pilot.app.lesson_screen.ready)
        assert "First things" in text(pilot)
        await pilot.press("n")
        await until(pilot, lambda: "Second thoughts" in text(pilot))
