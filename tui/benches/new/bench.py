"""The New bench: arranges form, plan, rows and commands, and starts the run."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container, Horizontal
from textual.events import Resize

from lab.errors import LabError
from lab.launch import CAUTIOUS_RATE
from lab.models import HUB_ID
from lab.recipes import cooked, least_memory
from lab.runs import Runs
from lab.spec import RunSpec
from tui.benches.bench import Bench, Picks
from tui.benches.new import examine
from tui.benches.new.acting import Press
from tui.benches.new.commands_view import CommandsView, equal
from tui.benches.new.fetching import Fetching
from tui.benches.new.form import Form
from tui.benches.new.outlook import PATIENCE, Cancelled, Outlook, Planner, guessed
from tui.benches.new.picker import Picker
from tui.benches.new.plan_view import PlanView, changed
from tui.benches.new.row import SourceChoice
from tui.benches.new.rows_view import RowsView
from tui.keys import bind
from tui.labroom import units

if TYPE_CHECKING:
    from textual.worker import Worker

    from lessons.model import Lang
    from tui.labroom.feed import Lab

SECTIONS = ("form", "plan", "rows", "command")
WIDE, HIGH, BROAD = 100, 30, 170
"""Cells from which all sections stand side by side, and from which rows have a column of their own."""
DEBOUNCE = 0.12
IDLE = 90
"""Seconds after which the engine process of a bench that is not in front is ended."""


class NewBench(Bench):
    """Holds nothing but what is in the form."""

    BINDINGS: ClassVar[list[BindingType]] = [
        bind("ctrl+r", "start", "new.start", show=True),
        bind("ctrl+z,u", "undo", "new.undo", show=True),
        bind("f9", "fix", "new.fix", show=True),
        bind("ctrl+t,t", "measure", "new.measure", show=True),
        bind("f5", "copy('train')", "new.copy-train", show=True),
        bind("f6", "copy('mlx')", "new.copy-mlx"),
        bind("f7", "copy('yaml')", "new.copy-yaml"),
        bind("ctrl+o,o", "more", "new.more"),
        bind("ctrl+s,s", "section", "new.section"),
        bind("ctrl+n", "reset", "new.reset"),
        bind("escape", "end_measure", "new.end-measure"),
    ]
    DEFAULT_CSS = """
    NewBench #new-main { width: 1fr; height: 1fr; }
    NewBench #new-side { width: 1fr; height: 1fr; layout: vertical; }
    NewBench.-broad #new-side { layout: horizontal; width: 2fr; }
    NewBench #new-sections { display: none; padding: 0 1; }
    NewBench.-small #new-sections { display: block; }
    NewBench #new-plan { height: 1fr; }
    NewBench #new-rowsview { height: 13; }
    NewBench.-broad #new-plan, NewBench.-broad #new-rowsview { height: 1fr; }
    NewBench.-small #new-form, NewBench.-small #new-side, NewBench.-small #new-plan { display: none; }
    NewBench.-small #new-rowsview, NewBench.-small #new-commands { display: none; }
    NewBench.-small.-form #new-form, NewBench.-small.-plan #new-side { display: block; }
    NewBench.-small.-plan #new-plan, NewBench.-small.-rows #new-side { display: block; height: 1fr; }
    NewBench.-small.-rows #new-rowsview { display: block; height: 1fr; }
    NewBench.-small.-command #new-main { display: none; }
    NewBench.-small.-command #new-commands { display: block; height: 1fr; }
    """

    def __init__(self, lab: "Lab", picks: Picks, lang: "Lang") -> None:
        super().__init__(lab, picks, lang)
        self.planner = Planner(lab.root, lab.cache)
        self.section = SECTIONS[0]
        self._due = asyncio.Event()
        self._turned = 0
        self._starting = self._reading = False
        self._measuring = False
        self._spec: RunSpec | None = None
        self._loop: Worker[None] | None = None
        self._asking: asyncio.Task[Outlook] | None = None

    def compose(self) -> ComposeResult:
        yield Press(id="new-sections")
        with Horizontal(id="new-main"):
            yield Form(self.lang)
            with Container(id="new-side"):
                yield PlanView(self.lang)
                yield RowsView(self.lang)
        yield CommandsView(self.lang)

    @property
    def form(self) -> Form:
        return self.query_one(Form)

    @property
    def outlook(self) -> Outlook | None:
        """The last plan made."""
        return self.query_one(PlanView).outlook

    def on_resize(self, event: Resize) -> None:
        small = event.size.width < WIDE or event.size.height < HIGH
        self.set_class(small, "-small")
        self.set_class(event.size.width >= BROAD and not small, "-broad")
        self.query_one(CommandsView).whole = small
        self._show_section()

    def watch_lang(self) -> None:
        self._show_section()
        self.run_worker(self._offer())
        self._due.set()

    async def enter(self) -> None:
        self.form.focus_first()
        self._show_section()
        self.planner.forget()
        if self._loop is None:
            self._loop = self.run_worker(self._keep_planning(), exit_on_error=True)
        self._due.set()
        await self._offer()
        if self.picks.fill:
            name, self.picks.fill = self.picks.fill, ""
            await self._fill(name)

    def leave(self) -> None:
        if self._loop is not None:
            self._loop.cancel()
            self._loop = None
        self._measuring = False
        self.set_timer(IDLE, self._end_idle)

    def _end_idle(self) -> None:
        if self._loop is None:
            self.planner.desk.end()

    def on_unmount(self) -> None:
        self.planner.desk.end()

    def palette(self) -> Mapping[str, str]:
        names = {"start": "start", "reset": "reset", "measure": "measure", "more": "more"}
        copies = {f"copy-{name}": f"copy('{name}')" for name in ("train", "mlx", "yaml")}
        return {self.say(f"new.palette.{name}"): action for name, action in {**names, **copies}.items()}

    async def _offer(self) -> None:
        found = await asyncio.to_thread(examine.offers, self.lab.root, self.lab.cache, self.lang)
        for name, offers in found.items():
            self.form.offer(name, offers)

    async def _fill(self, run: str) -> None:
        try:
            spec = await asyncio.to_thread(lambda: Runs(self.lab.root).get(run).spec)
        except (LabError, OSError) as error:
            self._tell("new.not-filled", "trouble", run=run, reason=error)
            return
        self.form.fill(spec)
        self._tell("new.filled", run=run)

    def on_form_changed(self, event: Form.Changed) -> None:
        event.stop()
        self._due.set()
        self.refresh_bindings()
        asking, spec = self._asking, self._spec
        values = self.form.values
        if self._reading and asking and spec and (values["model"], values["data"]) != (spec.model, spec.data):
            asking.cancel()  # reading much of what is not wanted any more

    async def _keep_planning(self) -> None:
        """One plan after another, always for what stands in the form when it begins."""
        while True:
            await self._due.wait()
            await asyncio.sleep(DEBOUNCE)
            self._due.clear()
            try:
                await self._plan()
            except asyncio.CancelledError:
                if not self._asking or not self._asking.cancelled() or self._loop is None:
                    raise

    def _current(self) -> RunSpec | None:
        """The spec in the form, or nothing while it is wrong."""
        form = self.form
        if set(form.faults) - set(form.refused):
            return None
        try:
            return RunSpec.make(form.spec_fields())
        except LabError as error:
            form.set_known(form.known, examine.refusal(error, RunSpec(), self.lang))
            return None

    async def _plan(self) -> None:
        view, commands, form = self.query_one(PlanView), self.query_one(CommandsView), self.form
        spec = self._spec = self._current()
        if spec is None:
            commands.show(None)
            view.going(self.say("new.plan.none"))
            return
        cache, lang = self.lab.cache, self.lang
        known, refused = await asyncio.to_thread(examine.examine, spec, form.known, cache, lang)
        form.set_known(known, refused)
        if refused:
            commands.show(None)
            view.going(self.say("new.plan.none"))
            return
        commands.show(await asyncio.to_thread(equal, spec, cache))
        self._reading = False
        if not self.planner.desk.alive:
            view.going(self.say("new.plan.starting"))
        self._asking = asyncio.create_task(self.planner.plan(spec, self._turned, self._counting))
        try:
            await asyncio.wait({self._asking}, timeout=PATIENCE)
            if not self._asking.done() and not self._shown(spec):
                guess = await asyncio.to_thread(guessed, spec, cache)
                if guess is not None and not self._asking.done():
                    view.show(guess)
                    view.going(self.say("new.plan.guessed"))
            outlook = await self._asking
        except LabError as error:
            form.set_known(form.known, examine.refusal(error, spec, lang))
            view.fail(self.say("new.plan.failed", reason=examine.reason(error)))
            return
        finally:
            if not self._asking.done():
                self._asking.cancel()
        if self._current() is not None:
            form.set_known(outlook.known, {})
        view.show(outlook)
        self.query_one(RowsView).show(outlook)
        self.refresh_bindings()

    def _shown(self, spec: RunSpec) -> bool:
        """Whether what is shown is of the same model and data."""
        shown = self.outlook
        return shown is not None and (shown.plan.spec.model, shown.plan.spec.data) == (spec.model, spec.data)

    def _counting(self, event: dict[str, Any]) -> None:
        self._reading = True
        rows = units.count(event["rows"])
        self.query_one(PlanView).going(self.say("new.plan.counting", split=event["stage"], rows=rows))

    def on_form_recipe(self, event: Form.Recipe) -> None:
        event.stop()
        now = self._current() or RunSpec()
        if event.name == "smallest-memory":
            outlook = self.outlook
            changes = least_memory(replace(outlook.inputs, spec=now)) if outlook else {}
            if changes:
                self.form.change(changes)
            else:
                self._tell("new.least-none")
            return
        fields = cooked(event.name, now)
        if fields["model"] not in {offer.name for offer in self.form.offers["model"] if offer.bundled}:
            fields["learning_rate"] = CAUTIOUS_RATE
        self.form.fill(RunSpec.make(fields))

    def on_source_choice_pick(self, event: SourceChoice.Pick) -> None:
        event.stop()
        self.run_worker(self._pick(event.name))

    async def _pick(self, kind: str) -> None:
        name = await self.app.push_screen_wait(Picker(kind, self.form.offers[kind], self.lang))
        if name and kind == "data":
            name = await Fetching(self).data(name)
        if name:
            self.form.choose(kind, name)

    async def action_start(self) -> None:
        """Start the run, or go to the first field that is not right."""
        if self._starting:
            return
        wrong = self.form.faults
        if wrong or self._current() is None:
            self._tell("new.still-wrong", "trouble", count=max(1, len(wrong)))
            self._section("form")
            self.form.go_to_fault()
            return
        self._starting = True
        self.run_worker(self._start())

    async def _start(self) -> None:
        try:
            fields = self.form.spec_fields()
            model = str(fields["model"])
            if HUB_ID.fullmatch(model) and not await Fetching(self).model(model):
                return
            self._tell("new.starting")
            going, _ = await asyncio.to_thread(self.lab.newest)
            follower = await asyncio.to_thread(self.lab.begin, fields)
        except LabError as error:
            self.form.set_known(self.form.known, examine.refusal(error, self._spec or RunSpec(), self.lang))
            self._tell("new.refused", "trouble", reason=examine.reason(error))
            self._section("form")
            self.form.go_to_fault()
            return
        except OSError as error:
            self._tell("new.refused", "trouble", reason=error)
            return
        finally:
            self._starting = False
        self.picks.run = follower.id
        self.post_message(self.Began(follower.id, follower.method, follower.model, follower.data))
        if going:
            self._tell("new.queued", run=follower.id, other=going)
        else:
            self._tell("new.started", run=follower.id)
        self.post_message(self.Go("live"))

    def action_undo(self) -> None:
        self._tell("new.undone" if self.form.undo() else "new.nothing-to-undo")

    def action_reset(self) -> None:
        """The defaults again, after asking."""
        from tui.screens.dialogs import ConfirmScreen

        def answered(yes: bool | None) -> None:
            if yes:
                self.form.forget_recipe()
                self.form.fill(RunSpec())

        ask = (self.say("new.reset.ask"), self.say("new.reset.yes"), self.say("new.reset.no"))
        self.app.push_screen(ConfirmScreen(*ask), answered)

    def action_more(self) -> None:
        self.form.toggle_more()

    def action_fix(self, number: int = -1) -> None:
        """What mends the warning of that number, or the first that can be mended."""
        warnings = self.outlook.plan.warnings if self.outlook else []
        able = [warnings[number]] if 0 <= number < len(warnings) else [w for w in warnings if w.changes]
        if not able:
            self._tell("new.nothing-to-mend")
            return
        self.form.change(able[0].changes)
        self._tell("new.mended", change=changed(able[0].changes))

    def action_copy(self, name: str) -> None:
        """One of the equal commands into the clipboard."""
        found = self.query_one(CommandsView).equal
        if found is None:
            self._tell("new.command.wrong", "trouble")
            return
        self.app.copy_to_clipboard(getattr(found, name))
        self._tell("new.copied", what=self.say(f"new.command.{name}"))

    def action_turn(self, by: int) -> None:
        """Another row."""
        self._turned += by
        self._due.set()

    def action_measure(self) -> None:
        """Train a few iterations to see how long they take."""
        spec = self._spec
        if spec is not None and not self._measuring and self.outlook is not None and self.outlook.plan.base.weights:
            self._measuring = True
            self.refresh_bindings()
            self.run_worker(self._measure(spec))

    async def _measure(self, spec: RunSpec) -> None:
        view = self.query_one(PlanView)
        app = self.app

        def progress(what: str) -> None:
            if not self._measuring:
                raise Cancelled
            app.call_from_thread(view.going, self.say("new.plan.measuring", what=what), stale=False)

        view.going(self.say("new.plan.measuring", what=""), stale=False)
        try:
            await asyncio.to_thread(self.planner.measure, spec, progress)
        except Cancelled:
            self._tell("new.measure-ended")
        except (LabError, OSError) as error:
            why = examine.reason(error) if isinstance(error, LabError) else str(error)
            self._tell("new.not-measured", "trouble", reason=why)
        finally:
            self._measuring = False
            view.going("", stale=False)
            self.refresh_bindings()
            self._due.set()

    def action_end_measure(self) -> None:
        self._measuring = False

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "end_measure":
            return self._measuring
        if action == "section":
            return self.has_class("-small")
        return True

    def action_section(self, name: str = "") -> None:
        """The next pane of a small screen, or the one of that name."""
        self._section(name or SECTIONS[(SECTIONS.index(self.section) + 1) % len(SECTIONS)])

    def _section(self, name: str) -> None:
        self.section = name
        self._show_section()
        if self.has_class("-small"):
            targets: dict[str, Callable[[], object]] = {
                "form": self.form.focus_first,
                "plan": self.query_one(PlanView).focus,
                "rows": self.query_one(RowsView).focus,
                "command": self.query_one(CommandsView).focus,
            }
            self.call_after_refresh(targets[name])

    def _show_section(self) -> None:
        for name in SECTIONS:
            self.set_class(name == self.section, f"-{name}")
        if not self.is_mounted:
            return
        tabs = [("●" if name == self.section else "○", self.say(f"new.section.{name}"), f"section('{name}')")
                for name in SECTIONS]  # fmt: skip
        self.query_one("#new-sections", Press).show(*tabs, ("  ^s", self.say("key.new.section"), "section"))

    def _tell(self, key: str, kind: str = "", **values: object) -> None:
        self.post_message(self.Tell(self.say(key, **values), kind))
