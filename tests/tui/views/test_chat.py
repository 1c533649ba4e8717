"""Talking with a run: both answer, the dials change the answer in hand, votes are cast blind, and scores are kept."""

import json
import os
from pathlib import Path
from typing import Any

import psutil
import pytest
from catalogues import texts
from engines import hold
from rich.cells import cell_len
from textual.widgets import OptionList

from lab.datasets.find import BUNDLED
from lab.runs import chat_history, evaluation, votes
from lab.runs.directory import Run, Runs
from tests.tui.views.conftest import NASTY
from tests.waiting import wait_for
from tui.views.chat import view as talk_bench
from tui.views.chat.exchange import SIDES, Exchange, Question
from tui.views.chat.widgets import PromptField, Slider
from tui.widgets.action_bar import ActionBar
from tui.widgets.choice_field import Choice

SIZE = (120, 40)


async def click_item(pilot: Any, bar: str, key: str) -> None:
    """Click the item of that key in an action bar."""
    line = str(pilot.app.screen.query_one(bar, ActionBar).render())
    await pilot.click(bar, offset=(cell_len(line[: line.index(key)]), 0))


def answers(bench: Any) -> dict[str, str]:
    return {side: bench.scene.exchange.answers[side].text for side in SIDES}


def answered(bench: Any) -> bool:
    return bench.scene.exchange is not None and bench.scene.exchange.done


@pytest.fixture
def few_rows(trained: Path, tmp_path: Path) -> Run:
    """The trained run "lora" with three held-out questions."""
    run = Runs(trained / "runs").get("lora")
    folder = tmp_path / "few"
    folder.mkdir()
    for split, count in (("train", 8), ("valid", 3), ("test", 3)):
        rows = (BUNDLED / "sql" / f"{split}.jsonl").read_text().splitlines(keepends=True)[:count]
        (folder / f"{split}.jsonl").write_text("".join(rows))
    spec = run.path / "spec.yaml"
    spec.write_text(spec.read_text().replace("  data: sql\n", f"  data: {folder}\n"))
    assert run.spec.data == str(folder)
    return run


