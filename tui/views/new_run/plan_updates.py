"""Keeping the plan abreast of the form: what can be said at once, what the engine counts, and what a trial measures."""

import asyncio
from typing import TYPE_CHECKING, Any

from lab.errors import LabError
from lab.spec import RunSpec
from tui.formatting import units
from tui.views.new_run import spec_check
from tui.views.new_run.commands_view import CommandsView, equal
from tui.views.new_run.data_rows_view import RowsView
from tui.views.new_run.plan_view import PlanView
from tui.views.new_run.planner import Cancelled, Planner, PlanResult, guessed

if TYPE_CHECKING:
    from textual.worker import Worker

    from tui.views.new_run.view import NewRunView

DEBOUNCE = 0.12
"""Seconds without a change after which the form is looked at."""
PATIENCE = 0.4
"""Seconds that an engine which is up is waited for before a guess is shown."""


class Planning:
    """One worker looks at the form whenever it changes, another asks the engine about what it saw last."""

    def __init__(self, bench: "NewRunView", plan: PlanView, rows: RowsView, commands: CommandsView) -> None:
        self._bench = bench
        self._plan_view, self._rows_view, self._commands = plan, rows, commands
        self.planner = Planner(bench.lab.root, bench.lab.cache)
        self.spec: RunSpec | None = None
        self.measuring = False
        self.row = 0
        self._due, self._wanted = asyncio.Event(), asyncio.Event()
        self._workers: list[Worker[None]] = []
        self._asking: asyncio.Task[PlanResult] | None = None
        self._reading = False

    def start(self) -> None:
        """Begin, or begin again, to look at the form."""
        self.planner.forget()
        if not self._workers:
            self._workers = [self._bench.run_worker(self._keep_looking()), self._bench.run_worker(self._keep_asking())]
        self._due.set()

    def stop(self) -> None:
        """Look no more, and end what goes on; the engine process stays for a while."""
        for worker in self._workers:
            worker.cancel()
        self._workers = []
        self.measuring = False

    @property
    def stopped(self) -> bool:
        return not self._workers

    def changed(self) -> None:
        """The form has other values."""
        self._due.set()
        values, spec = self._bench.form.values, self.spec
        if self._reading and self._asking and spec and (values["model"], values["data"]) != (spec.model, spec.data):
            self._asking.cancel()  # it reads rows that nobody wants any more

    def turn(self, by: int) -> None:
        """Another row is wanted."""
        self.row += by
        self._wanted.set()

    def current(self) -> RunSpec | None:
        """The spec in the form, or nothing while it is wrong."""
        form = self._bench.form
        if form.faults.keys() - form.refused.keys():
            return None
        try:
            return RunSpec.make(form.spec_fields())
        except LabError as error:
            form.set_known(form.known, spec_check.refusal(error, RunSpec(), self._bench.lang))
            return None

    async def _keep_looking(self) -> None:
        while True:
            await self._due.wait()
            await asyncio.sleep(DEBOUNCE)
            self._due.clear()
            await self._look()

    async def _look(self) -> None:
        """All that can be said of the form without the engine."""
        bench, form = self._bench, self._bench.form
        view, commands = self._plan_view, self._commands
        spec = self.current()
        if spec is not None:
            seen = await asyncio.to_thread(spec_check.examine, spec, form.known, bench.lab.cache, bench.lang)
            form.set_known(*seen)
            spec = None if seen.refused else spec
        self.spec = spec
        if spec is None:
            commands.show(None)
            view.going(bench.say("new.plan.none"))
            return
        commands.show(await asyncio.to_thread(equal, spec, bench.lab.cache))
        self._wanted.set()
        if self._counted(spec):
            return
        if self.planner.engine.alive:
            await asyncio.sleep(PATIENCE)
        else:
            view.going(bench.say("new.plan.starting"))
        guess = await asyncio.to_thread(guessed, spec, bench.lab.cache)
        if guess is not None and not self._counted(spec):
            view.show(guess)
            view.going(bench.say("new.plan.guessed"))

    def _counted(self, spec: RunSpec) -> bool:
        """Whether a counted plan of the same model and data is shown, which stays until the next."""
        shown = self._plan_view.outlook
        return bool(shown and shown.exact and (shown.plan.spec.model, shown.plan.spec.data) == (spec.model, spec.data))

    async def _keep_asking(self) -> None:
        while True:
            await self._wanted.wait()
            self._wanted.clear()
            if (spec := self.spec) is None:
                continue
            self._reading = False
            self._asking = asyncio.create_task(self.planner.plan(spec, self.row, self._counting))
            try:
                await asyncio.wait({self._asking})
            finally:
                self._asking.cancel()
            if not self._asking.cancelled() and spec is self.spec:
                self._answered(spec, self._asking)

    def _answered(self, spec: RunSpec, asked: "asyncio.Task[PlanResult]") -> None:
        bench = self._bench
        view = self._plan_view
        error = asked.exception()
        if isinstance(error, LabError):
            bench.form.set_known(bench.form.known, spec_check.refusal(error, spec, bench.lang))
            view.fail(bench.say("new.plan.failed", reason=spec_check.reason(error)))
        elif error is not None:
            view.fail(bench.say("new.plan.failed", reason=f"{type(error).__name__}: {error}"))
        else:
            outlook = asked.result()
            bench.form.set_known(outlook.known, {})
            view.show(outlook)
            self._rows_view.show(outlook)

    def _counting(self, event: dict[str, Any]) -> None:
        self._reading = True
        if self.spec is not None and not (self.measuring or self.stopped):
            rows = units.count(event["rows"])
            text = self._bench.say("new.plan.counting", split=event["stage"], rows=rows)
            self._plan_view.going(text)

    async def measure(self, spec: RunSpec) -> None:
        """Train a few iterations to see how long they take; `measuring` set to false ends it."""
        bench, view = self._bench, self._plan_view
        app = bench.app

        def progress(what: str) -> None:
            if self.spec is not None and not self.measuring:
                raise Cancelled
            app.call_from_thread(view.going, bench.say("new.plan.measuring", what=what))

        view.going(bench.say("new.plan.measuring", what=""))
        try:
            await asyncio.to_thread(self.planner.measure, spec, progress)
        except Cancelled:
            bench.tell("new.measure-ended")
        except LabError as error:
            bench.tell("new.not-measured", "trouble", reason=spec_check.reason(error))
        except OSError as error:
            bench.tell("new.not-measured", "trouble", reason=error)
        finally:
            self.measuring = False
            view.going("")
            bench.refresh_bindings()
            self._wanted.set()
