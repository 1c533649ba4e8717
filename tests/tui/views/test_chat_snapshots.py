"""What Chat looks like, in both languages, at both sizes; no engine is needed for what was answered before."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest
from picture import in_two_sizes

from lab.runs import chat_history, evaluation, votes
from lab.runs.directory import Run
from lab.runs.votes import Vote
from tui.views.chat.exchange import Answer, Exchange, Question, Settings
from tui.views.chat.widgets import PromptField

SIZES = {"80x24": (80, 24), "120x40": (120, 40)}
NAME = "20251123-020000-sql-lora"
QUESTIONS = (
    ("Table houses with columns city, price. Count the houses whose owner is 'Ines'.", "SELECT COUNT(*) FROM houses"),
    ("Table cities with columns area, name. Show the average area of all cities.", "SELECT AVG(area) FROM cities"),
)
Ready = Callable[[Any], Awaitable[None]]


@pytest.fixture
def talked(bench: Any) -> Run:
    """A run that was asked two questions, voted on and scored."""
    run: Run = bench.run(NAME)
    bench.finish(run)
    for words, right in QUESTIONS:
        question = Question(({"role": "user", "content": words},), expected=right)
        answers = {"base": "You want the number of houses.", "adapter": "SELECT COUNT(*) FROM houses"}
        chat_history.append(run, {**Exchange.again({**answers, **question.fields()}).entry(), "expected": right})
    for better in ("adapter", "adapter", "same"):
        votes.add(run, Vote(QUESTIONS[0][0], "a", "b", "base", better))
    score = {"checkpoint": "last", "split": "test", "rows": 0, "exact_match": 0.955, "base_exact_match": 0.0}
    evaluation.write(run, {**score, "examples": 200, "loss": 0.1, "of": evaluation.stamp(run)})
    return run


@pytest.fixture
def still(at_bench: Any, until: Any) -> Callable[..., Ready]:
    def keys(*presses: str, change: Callable[[Any], None] = lambda _: None) -> Ready:
        async def run_before(pilot: Any) -> None:
            """Open, press the keys, and hold still: no blinking cursor, and none of what comes by the clock."""
            bench = await at_bench(pilot, "chat", run=NAME)
            for widget in pilot.app.screen.query("Toast, TopBar, TabStrip"):
                widget.visible = False
            bench.query_one(PromptField).cursor_blink = False
            for key in presses:
                await pilot.press(key)
                await pilot.pause()
            change(bench)
            bench.room.draw()
            await pilot.pause()

        return run_before

    return keys


def blind(bench: Any) -> None:
    """A question that was just answered by two whom nobody can tell apart."""
    words, right = QUESTIONS[0]
    question = Question(({"role": "user", "content": words},), expected=right, number=2)
    said = {"base": Answer("You want the number of houses.", 9, 0.1, "stop"), "adapter": Answer(right, 21, 0.3, "stop")}
    settings = replace(Settings(), scale=0.8, temperature=0.7)
    scene = bench.scene
    scene.settings, scene.blind, scene.question = settings, True, question
    scene.exchange = Exchange(question, settings, True, True, ("adapter", "base"), answers=said)
    scene.state, scene.values = "chat.ready", {"size": "11.4 MB"}
    scene.scoring = {"checkpoint": "last", "stage": "adapter", "done": 50, "total": 200}
    bench.room.show(scene)


@in_two_sizes
def test_an_answer_of_before(app: Any, still: Any, snap_compare: Any, talked: Run, lang: str, size: str) -> None:
    shown = still("f9", "down", "enter")
    assert snap_compare(app(lang), terminal_size=SIZES[size], run_before=shown)


@in_two_sizes
def test_blind_while_scoring(app: Any, still: Any, snap_compare: Any, talked: Run, size: str, lang: str) -> None:
    assert snap_compare(app(lang), terminal_size=SIZES[size], run_before=still("escape", change=blind))


@pytest.mark.long
def test_what_was_asked_in_the_light_on_a_small_screen(app: Any, still: Any, snap_compare: Any, talked: Run) -> None:
    light = app("ko", theme="lowrank-light")
    assert snap_compare(light, terminal_size=(80, 24), run_before=still("f9", "down"))
