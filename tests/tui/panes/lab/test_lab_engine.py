"""The whole way with the real engine: form, process, chart, stop, summary."""

import asyncio
from typing import Any

import pytest
from event_of import kind_of
from picture import drawn
from textual.pilot import Pilot
from textual.widgets import Input, Static
from waiting import wait_for

from lab import preflight
from lab.runs import launch
from lab.runs.directory import Runs
from lab.runs.stop import request_stop
from tui.panes.lab.live import LiveView
from tui.panes.lab.messages import RunEnded, RunStarted, Status
from tui.panes.lab.summary import SummaryView
from tui.widgets.loss_chart import PlotView

PATIENCE = 300.0
"""Seconds; the runs take a few on an idle machine."""


async def fill(pilot: Pilot[None], **values: str) -> None:
    for name, value in values.items():
        pilot.app.query_one(f"#lab-field-{name}", Input).value = value
    await pilot.pause()


def text(pilot: Pilot[None], selector: str) -> str:
    return str(pilot.app.query_one(selector, Static).render())


async def test_a_short_run_from_the_form_to_its_files(host: Any, settle: Any, tmp_path: Any) -> None:
    async with host().run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        pilot.app.pane.focus()
        await fill(pilot, iterations="20", batch="2", rank="4")
        await pilot.press("ctrl+r")
        started = await asyncio.wait_for(pilot.app.hears(RunStarted), PATIENCE)
        assert (started.method, started.model, started.data, started.purpose) == ("LoRA", "sprout", "sql", "lab")
        ended = await asyncio.wait_for(pilot.app.hears(RunEnded), PATIENCE)
        assert (ended.run_id, ended.state) == (started.run_id, "finished")
        await settle(pilot)
        assert pilot.app.query_one(SummaryView).display
        picture = pilot.app.query_one(SummaryView).query_one(PlotView)
        picture.redraw()
        assert "•" in drawn(picture) and "★" in drawn(picture)
        run = Runs(tmp_path / "runs").get(started.run_id)
        trained = ended.result.trainable_parameters
        assert f"{trained:,}/" in text(pilot, "#lab-trainable")
        assert "adapters.safetensors" in text(pilot, "#lab-files")
        assert text(pilot, "#lab-ratio").startswith("adapter ")
        assert (run.spec.lora_parameters.rank, run.spec.iters) == (4, 20)


async def test_a_second_run_waits_behind_the_first_and_says_so(host: Any, settle: Any, tmp_path: Any) -> None:
    spec = {"batch_size": 2, "num_layers": 1, "val_batches": 0, "samples": 0}
    first = preflight.prepare(spec | {"iters": 100_000}, Runs(tmp_path / "runs"), tmp_path / "cache")
    launch.start(first, tmp_path / "cache")
    await asyncio.to_thread(wait_for, lambda: kind_of(first.last_event()) == "train")
    async with host().run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        second = Runs(tmp_path / "runs").get(await pilot.app.pane.start_run(spec | {"iters": 2}))
        async with asyncio.timeout(PATIENCE):
            while "waiting for its turn" not in text(pilot, "#lab-live-state"):
                await pilot.pause(0.05)
        assert text(pilot, "#lab-goes-on") == f"Waits behind {first.id}, number 1 in line."
        pilot.app.pane.lang = "ko"
        assert text(pilot, "#lab-goes-on") == f"{first.id} 다음 차례를 기다려요. 대기 1번째예요."
        assert first.state() == "running" and request_stop(first)
        ended = await asyncio.wait_for(pilot.app.hears(RunEnded), PATIENCE)
        assert (ended.run_id, ended.state) == (second.id, "finished")


@pytest.mark.long
async def test_a_long_run_moves_the_chart_and_is_stopped_with_its_adapter(host: Any, settle: Any) -> None:
    spec = {"iters": 100_000, "batch_size": 2, "val_batches": 1, "steps_per_report": 1}
    async with host().run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await pilot.app.pane.start_run(spec, purpose="exercise")
        started = await asyncio.wait_for(pilot.app.hears(RunStarted), PATIENCE)
        assert started.purpose == "exercise"
        chart = pilot.app.query_one(LiveView).query_one(PlotView)
        for iteration in range(1, 4):
            moved = pilot.app.hears(Status, lambda status, at=iteration: int(status.text[1:].split("/")[0]) >= at)
            await asyncio.wait_for(moved, PATIENCE)
            assert max(len(line.points) for line in chart.plot.lines) >= iteration
        pilot.app.pane.focus()
        await pilot.press("x", "x")
        ended = await asyncio.wait_for(pilot.app.hears(RunEnded), PATIENCE)
        assert ended.state == "stopped"
        await settle(pilot)
        assert "adapters.safetensors" in text(pilot, "#lab-files")
