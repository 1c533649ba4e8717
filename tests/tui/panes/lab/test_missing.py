"""Where a run has no figure: not yet, none, not known or not read, each said by what the run is and has told."""

import sys
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from styled_app import StyledApp
from textual.app import ComposeResult
from textual.widget import Widget
from textual.widgets import Static

from lab.events.missing import SIGNS, Missing
from lab.reports.comparison import Comparison
from lab.runs import run_index
from lab.runs.run_index import Row
from lab.runs.snapshot import RunSnapshot
from lab.runs.state import RunState
from lab.spec import RunSpec
from tui.cli.main import main
from tui.locale import say, sayer
from tui.panes.lab.live import LiveView
from tui.panes.lab.summary import SummaryView
from tui.styles import styles
from tui.views.compare import table
from tui.views.new_run.plan_view import PlanView
from tui.views.new_run.planner import guessed
from tui.views.run.layout import RunLayout, Shown
from tui.views.runs import rows

LOADING: dict[str, object] = {"event": "stage", "stage": "loading"}
STARTED: dict[str, object] = {"event": "started", "iterations": 40, "trainable_parameters": 7, "total_parameters": 70}
RESUMED: dict[str, object] = {"event": "resumed", "iteration": 10}
SAMPLES: dict[str, object] = {"event": "samples", "iteration": 0, "answers": [{"prompt": "?", "text": "!"}]}


def train(iteration: int) -> dict[str, object]:
    return {"event": "train", "iteration": iteration, "train_loss": 1.5, "tokens_per_second": 9, "trained_tokens": 90,
            "iterations_per_second": 3.0, "peak_memory_bytes": 5_000_000, "elapsed_seconds": 3.0,
            "remaining_seconds": 9.0, "learning_rate": 1e-3}  # fmt: skip


def validation(iteration: int, loss: float | None) -> dict[str, object]:
    return {"event": "validation", "iteration": iteration, "val_loss": loss}


def ended(kind: str) -> dict[str, object]:
    return {"event": kind, "error": {"what": "it broke", "where": "", "remedy": ""} if kind == "failed" else None}


NOT_YET, NONE, UNKNOWN = Missing.NOT_YET, Missing.NONE, Missing.UNKNOWN
CASES: dict[str, tuple[str, list[dict[str, object]], tuple[Missing, ...], str]] = {
    # state, events, why there is no (training, validation, best, samples), what is said of answers
    "waiting": ("waiting", [], (NOT_YET, NOT_YET, NOT_YET, NOT_YET), "not-yet"),
    "loading": ("running", [LOADING], (NOT_YET, NOT_YET, NOT_YET, NOT_YET), "not-yet"),
    "begun": ("running", [LOADING, STARTED], (NOT_YET, NOT_YET, NOT_YET, NOT_YET), "not-yet"),
    "untrained": ("running", [STARTED, SAMPLES, validation(0, 3.0)], (NOT_YET, UNKNOWN, NOT_YET, NOT_YET), ""),
    "no-validation": ("running", [LOADING, STARTED, train(10)], (UNKNOWN, NONE, NONE, NONE), "none"),
    "validated": ("running", [STARTED, validation(0, 3.0), train(10)], (UNKNOWN, UNKNOWN, NOT_YET, NONE), "none"),
    "no-number": ("running", [STARTED, validation(0, None), train(10)], (UNKNOWN, UNKNOWN, NOT_YET, NONE), "none"),
    "finished": ("finished", [LOADING, STARTED, train(40), ended("finished")], (UNKNOWN, NONE, NONE, NONE), "none"),
    "stopped": ("stopped", [ended("stopped")], (NONE, NONE, NONE, NONE), "ended"),
    "failed": ("failed", [LOADING, ended("failed")], (NONE, NONE, NONE, NONE), "ended"),
    "resumed": ("running", [STARTED, train(10), ended("stopped"), LOADING, RESUMED, STARTED],
                (UNKNOWN, NONE, NONE, NONE), "none"),
}  # fmt: skip


