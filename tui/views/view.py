"""What every bench has: the lab, the runs picked, a language, and the ways to speak to the laboratory."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from textual.message import Message
from textual.reactive import reactive
from textual.widget import Widget

from tui.locale import say

if TYPE_CHECKING:
    from lab.runs.run_evidence import RunEvidence
    from lessons.course import Lang
    from tui.panes.lab.run_monitor import Lab

PLACES: Final = ("new", "runs", "run", "compare", "inspect", "chat", "fuse")
"""The benches in the order of their digits."""


@dataclass
class RunSelection:
    """What all benches are about: the run under the cursor ("" for none) and the runs marked, in the order marked.

    `fill` is the run whose values the next form is to begin with; the form takes it away.
    """

    run: str = ""
    marked: tuple[str, ...] = ()
    fill: str = ""


class LaboratoryView(Widget):
    """One bench. It holds nothing that cannot be read back from the run directories.

    It is made when first opened, and then kept. `enter` is called each time it comes to the front, `leave` when it
    goes; between them it may look at the disk as often as it needs to, and outside them not at all.
    """

    BLANK = True
    DEFAULT_CSS = """
    LaboratoryView { width: 1fr; height: 1fr; layout: vertical; }
    """

    lang: reactive["Lang"] = reactive("en", init=False)

    @dataclass
    class Go(Message):
        """Open another bench; what it is to show was put into the picks before."""

        place: str

    @dataclass
    class Tell(Message):
        """One line for a few seconds; `kind` is "", "cheer" or "trouble"."""

        text: str
        kind: str = ""

    @dataclass
    class Began(Message):
        """A run was started here; for the learner's log."""

        run_id: str
        method: str
        model: str
        data: str

    @dataclass
    class Did(Message):
        """Something was done here that the directories of these runs prove by now, or that `proofs` say."""

        runs: tuple[str, ...] = ()
        proofs: tuple["RunEvidence", ...] = ()

    def __init__(self, lab: "Lab", picks: RunSelection, lang: "Lang") -> None:
        super().__init__()
        self.set_reactive(LaboratoryView.lang, lang)
        self.lab = lab
        self.picks = picks

    def say(self, key: str, **values: object) -> str:
        """Words of this program in the learner's language."""
        return say(self.lang, key, **values)

    async def enter(self) -> None:
        """Show what the picks say, as it is on disk now, and take the keys."""
        self.focus_first()

    def leave(self) -> None:
        """Stop looking at the disk."""

    def focus_first(self) -> None:
        """Give the keys to the first widget that takes them, unless one of ours has them."""
        if not self.has_focus_within:
            first = next((widget for widget in self.query("*") if widget.focusable), None)
            if first is not None:
                first.focus()

    def status(self) -> str:
        """A few cells for the bench's tab, such as "●143/200"."""
        return ""

    def palette(self) -> Mapping[str, str]:
        """Title → action of this bench, for the command palette."""
        return {}
