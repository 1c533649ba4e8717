"""Keys of one's own: read from keys.toml, in Hangul too, listed by `lowrank keys`, and never in the way of starting."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from tui.keymap import KeymapError, read


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
    (home / "keys.toml").write_text('"app.theme" = "f9"\n')
    async with app().run_test(size=(80, 24)) as pilot:
        await opened(pilot)
        before = pilot.app.theme
        await pilot.press("f3")
        assert pilot.app.theme == before
        await pilot.press("f9")
        assert pilot.app.theme != before


async def test_a_broken_file_is_said_and_the_usual_keys_work(app: Any, home: Path, opened: Any, text: Any) -> None:
    (home / "keys.toml").write_text("nonsense")
    async with app().run_test(size=(80, 24)) as pilot:
        await opened(pilot)
        assert "keys.toml" in text(pilot)
        before = pilot.app.theme
        await pilot.press("f3")
        assert pilot.app.theme != before


def test_the_command_lists_every_action(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from tui.cli import app

    monkeypatch.setenv("LOWRANK_HOME", str(tmp_path))
    (tmp_path / "keys.toml").write_text('"app.theme" = "f9"\n')
    result = CliRunner().invoke(app, ["keys", "--json"])
    rows = {row["action"]: row for row in json.loads(result.output)["keys"]}
    assert rows["app.theme"] == {"action": "app.theme", "keys": "f9", "about": "light / dark", "own": True}
    assert {"lab.stop", "bench.compare", "quiz.submit"} <= rows.keys()
    (tmp_path / "keys.toml").write_text('"app.nothing" = "f9"\n')
    assert "app.nothing" in str(CliRunner().invoke(app, ["keys"]).exception)
