"""What can be done to runs at the bench: all that writes to the disk, in a thread, and most of it to be taken back."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

from lab.errors import LabError
from lab.runs import run_notes
from lab.runs.directory import Run, Runs
from lab.runs.method import method_of
from lab.runs.run_index import Row
from lab.runs.service import Deleted
from lab.runs.state import RunState
from tui.formatting import units
from tui.formatting.sanitize import inert
from tui.views.runs.dialogs import LineScreen, NotesScreen
from tui.views.view import LaboratoryView
from tui.widgets.dialogs import ConfirmScreen

Undo = Callable[[], object]


class RunActions(LaboratoryView):
    """The half of the bench of runs that changes them."""

    rows: Sequence[Row] = ()
    ready = False
    """All rows were read at least once."""

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self.runs = Runs(self.lab.root)
        self._undo: list[Undo] = []

    @property
    def row(self) -> Row | None:
        """The run under the cursor."""
        raise NotImplementedError

    @property
    def chosen(self) -> list[Row]:
        """The runs that a deed is done to: those marked, or the one under the cursor."""
        raise NotImplementedError

    def look(self) -> None:
        """Look at the disk now, since something was done there."""
        raise NotImplementedError

    def _run(self, row: Row) -> Run:
        return Run(self.runs.root / row.run)

    def _tell(self, key: str, kind: str = "", **values: object) -> None:
        self.post_message(LaboratoryView.Tell(self.say(key, **values), kind))

    def _called(self, rows: Sequence[Row]) -> str:
        """One run by its name, several by their number."""
        return inert(rows[0].title) if len(rows) == 1 else self.say("runs.some", count=len(rows))

    def _do(self, work: Callable[[], Any], then: Callable[[Any], None]) -> None:
        """Work in a thread, and afterwards say what came of it; trouble is said in its own words."""

        async def go() -> None:
            try:
                found = await asyncio.to_thread(work)
            except (LabError, OSError) as error:
                self.post_message(LaboratoryView.Tell(inert(error), "trouble"))
            else:
                then(found)
            self.look()

        self.run_worker(go())

    def _ask(self, key: str, then: Callable[[], None], yes: str, **values: object) -> None:
        """Do it if the learner says yes."""
        screen = ConfirmScreen(self.say(key, **values), yes, self.say("runs.ask.no"))
        self.app.push_screen(screen, lambda answer: then() if answer else None)

    def _write(self, rows: Sequence[Row], told: str, **fields: Any) -> None:
        """Write names, notes or tags anew, to be taken back."""
        runs = [self._run(row) for row in rows]

        def work() -> None:
            before = [(run, {name: getattr(run_notes.read(run), name) for name in fields}) for run in runs]
            for run in runs:
                run_notes.change(run, **fields)
            self._undo.append(lambda: [run_notes.change(run, **kept) for run, kept in before])

        def wrote(_: object) -> None:
            self._tell(told)
            self.post_message(LaboratoryView.Did(tuple(run.id for run in runs)))

        self._do(work, wrote)

    def action_name(self) -> None:
        row = self.row
        if row is None:
            return

        def named(text: str | None) -> None:
            if text is not None and text.strip() != row.name:
                self._write([row], "runs.did.name", name=text.strip())

        form = LineScreen(self.say("runs.form.name"), inert(row.name), self.say("runs.form.name.hint"), self.lang)
        self.app.push_screen(form, named)

    def action_tags(self) -> None:
        """The tags of all that are chosen; a single run's own stand there to begin with."""
        rows = self.chosen
        if not rows:
            return
        common = [tag for tag in rows[0].tags if all(tag in row.tags for row in rows)]
        one = len(rows) == 1
        hint = self.say("runs.form.tags.hint.one") if one else self.say("runs.form.tags.hint", count=len(rows))

        def tagged(text: str | None) -> None:
            if text is not None and (not one or run_notes.tags_of(text) != rows[0].tags):
                self._write(rows, "runs.did.tags", tags=run_notes.tags_of(text))

        form = LineScreen(self.say("runs.form.tags"), inert(" ".join(common)), hint, self.lang)
        self.app.push_screen(form, tagged)

    def action_notes(self) -> None:
        row = self.row
        if row is None:
            return
        title = f"{self.say('runs.form.notes')} · {inert(row.title)}"

        def noted(text: str | None) -> None:
            if text is not None and text != row.notes:
                self._write([row], "runs.did.notes", notes=text)

        self.app.push_screen(NotesScreen(title, row.notes, self.lang), noted)

    def action_stop(self) -> None:
        """Ask those that train to stop, after asking; those that wait lose nothing and leave the queue at once."""
        rows = [row for row in self.chosen if not row.ended]
        if not rows:
            return self._tell("runs.cannot.stop")

        def stop() -> None:
            def work() -> int:
                return self.lab.service.stop(*map(self._run, rows))

            self._do(work, lambda count: self._tell("runs.did.stop", count=count))

        if all(row.state is RunState.WAITING for row in rows):
            return stop()
        return self._ask("runs.ask.stop", stop, self.say("runs.ask.stop.yes"), what=self._called(rows))

    def action_resume(self) -> None:
        """Put what was stopped or has failed in line again, the oldest first."""
        rows = sorted((row for row in self.chosen if row.state.resumable), key=lambda row: row.run)
        if not rows:
            return self._tell("runs.cannot.resume")
        runs = [self._run(row) for row in rows]
        return self._do(lambda: self.lab.service.resume(runs), lambda _: self._tell("runs.did.resume", count=len(rows)))

    def action_delete(self) -> None:
        """Move the chosen runs aside; asks only where one is going on or they are several."""
        rows = self.chosen
        if not rows:
            return None
        going = any(not row.ended for row in rows)

        def delete() -> None:
            if going:
                self._tell("runs.doing.delete")

            def work() -> int:
                self.lab.service.delete(*map(self._run, rows))
                self._undo.append(self.lab.service.undo_delete)
                return len(rows)

            self._do(work, lambda count: self._tell("runs.did.delete", count=count))

        if not going and len(rows) == 1:
            return delete()
        return self._ask("runs.ask.delete", delete, self.say("runs.ask.delete.yes"), what=self._called(rows))

    def action_undo(self) -> None:
        """Take back what was done last; after a restart, what was deleted last."""

        def work() -> str:
            if self._undo:
                self._undo.pop()()
                return "runs.did.undo"
            if not self.lab.service.deleted():
                return "runs.cannot.undo"
            self.lab.service.undo_delete()
            return "runs.did.undo"

        self._do(work, self._tell)

    def action_free(self) -> None:
        """Drop the checkpoints that nobody needs any more."""
        rows = [row for row in self.chosen if row.ended and row.spare_bytes]
        if not rows:
            return self._tell("runs.cannot.free")
        runs = [self._run(row) for row in rows]

        def free() -> None:
            def work() -> int:
                return self.lab.service.free(*runs)

            self._do(work, lambda size: self._tell("runs.did.free", size=units.size(size)))

        size = units.size(sum(row.spare_bytes for row in rows))
        yes = self.say("runs.ask.free.yes", size=size)
        return self._ask("runs.ask.free", free, yes, what=self._called(rows), size=size)

    def action_sweep(self) -> None:
        """Choose fields and values; all else is as in the run under the cursor."""
        from tui.views.runs.sweep import SweepScreen

        def begun(made: list[Run] | None) -> None:
            if made:
                self._tell("runs.did.sweep", count=len(made))
                for run in made:
                    spec = run.spec
                    self.post_message(
                        LaboratoryView.Began(run.id, method_of(run, self.lab.cache), spec.model, spec.data)
                    )
                self.look()

        row = self.row
        base = self._run(row) if row else None
        self.app.push_screen(
            SweepScreen(base, row.title if row else "", lambda: self.rows if self.ready else None, self.lab, self.lang),
            begun,
        )

    def action_empty(self) -> None:
        """Delete what was deleted for good, after saying how much that is."""

        def ask(found: tuple[list[Deleted], int]) -> None:
            gone, size = found
            if not gone:
                return self._tell("runs.cannot.empty")
            what = inert(gone[0].name or gone[0].id)
            if len(gone) > 1:
                what = self.say("runs.some", count=len(gone))
            yes = self.say("runs.ask.empty.yes")
            return self._ask("runs.ask.empty", empty, yes, what=what, size=units.size(size))

        def empty() -> None:
            self._undo.clear()
            self._do(self.lab.service.empty_trash, lambda size: self._tell("runs.did.empty", size=units.size(size)))

        self._do(lambda: (self.lab.service.deleted(), self.lab.service.trash_size()), ask)