@pytest.fixture
def follower(bench: Any) -> Callable[[str], RunSnapshot]:
    def make(case: str) -> RunSnapshot:
        state, events, _, _ = CASES[case]
        run = bench.run(case, iters=40)
        bench.write(run, events)
        found = RunSnapshot(run, bench.home / "cache")
        found.poll()
        found.state = RunState(state)  # what it would be if an engine lived
        return found

    return make


@pytest.mark.parametrize("case", CASES)
def test_why_there_is_none(case: str, follower: Callable[[str], RunSnapshot]) -> None:
    run = follower(case)
    assert tuple(run.missing(kind) for kind in ("training", "validation", "best", "samples")) == CASES[case][2]


def test_what_is_not_read_is_not_called_missing(bench: Any) -> None:
    run = bench.run("long", iters=40)
    bench.write(run, [LOADING, STARTED])
    found = RunSnapshot(run, bench.home / "cache")
    assert [found.missing(kind) for kind in ("training", "validation", "best", "samples")] == [Missing.UNREAD] * 4


class Page(StyledApp):
    CSS_PATH = styles("widgets", "lab")

    def __init__(self, shown: Widget) -> None:
        super().__init__()
        self._shown = shown

    def compose(self) -> ComposeResult:
        yield self._shown


def texts(page: Page) -> str:
    return "\n".join(str(each.render()) for each in page.query(Static))


@pytest.mark.slow
@pytest.mark.parametrize("lang", ["en", "ko"])
@pytest.mark.parametrize("case", ["waiting", "no-validation", "resumed", "no-number"])
async def test_the_pane_says_what_a_run_does_and_what_it_lacks(case: str, lang: Any, follower: Any) -> None:
    run, speak = follower(case), sayer(lang)
    page = Page(LiveView(lang, run))
    async with page.run_test(size=(100, 30)) as pilot:
        await pilot.pause()
        said = texts(page)
    if case == "waiting":
        assert speak("missing.not-yet") in said and speak("missing.none") not in said
    else:
        word, other = ("unknown", "none") if case == "no-number" else ("none", "unknown")
        assert speak("lab.stages.training") in said and speak("lab.stages.loading") not in said
        assert speak(f"missing.{word}") in said and speak(f"missing.{other}") not in said


@pytest.mark.slow
@pytest.mark.parametrize("lang", ["en", "ko"])
@pytest.mark.parametrize("case", ["finished", "stopped", "failed"])
async def test_the_end_says_what_there_is_none_of(case: str, lang: Any, follower: Any) -> None:
    page = Page(SummaryView(lang, follower(case)))
    async with page.run_test(size=(100, 40)) as pilot:
        await pilot.pause()
        said = texts(page)
    speak = sayer(lang)
    assert speak("missing.none") in said and speak("missing.not-yet") not in said and "…" not in said


@pytest.mark.slow
@pytest.mark.parametrize("lang", ["en", "ko"])
@pytest.mark.parametrize("case", [case for case in CASES if CASES[case][3]])
async def test_the_run_bench_says_whether_answers_will_come(case: str, lang: Any, follower: Any) -> None:
    page = Page(RunLayout())
    async with page.run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        board = page.query_one(RunLayout)
        board.draw(Shown(follower(case)), lang)
        said = str(board.query_one("#live-sheet", Static).render())
        assert said == say(lang, f"run.answers.{CASES[case][3]}")
        shown = Shown(follower("untrained"))
        board.draw(shown, lang)
        assert str(board.query_one("#live-sheet", Static).render()) == say(lang, "run.answers.unread")
        shown.looked = True
        board.draw(shown, lang)
        assert str(board.query_one("#live-sheet", Static).render()) == say(lang, "run.answers.before")


