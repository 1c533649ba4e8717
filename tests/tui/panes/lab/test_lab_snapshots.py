"""What the learner sees, at 80×24 and as the 42-cell column of a wide screen, in both languages."""

from typing import Any

import pytest
from engines import hold
from textual.pilot import Pilot

SIZES = {"80x24": ((80, 24), 0), "column": ((50, 36), 42)}


@pytest.fixture(params=[("80x24", "en"), pytest.param(("column", "ko"), marks=pytest.mark.long)], ids="-".join)
def compare(request: pytest.FixtureRequest, snap_compare: Any, host: Any, settle: Any) -> Any:
    name, lang = request.param
    size, column = SIZES[name]

    async def ready(pilot: Pilot[None]) -> None:
        await settle(pilot)
        pilot.app.pane.focus()
        await settle(pilot)

    def check(run_before: Any = None) -> bool:
        async def before(pilot: Pilot[None]) -> None:
            await ready(pilot)
            if run_before is not None:
                await run_before(pilot)
                await settle(pilot)

        return bool(snap_compare(host(lang, column), terminal_size=size, run_before=before))

    return check


def test_form(compare: Any) -> None:
    async def quantized_and_wrong(pilot: Pilot[None]) -> None:
        pilot.app.query_one("#lab-field-rank").cursor_blink = False
        await pilot.press("right", "down", "down", "down", "9", "9", "9")

    assert compare(quantized_and_wrong)


def test_live(compare: Any, bench: Any, training: Any) -> None:
    run = bench.run("20251123-020000-sql-lora", model="sprout-4bit", iters=200)
    hold(run)
    events = training(145, 200)
    events[0]["method"] = "QLoRA"
    bench.write(run, events)
    assert compare(lambda pilot: pilot.press("x"))


def test_summary(compare: Any, bench: Any, training: Any, ending: Any) -> None:
    run = bench.run("20251123-020000-sql-lora", iters=200, learning_rate=1e-4)
    bench.write(run, training(200, 200))
    bench.adapter(run, checkpoints=6)
    bench.end(run, ending("finished", 200))
    assert compare()


def test_failed(compare: Any, bench: Any, training: Any, ending: Any) -> None:
    run = bench.run("20251123-020000-sql-lora", iters=200)
    bench.write(run, training(60, 200))
    (run.path / "log.txt").write_text("\x1b[31m[metal::malloc] Unable to allocate 18446744 bytes\n")
    remedy = "lower the batch size, or shorten max_seq_length"
    error = {"what": "out of memory while computing gradients", "where": "iteration 61", "remedy": remedy}
    bench.end(run, ending("failed", 60, error=error))
    assert compare()
