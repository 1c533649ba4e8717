"""`lowrank preview`: what is saved is shown in its place, and what cannot be shown is said."""

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from picture import in_two_sizes

from tests.tui.conftest import TRACKS
from tui.cli.preview import problems
from tui.panes.reader import ReaderPane
from tui.preview import PreviewApp, ProblemsScreen, stamp_of
from tui.widgets.top_bar import NoticeBar

SMALL = (80, 24)
Edit = Callable[[str, str, str], None]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return Path(shutil.copytree(TRACKS, tmp_path / "course"))


@pytest.fixture
def edit(root: Path) -> Edit:
    def change(file: str, old: str, new: str) -> None:
        path = root / "demo" / file
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new, 1), encoding="utf-8")

    return change


@pytest.fixture
def app(home: Path, root: Path) -> Callable[..., PreviewApp]:
    def make(begin_at: str = "") -> PreviewApp:
        made = PreviewApp(home, root, root / begin_at, problems)
        made.pause = 0.02
        return made

    return make


async def read_again(pilot: Any, until: Any, change: Callable[[], None]) -> None:
    before = pilot.app.readings
    change()
    await until(pilot, lambda: pilot.app.readings > before and pilot.app.settled)
    await pilot.pause()


async def test_what_is_saved_is_shown_and_the_place_is_kept(
    app: Any, opened: Any, until: Any, text: Any, edit: Edit
) -> None:
    async with app().run_test(size=SMALL) as pilot:
        await opened(pilot)
        reader = pilot.app.lesson_screen.query_one(ReaderPane)
        await pilot.press("n", "j", "j", "j", "j", "j", "j", "j")
        await pilot.pause()
        first_line = text(pilot).split("\n")[2]
        assert "Paragraph" in text(pilot)
        edit("thin/en/lesson.md", "Paragraph 1 says", "A new paragraph.\n\nAnother new one.\n\nParagraph 1 says")
        await read_again(pilot, until, lambda: edit("thin/en/lesson.md", "Paragraph 5 says", "Paragraph five says"))
        await until(pilot, lambda: text(pilot).split("\n")[2] == first_line)
        assert reader.section.id == "demo/thin#second"
        assert "Paragraph five" in text(pilot)
        assert not pilot.app.lesson_screen.query_one(NoticeBar).has_class("-shown")


async def test_an_error_stands_above_the_text_until_it_is_mended(
    app: Any, opened: Any, until: Any, text: Any, words: Any, edit: Edit
) -> None:
    async with app().run_test(size=SMALL) as pilot:
        await opened(pilot)
        await pilot.press("n")
        await read_again(pilot, until, lambda: edit("thin/en/lesson.md", "{#second}", "{#secnod}"))
        shown = text(pilot)
        assert "thin/en/lesson.md:" in shown and "the sections must be" in words(pilot)
        assert "Paragraph 1 says" in shown
        await read_again(pilot, until, lambda: edit("thin/en/lesson.md", "{#secnod}", "{#second}"))
        assert "the sections must be" not in text(pilot)
        assert pilot.app.lesson_screen.query_one(ReaderPane).section.id == "demo/thin#second"


async def test_begins_with_a_broken_course_and_recovers(
    app: Any, opened: Any, until: Any, text: Any, words: Any, edit: Edit
) -> None:
    edit("thin/lesson.toml", "minutes = 3", "minutes = 0")
    async with app().run_test(size=SMALL) as pilot:
        await until(pilot, lambda: pilot.app.lesson_screen.ready)
        await until(pilot, lambda: "must be a whole number" in words(pilot))
        await read_again(pilot, until, lambda: edit("thin/lesson.toml", "minutes = 0", "minutes = 3"))
        await until(pilot, lambda: "A thin lesson" in text(pilot))


async def test_the_quiz_stays_at_its_question(app: Any, opened: Any, until: Any, text: Any, edit: Edit) -> None:
    async with app().run_test(size=SMALL) as pilot:
        await opened(pilot)
        await pilot.press("z", "n")
        await pilot.pause()
        asked = pilot.app.lesson_screen.quiz.sheet.question
        old = asked.prompt["en"][:12]
        await read_again(pilot, until, lambda: edit("thin/en/quiz.toml", old, "Say now: " + old))
        assert pilot.app.lesson_screen.quiz.sheet.question.id == asked.id
        assert "Say now: " in pilot.app.lesson_screen.quiz.sheet.question.prompt["en"]
        await until(pilot, lambda: "Say now: " in text(pilot))


async def test_opens_the_lesson_that_is_written_and_lists_its_problems(
    app: Any, opened: Any, until: Any, text: Any
) -> None:
    async with app("demo/after").run_test(size=SMALL) as pilot:
        await opened(pilot)
        assert pilot.app.lesson_screen.query_one(ReaderPane).lesson.id == "demo/after"
        await until(pilot, lambda: pilot.app.settled)
        await pilot.press("f9")
        await until(pilot, lambda: isinstance(pilot.app.screen, ProblemsScreen))
        assert "What the check says" in text(pilot)
        assert re.search(r"[✗!] (en/|ko/)?lesson\.(md|toml):\d+ ", text(pilot))
        await pilot.press("f9")
        await until(pilot, lambda: pilot.app.screen is pilot.app.lesson_screen)


@in_two_sizes
def test_picture_of_the_problems(
    app: Any,
    opened: Any,
    until: Any,
    snap_compare: Any,
    home: Path,
    root: Path,
    monkeypatch: pytest.MonkeyPatch,
    size: tuple[int, int],
    lang: str,
) -> None:
    async def listed(pilot: Any) -> None:
        """Over a still page: what the ribbon says goes by itself, and the lab pane has pictures of its own."""
        await opened(pilot)
        await until(pilot, lambda: pilot.app.settled)
        for widget in pilot.app.lesson_screen.query("Toast, #lab > *"):
            widget.visible = False
        await pilot.press("f9")
        await pilot.pause()

    (home / "look.json").write_text(json.dumps({"lang": lang, "theme": "lowrank-dark"}))
    monkeypatch.setattr("tui.preview.inert", lambda text: str(text).replace(str(root), "~/course"))
    assert snap_compare(app("demo/thin"), terminal_size=tuple(map(int, size.split("x"))), run_before=listed)


async def test_help_names_the_key_that_lists_the_problems(app: Any, opened: Any, until: Any, text: Any) -> None:
    async with app().run_test(size=(80, 60)) as pilot:
        await opened(pilot)
        await pilot.press("f1")
        await until(pilot, lambda: re.search(r"F9 +What the check says about this lesson", text(pilot)))


def test_what_editors_hide_is_not_looked_at(root: Path) -> None:
    before = stamp_of(root)
    (root / "demo" / ".lesson.md.swp").write_text("x")
    (root / "demo" / "lesson.md~").write_text("x")
    assert stamp_of(root) == before
    (root / "demo" / "more.md").write_text("x")
    assert stamp_of(root) != before
