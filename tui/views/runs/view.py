"""All runs in a table: found, put in order, named, stopped, deleted and taken back, and marked for a comparison."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from time import monotonic
from typing import Any, ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.content import Content
from textual.timer import Timer
from textual.widgets import Input, Static
from textual.worker import Worker

from lab.errors import LabError
from lab.queue.sweep import standing
from lab.runs import run_notes
from lab.runs.directory import Run, Runs
from lab.runs.method import method_of
from lab.runs.run_filter import in_order, parse, sift
from lab.runs.run_index import Row, RunIndex
from lab.runs.service import Deleted
from lab.runs.state import RunState
from tui.formatting import units
from tui.formatting.sanitize import inert
from tui.formatting.text_layout import clickable, styled
from tui.key_bindings import bind
from tui.views.runs.dialogs import LineScreen, NotesScreen
from tui.views.runs.rows import SORTS, columns, details, grid_row, group_line, queue_of
from tui.views.view import LaboratoryView
from tui.widgets.action_bar import ActionBar
from tui.widgets.breakpoints import Breakpoint
from tui.widgets.containers import Horizontal, VerticalScroll
from tui.widgets.data_grid import DataGrid, DataGridRow
from tui.widgets.form_field import StillInput
from tui.widgets.lines import LinesView

EVERY = 1.0
"""Seconds between looks at the runs, and"""
SHARE = 20
"""at least so many times as long as a look takes."""
NEXT_KEY, MOST_BEHIND = 0.06, 0.5
"""Seconds in which the next key of one held down comes, and for which the details may be those of another run."""
DEEDS = (
    *("name", "tags", "notes", "stop", "resume", "delete", "undo", "free"),
    *("sweep", "compare", "sort", "order", "mark-all", "info"),
)
"""What stands below the table."""
UP_FIRST = ("title", "method", "model", "data", "state", "train_loss", "val_loss", "rank", "learning_rate")
"""Columns of which one wants to see the least first."""


class GroupLine(Static):
    """A click shows the runs of the group."""

    auto_links = False

    def action_find(self, text: str) -> None:
        self.screen.query_one("#runs-filter", Input).value = text


class RunsView(LaboratoryView):
    """Looks at the disk once a second while it is in front."""

    BINDINGS: ClassVar[list[BindingType]] = [
        bind("slash,ctrl+f", "filter", "runs.filter", show=True, key_display="/"),
        bind("c", "compare", "runs.compare", show=True),
        bind("w", "sweep", "runs.sweep", show=True),
        bind("d,delete", "delete", "runs.delete", show=True),
        bind("n", "name", "runs.name"),
        bind("e", "notes", "runs.notes"),
        bind("t", "tags", "runs.tags"),
        bind("u,ctrl+z", "undo", "runs.undo"),
        bind("x", "stop", "runs.stop"),
        bind("r", "resume", "runs.resume"),
        bind("f", "free", "runs.free"),
        bind("f9", "empty", "runs.empty"),
        bind("s", "sort", "runs.sort"),
        bind("o", "order", "runs.order"),
        bind("a", "mark_all", "runs.mark-all"),
        bind("i", "info", "runs.info"),
        bind("escape", "clear", "runs.filter-clear"),
    ]
    BREAKPOINTS = (Breakpoint("-wide", 110, otherwise="-narrow"),)

    rows: Sequence[Row] = ()
    ready = False
    """All rows were read at least once."""
    shown: Sequence[Row] = ()
    filtered = ""

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self.runs = Runs(self.lab.root)
        self._undo: list[Callable[[], object]] = []
        self.shelf = RunIndex(self.runs, self.lab.cache)
        self.by, self.down = "begun", True
        self._watching: Worker[None] | None = None
        self._look = asyncio.Event()
        self._reading = ""
        self._told: object = None
        self._placed: str | None = ""
        """Where the cursor was put while the runs are still being read."""
        self._soon: Timer | None = None
        self._behind = 0.0
        self._made: dict[str, tuple[Row, DataGridRow]] = {}

    def compose(self) -> ComposeResult:
        with Horizontal(id="runs-top"):
            yield Static("/", id="runs-slash")
            yield StillInput(id="runs-filter", compact=True, select_on_focus=False)
            yield Static("", id="runs-count", markup=False)
        yield GroupLine("", id="runs-group", markup=False)
        with Horizontal(id="runs-body"):
            yield DataGrid(id="runs-table")
            with VerticalScroll(id="runs-details", can_focus=False):
                yield LinesView(lambda width: [])
        yield ActionBar(bindings=[f"runs.{name}" for name in DEEDS], lang=self.lang)

    def on_mount(self) -> None:
        self.watch_lang()

    @property
    def grid(self) -> DataGrid:
        return self.query_one(DataGrid)

    async def enter(self) -> None:
        """Show what is known, and look at the disk from now on."""
        self.grid.marked = self.picks.marked
        if not self.grid.go_to(self.picks.run) and not self.picks.run:
            self.picks.run = self.grid.cursor_key
        self.focus_first()
        if self._watching is not None and self._watching.is_running:
            return self.look()
        self._watching = self.run_worker(self._watch(), exit_on_error=True)
        return None

    def leave(self) -> None:
        self._stop_watching()

    def _stop_watching(self) -> None:
        if self._watching is not None:
            self._watching.cancel()

    def focus_first(self) -> None:
        """The table, from which every key can be reached."""
        if not self.has_focus_within:
            self.grid.focus()
            self._hand_over()

    async def _watch(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            self._look.clear()
            began = loop.time()
            rows = await asyncio.to_thread(self.shelf.read, self._progress(loop))
            if not self.query(DataGrid):  # the program was closed meanwhile
                return
            if rows != self.rows or not self.ready:
                self.ready, self._reading = True, ""
                self.show(rows)
            pause = max(EVERY, SHARE * (loop.time() - began))
            try:
                await asyncio.wait_for(self._look.wait(), pause)
            except TimeoutError:
                continue

    def _progress(self, loop: asyncio.AbstractEventLoop) -> Callable[[list[Row], int], None]:
        """What a first reading of many runs shows meanwhile, four times a second."""
        due = loop.time() + 0.2

        def tell(rows: list[Row], total: int) -> None:
            nonlocal due
            if not self.ready and loop.time() > due:
                due = loop.time() + 0.25
                loop.call_soon_threadsafe(self._show_some, list(rows), total)

        return tell

    def _show_some(self, rows: list[Row], total: int) -> None:
        if not self.ready and self.is_attached:
            self._reading = self.say("runs.reading", done=units.count(len(rows)), count=total)
            self.show(rows)

    def look(self) -> None:
        """Look at the disk now, since something was done there."""
        self._look.set()

    def show(self, rows: Sequence[Row]) -> None:
        """These are the runs; draw those that the filter finds, in order."""
        self.rows = rows
        self.filtered = self.query_one("#runs-filter", Input).value
        wanted = sift(rows, parse(self.filtered))
        self.shown = in_order(wanted, self.by, down=self.down)
        key = self.grid.cursor_key
        if key == self._placed:  # the learner has not moved, and the run picked may have been read only now
            key = self.picks.run or key
        elif self._placed is not None:
            self.picks.run = key
        table = [self._grid_row(row) for row in self.shown]
        self.grid.show(columns(self.say, self.by, self.down), table, self._emptiness())
        if key:
            self.grid.go_to(key)
        self._placed = None if self.ready else self.grid.cursor_key
        if self.ready:
            there = {row.run for row in rows}
            self.grid.marked = self.picks.marked = tuple(run for run in self.picks.marked if run in there)
        self._draw()

    def _grid_row(self, row: Row) -> DataGridRow:
        """The same object as long as the row is the same, so that a filter and a look at the disk draw little."""
        known = self._made.get(row.run)
        if known is None or known[0] is not row:
            known = self._made[row.run] = row, grid_row(row, self.say)
        return known[1]

    def _emptiness(self) -> Content:
        if not self.ready:
            return styled(self.say("runs.reading.begin"), "$text-muted")
        if self.rows:
            return styled(self.say("runs.none"), "$text-muted")
        return styled(self.say("runs.empty")) + styled("\n\n" + self.say("runs.empty.begin"), "$text-muted")

    def _draw_soon(self) -> None:
        """All but the table: when the next key of one held down has not come, or twice a second."""
        if self._soon is None:
            self._behind = monotonic()
        elif monotonic() - self._behind > MOST_BEHIND:
            return
        else:
            self._soon.stop()
        self._soon = self.set_timer(NEXT_KEY, self._draw)

    def _draw(self) -> None:
        """All but the table."""
        if self._soon is not None:
            self._soon.stop()
            self._soon = None
        row = self.row
        queue = queue_of(self.rows)
        if (about := (row, queue, self.lang)) != self._told:  # laying out anew costs more than all the rest
            self._told = about
            self.query_one("#runs-details LinesView", LinesView).set_layout(
                lambda width: details(row, queue, self.say, width)
            )
        count = self.say("runs.count", shown=units.count(len(self.shown)), count=len(self.rows))
        marked = len(self.grid.marked)
        size = units.size(sum(each.total_bytes for each in self.shown))
        parts = [self.say("runs.count.marked", marked=marked)] * bool(marked) + [count, size]
        told = self._reading or (" · ".join(parts) if self.rows else "")
        self.query_one("#runs-count", Static).update(styled(told), layout=False)
        self.query_one("#runs-group", Static).update(self._group(), layout=False)

    def _group(self) -> Content:
        """The group that is going on, or else that of the run under the cursor."""
        going = next((row.group for row in self.rows if row.group and not row.ended), "")
        group = going or (self.row.group if self.row else "")
        if not group:
            return Content("")
        told = standing([row for row in self.rows if row.group == group])
        line = group_line(group, told, self.say, max(self.size.width - 2, 20))
        return clickable(line, "find", f"group:{group.casefold()}")

    @property
    def row(self) -> Row | None:
        """The run under the cursor."""
        key = self.grid.cursor_key
        return next((row for row in self.shown if row.run == key), None)

    @property
    def chosen(self) -> list[Row]:
        """The runs that a deed is done to: those marked that are in sight, or the one under the cursor."""
        marked = set(self.grid.marked)
        return [row for row in self.shown if row.run in marked] or ([self.row] if self.row else [])

    def status(self) -> str:
        going = [row for row in self.rows if not row.ended]
        waiting = sum(row.state is RunState.WAITING for row in going)
        return " ".join([f"●{len(going) - waiting}"] * (len(going) > waiting) + [f"○{waiting}"] * bool(waiting))

    def palette(self) -> Mapping[str, str]:
        return {self.say(f"runs.palette.{name}"): name for name in ("sweep", "empty", "free", "undo")}

    def watch_lang(self) -> None:
        self._made.clear()
        self._hint()
        self.show(self.rows)

    def rearrange(self) -> None:
        self._hint()
        self._hand_over()
        self._draw()
        self.refresh_bindings()

    def _hint(self) -> None:
        key = "runs.filter.short" if self.has_class("-narrow") else "runs.filter"
        self.query_one("#runs-filter", Input).placeholder = self.say(key)

    def on_data_grid_highlighted(self, event: DataGrid.Highlighted) -> None:
        if event.key and self.ready:
            self.picks.run = event.key
        self._draw_soon()

    def on_data_grid_marked_changed(self, event: DataGrid.MarkedChanged) -> None:
        self.picks.marked = event.marked
        self._draw()

    def on_data_grid_sort_asked(self, event: DataGrid.SortAsked) -> None:
        self._sort(event.column, not self.down if event.column == self.by else event.column not in UP_FIRST)

    def on_data_grid_chosen(self, event: DataGrid.Chosen) -> None:
        self.picks.run = event.key
        self.post_message(self.Go("run"))

    def on_input_changed(self, event: Input.Changed) -> None:
        """The letter is on the screen before what it finds."""
        event.stop()
        self.call_after_refresh(lambda: self.show(self.rows))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.grid.focus()

    def _sort(self, by: str, down: bool) -> None:
        self.by, self.down = by, down
        self.show(self.rows)

    def action_sort(self) -> None:
        """By the next column, the least or the most first as one wants it there."""
        by = SORTS[(SORTS.index(self.by) + 1) % len(SORTS)]
        self._sort(by, by not in UP_FIRST)

    def action_order(self) -> None:
        self._sort(self.by, not self.down)

    def action_filter(self) -> None:
        self.query_one("#runs-filter", Input).focus()

    def action_clear(self) -> None:
        """Back to the table, to all runs, and at last out of the laboratory."""
        field = self.query_one("#runs-filter", Input)
        if self.has_class("-info") and self.has_class("-narrow"):
            self.action_info()
        elif field.has_focus and field.value:
            self.grid.focus()
        elif field.value:
            field.value = ""
        elif field.has_focus:
            self.grid.focus()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Escape is ours only while it has something to close; on a wide screen the details are there."""
        if action == "clear":
            field = self.query_one("#runs-filter", Input)
            return field.has_focus or bool(field.value) or (self.has_class("-info") and self.has_class("-narrow"))
        return action != "info" or self.has_class("-narrow")

    def action_info(self) -> None:
        """On a small screen, the details in place of the table, or the table again."""
        self.toggle_class("-info")
        self._hand_over()
        self.refresh_bindings()

    def _hand_over(self) -> None:
        """What is not shown cannot hold the keys."""
        beside = self.query_one("#runs-details", VerticalScroll)
        beside.can_focus = self.has_class("-narrow") and self.has_class("-info")
        if self.has_focus_within and not self.query_one("#runs-filter", Input).has_focus:
            (beside if beside.can_focus else self.grid).focus()

    def action_mark_all(self) -> None:
        """All that the filter found, or none if they are all marked."""
        keys = tuple(row.run for row in self.shown)
        self.grid.marked = () if set(keys) <= set(self.grid.marked) else keys
        self.picks.marked = self.grid.marked
        self._draw()

    def action_compare(self) -> None:
        if len(self.picks.marked) < 2:
            self.tell("runs.cannot.compare")
        else:
            self.post_message(self.Go("compare"))

    # what is done to the runs: it writes to the disk in a thread, and most of it can be taken back

    def _run(self, row: Row) -> Run:
        return Run(self.runs.root / row.run)

    def _called(self, rows: Sequence[Row]) -> str:
        """One run by its name, several by their number."""
        return inert(rows[0].title) if len(rows) == 1 else self.say("runs.some", count=len(rows))

    def _do(self, work: Callable[[], Any], then: Callable[[Any], None]) -> None:
        """Work in a thread, and afterwards say what came of it; trouble is said in its own words."""

        async def go() -> None:
            try:
                found = await asyncio.to_thread(work)
            except (LabError, OSError) as error:
                self.fail(error)
            else:
                then(found)
            self.look()

        self.run_worker(go())

    def _ask(self, key: str, then: Callable[[], None], yes: str, **values: object) -> None:
        """Do it if the learner says yes."""
        self.confirm(self.say(key, **values), yes, self.say("runs.ask.no"), then)

    def _write(self, rows: Sequence[Row], told: str, **fields: Any) -> None:
        """Write names, notes or tags anew, to be taken back."""
        runs = [self._run(row) for row in rows]

        def work() -> None:
            before = [(run, {name: getattr(run_notes.read(run), name) for name in fields}) for run in runs]
            for run in runs:
                run_notes.change(run, **fields)
            self._undo.append(lambda: [run_notes.change(run, **kept) for run, kept in before])

        def wrote(_: object) -> None:
            self.tell(told)
            self.post_message(self.Did(tuple(run.id for run in runs)))

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
            return self.tell("runs.cannot.stop")

        def stop() -> None:
            def work() -> int:
                return self.lab.service.stop(*map(self._run, rows))

            self._do(work, lambda count: self.tell("runs.did.stop", count=count))

        if all(row.state is RunState.WAITING for row in rows):
            return stop()
        return self._ask("runs.ask.stop", stop, self.say("runs.ask.stop.yes"), what=self._called(rows))

    def action_resume(self) -> None:
        """Put what was stopped or has failed in line again, the oldest first."""
        rows = sorted((row for row in self.chosen if row.state.resumable), key=lambda row: row.run)
        if not rows:
            return self.tell("runs.cannot.resume")
        runs = [self._run(row) for row in rows]
        return self._do(lambda: self.lab.service.resume(runs), lambda _: self.tell("runs.did.resume", count=len(rows)))

    def action_delete(self) -> None:
        """Move the chosen runs aside; asks only where one is going on or they are several."""
        rows = self.chosen
        if not rows:
            return None
        going = any(not row.ended for row in rows)

        def delete() -> None:
            if going:
                self.tell("runs.doing.delete")

            def work() -> int:
                self.lab.service.delete(*map(self._run, rows))
                self._undo.append(self.lab.service.undo_delete)
                return len(rows)

            self._do(work, lambda count: self.tell("runs.did.delete", count=count))

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

        self._do(work, self.tell)

    def action_free(self) -> None:
        """Drop the checkpoints that nobody needs any more."""
        rows = [row for row in self.chosen if row.ended and row.spare_bytes]
        if not rows:
            return self.tell("runs.cannot.free")
        runs = [self._run(row) for row in rows]

        def free() -> None:
            def work() -> int:
                return self.lab.service.free(*runs)

            self._do(work, lambda size: self.tell("runs.did.free", size=units.size(size)))

        size = units.size(sum(row.spare_bytes for row in rows))
        yes = self.say("runs.ask.free.yes", size=size)
        return self._ask("runs.ask.free", free, yes, what=self._called(rows), size=size)

    def action_sweep(self) -> None:
        """Choose fields and values; all else is as in the run under the cursor."""
        from tui.views.runs.sweep import SweepScreen

        def begun(made: list[Run] | None) -> None:
            if made:
                self.tell("runs.did.sweep", count=len(made))
                for run in made:
                    spec = run.spec
                    self.post_message(self.Began(run.id, method_of(run, self.lab.cache), spec.model, spec.data))
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
                return self.tell("runs.cannot.empty")
            what = inert(gone[0].name or gone[0].id)
            if len(gone) > 1:
                what = self.say("runs.some", count=len(gone))
            yes = self.say("runs.ask.empty.yes")
            return self._ask("runs.ask.empty", empty, yes, what=what, size=units.size(size))

        def empty() -> None:
            self._undo.clear()
            self._do(self.lab.service.empty_trash, lambda size: self.tell("runs.did.empty", size=units.size(size)))

        self._do(lambda: (self.lab.service.deleted(), self.lab.service.trash_size()), ask)
