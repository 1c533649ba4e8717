"""What every bench has: the lab, the runs picked, a language, and the ways to speak to the laboratory."""

from asyncio import to_thread
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Final, TypeVar

from textual.content import Content
from textual.events import Resize
from textual.message import Message
from textual.reactive import reactive
from textual.widget import Widget

from tui.formatting.sanitize import inert
from tui.formatting.text_layout import Lines, hang, styled
from tui.locale import say
from tui.widgets.breakpoints import Breakpoint, set_size_classes
from tui.widgets.dialogs import ConfirmScreen

if TYPE_CHECKING:
    from lab.errors import LabError
    from lab.runs.directory import Run
    from lab.runs.run_evidence import RunEvidence
    from lessons.course import Lang
    from tui.lab import Lab

Found = TypeVar("Found")

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

    BREAKPOINTS: ClassVar[tuple[Breakpoint, ...]] = ()

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

    def tell(self, key: str, kind: str = "", **values: object) -> None:
        """Show one line of words for a few seconds; `kind` as for `Tell`."""
        self.post_message(self.Tell(self.say(key, **values), kind))

    def fail(self, error: Exception) -> None:
        """Show what went wrong, in its own words."""
        self.post_message(self.Tell(inert(error), "trouble"))

    def confirm(self, question: str, yes: str, no: str, then: Callable[[], Coroutine[Any, Any, None] | None]) -> None:
        """Ask a question, and do `then` if the learner says yes."""

        def answered(agreed: bool | None) -> None:
            if agreed and (work := then()) is not None:
                self.run_worker(work)

        self.app.push_screen(ConfirmScreen(question, yes, no), answered)

    def copy(self, command: str, key: str) -> None:
        """Put the equal command into the clipboard and say so with the words of `key`."""
        self.app.copy_to_clipboard(command)
        self.tell(key, command=inert(command))

    def picked_run(self) -> "Run | None":
        """The run that is picked, else the newest that has an adapter, else the newest. Blocks; raises LabError."""
        from lab.runs.adapters import checkpoints
        from lab.runs.directory import Runs

        runs = Runs(self.lab.root)
        if self.picks.run:
            return runs.get(self.picks.run)
        every = runs.all()
        return next((run for run in every if checkpoints(run)), every[0] if every else None)

    async def look_at_checkpoint(self, look: "Callable[[Run, str], Found]", checkpoint: str) -> "Found | None":
        """What `look` finds at a checkpoint of the picked run, or at its last one where it has no such checkpoint.

        Raises LabError.
        """
        from lab.runs.adapters import checkpoints

        def found() -> "Found | None":
            run = self.picked_run()
            return None if run is None else look(run, checkpoint if checkpoint in checkpoints(run) else "last")

        return await to_thread(found)

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

    def on_resize(self, event: Resize) -> None:
        set_size_classes(self, event.size, self.BREAKPOINTS)
        self.rearrange()

    def rearrange(self) -> None:
        """Draw what follows from the size. It is called when the size is another."""

    def status(self) -> str:
        """A few cells for the bench's tab, such as "●143/200"."""
        return ""

    def palette(self) -> Mapping[str, str]:
        """Title → action of this bench, for the command palette."""
        return {}


def trouble_lines(error: "LabError", width: int) -> Lines:
    """What went wrong, and below it where, and what to do."""
    more = f"{error.where or ''} · {error.remedy or ''}".strip(" ·")
    told = (styled("✗ ", "$error"), styled(inert(error.what))), (Content("  "), styled(inert(more), "$text-muted"))
    return hang(told, width)
