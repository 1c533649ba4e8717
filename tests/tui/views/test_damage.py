"""The whole program on a home full of damaged runs: it starts, lists every one, opens them all and goes on."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from damages import DAMAGES, healthy

from tui.views.run.view import RunView
from tui.widgets.data_grid import DataGrid

BENCHES = ("run", "inspect", "chat", "fuse", "new", "compare")
SOME = ("a folder for spec.yaml", "a pipe for events.jsonl", "events of other types", "a result without types",
        "a talk of other types")  # fmt: skip


@pytest.fixture
def damaged(home: Path) -> list[str]:
    """One run for each kind of damage, and a good one; the names of the damaged ones, in the order of DAMAGES."""
    names = []
    for number, do in enumerate(DAMAGES.values()):
        names.append(f"bad-{number:03d}")
        do(healthy(home / "runs", names[-1]).path)
    healthy(home / "runs", "a-good-one")
    return names


async def open_each(pilot: Any, names: Sequence[str], until: Any) -> None:
    """Every bench on every one of these runs."""
    laboratory = pilot.app.laboratory
    for place in BENCHES:
        for name in names:
            laboratory.picks.run, laboratory.picks.marked = name, (name, "a-good-one")
            bench = await laboratory.open(place)
            if isinstance(bench, RunView):
                await until(pilot, lambda: (bench.run and bench.run.id == name) or bench._refused == name)  # noqa: B023
            await pilot.pause()


async def test_the_program_starts_with_every_kind_of_damage_and_one_can_be_deleted(
    damaged: list[str], home: Path, app: Any, opened: Any, at_bench: Any, until: Any, text: Any
) -> None:
    async with app().run_test(size=(120, 40)) as pilot:
        await opened(pilot)
        bench = await at_bench(pilot, "runs")
        await until(pilot, lambda: bench.ready)
        assert {row.run for row in bench.rows} == {"a-good-one", *damaged}
        assert "! damaged" in text(pilot)
        for name in damaged:
            assert bench.query_one(DataGrid).go_to(name)
            bench._draw()
        name = damaged[list(DAMAGES).index("lowrank: 5")]
        assert bench.query_one(DataGrid).go_to(name)
        await until(pilot, lambda: "mapping" in text(pilot))
        await pilot.press("d")
        await until(pilot, lambda: name not in {row.run for row in bench.rows})
        kinds = list(DAMAGES)
        await open_each(pilot, [damaged[kinds.index(kind)] for kind in SOME], until)


@pytest.mark.long
async def test_every_bench_opens_every_damaged_run(
    damaged: list[str], app: Any, opened: Any, at_bench: Any, until: Any
) -> None:
    async with app().run_test(size=(120, 40)) as pilot:
        await opened(pilot)
        await at_bench(pilot, "runs")
        await open_each(pilot, damaged, until)
