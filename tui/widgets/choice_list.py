"""One of several to choose: a list with a cursor that Enter hands in."""

from collections.abc import Sequence
from typing import ClassVar

from textual.binding import BindingType
from textual.content import Content
from textual.events import Click
from textual.message import Message

from tui.formatting.text_layout import Lines, hang, styled
from tui.key_bindings import bind
from tui.widgets.form_field import leave
from tui.widgets.lines import LinesView


class ChoiceList(LinesView, can_focus=True):
    """Options as content, the chosen one marked; nothing is chosen at first."""

    BINDINGS: ClassVar[list[BindingType]] = [
        bind("up,k", "move(-1)", "choice.up"),
        bind("down,j", "move(1)", "choice.down", show=True, key_display="↑↓"),
        *(bind(str(digit), f"choose({digit - 1})", f"quiz.option-{digit}") for digit in range(1, 10)),
        bind("enter", "take", "choice.take", show=True),
        bind("escape", "leave", "field.leave", show=True),
    ]

    class Taken(Message):
        """The option with this number, from 0, is handed in."""

        def __init__(self, number: int) -> None:
            super().__init__()
            self.number = number

    def __init__(self, options: Sequence[Content], chosen: int = -1) -> None:
        super().__init__(self._layout_lines)
        self.options = list(options)
        self.chosen = chosen
        self._starts: list[int] = []

    def _layout_lines(self, width: int) -> Lines:
        lines: Lines = []
        self._starts = []
        for number, option in enumerate(self.options):
            on = number == self.chosen
            mark = styled(f"{number + 1} ", "$text-muted") + styled(
                "● " if on else "○ ", "$primary" if on else "$faint"
            )
            self._starts.append(len(lines))
            lines += hang([(mark, option.stylize("$heading") if on else option)], width)
        return lines

    def action_move(self, by: int) -> None:
        self.action_choose((self.chosen + by) % len(self.options) if self.chosen >= 0 else 0 if by > 0 else -1)

    def action_choose(self, number: int) -> None:
        number = number if number >= 0 else len(self.options) - 1
        if number < len(self.options):
            self.chosen = number
            self.redraw()

    def action_take(self) -> None:
        if self.chosen < 0:
            self.action_choose(0)
        else:
            self.post_message(self.Taken(self.chosen))

    def action_leave(self) -> None:
        leave(self)

    def on_click(self, event: Click) -> None:
        self.action_choose(max((n for n, start in enumerate(self._starts) if start <= event.y), default=0))
