"""Where a run has no figure: not yet, none, not known or not read, each said by what the run is and has told."""

from collections.abc import Callable
from typing import Any

import pytest
from textual.app import App, ComposeResult
from textual.widget import Widget
from textual.widgets import Static

from lab.events.missing import Missing
from tui.benches.live.board import Board, Shown
from tui.labroom.feed import Follower
from tui.labroom.live import LiveView
from tui.labroom.summary import SummaryView
from tui.labroom.words import words
from tui.theme import DARK, THEMES
from tui.words import say

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
def follower(bench: Any) -> Callable[[str], Follower]:
    def make(case: str) -> Follower:
        state, events, _, _ = CASES[case]
        run = bench.run(case, iters=40)
        bench.write(run, events)
        found = Follower(run, bench.home / "cache")
        found.poll()
        found.state = state  # what it would be if an engine lived
        return found

    return make


@pytest.mark.parametrize("case", CASES)
def test_why_there_is_none(case: str, follower: Callable[[str], Follower]) -> None:
    run = follower(case)
    assert tuple(run.missing(kind) for kind in ("training", "validation", "best", "samples")) == CASES[case][2]


def test_what_is_not_read_is_not_called_missing(bench: Any) -> None:
    run = bench.run("long", iters=40)
    bench.write(run, [LOADING, STARTED])
    found = Follower(run, bench.home / "cache")
    assert [found.missing(kind) for kind in ("training", "validation", "best", "samples")] == [Missing.UNREAD] * 4


class Page(App[None]):
    def __init__(self, shown: Widget) -> None:
        super().__init__()
        for theme in THEMES:
            self.register_theme(theme)
        self.theme, self._shown = DARK, shown

    def compose(self) -> ComposeResult:
        yield self._shown


def texts(page: Page) -> str:
    return "\n".join(str(each.render()) for each in page.query(Static))


@pytest.mark.parametrize("lang", ["en", "ko"])
@pytest.mark.parametrize("case", ["waiting", "no-validation", "resumed", "no-number"])
async def test_the_pane_says_what_a_run_does_and_what_it_lacks(case: str, lang: Any, follower: Any) -> None:
    run, speak = follower(case), words(lang)
    page = Page(LiveView(lang, run))
    async with page.run_test(size=(100, 30)) as pilot:
        await pilot.pause()
        said = texts(page)
    if case == "waiting":
        assert speak.missing["not-yet"] in said and speak.missing["none"] not in said
    else:
        word, other = ("unknown", "none") if case == "no-number" else ("none", "unknown")
        assert speak.stages["training"] in said and speak.stages["loading"] not in said
        assert speak.missing[word] in said and speak.missing[other] not in said


@pytest.mark.parametrize("lang", ["en", "ko"])
@pytest.mark.parametrize("case", ["finished", "stopped", "failed"])
async def test_the_end_says_what_there_is_none_of(case: str, lang: Any, follower: Any) -> None:
    page = Page(SummaryView(lang, follower(case)))
    async with page.run_test(size=(100, 40)) as pilot:
        await pilot.pause()
        said = texts(page)
    missing = words(lang).missing
    assert missing["none"] in said and missing["not-yet"] not in said and "…" not in said


@pytest.mark.parametrize("lang", ["en", "ko"])
@pytest.mark.parametrize("case", [case for case in CASES if CASES[case][3]])
async def test_the_run_bench_says_whether_answers_will_come(case: str, lang: Any, follower: Any) -> None:
    page = Page(Board())
    async with page.run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        board = page.query_one(Board)
        board.draw(Shown(follower(case)), lang)
        said = str(board.query_one("#live-sheet", Static).render())
        assert said == say(lang, f"live.answers.{CASES[case][3]}")
        shown = Shown(follower("untrained"))
        board.draw(shown, lang)
        assert str(board.query_one("#live-sheet", Static).render()) == say(lang, "live.answers.unread")
        shown.looked = True
        board.draw(shown, lang)
        assert str(board.query_one("#live-sheet", Static).render()) == say(lang, "live.answers.before")
