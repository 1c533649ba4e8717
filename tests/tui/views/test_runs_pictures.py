"""What the bench of runs looks like, in both languages, at both sizes."""

import json
import os
import time
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from engines import hold
from event_of import event_of
from picture import in_both_languages, in_two_sizes
from textual.widgets import Input, TextArea

from lab.events.writer import EventLog
from lab.hyperparameters import write_spec
from lab.runs import run_notes
from lab.runs.directory import Run
from lab.runs.outcome import KEYS
from lab.spec import RunSpec

SIZES = {"80x24": (80, 24), "120x40": (120, 40)}
BEGUN = 1_764_000_000
LOSSES = {"finished": 0.447, "stopped": 0.912, "failed": 2.5}
Ready = Callable[[Any], Awaitable[None]]


@pytest.fixture(autouse=True)
def one_clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def make(home: Path, number: int, state: str, **fields: Any) -> Run:
    """A run whose files are the same wherever they lie."""
    path = home / "runs" / f"20251124-1600{number:02d}-sql-lora"
    for folder in (path / "adapters", path / "state"):
        folder.mkdir(parents=True)
    spec = RunSpec.make(fields)
    write_spec(
        spec, path / "spec.yaml", model_path="/models/sprout", data_path="/data/sql", adapter_path=Path("/adapters")
    )
    os.utime(path / "spec.yaml", (BEGUN + 60 * number,) * 2)
    log = EventLog(path)
    if state == "waiting":
        hold(Run(path))
        log.write(event_of("stage", stage="waiting", behind="20251124-160005-sql-lora", position=1))
    elif state == "running":
        hold(Run(path))
        log.write(event_of("started", method="LoRA", iterations=spec.iters))
        log.write(
            event_of(
                "train",
                iteration=143,
                train_loss=0.412,
                tokens_per_second=2310.0,
                elapsed_seconds=4.4,
                trained_tokens=9000,
                peak_memory_bytes=212_000_000,
                remaining_seconds=25.0,
            )
        )
    else:
        loss = LOSSES[state]
        log.write(event_of("started", method="QLoRA" if "4bit" in spec.model else "LoRA", iterations=spec.iters))
        told = {"event": state, "iterations": spec.iters,
                "train_loss": loss - 0.05, "val_loss": loss, "best_val_loss": loss - 0.006, "best_iteration": 300,
                "seconds_per_iteration": 0.031, "seconds": 12.4, "tokens_per_second": 2310.0,
                "peak_memory_bytes": 212_000_000, "trainable_parameters": 175_104}  # fmt: skip
        error = {"error": {"what": "the loss is not a number"}} if state == "failed" else {}
        (path / "result.json").write_text(json.dumps(dict.fromkeys(KEYS) | told | error))
        for name in ("adapters", "0000200_adapters", "0000400_adapters"):
            with (path / "adapters" / f"{name}.safetensors").open("wb") as file:
                file.truncate(702_000)
    log.close()
    events = path / "events.jsonl"
    if events.exists():
        at = datetime.fromtimestamp(BEGUN + 60 * number, UTC).isoformat()
        told = [json.loads(line) | {"at": at} for line in events.read_text().splitlines()]
        events.write_text("".join(json.dumps(event) + "\n" for event in told))
    return Run(path)


@pytest.fixture
def desk(home: Path) -> Path:
    """Seven runs in every state, three of them a sweep."""
    first = make(home, 1, "finished", num_layers=4)
    run_notes.change(
        first, name="best so far", tags=("keep", "여름"), notes="Try a lower rate next.\n다음엔 rank 16으로."
    )
    make(home, 2, "finished", model="sprout-4bit")
    make(home, 3, "failed", learning_rate=0.05)
    for number, state in ((4, "finished"), (5, "running"), (6, "waiting")):
        run = make(home, number, state, lora_parameters={"rank": 2**number})
        run_notes.change(run, group="rank@1124-1600", name=f"rank {2**number}")
    make(home, 7, "stopped", seed=7)
    return home


@pytest.fixture
def prepared(at_bench: Any, until: Any) -> Callable[..., Ready]:
    def keys(*presses: str, run: str = "20251124-160001-sql-lora") -> Ready:
        async def run_before(pilot: Any) -> None:
            bench = await at_bench(pilot, "runs")
            await until(pilot, lambda: bench.ready)
            bench.grid.go_to(run)
            for key in presses:
                await pilot.press(key)
                await pilot.pause()
            for field in (*pilot.app.screen.query(Input), *pilot.app.screen.query(TextArea)):
                field.cursor_blink = False
            await pilot.pause()

        return run_before

    return keys


@in_two_sizes
def test_table(app: Any, prepared: Any, snap_compare: Any, desk: Path, lang: str, size: str) -> None:
    assert snap_compare(app(lang), terminal_size=SIZES[size], run_before=prepared())


@in_two_sizes
def test_sweep(app: Any, prepared: Any, snap_compare: Any, desk: Path, lang: str, size: str) -> None:
    assert snap_compare(app(lang), terminal_size=SIZES[size], run_before=prepared("w"))


@in_both_languages
def test_details_on_a_small_screen(app: Any, prepared: Any, snap_compare: Any, desk: Path, lang: str) -> None:
    assert snap_compare(app(lang), terminal_size=(80, 24), run_before=prepared("i"))


@pytest.mark.long
def test_table_on_a_very_wide_screen(app: Any, prepared: Any, snap_compare: Any, desk: Path) -> None:
    assert snap_compare(app("ko"), terminal_size=(200, 60), run_before=prepared())


@pytest.mark.long
def test_a_question_in_the_light(app: Any, prepared: Any, snap_compare: Any, desk: Path) -> None:
    light = app("ko", theme="lowrank-light")
    assert snap_compare(light, terminal_size=(120, 40), run_before=prepared("f"))


@in_two_sizes
@pytest.mark.parametrize(
    ("form", "key"),
    [("name", "n"), *(pytest.param(*form, marks=pytest.mark.long) for form in (("tags", "t"), ("notes", "e")))],
)
def test_form(
    app: Any, prepared: Any, snap_compare: Any, desk: Path, form: str, key: str, size: str, lang: str
) -> None:
    assert snap_compare(app(lang), terminal_size=SIZES[size], run_before=prepared(key))
