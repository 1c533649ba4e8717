"""What is seen of the bench that fuses: three steps, drawn from the last look at a checkpoint and at a folder."""

import time
from asyncio import to_thread
from pathlib import Path
from typing import TYPE_CHECKING, Any

from textual.app import ComposeResult
from textual.content import Content
from textual.events import Resize
from textual.widgets import Input, Static
from textual.worker import Worker

from lab.paths import shown
from tui.formatting import units
from tui.formatting.sanitize import inert
from tui.formatting.short_paths import NARROW, short_path
from tui.formatting.text_layout import Lines, bar, hang, join, styled
from tui.views.empty_state import nothing_yet
from tui.views.fuse import (
    lines,
)
from tui.views.fuse.table import WayTable
from tui.views.view import LaboratoryView
from tui.widgets.choice_field import Choice
from tui.widgets.containers import FieldScroll, Horizontal
from tui.widgets.form_field import StillInput
from tui.widgets.lines import LinesView

if TYPE_CHECKING:
    from lab.runs.directory import Run
    from lab.runs.fuse_options import Lying, Prospect

ROWS = ("50", "200", "1000")
HIGH = 30
"""Lines from which on there is air between the steps."""


class FolderField(StillInput):
    """Where the fused model goes."""

    DEFAULT_CSS = """
    FolderField { width: 1fr; height: 1; border: none; padding: 0 1; background: $surface; }
    FolderField:focus { border: none; background: $panel; background-tint: $surface 0%; }
    """


