"""Votes and what was asked are kept beside the run, also where two programs write at once, and are counted fairly."""

import json
import threading
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from lab.runs import chat_history, votes
from lab.runs.directory import Run
from lab.runs.votes import Tally, Vote, tally


def make_run(folder: Path) -> Run:
    (folder / "state").mkdir(parents=True)
    return Run(folder)


def test_votes_of_many_are_all_kept(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run")
    assert votes.read(run) == []

    def vote(number: int) -> None:
        for _ in range(5):
            votes.add(run, Vote(f"question {number}", "a", "b", "base", ("base", "adapter", "same")[number]))

    together = [threading.Thread(target=vote, args=(number,)) for number in range(3)]
    for each in together:
        each.start()
    for each in together:
        each.join()
    assert tally(votes.read(run)) == Tally(5, 5, 5)
    assert all(each.at for each in votes.read(run))


def test_votes_that_cannot_be_read_are_left_out(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run")
    good = votes.add(run, Vote("question", "a", "b", "base", "adapter"))
    kept = json.loads((run.path / votes.NAME).read_text())["votes"]
    odd = [{**kept[0], "better": "neither"}, {"better": "base"}, 3, {**kept[0], "new": "field"}]
    (run.path / votes.NAME).write_text(json.dumps({"votes": [*kept, *odd]}))
    assert votes.read(run) == good * 2
    (run.path / votes.NAME).write_text("{")
    assert votes.read(run) == []


def test_chance_is_that_of_coins() -> None:
    assert Tally().chance == Tally(3, 3, 9).chance == Tally(1, 0).chance == 1.0
    assert Tally(2, 0).chance == 0.5
    assert Tally(8, 1).chance == Tally(1, 8).chance == 2 * (9 + 1) / 2**9


@given(st.integers(0, 400), st.integers(0, 400))
def test_chance_is_a_share_and_falls_as_one_side_wins(adapter: int, base: int) -> None:
    chance = Tally(adapter, base).chance
    assert 0 <= chance <= 1
    if adapter >= base:
        assert Tally(adapter + 1, base).chance <= chance


def test_what_was_asked_is_read_from_the_end(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run")
    assert chat_history.read(run) == []
    for number in range(3):
        chat_history.append(run, {"text": f"{number} 한글 \ud83d", "base": "a", "adapter": "b"})
    with (run.path / chat_history.NAME).open("a") as file:
        file.write('{"base": 3, "adapter": ""}\n[]\n{"text"\n')
    assert [entry["text"][0] for entry in chat_history.read(run)] == ["0", "1", "2"]
    for _ in range(300):
        chat_history.append(run, {"text": "x" * 2000, "base": "a", "adapter": "b"})
    found = chat_history.read(run)
    assert 100 < len(found) < 140 and all(entry["text"] == "x" * 2000 for entry in found)
