"""What stood in the form before: one step back for each change of a field."""

from collections.abc import Mapping
from typing import Any, NamedTuple

DEPTH = 200


class State(NamedTuple):
    """All that the form holds: the fields as text, and what goes along unseen."""

    values: Mapping[str, str]
    hidden: Mapping[str, Any]


class History:
    """Steps back; letters typed one after another into the same field are one step."""

    def __init__(self) -> None:
        self._steps: list[State] = []
        self._field = ""

    def note(self, before: State, field: str) -> None:
        """That `before` is about to be changed in `field` ("" for several at once)."""
        if not field or field != self._field:
            self._steps = [*self._steps[1 - DEPTH :], before]
        self._field = field

    def pause(self) -> None:
        """The next change is a step of its own."""
        self._field = ""

    def back(self) -> State | None:
        """The state before the last step, or nothing."""
        self._field = ""
        return self._steps.pop() if self._steps else None

    def __bool__(self) -> bool:
        return bool(self._steps)