async def test_a_talk_from_the_first_letter_to_the_end_of_its_engine(
    app: Any, at_bench: Any, until: Any, text: Any, trained: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with app().run_test(size=SIZE) as pilot:
        bench = await at_bench(pilot, "chat", run="lora")
        field = bench.query_one(PromptField)
        assert field.has_focus and not bench.conversation.partner.awake
        await pilot.press("h", "i")
        await until(pilot, lambda: bench.conversation.partner.awake)
        await pilot.press("enter")
        await until(pilot, lambda: answered(bench))
        assert all(answers(bench).values()) and "one base in memory" in text(pilot)
        await until(pilot, lambda: len(chat_history.read(bench.scene.subject.run)) == 1)

        await pilot.press("f5")
        await until(pilot, lambda: answered(bench) and bench.scene.question.number == 1)
        first = answers(bench)
        assert "held-out question 1 of 200" in text(pilot) and "SELECT AVG(population) FROM cities" in text(pilot)
        await pilot.press("ctrl+down", "ctrl+down", "ctrl+up")
        await until(pilot, lambda: bench.scene.exchange.settings.scale == 0.9 and answered(bench))
        assert answers(bench)["base"] == first["base"]
        await pilot.click(Slider, offset=(1, 0))
        await until(pilot, lambda: bench.scene.exchange.settings.scale == 0 and answered(bench))
        assert answers(bench) == {"base": first["base"], "adapter": first["base"]}
        bench.query_one(Slider).focus()
        await pilot.press("space")
        bench.query_one("#talk-dial-checkpoint", Choice).focus()
        await pilot.press("left")
        await until(pilot, lambda: bench.scene.exchange.settings.checkpoint == "10" and answered(bench))
        assert bench.scene.exchange.settings.scale == 1 and answers(bench)["base"] == first["base"]

        bench.query_one("#talk-dial-length", Choice).value = "1600"
        reasons: set[str] = set()
        for temperature in ("2.0", "1.9", "1.8", "1.7", "1.6"):  # one of the answers may be short and end by itself
            bench.query_one("#talk-dial-temperature", Choice).value = temperature
            asked = bench.scene.exchange.settings
            await until(
                pilot,
                lambda asked=asked: bench.scene.exchange.settings != asked and (bench.going or answered(bench)),
            )
            if bench.going:
                await pilot.press("escape")
            await until(pilot, lambda: answered(bench))
            reasons = {answer.reason for answer in bench.scene.exchange.answers.values()}
            if "stopped" in reasons:
                break
        assert "stopped" in reasons

        await pilot.press("i", "up", "up")
        assert field.text == "hi"
        await pilot.press("down", "f9")
        entry = bench.query_one(OptionList)
        assert field.text.startswith("Table cities") and entry.has_focus and entry.option_count == 2
        await pilot.press("down", "enter")
        await until(pilot, lambda: answers(bench) == first)
        assert field.has_focus and bench.scene.settings.max_tokens == 100

        pid = bench.conversation.partner.pid
        monkeypatch.setattr(talk_bench, "LINGER", 0.01)
        bench.leave()
        await until(pilot, lambda: not psutil.pid_exists(pid))
        await bench.enter()
        await pilot.press("enter")
        await until(pilot, lambda: bench.scene.question.number == 0 and answered(bench) and answers(bench) == first)
        pid = bench.conversation.partner.pid
        bench.picks.run = "dora"
        await bench.enter()
        assert bench.scene.subject.run.id == "dora" and bench.scene.exchange is None
        await until(pilot, lambda: not psutil.pid_exists(pid))
        await pilot.press("x")
        await until(pilot, lambda: bench.conversation.partner.pid)
        pid = bench.conversation.partner.pid
    wait_for(lambda: not psutil.pid_exists(pid))


@pytest.mark.long
async def test_votes_are_cast_blind_and_told_apart_afterwards(
    app: Any, at_bench: Any, until: Any, text: Any, trained: Path
) -> None:
    run = Runs(trained / "runs").get("lora")
    async with app().run_test(size=(80, 24)) as pilot:
        bench = await at_bench(pilot, "chat", run="lora")
        bench.lot.seed(0)
        await pilot.press("f6", "f5")
        await until(pilot, lambda: answered(bench))
        order = bench.scene.exchange.order
        screen = text(pilot)
        assert "Which is better?" in screen and "base alone" not in screen and "SELECT AVG(pop" not in screen
        assert not bench.query_one(PromptField).has_focus
        await pilot.press("greater_than_sign")
        await until(pilot, lambda: len(votes.read(run)) == 1)
        assert votes.read(run)[0].better == order[1] and votes.read(run)[0].left == order[0]
        await until(pilot, lambda: "this checkpoint and scale: 1" in text(pilot))
        await pilot.press("f5")
        await until(pilot, lambda: bench.scene.exchange.votable)
        await click_item(pilot, "#talk-votes", "=")
        await until(pilot, lambda: len(votes.read(run)) == 2)
        await pilot.press("f5")
        await until(pilot, lambda: bench.scene.exchange.votable)
        await pilot.press("i", "f12", "f12")
        await until(pilot, lambda: len(votes.read(run)) == 3)
        assert votes.read(run)[2].better == bench.scene.exchange.order[1]
        await pilot.press("f6")
        await until(pilot, lambda: "Blind votes: adapter" in text(pilot))
        assert "base alone" in text(pilot) and "expected" in text(pilot)
        found = votes.tally(votes.read(run))
        assert f"adapter {found.adapter} · base {found.base} · the same 1" in text(pilot)


@pytest.mark.long
async def test_the_score_is_measured_once_and_can_be_stopped(
    app: Any, at_bench: Any, until: Any, text: Any, few_rows: Run
) -> None:
    async with app().run_test(size=SIZE) as pilot:
        bench = await at_bench(pilot, "chat", run="lora")
        assert "not measured yet" in text(pilot)
        await pilot.press("f7")
        await until(pilot, lambda: "Scoring last" in text(pilot))
        await pilot.press("f7")
        await until(pilot, lambda: bench.scene.scoring is None)
        assert evaluation.read(few_rows) is None
        await until(pilot, lambda: "Scoring was stopped" in text(pilot))
        await pilot.press("escape", "escape")
        await click_item(pilot, "#talk-actions", "F7")
        await until(pilot, lambda: bench.scene.scoring is None)
        known = evaluation.read(few_rows)
        assert known is not None and known["examples"] == 3
        right = f"Exact match {known['exact_match']:.1%}".replace("%", " %")
        await until(pilot, lambda: right in text(pilot))
        await pilot.press("f7")
        assert bench.scene.scoring is None


async def test_where_there_is_nothing_to_talk_with(
    app: Any, at_bench: Any, until: Any, text: Any, bench: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(talk_bench, "LOOK", 0.01)
    async with app().run_test(size=(80, 24)) as pilot:
        here = await at_bench(pilot, "chat")
        await until(pilot, lambda: "1  begins a new one" in text(pilot))
        await pilot.press("f5", "f6", "f7")
        run = bench.run("young")
        lock = hold(run)
        here.picks.run = "young"
        await here.enter()
        await until(pilot, lambda: "young has no adapter yet" in text(pilot))
        os.close(lock)
        await until(pilot, lambda: "young ended before an adapter was saved" in text(pilot))
        bench.finish(run)
        await until(pilot, lambda: here.room.display)
        await pilot.press("f2")
        await until(pilot, lambda: "체크포인트" in text(pilot) and "베이스 + 어댑터" in text(pilot))
        here.picks.run = "gone"
        await here.enter()
        await until(pilot, lambda: "no run 'gone'" in text(pilot))
        await pilot.press("f5")
        here.picks.run = "young"
        (run.path / "spec.yaml").write_text("model: nowhere\nlowrank: {model: nowhere}\n")
        await here.enter()
        here.query_one(PromptField).focus()
        await pilot.press("x", "enter")
        await until(pilot, lambda: "nowhere" in here.scene.note)
        assert not here.going


async def test_what_models_and_rows_say_is_inert(
    app: Any, at_bench: Any, text: Any, bench: Any, tmp_path: Path
) -> None:
    data = tmp_path / "data"
    data.mkdir()
    row = {"messages": [{"role": "user", "content": NASTY}, {"role": "assistant", "content": NASTY}]}
    (data / "test.jsonl").write_text(json.dumps(row) + "\n")
    run = bench.run("nasty", data=str(data))
    bench.finish(run, method=NASTY)
    own = Question(({"role": "user", "content": NASTY},), expected=NASTY)
    exchange = Exchange.again({**own.fields(), "base": NASTY, "adapter": NASTY, "expected": NASTY})
    chat_history.append(run, exchange.entry())
    async with app().run_test(size=SIZE) as pilot:
        here = await at_bench(pilot, "chat", run="nasty")
        await pilot.press("f9", "down", "enter")
        await pilot.pause()
        screen = text(pilot)
        assert screen.count("\\x1b]0;owned\\x07") == 5  # method, question, both answers, and what was expected
        assert here.scene.question.edited(here.query_one(PromptField).text, False) == own
        assert not any(character in screen for character in "\x1b\x07\u202e\u202c\u200b")


def test_what_a_dial_does_is_said_on_one_line_of_a_small_screen() -> None:
    hints = [texts(lang)[key] for lang in ("en", "ko") for key in texts(lang) if key.startswith("chat.hint")]
    assert hints and max(map(cell_len, hints)) <= 78
