"""Data for the New bench: fetched from a hub on this machine, given up half-way, and divided where it is one file."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hub import Hub
from textual.widgets import Input

from lab.datasets.find import BUNDLED, find_data
from tui.views.new_run.picker import Picker
from tui.views.new_run.split_dialog import SplitScreen
from tui.widgets.dialogs import ConfirmScreen


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    with Hub() as made:
        rows = (BUNDLED / "sql/train.jsonl").read_bytes().splitlines(keepends=True)[:40]
        made.add_dataset("org/rows", {"train.jsonl": b"".join(rows), "validation.jsonl": rows[0]})
        for name, value in made.environment(tmp_path).items():
            monkeypatch.setenv(name, value)
        yield made


def data(bench: Any) -> str:
    return str(bench.form.values["data"])


async def test_rows_from_a_hub_are_fetched_after_asking_and_escape_ends_it(
    app: Any, at_bench: Any, until: Any, text: Any, hub: Hub
) -> None:
    async with app().run_test(size=(120, 40)) as pilot:
        bench = await at_bench(pilot, "new")
        folder = bench.lab.cache / "data/org/rows"

        async def pick() -> None:
            bench.form.row("data").control.focus()
            await pilot.press("enter")
            await until(pilot, lambda: isinstance(pilot.app.screen, Picker))
            pilot.app.screen.query_one(Input).value = "org/rows"
            await until(pilot, lambda: "hub id: Enter" in text(pilot))
            await pilot.press("enter")
            await until(pilot, lambda: isinstance(pilot.app.screen, ConfirmScreen))
            assert "Fetch org/rows?" in text(pilot)
            await pilot.press("enter")

        hub.hold.clear()
        await pick()
        await until(pilot, lambda: hub.halted.is_set() and bench.fetching is not None)
        await pilot.press("down", "up")
        assert data(bench) == "sql", "the form can be used meanwhile"
        await pilot.press("escape")
        await until(pilot, lambda: bench.fetching is None and "org/rows was not fetched" in text(pilot))
        hub.hold.set()
        await until(pilot, lambda: not [p for p in folder.parent.parent.rglob("*.jsonl*") if ".locks" not in p.parts])

        await pick()
        await until(pilot, lambda: data(bench) == str(folder))
        assert find_data(str(folder)).rows == {"train": 40, "valid": 1, "test": 0}


async def test_rows_in_one_piece_are_divided_from_the_form(
    app: Any, at_bench: Any, until: Any, text: Any, tmp_path: Path
) -> None:
    rows = [{"prompt": f"question {n}", "completion": "yes", "who": n % 5} for n in range(60)]
    (tmp_path / "mine").mkdir()
    for place in (tmp_path / "mine/train.jsonl", tmp_path / "mine/rows.jsonl"):
        place.write_text("".join(json.dumps(row) + "\n" for row in rows))
    async with app().run_test(size=(120, 40)) as pilot:
        bench = await at_bench(pilot, "new")
        bench.form.choose("data", str(tmp_path / "mine"))
        await until(pilot, lambda: "F8" in text(pilot))
        await pilot.press("f8")
        await until(pilot, lambda: isinstance(pilot.app.screen, SplitScreen))
        screen = pilot.app.screen
        screen.query_one("#split-by", Input).value = "nothing"
        await pilot.press("f5")
        await until(pilot, lambda: "no column 'nothing'" in text(pilot))
        screen.query_one("#split-by", Input).value = "who"
        await pilot.press("f5")
        await until(pilot, lambda: data(bench) == str(tmp_path / "mine-split"))
        assert find_data(data(bench)).rows == {"train": 36, "valid": 12, "test": 12}
        await until(pilot, lambda: "F8" not in text(pilot))
