"""Putting questions to the engine, and what it says back written into the scene; no widget is known here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from tui.formatting import units
from tui.formatting.sanitize import inert
from tui.views.chat.exchange import SIDES, Exchange
from tui.views.chat.model_process import ModelProcess
from tui.views.chat.state import Scene


class Conversation:
    """With one run. `changed` is called when more than an answer is to be drawn anew, `grown` when an answer has grown,
    and `answered` once both sides have said all, with whether that is to be kept."""

    def __init__(
        self,
        scene: Scene,
        cache: Path,
        changed: Callable[[], None],
        grown: Callable[[], None],
        answered: Callable[[Exchange, bool], None],
    ) -> None:
        self.scene = scene
        self._changed, self._grown, self._answered = changed, grown, answered
        self.partner = ModelProcess(scene.subject.run.path, cache, self._hear)
        self._asked = 0  # number of what the engine was asked last
        self._keep = False

    def begin(self, exchange: Exchange) -> None:
        """A new question, for both sides; its answers are to be kept."""
        self.scene.exchange, self._keep = exchange, True
        self._put(SIDES)

    def again(self) -> None:
        """Have the sides answer once more that say something else now that the settings are others."""
        exchange = self.scene.exchange
        if exchange is None:
            return
        changed = exchange.change(self.scene.settings)
        sides = tuple(side for side in SIDES if side in changed or not exchange.answers[side].done)
        if changed:
            for side in sides:
                exchange.answers[side].stale = True
            self._put(sides)

    def stop(self) -> None:
        """End the answers that are growing."""
        if self.going:
            self.partner.send({})

    def show(self, exchange: Exchange) -> None:
        """Put another exchange in place of the one that may still be growing."""
        self.stop()
        self._asked += 1
        self._keep = False
        self.scene.exchange = exchange

    @property
    def going(self) -> bool:
        """Whether an answer is still to come."""
        return self.scene.exchange is not None and self.scene.exchange.going

    def wake(self) -> None:
        """Load the base, unless that has begun."""
        if not self.partner.awake:
            self._say_state("chat.loading", model=inert(self.scene.subject.model))
            self.partner.wake()

    def close(self) -> None:
        """End the engine; what it was saying ends with it."""
        self.partner.close()
        self._cut_short()
        self._say_state("chat.asleep")

    def _put(self, sides: tuple[str, ...]) -> None:
        """Ask for these sides; what the engine still says to earlier questions is not listened to."""
        exchange = self.scene.exchange
        assert exchange is not None
        self._asked += 1
        self.scene.note = ""
        self.wake()
        self.partner.send(
            {"ask": self._asked, "sides": sides, **exchange.question.fields(), **exchange.settings.fields()}
        )
        self._changed()

    def _say_state(self, key: str, **values: object) -> None:
        self.scene.state, self.scene.values = key, values
        self._changed()

    def _hear(self, event: dict[str, Any]) -> None:
        kind, exchange = event["event"], self.scene.exchange
        if kind == "stage":
            making = event["stage"] == "quantizing"
            self._say_state("chat.quantizing" if making else "chat.loading", model=inert(self.scene.subject.model))
        elif kind == "ready":
            self._say_state("chat.ready", size=units.size(event["memory_bytes"]))
        elif kind == "failed":
            self._fail(event["error"])
            self._say_state("chat.asleep")
        elif event["ask"] != self._asked or exchange is None:
            return
        elif kind == "refused":
            self._fail(event["error"])
        else:
            exchange.answers[event["side"]].hear(event)
            self._grown()
            if exchange.done:
                keep, self._keep = self._keep, False
                self._answered(exchange, keep)

    def _fail(self, error: Mapping[str, str]) -> None:
        parts = (inert(error[name]) for name in ("what", "where", "remedy") if error.get(name))
        self.scene.note = " · ".join(parts)
        self._cut_short()
        self._changed()

    def _cut_short(self) -> None:
        """Nothing more comes for the answers that are not finished."""
        self._keep = False
        for answer in self.scene.exchange.answers.values() if self.scene.exchange is not None else ():
            if not answer.done:
                answer.stale, answer.reason = False, "stopped"
