"""What the live bench looks like, in both languages, at both sizes."""

import json
import math
from typing import Any

import pytest
from engines import hold
from picture import in_both_languages, in_two_sizes

from lab.runs.directory import Run
from tui.widgets.loss_chart import PlotView

SIZES = {"80x24": (80, 24), "120x40": (120, 40), "200x60": (200, 60)}
NAME = "20251123-020000-sql-lora"


def tell(run: Run, upto: int, iterations: int = 200) -> None:
    """Events as an engine writes them, of a run that learns."""
    told: list[dict[str, Any]] = [{"event": "started", "iterations": iterations, "trainable_parameters": 175_104}]
    for at in range(0, upto + 1, 5):
        loss = 0.3 + 3.7 * math.exp(-at / 25) + 0.1 * math.sin(at)
        if at:
            told.append({"event": "train", "iteration": at, "train_loss": loss, "learning_rate": 2e-3 * (1 - at / 250),
                         "tokens_per_second": 2310.0, "iterations_per_second": 31.0, "trained_tokens": at * 143,
                         "peak_memory_bytes": 71_000_000, "elapsed_seconds": at / 31,
                         "remaining_seconds": (iterations - at) / 31})  # fmt: skip
        if at % 50 == 0:
            asked = "Table dogs with columns breed, age. Show the breed of dogs with age equal to 13."
            right = "SELECT breed FROM dogs WHERE age = 13"
            answers = [{"prompt": asked, "expected": right, "text": right if at >= 100 else "The breed is 13."}]
            told.append({"event": "validation", "iteration": at, "val_loss": 0.4 + 3.6 * math.exp(-at / 25)})
            told.append({"event": "samples", "iteration": at, "answers": answers})
    (run.path / "events.jsonl").write_text("".join(json.dumps(event) + "\n" for event in told))


@pytest.fixture
def compare(app: Any, at_bench: Any, until: Any, snap_compare: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    # What the tabs say beside their names comes with a clock of its own.
    monkeypatch.setattr("tui.screens.laboratory.Laboratory.tell_status", lambda self: None)

    def check(lang: str, size: str, *keys: str, theme: str = "lowrank-dark") -> bool:
        async def before(pilot: Any) -> None:
            live = await at_bench(pilot, "run", run=NAME)
            await until(pilot, lambda: live.shown is not None and live.shown.answered)
            for key in keys:
                await pilot.press(key)
                await pilot.pause()
            for _ in range(2):
                await until(
                    pilot, lambda: not [w for w in live.workers if w.group in ("moment", "poll") and w.is_running]
                )
            live.leave()
            chart = live.query_one(PlotView)
            await until(pilot, lambda: chart._plotext is not None)
            chart.redraw()
            for ribbon in pilot.app.screen.query("Toast"):
                ribbon.remove_class("-shown")
            await pilot.pause()

        return bool(snap_compare(app(lang, theme=theme), terminal_size=SIZES[size], run_before=before))

    return check


@pytest.fixture
def going(bench: Any) -> None:
    """A run at iteration 145 of 200."""
    run = bench.run(NAME, iters=200)
    hold(run)
    tell(run, 145)


@in_two_sizes
def test_a_run_that_goes_on_with_the_cursor_back_in_time(compare: Any, going: None, lang: str, size: str) -> None:
    assert compare(lang, size, "b", "b")


@in_both_languages
def test_the_answers_on_a_small_screen(compare: Any, going: None, lang: str) -> None:
    assert compare(lang, "80x24", "a")


@pytest.mark.parametrize(("theme", "size"), [("lowrank-light", "120x40"), ("lowrank-dark", "200x60")])
def test_a_run_that_goes_on(compare: Any, going: None, theme: str, size: str) -> None:
    assert compare("ko", size, theme=theme)
