"""The bench that fuses, in three steps: measure every way, choose one by its figures, save it."""

import asyncio
import time
from asyncio import to_thread
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.content import Content
from textual.widgets import Input, Static

from lab.client import EngineClient
from lab.paths import shown
from tui.formatting import units
from tui.formatting.sanitize import inert
from tui.formatting.short_paths import NARROW, short_path
from tui.formatting.text_layout import Lines, bar, join, styled
from tui.key_bindings import bind
from tui.views.empty_state import nothing_yet
from tui.views.engine_job import EngineJob
from tui.views.fuse import lines
from tui.views.fuse.table import WayTable
from tui.views.view import LaboratoryView, trouble_lines
from tui.widgets.breakpoints import Breakpoint
from tui.widgets.choice_field import Choice
from tui.widgets.containers import FieldScroll, Horizontal
from tui.widgets.form_field import StillInput
from tui.widgets.lines import LinesView

if TYPE_CHECKING:
    from lab.errors import LabError
    from lab.runs.fuse_options import Lying, Prospect

ROWS = ("50", "200", "1000")


class FolderField(StillInput):
    """Where the fused model goes."""


class FuseView(LaboratoryView, can_focus=True):
    """Holds the last look at a checkpoint and at a folder; the engine keeps what it measured."""

    BINDINGS: ClassVar[list[BindingType]] = [
        bind("up,k", "move(-1)", "fuse.up"),
        bind("down,j", "move(1)", "fuse.down"),
        bind("enter", "onward", "fuse.onward", show=True),
        bind("ctrl+r,m", "measure", "fuse.measure", show=True),
        bind("escape", "cancel", "fuse.cancel", show=True),
        bind("ctrl+s,s", "save", "fuse.save", show=True),
        bind("ctrl+g,g", "gguf", "fuse.gguf", show=True),
        bind("ctrl+y,y", "copy(0)", "fuse.copy", show=True),
        bind("Y", "copy(1)", "fuse.copy-server"),
        bind("f", "folder", "fuse.folder"),
        bind("c,right_square_bracket", "checkpoint(1)", "fuse.checkpoint"),
    ]
    BREAKPOINTS = (Breakpoint("-roomy", 0, 30),)

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.add_class("-empty")  # until the first look
        self._prospect: Prospect | None = None
        self._looked = False
        self._trouble: LabError | None = None
        self._checkpoint = "last"
        self._way = ""
        self._folder = Path()
        self._lies: tuple[Lying, int, str] = ("nothing", 0, "")
        """What is at the folder, its bytes, and why it is left alone."""
        self._job = EngineJob(self, "fuse")
        """Its subject is "measure" or "save", the run and the checkpoint."""
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
        from lab.runs.fuse_options import look

        before = self._prospect
        try:
            self._prospect = await self.look_at_checkpoint(
                lambda run, name: look(run, self.lab.cache, name), self._checkpoint
            )
            self._trouble = None
        except LabError as error:
            self._prospect, self._trouble = None, error
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
        if here is None or not self._job.running or self._job.subject[1:] != (here.run, here.checkpoint):
            return ""
        return self._job.subject[0]

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
        if self._trouble is not None:
            return trouble_lines(self._trouble, width)
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

    def watch_lang(self) -> None:
        if self.is_mounted:
            self.draw()

    @on(WayTable.Chosen)
    def _way_chosen(self, event: WayTable.Chosen) -> None:
        event.stop()
        self._way = event.way
        if self._gguf and self._prospect is not None and event.way != self._prospect.whole:
            self._set_gguf("off")
            self.tell("fuse.gguf.dropped")
        self.draw()

    def _set_gguf(self, value: str) -> None:
        choice = self.query_one("#fuse-gguf", Choice)
        with choice.prevent(Choice.Changed):
            choice.value = value

    @on(Choice.Changed, "#fuse-gguf")
    def _gguf_chosen(self, event: Choice.Changed) -> None:
        event.stop()
        here = self._prospect
        if event.value == "on" and here is not None and self._way != here.whole:
            self._way = here.whole
            self.tell("fuse.gguf.whole", way=self.say(f"fuse.way.{self._way}"))
        self.draw()

    @on(Choice.Changed, "#fuse-rows")
    def _rows_chosen(self, event: Choice.Changed) -> None:
        event.stop()

    @on(Choice.Changed, "#fuse-checkpoint")
    async def _checkpoint_chosen(self, event: Choice.Changed) -> None:
        event.stop()
        self._checkpoint = event.value
        await self._open()

    @on(Input.Changed, "#fuse-folder")
    async def _folder_typed(self, event: Input.Changed) -> None:
        event.stop()
        self._folder = Path(event.value.strip()).expanduser().absolute()
        self._lies = await to_thread(self._look_at_folder) if event.value.strip() else ("nothing", 0, "")
        self.draw()

    @on(Input.Submitted, "#fuse-folder")
    def _folder_done(self, event: Input.Submitted) -> None:
        event.stop()
        self.action_save()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        here = self._prospect
        match action:
            case "cancel":
                return bool(self.working) or self.query_one(FolderField).has_focus
            case "measure":
                return here is not None and not self.working
            case "save":
                return here is not None and here.table is not None and not self.working
            case "onward" | "gguf" | "folder":
                return here is not None and not self.working and (action != "gguf" or here.gguf)
            case "copy":
                return bool(self.commands())
            case "checkpoint":
                return here is not None and len(here.checkpoints) > 1 and not self.working
        return True

    def action_move(self, by: int) -> None:
        self.query_one(WayTable).move(by)

    def action_onward(self) -> None:
        """Measure what is not measured; else on to the folder, where Enter saves."""
        if self._table is None:
            self.action_measure()
        else:
            self.action_folder()

    def action_folder(self) -> None:
        self.query_one(FolderField).focus()

    def action_gguf(self) -> None:
        self.query_one("#fuse-gguf", Choice).action_step(1)

    def action_checkpoint(self, by: int) -> None:
        self.query_one("#fuse-checkpoint", Choice).action_step(by)

    def action_copy(self, which: int) -> None:
        """A command that uses what was saved."""
        self.copy(self.commands()[which], "fuse.copied")

    def action_cancel(self) -> None:
        """Out of the field; else end what the engine does, which leaves nothing behind."""
        if not self.working:
            self.query_one(WayTable).focus()
        elif self._job.cancel():
            self.tell("fuse.cancelled")
            self.draw()

    def action_measure(self) -> None:
        """Ask the engine; it keeps its answer, which is then read from the run directory."""
        if self._prospect is not None:
            self._begin("measure", self._measure(self._prospect))

    def action_save(self) -> None:
        """Save the chosen way; a model that lies there is replaced only after asking."""
        here, (lying, size, why) = self._prospect, self._lies
        if here is None or here.table is None:
            self.tell("fuse.measure-before")
        elif not self.query_one(FolderField).value.strip():
            self.tell("fuse.no-folder", "trouble")
        elif lying == "other":
            self.tell("fuse.folder.other", "trouble", reason=inert(why))
        elif lying == "nothing":
            self._begin("save", self._save(here))
        else:
            text = self.say("fuse.replace", folder=inert(self._folder), bytes=units.size(size))
            yes, no = self.say("fuse.replace.yes"), self.say("fuse.replace.no")
            self.confirm(text, yes, no, lambda: self._begin("save", self._save(here)))

    def _begin(self, what: str, work: Any) -> None:
        assert self._prospect is not None
        self._progress = (self.say("fuse.measure.loading"), 0.0, time.monotonic())
        self._job.begin(work, what, self._prospect.run, self._prospect.checkpoint)
        self.query_one(WayTable).focus()
        self.draw()

    async def _measure(self, here: "Prospect") -> None:
        from lab.errors import LabError
        from lab.runs.directory import Runs

        run = Runs(self.lab.root).get(here.run)
        stages = ("adapter", *here.ways)

        def tell(event: dict[str, Any]) -> None:
            stage, done, total = event["stage"], event["done"], event["total"]
            name = self.say("fuse.stage.adapter" if stage == "adapter" else f"fuse.way.{stage}")
            at = stages.index(stage) if stage in stages else 0
            self._tell(name, (at + (done / total if total else 0)) / len(stages))

        options = ("--checkpoint", here.checkpoint, "--rows", self.query_one("#fuse-rows", Choice).value)
        try:
            await EngineClient(self.lab.cache).ask("fidelity", run.path, *options, progress=tell)
        except LabError as error:
            self.tell("fuse.trouble", "trouble", reason=inert(error))
        self.post_message(self.Did((here.run,)))
        self._job.done()
        await self._open()

    def _tell(self, stage: str, share: float) -> None:
        self._progress = (stage, share, self._progress[2])
        self.query_one("#fuse-progress" if self.working == "measure" else "#fuse-hint", LinesView).redraw()

    async def _save(self, here: "Prospect") -> None:
        from lab.errors import LabError
        from lab.outputs import sweep
        from lab.runs.directory import Runs
        from lab.runs.fuse_options import written

        assert here.table is not None
        run, way, folder = Runs(self.lab.root).get(here.run), lines.ways(here.table)[self._way], self._folder
        options = ["--checkpoint", here.checkpoint, "--way", way.name, "--save-path", str(folder), "--force"]
        options += ["--export-gguf"] * self._gguf
        whole = way.bytes * (2 if self._gguf else 1)
        process = await EngineClient(self.lab.cache).start("save", run.path, *options)
        answer = asyncio.ensure_future(process.result())
        try:
            while not (await asyncio.wait([answer], timeout=0.25))[0]:
                done = await to_thread(written, folder, process.pid)
                self._tell(units.size(done), min(done / whole, 1.0))
            said = answer.result()
            name = self.say(f"fuse.way.{way.name}")
            where = short_path(inert(folder), self.app.size.width // 3)
            self.tell("fuse.saved", "cheer", way=name, bytes=units.size(said["bytes"]), folder=where)
        except LabError as error:
            self.tell("fuse.trouble", "trouble", reason=inert(error))
        finally:
            process.kill()
            await process.wait()
            await to_thread(sweep, folder.parent)
        self._job.done()
        await self._open()

    def palette(self) -> dict[str, str]:
        actions = {"measure": "measure", "save": "save", "gguf": "gguf", "folder": "folder", "copy": "copy(0)",
                   "copy-server": "copy(1)", "checkpoint": "checkpoint(1)", "cancel": "cancel"}  # fmt: skip
        return {
            self.say(f"key.fuse.{name}").capitalize() if name != "gguf" else "GGUF": action
            for name, action in actions.items()
            if self.check_action(action.partition("(")[0], ())
        }

    def status(self) -> str:
        return f"{round(100 * self._progress[1])} %" if self.working else ""
