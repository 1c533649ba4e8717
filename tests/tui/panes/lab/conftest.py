"""A host for the lab pane, and run directories written by hand, event by event."""

import asyncio
import json
import math
from collections.abc import Awaitable, Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from engines import StandIn, end_all
from styled_app import StyledApp
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.message import Message
from textual.pilot import Pilot
from textual.widgets import Static

from lab.runs.directory import Run, Runs
from lab.spec import RunSpec
from lessons.course import Lang
from tui.panes.lab.messages import RunEnded, RunStarted, Status
from tui.panes.lab.pane import LabPane
from tui.styles import styles

START = datetime(2025, 11, 23, 2, 0, 0, tzinfo=UTC)
TRAINABLE, TOTAL, BASE_BYTES = 135_168, 2_852_352, 11_400_000


class Host(StyledApp):
    """Only the pane, or the pane as the right-hand column of a wider screen."""

    CSS_PATH = styles("widgets", "lab")
    CSS = "#beside { width: 1fr; } #beside-lab { width: auto; height: 1fr; border-left: solid $rule; }"

    def __init__(self, home: Path, lang: Lang = "en", column: int = 0) -> None:
        super().__init__()
        self.pane = LabPane(home / "runs", home / "cache", lang)
        self.column = column
        self.heard: list[Message] = []
        self.news = asyncio.Event()

    def compose(self) -> ComposeResult:
        if not self.column:
            yield self.pane
            return
        self.pane.styles.width = self.column
        with Horizontal():
            yield Static("", id="beside")
            with Horizontal(id="beside-lab"):
                yield self.pane

    def on_lab_pane_run_started(self, message: RunStarted) -> None:
        self._hear(message)

    def on_lab_pane_run_ended(self, message: RunEnded) -> None:
        self._hear(message)

    def on_lab_pane_status(self, message: Status) -> None:
        self._hear(message)

    def _hear(self, message: Message) -> None:
        self.heard.append(message)
        self.news.set()

    async def hears(self, kind: type[Message], like: Callable[[Any], bool] = lambda _: True) -> Any:
        """The first message of the kind that is like that, as soon as it has come."""
        while not (found := [message for message in self.said(kind) if like(message)]):
            self.news.clear()
            await self.news.wait()
        return found[0]

    def said(self, kind: type[Message]) -> list[Any]:
        return [message for message in self.heard if isinstance(message, kind)]


def at(seconds: float) -> str:
    return (START + timedelta(seconds=seconds)).isoformat()


def started(iterations: int) -> dict[str, object]:
    return {
        "event": "started",
        "at": at(0),
        "iterations": iterations,
        "method": "LoRA",
        "trainable_parameters": TRAINABLE,
        "total_parameters": TOTAL,
        "base_bytes": BASE_BYTES,
    }


def training(upto: int, iterations: int, every: int = 5) -> list[dict[str, object]]:
    """A plausible run: a loss that falls, wobbles, and is validated every 40 iterations."""
    events: list[dict[str, object]] = [started(iterations), {"event": "stage", "stage": "training"}]
    for iteration in range(0, upto + 1, every):
        loss = 3.4 * math.exp(-iteration / 60) + 0.3 + 0.12 * math.sin(iteration * 1.7)
        if iteration % 40 == 0:
            events.append({"event": "validation", "iteration": iteration, "val_loss": loss + 0.09})
        if iteration:
            events.append(
                {
                    "event": "train",
                    "iteration": iteration,
                    "train_loss": loss,
                    "tokens_per_second": 2310.0,
                    "iterations_per_second": 32.0,
                    "trained_tokens": iteration * 72,
                    "peak_memory_bytes": 212_000_000,
                    "elapsed_seconds": iteration / 32,
                    "remaining_seconds": (iterations - iteration) / 32,
                }
            )
    return events


def ending(kind: str, iteration: int, **more: object) -> dict[str, object]:
    return {
        "event": kind,
        "at": at(iteration / 32),
        "iterations": iteration,
        "train_loss": 0.412,
        "val_loss": 0.447,
        "trained_tokens": iteration * 72,
        "tokens_per_second": 2310.0,
        "seconds_per_iteration": 1 / 32,
        "peak_memory_bytes": 212_000_000,
        **more,
    }


def sweep(runs: Runs) -> None:
    """End every engine that a test has left behind."""
    end_all(runs.all())


class RunFolders:
    """Makes run directories below one home and writes to them as the engine does."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.runs = Runs(home / "runs")

    def run(self, name: str, engine: StandIn | None = None, **fields: object) -> Run:
        """A run under a fixed name, on which `engine` works."""
        made = self.runs.create(RunSpec.make(fields), model_path="sprout", data_path="sql")
        run = Run(made.path.rename(made.path.with_name(name)))
        if engine:
            engine.work_on(run)
        return run

    def write(self, run: Run, events: Iterable[dict[str, object]]) -> None:
        with (run.path / "events.jsonl").open("a") as file:
            file.writelines(json.dumps(event) + "\n" for event in events)

    def end(self, run: Run, event: dict[str, object]) -> None:
        self.write(run, [event])
        (run.path / "result.json").write_text(json.dumps(event))

    def adapter(self, run: Run, checkpoints: int = 2) -> None:
        (run.adapters / "adapters.safetensors").write_bytes(bytes(698_000))
        (run.adapters / "adapter_config.json").write_bytes(bytes(912))
        for number in range(1, checkpoints + 1):
            (run.adapters / f"{number * 100:07d}_adapters.safetensors").write_bytes(bytes(698_000))


@pytest.fixture
def bench(tmp_path: Path) -> RunFolders:
    return RunFolders(tmp_path)


MakeHost = Callable[..., Host]


@pytest.fixture
def host(tmp_path: Path) -> Iterator[MakeHost]:
    def make(lang: Lang = "en", column: int = 0) -> Host:
        return Host(tmp_path, lang, column)

    yield make
    sweep(Runs(tmp_path / "runs"))


async def settle(pilot: Pilot[None]) -> None:
    """Wait until everything the pane has begun is done and drawn."""
    for _ in range(3):
        await pilot.pause()
        await pilot.app.workers.wait_for_complete()
    await pilot.pause()


Settle = Callable[[Pilot[None]], Awaitable[None]]


@pytest.fixture(name="settle")
def settle_fixture() -> Settle:
    return settle


@pytest.fixture(name="training")
def training_fixture() -> Callable[..., list[dict[str, object]]]:
    return training


@pytest.fixture(name="ending")
def ending_fixture() -> Callable[..., dict[str, object]]:
    return ending