class FuseLayout(LaboratoryView, can_focus=True):
    """Holds the last look; all of it is read again when the bench comes to the front."""

    DEFAULT_CSS = """
    FuseLayout { padding: 0 1; }
    FuseLayout #fuse-head { height: 1; }
    FuseLayout #fuse-checkpoint { width: 18; }
    FuseLayout #fuse-rows { width: 14; }
    FuseLayout #fuse-steps { height: 1fr; scrollbar-size-vertical: 1; }
    FuseLayout .line { height: 1; }
    FuseLayout .line > .label { width: 10; padding-left: 2; color: $text-muted; }
    FuseLayout #fuse-progress { height: 1; padding-left: 2; }
    FuseLayout #fuse-table { margin-left: 0; }
    FuseLayout #fuse-cost { height: 4; padding-left: 2; }
    FuseLayout #fuse-hint { height: 2; padding-left: 2; }
    FuseLayout #fuse-gguf { width: 1fr; }
    FuseLayout #fuse-commands { padding-left: 2; }
    FuseLayout.-roomy #fuse-head { margin-bottom: 1; }
    FuseLayout.-roomy #fuse-progress { margin-bottom: 1; }
    FuseLayout.-roomy #fuse-table { margin: 1 0; }
    FuseLayout.-roomy #fuse-folder-line { margin-top: 1; }
    FuseLayout.-roomy #fuse-hint { margin-top: 1; }
    FuseLayout.-empty #fuse-head, FuseLayout.-empty #fuse-steps { display: none; }
    FuseLayout #fuse-empty { display: none; max-width: 76; margin: 2 2; }
    FuseLayout.-empty #fuse-empty { display: block; }
    """

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.add_class("-empty")  # until the first look
        self._prospect: Prospect | None = None
        self._looked = False
        self._trouble: tuple[str, str] = ("", "")
        self._checkpoint = "last"
        self._way = ""
        self._folder = Path()
        self._lies: tuple[Lying, int, str] = ("nothing", 0, "")
        """What is at the folder, its bytes, and why it is left alone."""
        self._work: Worker[None] | None = None
        self._doing: tuple[str, str, str] = ("", "", "")
        """"measure" or "save", the run and the checkpoint it is done to."""
        self._progress: tuple[str, float, float] = ("", 0.0, 0.0)
        """Stage, share done, and when it began (monotonic seconds)."""

    def compose(self) -> ComposeResult:
        yield LinesView(self._nothing, id="fuse-empty")
        with Horizontal(id="fuse-head"):
            yield LinesView(self._heading, id="fuse-title")
            yield Choice((), "last", "fuse-checkpoint")
        with FieldScroll(id="fuse-steps"):
            with Horizontal(classes="line"):
                yield LinesView(self._first, id="fuse-first")
                yield Choice(ROWS, ROWS[1], "fuse-rows")
            yield LinesView(self._progressing, id="fuse-progress")
            yield LinesView(self._second, id="fuse-second")
            yield WayTable(self.say, "fuse-table")
            yield LinesView(self._cost, id="fuse-cost")
            yield LinesView(self._third, id="fuse-third")
            with Horizontal(classes="line", id="fuse-folder-line"):
                yield Static("", markup=False, classes="label", id="fuse-folder-label")
                yield FolderField(id="fuse-folder", select_on_focus=False)
            with Horizontal(classes="line"):
                yield Static("", markup=False, classes="label", id="fuse-gguf-label")
                yield Choice(("off", "on"), "off", "fuse-gguf")
            yield LinesView(self._hint, id="fuse-hint")
            yield LinesView(self._commands, id="fuse-commands")

    async def enter(self) -> None:
        """Show the run that is picked, else the newest that has an adapter."""
        await self._open()
        self.focus_first()

    def focus_first(self) -> None:
        if self._prospect is None:
            self.focus()
        elif not self.has_focus_within or self.has_focus:
            self.query_one(WayTable).focus()

    async def _open(self) -> None:
        from lab.errors import LabError

        before = self._prospect
        try:
            self._prospect, self._trouble = await to_thread(self._look), ("", "")
        except LabError as error:
            self._prospect = None
            self._trouble = error.what, f"{error.where or ''} · {error.remedy or ''}".strip(" ·")
        here, self._looked = self._prospect, True
        if here is not None:
            self._checkpoint = here.checkpoint
            known = before is not None and before.table is not None
            if before is None or before.run != here.run:
                self._folder = here.folder
                self._set_folder(str(here.folder))
            if here.table is not None and not (known and before == here):
                self._way = str(here.table["recommended"])
            elif self._way not in here.ways:
                self._way = here.ways[0]
            self._lies = await to_thread(self._look_at_folder)
        self.draw()

    def _look(self) -> "Prospect | None":
        from lab.runs.adapters import checkpoints
        from lab.runs.fuse_options import look

        run = self._run()
        if run is None:
            return None
        return look(run, self.lab.cache, self._checkpoint if self._checkpoint in checkpoints(run) else "last")

    def _run(self) -> "Run | None":
        from lab.runs.adapters import checkpoints
        from lab.runs.directory import Runs

        runs = Runs(self.lab.root)
        if self.picks.run:
            return runs.get(self.picks.run)
        every = runs.all()
        return next((run for run in every if checkpoints(run)), every[0] if every else None)

    def _look_at_folder(self) -> "tuple[Lying, int, str]":
        from lab.runs.directory import Runs
        from lab.runs.fuse_options import lies

        here = self._prospect
        return lies(Runs(self.lab.root).get(here.run), self.lab.cache, self._folder) if here else ("nothing", 0, "")

    def _set_folder(self, text: str) -> None:
        """Into the field, unless there is something in it that could not be shown as it is."""
        field = self.query_one(FolderField)
        with field.prevent(Input.Changed):
            field.value = text if text == inert(text) else ""

    @property
    def _table(self) -> lines.Table | None:
        return self._prospect.table if self._prospect else None

    @property
    def _gguf(self) -> bool:
        return self.query_one("#fuse-gguf", Choice).value == "on"

    @property
    def working(self) -> str:
        """ "measure" or "save" while an engine does that to what is shown, else nothing."""
        here = self._prospect
        if here is None or self._work is None or not self._work.is_running:
            return ""
        return self._doing[0] if self._doing[1:] == (here.run, here.checkpoint) else ""

    def draw(self) -> None:
        """Set everything anew from the last look."""
        here, table = self._prospect, self.query_one(WayTable)
        self.set_class(here is None, "-empty")
        gguf, checkpoint = self.query_one("#fuse-gguf", Choice), self.query_one("#fuse-checkpoint", Choice)
        self.query_one("#fuse-rows", Choice).names = {rows: self.say("fuse.rows", count=int(rows)) for rows in ROWS}
        self.query_one("#fuse-folder-label", Static).update(self.say("fuse.folder"))
        self.query_one("#fuse-gguf-label", Static).update(self.say("fuse.gguf"))
        if here is not None:
            checkpoint.names = {name: self._called(name) for name in here.checkpoints}
            checkpoint.options = here.checkpoints
            checkpoint.set_reactive(Choice.value, here.checkpoint)
            gguf.names = {name: self.say(f"fuse.gguf.{name}") for name in ("off", "on")}
            gguf.set_unused("" if here.gguf else self.say("fuse.gguf.kind", kind=inert(here.kind)))
            table.show(here.ways, here.table, self._way)
        for view in self.query(LinesView):
            view.redraw()
        for choice in self.query(Choice):
            choice.refresh()
        self.refresh_bindings()

    def _called(self, checkpoint: str) -> str:
        if checkpoint.isdigit():
            return self.say("fuse.checkpoint.number", n=checkpoint)
        return self.say(f"fuse.checkpoint.{checkpoint}")

    def _nothing(self, width: int) -> Lines:
        what, more = self._trouble
        if what:
            told = (styled("✗ ", "$error"), styled(inert(what))), (Content("  "), styled(inert(more), "$text-muted"))
            return hang(told, width)
        if not self._looked:
            return []
        return nothing_yet(self.say, width, "fuse.empty")

    def _heading(self, _: int) -> Lines:
        if self._prospect is None:
            return []
        here = self._prospect
        model, data = (short_path(inert(shown(each)), NARROW) for each in (here.model, here.data))
        about = styled(f"{inert(here.method)} · {model} · {data}", "$text-muted")
        return [join([styled(inert(here.run), "bold $heading"), about], "  ")]

    def _first(self, width: int) -> Lines:
        table, text = self._table, ""
        if table is not None:
            numbers = {name: f"{table[name]:,}" for name in ("rows", "tokens")}
            text = self.say("fuse.measure.done", split=table["split"], count=table["questions"], **numbers)
        return [lines.step(1, "measure", table is not None, True, text, self.say, width)]

    def _progressing(self, width: int) -> Lines:
        """How far measuring is; else how to begin."""
        if self.working == "measure":
            return [self._bar(self._progress[0], width)]
        said = "again" if self._table is not None else "first"
        return styled(self.say(f"fuse.measure.{said}"), "$text-muted" if self._table else "$primary").wrap(width)

    def _bar(self, label: str, width: int) -> Content:
        _, share, began = self._progress
        spent = time.monotonic() - began
        left = self.say("fuse.left", time=units.duration(spent * (1 - share) / share)) if share > 0.02 else ""
        text = f"{round(100 * share):>4} %  {label}  {left}"
        room = max(min(width - 44, 60), 8)
        return bar(share, room) + styled(text)

    def _second(self, width: int) -> Lines:
        return [lines.step(2, "choose", False, self._table is not None, "", self.say, width)]

    def _cost(self, width: int) -> Lines:
        table = self._table
        if table is None:
            return [styled(self.say("fuse.unmeasured"), "$text-muted")]
        return styled(lines.cost(self._way, table, self.say)).wrap(min(width, 110))

    def _third(self, width: int) -> Lines:
        done = self._lies[0] in ("whole", "separate")
        return [lines.step(3, "save", done, self._table is not None, "", self.say, width)]

    def _hint(self, width: int) -> Lines:
        """What saving would do, or how far it is, or what is wrong with what was asked."""
        if self.working == "save":
            return [self._bar(self.say("fuse.saving", way=self.say(f"fuse.way.{self._way}")), width)]
        here = self._prospect
        if self._gguf and here is not None and here.byte_level:
            return styled(self.say("fuse.gguf.warning"), "$warning").wrap(width)
        lying, size, why = self._lies
        about = styled(self.say(f"fuse.folder.{lying}", bytes=units.size(size), reason=inert(why)),
                       "$error" if lying == "other" else "$text-muted")  # fmt: skip
        return [*about.wrap(width), styled(self._to_save(), "$primary" if self._table else "$text-muted")][-2:]

    def _to_save(self) -> str:
        table = self._table
        if table is None:
            return self.say("fuse.measure-before")
        way = lines.ways(table)[self._way]
        return self.say("fuse.save-hint", way=self.say(f"fuse.way.{way.name}"), bytes=units.size(way.bytes))

    def _commands(self, width: int) -> Lines:
        return [styled(inert(command), "$code-name") for command in self.commands()]

    def commands(self) -> list[str]:
        """How stock mlx-lm uses what lies in the folder; nothing while no model does."""
        from lab.runs.fuse_options import commands

        if self._lies[0] not in ("whole", "separate"):
            return []
        prompt = str((self._table or {}).get("question") or "Hello")
        return commands(self._folder, self._lies[0], prompt)

    def on_resize(self, event: Resize) -> None:
        self.set_class(event.size.height >= HIGH, "-roomy")

    def watch_lang(self) -> None:
        if self.is_mounted:
            self.draw()
