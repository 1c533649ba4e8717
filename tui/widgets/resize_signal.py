"""A column that says when it has become wider or narrower: what is beside it may be laid out after it was drawn."""

from textual.events import Resize
from textual.message import Message

from tui.widgets.containers import Vertical


class Place(Vertical):
    """Lines that are fitted to its width are to be drawn again on `Place.Resized`."""

    class Resized(Message):
        """It has another width now."""

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self._width = 0

    def on_resize(self, event: Resize) -> None:
        if event.size.width != self._width:
            self._width = event.size.width
            self.post_message(self.Resized())
