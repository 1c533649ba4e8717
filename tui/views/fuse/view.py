"""The bench that fuses, in three steps: measure every way, choose one by its figures, save it."""

import asyncio
import time
from asyncio import to_thread
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from textual import on
from textual.binding import BindingType
from textual.widgets import Input

from lab.client import EngineClient
from tui.formatting import units
from tui.formatting.sanitize import inert
from tui.formatting.short_paths import short_path
from tui.key_bindings import bind
from tui.views.fuse import lines
from tui.views.fuse.layout import FolderField, FuseLayout
from tui.views.fuse.table import WayTable
from tui.widgets.choice_field import Choice
from tui.widgets.lines import LinesView

if TYPE_CHECKING:
    from lab.runs.fuse_options import Prospect


class FuseView(FuseLayout):
    """What is done there; the engine keeps what it measured, and what it saved is a folder."""

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

    @on(WayTable.Chosen)
    def _way_chosen(self, event: WayTable.Chosen) -> None:
        event.stop()
        self._way = event.way
        if self._gguf and self._prospect is not None and event.way != self._prospect.whole:
            self._set_gguf("off")
            self.post_message(self.Tell(self.say("fuse.gguf.dropped")))
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
            self.post_message(self.Tell(self.say("fuse.gguf.whole", way=self.say(f"fuse.way.{self._way}"))))
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
        command = self.commands()[which]
        self.app.copy_to_clipboard(command)
        self.post_message(self.Tell(self.say("fuse.copied", command=inert(command))))

    def action_cancel(self) -> None:
        """Out of the field; else end what the engine does, which leaves nothing behind."""
        if not self.working:
            self.query_one(WayTable).focus()
        elif self._work is not None:
            self._work.cancel()
            self._work = None
            self.post_message(self.Tell(self.say("fuse.cancelled")))
            self.draw()

    def action_measure(self) -> None:
        """Ask the engine; it keeps its answer, which is then read from the run directory."""
        if self._prospect is not None:
            self._begin("measure", self._measure(self._prospect))

    def action_save(self) -> None:
        """Save the chosen way; a model that lies there is replaced only after asking."""
        from tui.widgets.dialogs import ConfirmScreen

        here, (lying, size, why) = self._prospect, self._lies
        if here is None or here.table is None:
            self.post_message(self.Tell(self.say("fuse.measure-before")))
        elif not self.query_one(FolderField).value.strip():
            self.post_message(self.Tell(self.say("fuse.no-folder"), "trouble"))
        elif lying == "other":
            self.post_message(self.Tell(self.say("fuse.folder.other", reason=inert(why)), "trouble"))
        elif lying == "nothing":
            self._begin("save", self._save(here))
        else:
            text = self.say("fuse.replace", folder=inert(self._folder), bytes=units.size(size))
            question = ConfirmScreen(text, self.say("fuse.replace.yes"), self.say("fuse.replace.no"))
            self.app.push_screen(question, lambda yes: self._begin("save", self._save(here)) if yes else None)

    def _begin(self, what: str, work: Any) -> None:
        assert self._prospect is not None
        self._doing = (what, self._prospect.run, self._prospect.checkpoint)
        self._progress = (self.say("fuse.measure.loading"), 0.0, time.monotonic())
        self._work = self.run_worker(work, exclusive=True, group="fuse")
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
            self.post_message(self.Tell(self.say("fuse.trouble", reason=inert(error)), "trouble"))
        self.post_message(self.Did((here.run,)))
        self._work = None
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
            text = self.say("fuse.saved", way=name, bytes=units.size(said["bytes"]), folder=where)
            self.post_message(self.Tell(text, "cheer"))
        except LabError as error:
            self.post_message(self.Tell(self.say("fuse.trouble", reason=inert(error)), "trouble"))
        finally:
            process.kill()
            await process.wait()
            await to_thread(sweep, folder.parent)
        self._work = None
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
