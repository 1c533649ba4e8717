"""A talk with base and adapter: questions come as JSON lines on standard input, the answers stream back in pieces.

    {"ask": 3, "messages": [{"role": "user", "content": "…"}], "sides": ["base", "adapter"], "checkpoint": "best",
     "scale": 1.0, "temperature": 0.0, "seed": 0, "max_tokens": 100}

`text` stands in place of `messages` where plain text is to be continued. Both sides answer token by token in turn, from
the same seed. Any line that comes meanwhile, such as {}, ends the answer; the end of the input ends the process.
"""

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import mlx.core as mx
import mlx.nn as nn
from mlx_lm import generate as mlx_lm_generate
from mlx_lm.generate import stream_generate

from lab.engine.adapter_toggle import Switch
from lab.engine.failure import explain
from lab.engine.generation import encode
from lab.engine.load import load_base
from lab.engine.stdin_lines import Inbox
from lab.events.schema import plain
from lab.runs.directory import Run
from lab.score import Item

PIECE = 0.05
"""Seconds of an answer that are sent together."""
SIDES = ("base", "adapter")

Say = Callable[..., None]


class Sampler:
    """mlx-lm's temperature sampling from a random state of its own, so that two answers can be drawn in turn.

    It draws what mlx-lm draws after `mx.random.seed(seed)`; temperature 0 takes the likeliest token.
    """

    def __init__(self, temperature: float, seed: int) -> None:
        self.temperature = temperature
        self.state = mx.random.key(seed)

    def __call__(self, log_probabilities: mx.array) -> mx.array:
        if not self.temperature:
            return mx.argmax(log_probabilities, axis=-1)
        self.state, key = mx.random.split(self.state)
        return mx.random.categorical(log_probabilities * (1 / self.temperature), key=key)


def generate(
    run: Run,
    cache: Path,
    prompt: str,
    max_tokens: int,
    *,
    base: bool = False,
    checkpoint: str = "last",
    scale: float = 1.0,
    temperature: float = 0.0,
    seed: int = 0,
) -> str:
    """The answer of base + adapter (or of the base alone) to a chat prompt, exactly as stock mlx-lm gives it.

    `scale` is a multiple of the trained strength (`Switch.load`); temperature 0 is greedy, and needs no seed.
    """
    model, tokenizer, _ = load_base(run.spec.model, cache, fast=False, bits=run.spec.bits)
    if not base:
        switch = Switch(model, run)
        switch.load(checkpoint, scale)
        switch.turn(True)
    ids = encode(tokenizer, Item(({"role": "user", "content": prompt},), "", ""))
    return str(mlx_lm_generate(model, tokenizer, ids, max_tokens=max_tokens, sampler=Sampler(temperature, seed)))


def serve(run: Run, cache: Path, say: Say) -> None:
    """Load the base once and answer until standard input ends. Raises LabError if the base cannot be had."""
    inbox, began = Inbox(), time.perf_counter()
    model, tokenizer, _ = load_base(
        run.spec.model, cache, fast=False, bits=run.spec.bits, stage=lambda name: say(event="stage", stage=name)
    )
    mx.eval(model.parameters())
    switch = Switch(model, run)
    say(event="ready", seconds=time.perf_counter() - began, memory_bytes=mx.get_active_memory())
    while True:
        question: dict[str, Any] = json.loads(inbox.newest())
        if "ask" not in question:
            continue
        try:
            _answer(switch, tokenizer, question, inbox, say)
        except Exception as error:  # the next question may be a better one
            say(event="refused", ask=question["ask"], error=plain(explain(error)))


def _answer(switch: Switch, tokenizer: Any, question: dict[str, Any], inbox: Inbox, say: Say) -> None:
    """Stream one answer of each side, a token of each in turn."""
    sides = [side for side in SIDES if side in question["sides"]]
    if "adapter" in sides:
        switch.load(question["checkpoint"], question["scale"])
    ids = encode(tokenizer, Item(tuple(question.get("messages", ())), question.get("text", ""), ""))
    speakers = [
        Speaker(side, switch.model, tokenizer, ids, question, lambda **fields: say(ask=question["ask"], **fields))
        for side in sides
    ]
    while speakers and inbox.empty():
        for speaker in list(speakers):
            switch.turn(speaker.side == "adapter")
            if not speaker.step():
                speakers.remove(speaker)
    for speaker in speakers:
        speaker.end("stopped")


class Speaker:
    """One side's answer as it is made; `say` gets its pieces and its end."""

    def __init__(
        self, side: str, model: nn.Module, tokenizer: Any, ids: list[int], question: dict[str, Any], say: Say
    ) -> None:
        self.side, self._say = side, say
        self._tokens = 0
        self._held = ""
        self._seconds = 0.0
        self._sent = time.perf_counter()
        sampler = Sampler(question["temperature"], question["seed"])
        self._stream: Iterator[Any] = stream_generate(
            model, tokenizer, ids, max_tokens=question["max_tokens"], sampler=sampler
        )

    def step(self) -> bool:
        """Make one more token; false if that was the last. The switch must stand for this side."""
        began = time.perf_counter()
        response = next(self._stream)
        self._seconds += time.perf_counter() - began
        self._held += response.text
        self._tokens = response.generation_tokens
        if response.finish_reason:
            self.end(response.finish_reason)
            return False
        if time.perf_counter() - self._sent > PIECE:
            self._send()
        return True

    def end(self, reason: str) -> None:
        """Say the rest, and why it ends: "stop" by the model, "length" or "stopped"."""
        self._send()
        self._stream.close()  # type: ignore[attr-defined]
        self._say(event="said", side=self.side, tokens=self._tokens, seconds=self._seconds, reason=reason)

    def _send(self) -> None:
        if self._held:
            self._say(event="text", side=self.side, text=self._held)
            self._held, self._sent = "", time.perf_counter()
