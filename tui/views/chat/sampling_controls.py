"""How it is asked: checkpoint, scale, temperature, seed, length, and whether one judges blind."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from textual import on
from textual.app import ComposeResult
from textual.message import Message
from textual.reactive import reactive
from textual.widget import Widget
from textual.widgets import Static

from tui.locale import say
from tui.views.chat.exchange import LENGTHS, SEEDS, TEMPERATURES, Settings
from tui.views.chat.widgets import Slider
from tui.widgets.choice_field import Choice
from tui.widgets.containers import Horizontal, Vertical

if TYPE_CHECKING:
    from lessons.course import Lang

BLIND: Final = ("off", "on")
NAMES: Final = ("checkpoint", "scale", "temperature", "seed", "length", "blind")


class SamplingControls(Vertical):
    """Two lines of them; `Changed` says what all of them stand at."""

    lang: reactive[Lang] = reactive("en", init=False)

    @dataclass
    class Changed(Message):
        """A dial was turned."""

        settings: Settings
        blind: bool

    def __init__(self, lang: Lang) -> None:
        super().__init__()
        self.set_reactive(SamplingControls.lang, lang)
        self._settings, self._blind = Settings(), False

    def compose(self) -> ComposeResult:
        with Horizontal():
            yield self._label("checkpoint")
            yield Choice(("last",), "last", id="talk-dial-checkpoint")
            yield self._label("scale")
            yield Slider(id="talk-dial-scale")
        with Horizontal():
            for name, options, value in (
                ("temperature", TEMPERATURES, "0.0"),
                ("seed", SEEDS, "0"),
                ("length", LENGTHS, "100"),
                ("blind", BLIND, "off"),
            ):
                yield self._label(name)
                yield Choice(options, value, id=f"talk-dial-{name}")

    def _label(self, name: str) -> Static:
        return Static(say(self.lang, f"chat.{name}"), id=f"talk-label-{name}", markup=False)

    def on_mount(self) -> None:
        self.watch_lang()

    def watch_lang(self) -> None:
        for name in NAMES:
            self.query_one(f"#talk-label-{name}", Static).update(say(self.lang, f"chat.{name}"))
        blind = self._choice("blind")
        blind.names = {value: say(self.lang, f"chat.{value}") for value in BLIND}
        blind.refresh()

    def offer(self, checkpoints: Sequence[str]) -> None:
        """The checkpoints that there are."""
        self._choice("checkpoint").set_options(checkpoints)

    def show(self, settings: Settings, blind: bool) -> None:
        """Stand at these without saying so."""
        self._settings, self._blind = settings, blind
        self.query_one(Slider).value = settings.scale
        for name, value in (
            ("checkpoint", settings.checkpoint),
            ("temperature", f"{settings.temperature:.1f}"),
            ("seed", str(settings.seed)),
            ("length", str(settings.max_tokens)),
            ("blind", BLIND[blind]),
        ):
            self._choice(name).value = value

    def hint_for(self, focused: Widget | None) -> str:
        """Which dial has the keys, by name, or nothing."""
        found = focused.id or "" if focused is not None and self in focused.ancestors else ""
        return found.removeprefix("talk-dial-")

    @on(Choice.Changed)
    @on(Slider.Changed)
    def _turned(self, event: Message) -> None:
        event.stop()
        settings = replace(
            self._settings,
            checkpoint=self._choice("checkpoint").value,
            scale=self.query_one(Slider).value,
            temperature=float(self._choice("temperature").value),
            seed=int(self._choice("seed").value),
            max_tokens=int(self._choice("length").value),
        )
        blind = self._choice("blind").value == "on"
        if (settings, blind) != (self._settings, self._blind):
            self._settings, self._blind = settings, blind
            self.post_message(self.Changed(settings, blind))

    def _choice(self, name: str) -> Choice:
        return self.query_one(f"#talk-dial-{name}", Choice)
