"""Where there is little room a path loses its beginning, never the name at its end."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from tui.app import LowrankApp
from tui.formatting.short_paths import short_path, short_paths, shorten

LONG = "a rather long folder 이름이 긴 폴더"


@given(st.text("ab/한 .~", max_size=60), st.integers(0, 50))
def test_it_never_takes_more_room_than_there_is(path: str, width: int) -> None:
    assert cell_len(short_path(path, width)) <= width


def test_the_name_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/somebody")
    assert short_path("/home/somebody/data", 40) == "~/data"
    assert short_path("/home/somebodyelse/data", 40) == "/home/somebodyelse/data"
    assert short_path("/srv/teams/language/2026/data/keys.toml", 20) == "…/data/keys.toml"
    assert short_path("mlx-community/Llama-3.2-1B-Instruct-4bit", 28) == "…/Llama-3.2-1B-Instruct-4bit"
    assert short_path("/srv/20260101-120000-a-very-long-name-lora.yaml", 20) == "20260101-…-lora.yaml"


def test_paths_in_a_sentence_are_shortened_and_nothing_else_is() -> None:
    text = "Exported to /srv/teams/language/2026/data/keys.toml. Give 1/2 and/or see https://example.org/a/long/page"
    assert short_paths(text, 20) == text.replace("/srv/teams/language/2026/data/keys.toml", "…/data/keys.toml")
    folder = Path("/srv/my own folder/with a long name/home")
    assert shorten(f"{folder}/keys.toml: broken", folder, 10) == "…/home/keys.toml: broken"


@pytest.mark.parametrize("lang", ["en", "ko"])
async def test_with_a_very_long_home_every_notice_ends_with_the_name(
    tmp_path: Path, opened: Any, until: Any, text: Any, lang: str
) -> None:
    home = tmp_path / LONG / LONG / LONG / "home-of-mine"
    home.mkdir(parents=True)
    (home / "keys.toml").write_text("nonsense")
    (home / "look.json").write_text(f'{{"lang": "{lang}"}}')
    app = LowrankApp(home, Path(__file__).parent / "tracks")
    async with app.run_test(size=(80, 24)) as pilot:
        await opened(pilot)
        assert "home-of-mine/keys.toml" in text(pilot)
        app.action_where()
        await until(pilot, lambda: text(pilot).count("home-of-mine") == 2, 20)
        app.tell(f"/srv/{'x' * 300}/result.json: not JSON", "trouble")
        await until(pilot, lambda: "…/result.json: not JSON" in text(pilot), 20)
