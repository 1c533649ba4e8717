"""What is done at the benches and to runs is recorded where it is done, and found later where it was done elsewhere."""

import json
from pathlib import Path
from typing import Any

import pytest
from textual.widgets import TextArea

from lab.client import EngineClient
from lab.runs import inspection_cache, votes
from lab.runs.directory import Run
from tests.tui.views.compared import finished

WIDE = (120, 40)


def earned(pilot: Any, deed: str) -> bool:
    return deed in pilot.app.session.progress.achievements


async def test_a_comparison_that_is_looked_at(app: Any, at_bench: Any, until: Any, home: Path, events: Any) -> None:
    seeds = [finished(home, f"s{seed}", 0.3 + seed / 10, seed=seed) for seed in (0, 1, 2)]
    finished(home, "dora", 0.7, fine_tune_type="dora", seed=0)
    async with app().run_test(size=WIDE) as pilot:
        await at_bench(pilot, "runs")
        assert not events("runs.compared") and not events("runs.banded"), "nobody has looked yet"
        pilot.app.laboratory.picks.marked = (*(run.id for run in seeds), "dora")
        await pilot.app.laboratory.open("compare")
        await until(pilot, lambda: earned(pilot, "upset") and earned(pilot, "error-bars"))
        await pilot.press("l", "l", "s")
        await pilot.pause()
    assert events("runs.compared") == [("runs.compared", "dora s0", {"lora": 0.327, "dora": 0.727})]
    assert [item for _, item, _ in events("runs.banded")] == ["s0 s1 s2"], "once is enough"


async def test_a_note_on_a_diverged_run(app: Any, at_bench: Any, until: Any, home: Path) -> None:
    run = finished(home, "hot", learning_rate=0.05)
    result = json.loads((run.path / "result.json").read_text())
    told = result | {"event": "failed", "verdict": {"kind": "diverged"}}
    (run.path / "result.json").write_text(json.dumps(told))
    async with app().run_test(size=WIDE) as pilot:
        bench = await at_bench(pilot, "runs")
        await until(pilot, lambda: bench.ready and bench.rows)
        proofs = pilot.app.session.progress.evidence
        await until(pilot, lambda: ("run.failed", "hot") in pilot.app.session.progress.evidence)
        assert not earned(pilot, "post-mortem"), proofs
        await pilot.press("e")
        await until(pilot, lambda: pilot.app.screen.query(TextArea))
        pilot.app.screen.query_one(TextArea).text = "Ten times the rate that is safe."
        await pilot.press("escape")
        await until(pilot, lambda: earned(pilot, "post-mortem"))


async def test_votes_count_once_they_are_revealed(app: Any, at_bench: Any, until: Any, home: Path, events: Any) -> None:
    run = finished(home, "tasted")
    for _ in range(5):
        votes.add(run, votes.Vote("q", "a", "b", "base", "adapter"))
    async with app().run_test(size=WIDE) as pilot:
        bench = await at_bench(pilot, "chat", run="tasted")
        await until(pilot, lambda: bench.scene is not None and bench.scene.subject.votes)
        bench.action_blind()
        await pilot.pause()
        assert not events("run.voted")
        bench.action_blind()
        await until(pilot, lambda: earned(pilot, "blind-taste"))
    assert events("run.voted") == [("run.voted", "tasted", {"votes": 5})]


async def test_a_fused_model_that_is_measured(
    app: Any, at_bench: Any, until: Any, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = finished(home, "lora")
    adapter = run.adapters / "adapters.safetensors"

    async def measure(*_: Any, **__: Any) -> dict[str, Any]:
        way = {"kl": 1e-4, "bytes": 9, "top1_agreement": 1.0, "exact_match": 0.9, "faults": []}
        table = {"run": "lora", "checkpoint": "last", "exact_match_adapter": 0.9, "verdict": "fused: it keeps it",
                 "recommended": "fused", "adapter_effect": 0.4, "split": "test", "rows": 60, "tokens": 900,
                 "ways": [{"way": name, **way} for name in ("fused", "separate")], "questions": 60,
                 "question": ""}  # fmt: skip
        inspection_cache.write(run, "fuse", adapter, inspection_cache.stamp(adapter), table)
        return table

    monkeypatch.setattr(EngineClient, "ask", measure)
    async with app().run_test(size=WIDE) as pilot:
        await at_bench(pilot, "fuse", run="lora")
        await pilot.press("m")
        await until(pilot, lambda: earned(pilot, "same-again"))


def came_back(run: Run) -> None:
    """As if its engine had been killed at iteration 20, and somebody had resumed it on the command line."""
    file = run.path / "events.jsonl"
    lines = file.read_text().splitlines()
    file.write_text("\n".join([*lines[:20], json.dumps({"event": "resumed", "iteration": 20}), *lines[20:], ""]))


async def test_what_was_done_on_the_command_line_is_found(
    app: Any, opened: Any, until: Any, home: Path, events: Any, text: Any
) -> None:
    came_back(finished(home, "20250101-000000-sql-lora"))
    for _ in range(2):
        async with app().run_test(size=WIDE) as pilot:
            await opened(pilot)
            await until(pilot, lambda: earned(pilot, "second-wind") and earned(pilot, "first-light"))
    kept = [("run.resumed", "20250101-000000-sql-lora", {"at": 20, "after": "killed"})]
    assert events("run.resumed") == kept, "once is enough"


async def test_runs_from_before_a_reset_stay_undone(app: Any, opened: Any, until: Any, home: Path, events: Any) -> None:
    came_back(finished(home, "20250101-000000-sql-lora"))
    async with app().run_test(size=WIDE) as pilot:
        await opened(pilot)
        await until(pilot, lambda: earned(pilot, "second-wind"))
        pilot.app.session.reset()
    async with app().run_test(size=WIDE) as pilot:
        await opened(pilot)
        assert pilot.app.session.progress.xp == 0 and pilot.app.session.progress.achievements == ()
        assert len(events("run.finished")) == 1
        assert pilot.app.session.undo_reset() and earned(pilot, "second-wind")
