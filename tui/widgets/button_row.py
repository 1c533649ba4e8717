"""A row of quiet one-line buttons, each with the key that does the same."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding
from textual.content import Content
from textual.widgets import Button

from tui.widgets.containers import Horizontal


class ButtonRow(Horizontal):
    """The arrows go from button to button; `name` of a button is the pane's action."""

    BINDINGS: ClassVar = [
        Binding("left", "move(-1)", "Button to the left", id="lab.button-left", show=False),
        Binding("right", "move(1)", "Button to the right", id="lab.button-right", show=False),
    ]

    def __init__(self, *names: str, id: str) -> None:
        super().__init__(*(Button(id=f"lab-{name}", name=name, compact=True) for name in names), id=id)
        self._said: dict[str, tuple[str, str]] = {}

    def label(self, name: str, key: str, text: str, *, shown: bool = True, enabled: bool = True) -> None:
        """Say what a button does, and whether it can be seen and pressed now."""
        button = self.query_one(f"#lab-{name}", Button)
        if self._said.get(name) != (key, text):  # laying out anew for the same words costs more than all the rest
            self._said[name] = key, text
            button.label = Content.assemble((f"{key} ", "$primary"), text)
            button.refresh(layout=True)
        button.display = shown
        button.disabled = not enabled

    def action_move(self, by: int) -> None:
        buttons = [button for button in self.query(Button) if button.display and not button.disabled]
        here = next((index for index, button in enumerate(buttons) if button.has_focus), 0)
        if buttons:
            self.screen.set_focus(buttons[(here + by) % len(buttons)])
