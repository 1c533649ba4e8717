"""A question and its two answers, as they grow; nothing here knows a widget or a process."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Final

from tui.formatting.sanitize import inert

SIDES: Final = ("base", "adapter")
SCALES: Final = tuple(round(0.1 * n, 1) for n in range(21))
"""Multiples of the trained strength, as the slider has them."""
TEMPERATURES: Final = tuple(f"{0.1 * n:.1f}" for n in range(21))
SEEDS: Final = tuple(str(n) for n in range(100))
LENGTHS: Final = ("16", "32", "64", "100", "200", "400", "800", "1600")


def harmless(text: str) -> str:
    """Foreign text with its line breaks and nothing else that a terminal would act on."""
    return "\n".join(inert(line) for line in text.split("\n"))


@dataclass(frozen=True)
class Question:
    """A chat, or plain text to be continued, and what a right answer would be ("" where nobody knows)."""

    messages: tuple[Mapping[str, str], ...] = ()
    text: str = ""
    expected: str = ""
    number: int = 0
    """Which one of the held-out questions, from 1; 0 for one's own."""

    @classmethod
    def of(cls, entry: Mapping[str, Any]) -> Question:
        """The question of an entry in the run's talk."""
        return cls(tuple(entry.get("messages") or ()), str(entry.get("text") or ""), str(entry.get("expected") or ""))

    @property
    def shown(self) -> str:
        """What one reads and may change: the text, or the last turn."""
        return str(self.messages[-1].get("content") or "") if self.messages else self.text

    @property
    def earlier(self) -> int:
        """Turns before the last one."""
        return max(len(self.messages) - 1, 0)

    @property
    def written(self) -> str:
        """`shown` as it is put into a field, its invisible characters written as escapes."""
        return harmless(self.shown)

    def edited(self, shown: str, plain: bool) -> Question:
        """The question with other words in place of its last turn, of which nobody knows the right answer.

        What stands in the field as it was put there is the question itself; `plain` tells one of one's own whether it
        is text to be continued or a chat.
        """
        if shown == self.written:
            return self
        if plain:
            return Question(text=shown)
        if not shown:  # what is written from here on is a question of its own
            return Question()
        return Question((*self.messages[:-1], {"role": "user", "content": shown}))

    def fields(self) -> dict[str, Any]:
        """As the engine takes it."""
        return {"messages": [dict(turn) for turn in self.messages]} if self.messages else {"text": self.text}


@dataclass(frozen=True)
class Settings:
    """How it is asked; `scale` is a multiple of the trained strength, `max_tokens` cuts the answers."""

    checkpoint: str = "last"
    scale: float = 1.0
    temperature: float = 0.0
    seed: int = 0
    max_tokens: int = 100

    @classmethod
    def of(cls, entry: Mapping[str, Any]) -> Settings:
        """The settings of an entry in the run's talk."""
        known = {name: entry[name] for name in cls.__dataclass_fields__ if name in entry}
        return cls(**known)

    def fields(self) -> dict[str, Any]:
        """As the engine takes them."""
        return asdict(self)


@dataclass
class Answer:
    """What one side has said; `stale` until the first piece of a new answer comes in its place."""

    text: str = ""
    tokens: int = 0
    seconds: float = 0.0
    reason: str = ""
    """"stop" by the model, "length" or "stopped"; "" while it goes on."""
    stale: bool = False

    def hear(self, event: Mapping[str, Any]) -> None:
        """Take in one event of the engine's."""
        if self.stale:
            self.text, self.tokens, self.seconds, self.reason, self.stale = "", 0, 0.0, "", False
        if event["event"] == "text":
            self.text += event["text"]
        else:
            self.tokens, self.seconds, self.reason = event["tokens"], event["seconds"], event["reason"]

    @property
    def done(self) -> bool:
        return bool(self.reason) and not self.stale


@dataclass
class Exchange:
    """One question with the answers of both sides; `order` says who stands left, which a blind one draws by lot.

    It is `hidden` while nobody may know who is who.
    """

    question: Question
    settings: Settings
    blind: bool = False
    hidden: bool = False
    order: tuple[str, str] = ("base", "adapter")
    vote: str = ""
    answers: dict[str, Answer] = field(default_factory=lambda: {side: Answer() for side in SIDES})

    @classmethod
    def begin(cls, question: Question, settings: Settings, blind: bool, lot: random.Random) -> Exchange:
        """A new one; `lot` decides who stands left in a blind one."""
        first, second = lot.sample(SIDES, 2) if blind else SIDES
        return cls(question, settings, blind, blind, (first, second))

    @classmethod
    def again(cls, entry: Mapping[str, Any]) -> Exchange:
        """As it was when it was asked."""
        answers = {side: Answer(str(entry[side]), reason="stop") for side in SIDES}
        return cls(Question.of(entry), Settings.of(entry), answers=answers)

    @property
    def done(self) -> bool:
        return all(answer.done for answer in self.answers.values())

    @property
    def going(self) -> bool:
        return not self.done

    @property
    def votable(self) -> bool:
        """Whether both have answered, unseen, and nobody has said which is better."""
        whole = all(answer.reason in ("stop", "length") for answer in self.answers.values())
        return self.hidden and self.done and whole and not self.vote

    def change(self, settings: Settings) -> tuple[str, ...]:
        """Ask it with other settings from now on; the sides that answer otherwise then, whose answers are stale."""
        sides = tuple(
            side
            for side in SIDES
            if (settings if side == "adapter" else _without_adapter(settings))
            != (self.settings if side == "adapter" else _without_adapter(self.settings))
        )
        self.settings = settings
        for side in sides:
            self.answers[side].stale = True
        return sides

    def entry(self) -> dict[str, Any]:
        """As it is kept beside the run."""
        texts = {side: answer.text for side, answer in self.answers.items()}
        return {**self.question.fields(), "expected": self.question.expected, **self.settings.fields(), **texts}


def _without_adapter(settings: Settings) -> Settings:
    return replace(settings, checkpoint="last", scale=1.0)
