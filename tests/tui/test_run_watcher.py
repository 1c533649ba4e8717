"""Whoever started a run: its end is told once, wherever one is, and recorded."""

import json
import shutil
from typing import Any

import pytest
from engines import hold
from event_of import event_of

from lab.runs.directory import Run
from lab.runs.monitor import EndedRun, RunMonitor
from lab.runs.state import RunState
from tui.run_watcher import told


def going(bench: Any, name: str) -> Run:
    """A run whose engine is this very process."""
    run: Run = bench.run(name)
    hold(run)
    return run


def test_an_end_is_told_once(bench: Any, home: Any) -> None:
    old, now = bench.run("old"), going(bench, "now")
    bench.finish(old)
    watcher = RunMonitor(home / "runs", home / "cache")
    assert watcher.look() == []
    later = going(bench, "later")
    assert watcher.look() == []
    bench.finish(now)
    assert [(each.run, each.state, each.method) for each in watcher.look()] == [("now", "finished", "LoRA")]
    assert watcher.look() == []
    (later.path / "result.json").write_text(json.dumps({"event": "stopped", "iterations": 7}))
    assert [(each.run, each.state) for each in watcher.look()] == [("later", "stopped")]


def test_a_run_that_was_quick_is_told_and_one_put_back_is_not(bench: Any, home: Any) -> None:
    away = bench.run("away")
    bench.finish(away)
    shutil.move(away.path, home / "away")
    watcher = RunMonitor(home / "runs", home / "cache")
    watcher.look()
    shutil.move(home / "away", away.path)
    assert watcher.look() == []
    bench.finish(bench.run("quick"))
    assert [each.run for each in watcher.look()] == ["quick"]


def test_a_resumed_run_is_told_again_and_a_deleted_one_is_not(bench: Any, home: Any) -> None:
    run = going(bench, "a")
    (run.path / "result.json").write_text(json.dumps({"event": "stopped"}))
    watcher = RunMonitor(home / "runs", home / "cache")
    watcher.look()
    (run.path / "result.json").unlink()
    assert watcher.look() == []
    bench.finish(run)
    assert [each.state for each in watcher.look()] == ["finished"]
    shutil.rmtree(run.path)
    assert watcher.look() == []


def test_without_runs_there_is_nothing_to_tell(home: Any) -> None:
    watcher = RunMonitor(home / "runs", home / "cache")
    assert watcher.look() == [] == watcher.look()


def test_its_line_says_what_became_of_it() -> None:
    def line(state: str, **result: object) -> tuple[str, str]:
        return told(EndedRun("r\x1b[2J", RunState(state), "LoRA", event_of(state, **result)), "en")

    assert line("finished") == line("finished", val_loss=None) == ("r\\x1b[2J is finished.", "cheer")
    assert line("finished", val_loss=0.25) == ("r\\x1b[2J is finished. Validation loss 0.250.", "cheer")
    assert "iteration 7" in line("stopped", iterations=7)[0]
    assert line("failed", error={"what": "out of memory"}) == ("r\\x1b[2J failed: out of memory", "trouble")


@pytest.mark.main_path
async def test_the_program_tells_and_records_it(
    app: Any, bench: Any, opened: Any, until: Any, events: Any, text: Any, monkeypatch: Any
) -> None:
    monkeypatch.setattr("lab.runs.monitor.SECONDS_BETWEEN_LOOKS", 0.05)
    run, rang = going(bench, "20251123-020000-sql-lora"), []
    async with app().run_test(size=(120, 40)) as pilot:
        monkeypatch.setattr(pilot.app, "bell", lambda: rang.append(True))
        await opened(pilot)
        await pilot.press("f4")
        await until(pilot, lambda: pilot.app.laboratory and pilot.app.laboratory.place)
        bench.finish(run)
        await until(pilot, lambda: "is finished. Validation loss 1.250." in text(pilot))
        assert rang
    assert [item for _, item, _ in events("run.finished")] == [run.id]