def outlook(trouble: str = "", lang: Any = "en", answer: Any = None) -> str:
    """What the plan says of a run whose lengths were guessed, or counted with this answer."""
    spec = RunSpec.make({"model": "sprout", "data": "sql", "iters": 40})
    found = guessed(spec, Path("nowhere"))
    assert found is not None
    view = PlanView(lang)
    view.show(replace(found, answer=answer or {}))
    if trouble:
        view.fail(trouble)
    return "\n".join(line.plain for line in view._lines(90))


@pytest.mark.parametrize("lang", ["en", "ko"])
def test_a_plan_that_is_only_guessed_claims_nothing_of_time_and_warnings(lang: Any) -> None:
    """Only the engine's answer tells which runs finished here, and which rows are to be warned of."""
    unknown, none = say(lang, "new.plan.unknown"), say(lang, "new.plan.no-warnings")
    guess, failed = outlook(lang=lang), outlook("no engine", lang)
    counted = outlook(lang=lang, answer={"rows": {}})
    for key in ("time", "warnings"):
        assert say(lang, f"new.plan.{key}-later") in guess
        assert say(lang, f"new.plan.{key}-later") not in failed + counted
    assert unknown not in guess + failed and none not in guess + failed
    assert failed.count(say(lang, "new.plan.not-known")) == 2
    assert unknown in counted and none in counted


@pytest.mark.parametrize(("row", "train", "val", "best"), [
    (Row("r", RunState.WAITING), NOT_YET, NOT_YET, NOT_YET),
    (Row("r", RunState.RUNNING), NOT_YET, NOT_YET, NOT_YET),
    (Row("r", RunState.RUNNING, train_loss=1.0), UNKNOWN, NONE, NOT_YET),
    (Row("r", RunState.FINISHED, train_loss=1.0), NONE, NONE, NONE),
    (Row("r", RunState.FAILED), NONE, NONE, NONE),
])  # fmt: skip
def test_a_row_of_the_table(row: Row, train: Missing, val: Missing, best: Missing) -> None:
    assert [row.missing(key) for key in ("tokens_per_second", "val_loss", "best_val_loss")] == [train, val, best]
    for lang in ("en", "ko"):
        cells = [cell.plain for cell in rows.cells(row, partial(say, lang))]
        assert cells[9] in (say(lang, f"missing.{val}"), SIGNS[val])
        info = "\n".join(line.plain for line in rows.details(row, (), partial(say, lang), 40))
        assert say(lang, f"missing.{best}") in info


def test_a_validation_long_ago_is_found(bench: Any) -> None:
    run = bench.run("long")
    bench.write(run, [STARTED, validation(0, 3.0), *(train(n) for n in range(1, 1000))])
    assert (run.path / "events.jsonl").stat().st_size > 2 * run_index.TAIL
    assert run_index._under_way(run)["val_loss"] == 3.0


def test_the_comparison_and_the_commands_say_it_too(bench: Any, capsys: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    cases = ("no-validation", "failed")
    for case in cases:
        run = bench.run(case, iters=40)
        bench.write(run, CASES[case][1])
        bench.end(run, ended("failed"))
    comparison = Comparison.of([bench.runs.get(case) for case in cases], bench.home / "cache")
    for lang in ("en", "ko"):
        speak = partial(say, lang)
        cells = [cell.plain for row in table.rows(comparison, speak) for cell in row.cells]
        assert speak("missing.none") in cells and speak("missing.not-yet") not in cells
        assert speak("compare.no-answers.none") in "".join(line.plain for line in table.answers(comparison, speak, 90))
    monkeypatch.setenv("LOWRANK_HOME", str(bench.home))
    for words_, count in ((["runs"], 3), (["compare", *cases], 5)):
        monkeypatch.setattr(sys, "argv", ["lowrank", *words_])
        assert main() == 0
        out = capsys.readouterr().out
        assert out.count("none") >= count and "not yet" not in out, out
