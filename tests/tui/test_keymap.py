"""Keys of one's own: read from keys.toml, in Hangul too, listed by `lowrank keys`, and never in the way of starting."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from catalogues import texts
from typer.testing import CliRunner

from tui.actions import keys_of
from tui.keymap import KeymapError, check, read
from tui.locale import say


def test_no_file_no_keys(tmp_path: Path) -> None:
    assert read(tmp_path) == {}


def test_quoted_and_unquoted_names(tmp_path: Path) -> None:
    (tmp_path / "keys.toml").write_text('"app.quit" = "x, ctrl+x"\n[app]\nhelp = "f12"\n')
    assert read(tmp_path) == {"app.quit": "x,ctrl+x,ㅌ", "app.help": "f12"}


@pytest.mark.parametrize("text", ["app.quit = ", 'app.quit = ""', "app.quit = 3", "\x00", "app.quit = [1]"])
def test_what_cannot_be_read_says_which_file(tmp_path: Path, text: str) -> None:
    (tmp_path / "keys.toml").write_text(text)
    with pytest.raises(KeymapError, match=r"keys\.toml"):
        read(tmp_path)


async def test_a_remapped_key_works_and_the_old_one_does_not(app: Any, home: Path, opened: Any) -> None:
    (home / "keys.toml").write_text('"app.theme" = "alt+t"\n')
    async with app().run_test(size=(80, 24)) as pilot:
        await opened(pilot)
        before = pilot.app.theme
        await pilot.press("f3")
        assert pilot.app.theme == before
        await pilot.press("alt+t")
        assert pilot.app.theme != before


WRONG = {
    "nonsense": "keys.toml",
    '"app.theme" = "floob"': "no key of that name",
    '"app.theme" = "contrl+x"': "ctrl+x",
    '"app.them" = "f12"': "app.theme",
    '"app.theme" = "q"': "app.quit",
    '"lab.stop" = "q"': "app.quit",
    '"app.theme" = "e"': "go.exercise",
    '"runs.compare" = "j"': "grid.down",
    '"app.theme" = "?"': "app.help",
}


@pytest.mark.parametrize(("line", "named"), WRONG.items())
def test_what_is_refused_names_the_file_the_line_and_what_is_in_the_way(tmp_path: Path, line: str, named: str) -> None:
    (tmp_path / "keys.toml").write_text(line)
    with pytest.raises(KeymapError) as error:
        check(read(tmp_path), tmp_path)
    for said in (str(error.value), error.value.korean):
        assert "keys.toml" in said and (named in said or not named.isascii() or " " in named)
        assert line == "nonsense" or line.partition('" ')[0] in said


@pytest.mark.parametrize(
    "lines",
    [
        '"app.quit" = "ctrl+x"',
        '"app.quit" = "l"\n"app.language" = "q"',
        '"quiz.submit" = "f12"\n"quiz.again" = "f12"',
        '"app.theme" = "alt+t, ctrl+shift+f5"',
        '"app.help" = "f12"',
        '"dialog.yes" = "q"',
    ],
)
def test_free_keys_and_keys_that_change_places_are_taken(tmp_path: Path, lines: str) -> None:
    (tmp_path / "keys.toml").write_text(lines)
    check(read(tmp_path), tmp_path)


@pytest.mark.parametrize(
    "size", [(80, 24), *(pytest.param(size, marks=pytest.mark.long) for size in ((120, 40), (200, 60)))]
)
@pytest.mark.parametrize("line", ["nonsense", pytest.param('"app.theme" = "q"', marks=pytest.mark.long)])
async def test_what_is_refused_stands_on_every_screen(
    app: Any, home: Path, opened: Any, until: Any, text: Any, size: tuple[int, int], line: str
) -> None:
    (home / "keys.toml").write_text(line)
    async with app().run_test(size=size) as pilot:
        await opened(pilot)
        await until(pilot, lambda: "keys.toml" in text(pilot))
        before = pilot.app.theme
        await pilot.press("f3")
        assert pilot.app.theme != before, "the usual keys work"
        await pilot.press("f4")
        await until(pilot, lambda: pilot.app.screen is pilot.app.laboratory and "keys.toml" in text(pilot))
        await pilot.press("f2")
        await until(pilot, lambda: "기본 키를 쓰고 있어요" in text(pilot))
        await pilot.press("ctrl+l")
        await until(pilot, lambda: pilot.app.screen is pilot.app.progress_page and "keys.toml" in text(pilot))


def test_a_nearest_name_is_said_only_where_one_is_near(tmp_path: Path) -> None:
    for key, near in (("floob", ""), ("crtl+x", "ctrl+x"), ("pgdown", "pagedown")):
        (tmp_path / "keys.toml").write_text(f'"app.theme" = "{key}"\n')
        with pytest.raises(KeymapError) as error:
            read(tmp_path)
        for text in (str(error.value), error.value.korean):
            assert text.endswith(f'"{near}"' if near else ("no key of that name", "없어요")), text


async def test_a_broken_file_is_said_and_the_usual_keys_work(app: Any, home: Path, opened: Any, text: Any) -> None:
    (home / "keys.toml").write_text("nonsense")
    async with app().run_test(size=(80, 24)) as pilot:
        await opened(pilot)
        assert "keys.toml" in text(pilot)
        before = pilot.app.theme
        await pilot.press("f3")
        assert pilot.app.theme != before


def test_the_command_lists_every_action(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from tui.cli.main import app

    monkeypatch.setenv("LOWRANK_HOME", str(tmp_path))
    (tmp_path / "keys.toml").write_text('"app.theme" = "alt+t"\n')
    result = CliRunner().invoke(app, ["keys", "--json"])
    rows = {row["action"]: row for row in json.loads(result.output)["keys"]}
    assert rows["app.theme"] == {"action": "app.theme", "keys": "alt+t", "about": "light / dark", "own": True}
    assert {"lab.stop", "view.compare", "quiz.submit"} <= rows.keys()
    (tmp_path / "keys.toml").write_text('"app.nothing" = "f9"\n')
    assert "app.nothing" in str(CliRunner().invoke(app, ["keys"]).exception)
    checks = json.loads(CliRunner().invoke(app, ["doctor", "--json"]).output.splitlines()[-1])["checks"]
    (own,) = (each for each in checks if each["name"] == "keys.toml")
    assert not own["ok"] and "app.nothing" in own["detail"] and own["remedy"]


@pytest.mark.parametrize("content", ["a = " + "[" * 100_000, "a" + ".a" * 50_000 + " = 1", "a = " + "9" * 5000, "\x00"])
def test_keys_of_any_depth_are_refused_in_one_short_line(content: str, tmp_path: Path) -> None:
    (tmp_path / "keys.toml").write_text(content)
    with pytest.raises(KeymapError) as error:
        read(tmp_path)
    assert "\n" not in str(error.value)
    assert len(str(error.value).removeprefix(str(tmp_path))) < 200


def test_every_key_that_a_page_names_belongs_to_an_action_that_is_loaded_with_it() -> None:
    keys = keys_of()
    for lang in ("en", "ko"):
        for word, text in texts(lang).items():
            for action in re.findall("⟪(.*?)⟫", text):
                assert action in keys, word
                assert action.partition(".")[0] in (word.partition(".")[0], "view"), f"{word}: {action} may be absent"


async def test_pages_name_the_keys_of_ones_own(app: Any, home: Path, until: Any) -> None:
    (home / "keys.toml").write_text('"runs.sweep" = "W"\n"view.three-way" = "f12"\n')
    async with app().run_test(size=(120, 40)) as pilot:
        await pilot.press("f4")
        await until(pilot, lambda: pilot.app.laboratory is not None and pilot.app.laboratory.bench is not None)
        told = say("en", "runs.empty.begin") if await pilot.app.laboratory.open("runs") else ""
        assert "Press 1 for your first run, W for a sweep over two fields, or f12" in told.replace("F12", "f12")
    (home / "keys.toml").unlink()
    async with app().run_test(size=(80, 24)):
        assert "w for a sweep" in say("en", "runs.empty.begin"), "the usual ones again"


@pytest.mark.parametrize(
    ("before", "now"),
    [
        ("bench.new", "view.new"),
        ("bench.live", "view.run"),
        ("bench.talk", "view.chat"),
        ("live.zoom-in", "run.zoom-in"),
        ("talk.blind", "chat.blind"),
        ("progress.deeds", "progress.achievements"),
        ("lab.stop", "lab.stop"),
    ],
)
def test_an_action_may_be_called_what_it_was_called_before(tmp_path: Path, before: str, now: str) -> None:
    (tmp_path / "keys.toml").write_text(f'"{before}" = "alt+u"\n')
    assert read(tmp_path) == {now: "alt+u"} and now in keys_of()
