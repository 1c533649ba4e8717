"""A talk: one base in memory, the adapter in and out between tokens, and the answers those of `lowrank generate`."""

import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from lab.client import engine_command, engine_environment
from lab.runs.directory import Run
from tests.short import METHODS, SHORT

PROMPT = "Table dogs with columns name, age. What is the age of dogs with name 'Rex'?"


class Talk:
    """A talk with one run's engine, until `end`."""

    def __init__(self, run: Run, cache: Path) -> None:
        self.process = subprocess.Popen(
            engine_command("talk", str(run.path), "--cache", str(cache)),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=engine_environment(cache),
            text=True,
        )
        self.number = 0

    def say(self, **line: object) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(line) + "\n")
        self.process.stdin.flush()

    def hear(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        return json.loads(self.process.stdout.readline())

    def begin(self, **more: object) -> None:
        self.number += 1
        standard = {"messages": [{"role": "user", "content": PROMPT}], "sides": ["base", "adapter"],
                    "checkpoint": "last", "scale": 1.0, "temperature": 0.0, "seed": 0, "max_tokens": 24}  # fmt: skip
        self.say(ask=self.number, **{**standard, **more})

    def ask(self, **more: object) -> dict[str, str]:
        """Side → its whole answer, or what `refused` says."""
        self.begin(**more)
        texts: dict[str, str] = {}
        said: set[str] = set()
        sides = more.get("sides", ["base", "adapter"])
        while len(said) < len(sides):  # type: ignore[arg-type]
            event = self.hear()
            if event["event"] == "refused":
                return {"refused": event["error"]["what"]}
            if event["event"] == "text":
                texts[event["side"]] = texts.get(event["side"], "") + event["text"]
            elif event["event"] == "said":
                said.add(event["side"])
        return texts

    def end(self) -> int:
        assert self.process.stdin is not None
        self.process.stdin.close()
        return self.process.wait(30)


@pytest.fixture
def talk(desk: Any) -> Iterator[Callable[[Run], Talk]]:
    begun: list[Talk] = []

    def begin(run: Run) -> Talk:
        begun.append(Talk(run, desk.home / "cache"))
        return begun[-1]

    yield begin
    for each in begun:
        each.process.kill()
        each.process.wait()


@pytest.mark.parametrize("method", ["QDoRA", pytest.param("full", marks=pytest.mark.long)])
def test_both_sides_answer_as_they_do_alone(method: str, trained: Callable, talk: Callable, desk: Any) -> None:
    run, _ = trained(*METHODS[method], *SHORT)
    both = talk(run)
    now = both.ask()
    assert now["base"] != now["adapter"] and both.ask() == now
    alone = desk("generate", str(run.path), "-p", PROMPT, "--max-tokens", "24", "--json").lines[-1]["text"]
    assert alone == now["adapter"]
    nothing = both.ask(scale=0.0)
    assert nothing["adapter"] == nothing["base"] == now["base"]
    others = [both.ask(scale=0.3), both.ask(checkpoint="6"), both.ask(checkpoint="7")]
    assert others[0]["base"] == others[1]["base"] == now["base"]
    assert others[0]["adapter"] != now["adapter"] != others[1]["adapter"]
    assert "keeps no adapter '7'" in others[2]["refused"]
    assert both.ask(sides=["adapter"]) == {"adapter": now["adapter"]}
    assert both.end() == 0


@pytest.mark.long
def test_the_command_line_scales_and_draws_as_the_talk_does(trained: Callable, talk: Callable, desk: Any) -> None:
    run, _ = trained(*METHODS["LoRA"], *SHORT)
    both = talk(run)
    words = ("generate", str(run.path), "-p", PROMPT, "--max-tokens", "24", "--json")
    flags = ("--scale", "0.5", "--temperature", "1.5", "--seed", "3")
    drawn = both.ask(scale=0.5, temperature=1.5, seed=3)
    assert desk(*words, *flags).lines[-1]["text"] == drawn["adapter"]
    assert desk(*words, *flags[2:], "--base").lines[-1]["text"] == drawn["base"]
    assert both.ask(scale=0.5, temperature=1.5, seed=4) != drawn
    for flag, value in (("--scale", "-1"), ("--temperature", "nan")):
        wrong = desk(*words, flag, value)
        assert wrong.code == 2 and flag in wrong.err and "at least 0" in wrong.err


def test_an_answer_ends_when_somebody_speaks_or_is_gone(trained: Callable, talk: Callable) -> None:
    run, _ = trained(*METHODS["LoRA"], *SHORT)
    both = talk(run)
    endless = {"messages": [], "text": "once", "scale": 2.0, "temperature": 5.0, "max_tokens": 100_000}
    both.begin(**endless)
    while both.hear()["event"] != "text":
        pass
    both.say()
    ends = []
    while len(ends) < 2:
        event = both.hear()
        ends += [event["reason"]] if event["event"] == "said" else []
    assert "stopped" in ends
    both.begin(**endless)
    while both.hear()["event"] != "text":
        pass
    assert both.end() == 0
