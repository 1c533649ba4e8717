"""What is to be done a moment later, once."""

from collections.abc import Callable
from typing import Any

from textual.timer import Timer
from textual.widget import Widget


class Timers:
    """The timers of a widget, by what they are for."""

    def __init__(self, widget: Widget) -> None:
        self._widget = widget
        self._due: dict[str, Timer] = {}

    def after(self, name: str, seconds: float, call: Callable[[], Any], keep: bool = False) -> None:
        """Call once, later; a second call for the same thing moves it, or with `keep` leaves it."""
        if keep and name in self._due:
            return
        self.cancel(name)

        def due() -> None:
            self._due.pop(name, None)
            call()

        self._due[name] = self._widget.set_timer(seconds, due)

    def cancel(self, *names: str) -> None:
        """Not to be done any more."""
        for name in names:
            timer = self._due.pop(name, None)
            if timer is not None:
                timer.stop()
