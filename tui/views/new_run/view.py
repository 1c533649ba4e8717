"""The New bench: arranges form, plan, rows and commands, and starts the run."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType

from lab.errors import LabError
from lab.planning.learning_rate import starting_rate
from lab.planning.recipes import cooked, least_memory
from lab.runs.directory import Runs
from lab.spec import RunSpec
from tui.key_bindings import bind
from tui.views.new_run import spec_check
from tui.views.new_run.commands_view import CommandsView
from tui.views.new_run.data_rows_view import RowsView
from tui.views.new_run.form import Form
from tui.views.new_run.form_row import SourceChoice
from tui.views.new_run.hub_fetch import Fetching
from tui.views.new_run.picker import Picker
from tui.views.new_run.plan_updates import Planning
from tui.views.new_run.plan_view import PlanView, changed
from tui.views.new_run.planner import PlanResult
from tui.views.new_run.split_dialog import SplitScreen, divisible
from tui.views.view import LaboratoryView, RunSelection
from tui.widgets.action_bar import ActionBar, ActionItem
from tui.widgets.breakpoints import Breakpoint
from tui.widgets.containers import Container, Horizontal
from tui.widgets.tab_strip import TabStrip

if TYPE_CHECKING:
    from lessons.course import Lang
    from tui.lab import Lab

SECTIONS = ("form", "plan", "rows", "command")
IDLE = 90
"""Seconds after which the engine process of a bench that is not in front is ended."""


class NewRunView(LaboratoryView):
    """Holds nothing but what is in the form."""

    BINDINGS: ClassVar[list[BindingType]] = [
        bind("ctrl+r", "start", "new.start", show=True),
        bind("ctrl+z,u", "undo", "new.undo", show=True),
        bind("f9", "fix", "new.fix", show=True),
        bind("f8", "split", "new.split"),
        bind("ctrl+t,t", "measure", "new.measure", show=True),
        bind("f5", "copy('train')", "new.copy-train", show=True),
        bind("f6", "copy('mlx')", "new.copy-mlx"),
        bind("f7", "copy('yaml')", "new.copy-yaml"),
        bind("ctrl+o,o", "more", "new.more"),
        bind("ctrl+s,s", "section", "new.section"),
        bind("ctrl+n", "reset", "new.reset"),
        bind("escape", "end_measure", "new.end-measure"),
    ]
    BREAKPOINTS = (
        Breakpoint("-side-by-side", 100, 30, otherwise="-small"),
        Breakpoint("-broad", 170, 30),  # the rows have a column of their own
        Breakpoint("-tall", 100, 50),  # the YAML stands below
    )

    def __init__(self, lab: "Lab", picks: RunSelection, lang: "Lang") -> None:
        super().__init__(lab, picks, lang)
        self.form = Form(lang)
        self._views = PlanView(lang), RowsView(lang), CommandsView(lang)
        self.planning = Planning(self, *self._views)
        self.section = SECTIONS[0]
        self._starting = False
        self.fetching: asyncio.Task[dict[str, Any]] | None = None

    def compose(self) -> ComposeResult:
        with Horizontal(id="new-sections"):
            yield TabStrip(SECTIONS, "new.section", active=self.section, lang=self.lang)
            yield ActionBar()
        with Horizontal(id="new-main"):
            yield self.form
            with Container(id="new-side"):
                yield from self._views[:2]
        yield self._views[2]

    @property
    def outlook(self) -> PlanResult | None:
        """The last plan made."""
        return self._views[0].outlook

    def rearrange(self) -> None:
        self._views[2].whole = self.has_class("-small") or self.has_class("-tall")
        self._show_section()

    def watch_lang(self) -> None:
        self._show_section()
        self.run_worker(self._offer())
        self.planning.changed()

    async def enter(self) -> None:
        self.form.first_time = not self.lab.monitor.names()
        self.form.focus_first()
        self._show_section()
        self.planning.start()
        self.run_worker(self._offer())
        if self.picks.fill:
            name, self.picks.fill = self.picks.fill, ""
            await self._fill(name)

    def leave(self) -> None:
        self.planning.stop()
        self.set_timer(IDLE, self._end_idle)

    def _end_idle(self) -> None:
        if self.planning.stopped:
            self.planning.planner.engine.end()

    def on_unmount(self) -> None:
        self.planning.stop()
        self.planning.planner.engine.end()

    def status(self) -> str:
        wrong = len(self.form.faults) if self.form.is_mounted else 0
        return f"✗{wrong}" if wrong else ""

    def palette(self) -> Mapping[str, str]:
        names = {"start": "start", "reset": "reset", "measure": "measure", "more": "more"}
        copies = {f"copy-{name}": f"copy('{name}')" for name in ("train", "mlx", "yaml")}
        return {self.say(f"new.palette.{name}"): action for name, action in {**names, **copies}.items()}

    async def _offer(self) -> None:
        self.form.offer(await asyncio.to_thread(spec_check.offers, self.lab.root, self.lab.cache, self.lang))

    async def _fill(self, run: str) -> None:
        try:
            spec = await asyncio.to_thread(lambda: Runs(self.lab.root).get(run).spec)
        except (LabError, OSError) as error:
            self.tell("new.not-filled", "trouble", run=run, reason=error)
            return
        self.form.fill(spec)
        self.tell("new.filled", run=run)

    def on_form_changed(self, event: Form.Changed) -> None:
        event.stop()
        self.planning.changed()

    def on_form_recipe(self, event: Form.Recipe) -> None:
        event.stop()
        now = self.planning.current() or RunSpec()
        if event.name == "smallest-memory":
            outlook = self.outlook
            changes = least_memory(replace(outlook.inputs, spec=now)) if outlook else {}
            if changes:
                self.form.change(changes)
            else:
                self.tell("new.least-none")
            return
        fields = cooked(event.name, now)
        if fields["model"] not in {offer.name for offer in self.form.offers["model"] if offer.bundled}:
            fields["learning_rate"] = starting_rate(RunSpec.make(fields))
        self.form.fill(RunSpec.make(fields))

    def on_source_choice_pick(self, event: SourceChoice.Pick) -> None:
        event.stop()
        self.run_worker(self._pick(event.name))

    async def _pick(self, kind: str) -> None:
        name = await self.app.push_screen_wait(Picker(kind, self.form.offers[kind], self.lang))
        if name and kind == "data":
            name = await Fetching(self).data(name)
            if name and Path(name).expanduser().is_file():  # training takes a folder
                name = await self.app.push_screen_wait(SplitScreen(name, self.lang))
        if name:
            self.form.choose(kind, name)

    async def action_start(self) -> None:
        """Start the run, or go to the first field that is not right."""
        if self._starting:
            return
        wrong = self.form.faults
        if wrong or self.planning.current() is None:
            self.tell("new.still-wrong", "trouble", count=max(1, len(wrong)))
            self._section("form")
            self.form.go_to_fault()
            return
        self._starting = True
        self.run_worker(self._start())

    async def _start(self) -> None:
        try:
            fields = self.form.spec_fields()
            model = str(fields["model"])
            if not await Fetching(self).model(model):
                return
            self.tell("new.starting")
            going, _ = await asyncio.to_thread(self.lab.monitor.newest)
            follower = await asyncio.to_thread(self.lab.begin, fields)
        except LabError as error:
            self.form.set_known(self.form.known, spec_check.refusal(error, self.planning.spec or RunSpec(), self.lang))
            self.tell("new.refused", "trouble", reason=spec_check.reason(error))
            self._section("form")
            self.form.go_to_fault()
            return
        except OSError as error:
            self.tell("new.refused", "trouble", reason=error)
            return
        finally:
            self._starting = False
        self.picks.run = follower.id
        self.post_message(self.Began(follower.id, follower.method, follower.model, follower.data))
        if going:
            self.tell("new.queued", run=follower.id, other=going)
        else:
            self.tell("new.started", run=follower.id)
        self.post_message(self.Go("run"))

    def action_undo(self) -> None:
        self.tell("new.undone" if self.form.undo() else "new.nothing-to-undo")

    def action_reset(self) -> None:
        """The defaults again, after asking."""

        def reset() -> None:
            self.form.forget_recipe()
            self.form.fill(RunSpec())

        self.confirm(self.say("new.reset.ask"), self.say("new.reset.yes"), self.say("new.reset.no"), reset)

    def action_more(self) -> None:
        self.form.toggle_more()

    def action_fix(self, number: int = -1) -> None:
        """What mends the warning of that number, or the first that can be mended."""
        warnings = self.outlook.plan.warnings if self.outlook else []
        able = [warnings[number]] if 0 <= number < len(warnings) else [w for w in warnings if w.changes]
        if not able:
            self.tell("new.nothing-to-mend")
            return
        self.form.change(able[0].changes)
        self.tell("new.mended", change=changed(able[0].changes))

    def action_split(self) -> None:
        """Set some of the rows aside for validation, and go on with what that makes."""
        self.run_worker(self._split(self.form.values["data"]))

    async def _split(self, data: str) -> None:
        if not await asyncio.to_thread(divisible, data):
            self.tell("new.split.needless")
            return
        if folder := await self.app.push_screen_wait(SplitScreen(data, self.lang)):
            self.form.choose("data", folder)

    def action_copy(self, name: str) -> None:
        """One of the equal commands into the clipboard."""
        found = self._views[2].equal
        if found is None:
            self.tell("new.command.wrong", "trouble")
            return
        self.app.copy_to_clipboard(getattr(found, name))
        self.tell("new.copied", what=self.say(f"new.command.{name}"))

    def action_turn(self, by: int) -> None:
        """Another row."""
        self.planning.turn(by)

    def action_measure(self) -> None:
        """Train a few iterations to see how long they take."""
        planning, outlook = self.planning, self.outlook
        if planning.spec is not None and not planning.measuring and outlook is not None and outlook.plan.base.weights:
            planning.measuring = True
            self.refresh_bindings()
            self.run_worker(planning.measure(planning.spec))

    def action_end_measure(self) -> None:
        """End what goes on meanwhile: a fetch, or the timing of iterations."""
        if self.fetching is not None:
            self.fetching.cancel()
        else:
            self.planning.measuring = False

    def doing(self, text: str) -> None:
        """Say what goes on meanwhile."""
        self._views[0].going(text)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "end_measure":
            return self.planning.measuring or self.fetching is not None
        if action == "section":
            return self.has_class("-small")
        return True

    def action_section(self, name: str = "") -> None:
        """The next pane of a small screen, or the one of that name."""
        self._section(name or SECTIONS[(SECTIONS.index(self.section) + 1) % len(SECTIONS)])

    def on_tab_strip_chosen(self, event: TabStrip.Chosen) -> None:
        event.stop()
        self._section(event.name)

    def _section(self, name: str) -> None:
        self.section = name
        self._show_section()
        if self.has_class("-small"):
            targets: dict[str, Callable[[], object]] = {
                "form": self.form.focus_first,
                "plan": self._views[0].focus,
                "rows": self._views[1].focus,
                "command": self._views[2].focus,
            }
            self.call_after_refresh(targets[name])

    def _show_section(self) -> None:
        for name in SECTIONS:
            self.set_class(name == self.section, f"-{name}")
        if not self.is_mounted:
            return
        self.query_one(TabStrip).active = self.section
        self.query_one("#new-sections ActionBar", ActionBar).show(
            ActionItem("^s", self.say("key.new.section"), "section")
        )
