"""The live bench: one run's chart with a cursor that is a time machine, its facts, its answers and its log."""

import asyncio
import time
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar, Final

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.timer import Timer

from lab.errors import LabError
from lab.events.curves import Curves
from lab.runs.state import RunState
from tui import input_priority
from tui.formatting.sanitize import inert
from tui.formatting.text_layout import Layout, styled
from tui.key_bindings import bind
from tui.views.empty_state import nothing_yet
from tui.views.run.layout import Answers, RunLayout, Shown
from tui.views.run.log import LogTail, LogView
from tui.views.run.state_line import MARKS
from tui.views.run.timeline import Timeline, View
from tui.views.view import LaboratoryView
from tui.widgets.lines import LinesView
from tui.widgets.loss_chart import PlotView

if TYPE_CHECKING:
    from lab.runs.snapshot import RunSnapshot
    from lessons.course import Lang
    from tui.lab import Lab
    from tui.views.view import RunSelection

POLLS_PER_SECOND: Final = 4
SECONDS_TO_CONFIRM: Final = 6
DETAIL: Final = 8 << 20
"""Bytes of events that are read anew for a closer look."""


class RunView(LaboratoryView):
    """The picked run, or the newest; also one that was started from the command line."""

    BINDINGS: ClassVar[list[BindingType]] = [
        bind("left", "step(-1)", "run.left"),
        bind("right", "step(1)", "run.right", show=True),
        bind("b", "sample(-1)", "run.sample-before"),
        bind("n", "sample(1)", "run.sample-after", show=True),
        bind("home", "first", "run.first"),
        bind("end", "last", "run.last"),
        bind("plus,equals_sign,z", "zoom(0.5)", "run.zoom-in", key_display="+"),
        bind("minus,underscore", "zoom(2)", "run.zoom-out", key_display="−"),
        bind("0", "whole", "run.whole"),
        bind("comma,shift+left", "pan(-0.25)", "run.pan-left", key_display=","),
        bind("full_stop,shift+right", "pan(0.25)", "run.pan-right", key_display="."),
        bind("u,f6", "axis", "run.axis"),
        bind("s,f7", "log_scale", "run.log-scale"),
        bind("a,f9", "answers", "run.answers"),
        bind("o,f10", "log", "run.log"),
        bind("x,delete", "stop", "run.stop", show=True),
        bind("r,ctrl+r", "resume", "run.resume", show=True),
        bind("e,ctrl+e", "change", "run.change"),
        bind("y", "copy", "run.copy"),
        bind("escape", "back", "run.back"),
    ]

    def __init__(self, lab: "Lab", picks: "RunSelection", lang: "Lang") -> None:
        super().__init__(lab, picks, lang)
        self.shown: Shown | None = None
        self._close: Curves | None = None
        self._tail: LogTail | None = None
        self._reading = asyncio.Lock()
        self._timer: Timer | None = None
        self._confirm: Timer | None = None
        self._polling, self._polled = False, 0.0
        self._works: list[bool | None] = []
        self._refused = ""
        """A run that cannot be read; asked for again only by the learner."""

    def compose(self) -> ComposeResult:
        yield LinesView(lambda _: [], id="live-empty")
        yield RunLayout()

    @property
    def run(self) -> "RunSnapshot | None":
        """The run shown."""
        return self.shown.run if self.shown else None

    async def enter(self) -> None:
        """Show the picked run, or the newest; opening and reading it goes on while the screen is seen."""
        if self._timer is None:
            self._timer = self.set_interval(1 / POLLS_PER_SECOND, self._tick)
        self._timer.resume()
        self._refused = ""
        self.run_worker(self._open(self.picks.run), group="open", exclusive=True)
        self.focus_first()

    def leave(self) -> None:
        if self._timer is not None:
            self._timer.pause()

    def focus_first(self) -> None:
        if not self.has_focus_within:
            self.query_one(Answers).focus()

    def status(self) -> str:
        if self.run is None:
            return ""
        progress = self.run.progress
        mark = MARKS.get(self.run.state)
        return mark[0] if mark else f"●{progress.iteration}/{progress.iterations}"

    async def _open(self, name: str) -> None:
        """Follow a run, if it is not the one that is followed already."""
        if not name:
            going, ended = await asyncio.to_thread(self.lab.monitor.newest)
            name = going or ended
        if not name:
            self._explain(lambda width: nothing_yet(self.say, width, "run.empty"))
            return
        self.picks.run = name
        if self.run is None or self.run.id != name:
            if self.run is None:
                self._explain(self._said("run.opening", run=inert(name)))
            try:
                follower = await asyncio.to_thread(self.lab.monitor.snapshot, name)
            except (LabError, OSError, ValueError) as error:
                self.shown, self._refused = None, name
                reason = error.what if isinstance(error, LabError) else error
                self._explain(self._said("run.unreadable", run=inert(name), reason=inert(reason)))
                return
            self.shown = Shown(follower)
            self._close, self._tail = None, LogTail(follower.run.path / "log.txt")
            self.query_one(LogView).clear()
            await self._taken_in()
        await self.poll()

    def _said(self, key: str, **values: object) -> Layout:
        return lambda width: styled(self.say(key, **values), "$text-muted").wrap(width)

    def _explain(self, told: Layout) -> None:
        self.remove_class("-open")
        self.query_one("#live-empty", LinesView).set_layout(told)
        self.refresh_bindings()

    def _tick(self) -> None:
        run = self.run
        if run is None:
            if (
                not self._opening()
                and (not self.picks.run or self.picks.run != self._refused)
                and self.lab.monitor.names()
            ):
                self.run_worker(self._open(self.picks.run), group="open")
        elif not self._polling and not input_priority.waits(self._polled):
            self.run_worker(self.poll(), group="poll")

    def _opening(self) -> bool:
        return any(worker.group == "open" and worker.node is self for worker in self.workers)

    async def poll(self) -> None:
        """Read what the run has said since the last time, and its log where that is open."""
        run = self.run
        if run is None or self._polling:
            return
        self._polling, self._polled = True, time.monotonic()
        try:
            changed = await asyncio.to_thread(run.poll)
            drawn = 0.0
            while run.unread and run is self.run and self.is_on_screen:
                if time.monotonic() - drawn > 1 / POLLS_PER_SECOND:
                    self.draw()
                    drawn = time.monotonic()
                await asyncio.sleep(0.002)  # a long file is read in slices, and keys go first
                changed = await asyncio.to_thread(run.poll) or changed
            if self.query_one(RunLayout).has_class("-log"):
                await self._read_log()
        except (LabError, OSError, ValueError) as error:
            self.fail(error)
            return
        finally:
            self._polling = False
        if run is self.run and (changed or self._not_looked_up()):
            await self._taken_in()

    def _not_looked_up(self) -> bool:
        """Whether the run is read to its end and nobody has looked for its answers: they were asked for too early."""
        return self.shown is not None and not self.shown.looked and not self.shown.run.unread

    async def _read_log(self) -> None:
        """Show what the log says since the last time; one reading at a time, and none into the log of another run."""
        async with self._reading:
            tail = self._tail
            lines = await asyncio.to_thread(tail.read) if tail is not None else []
            if tail is self._tail:
                self.query_one(LogView).add(lines)

    async def _taken_in(self) -> None:
        """Draw what was read."""
        if self.shown is None:
            return
        run = self.shown.run
        samples = [at for at, _ in run.digest.samples]
        self.shown.timeline = await asyncio.to_thread(Timeline, run.curves, samples)
        self.add_class("-open")
        self._moved()
        self._tell_keys()

    def _tell_keys(self) -> None:
        """Have the key line read again where other keys work now, not with every step of the cursor."""
        works = [self.check_action(name, ()) for name in ("back", "stop", "resume", "copy")]
        if works != self._works:
            self._works = works
            self.refresh_bindings()

    def draw(self) -> None:
        """What is known now."""
        if self.shown is not None:
            self.shown.curves = self._close or self.shown.run.curves
            self.query_one(RunLayout).draw(self.shown, self.lang)

    def watch_lang(self) -> None:
        self.draw()
        self.query_one("#live-empty", LinesView).redraw()

    def look_at(self, view: View) -> None:
        """Show another part of the run, or another cursor."""
        if self.shown is not None and view != self.shown.view:
            if view.span != self.shown.view.span:
                self._close = None
            self.shown.view = view
            self._moved()
            self._tell_keys()

    def _moved(self) -> None:
        self.draw()
        self.run_worker(self._look_up(), group="moment", exclusive=True)

    async def _look_up(self) -> None:
        """What the file says of the moment at the cursor, and of a close view more than the digest keeps."""
        shown = self.shown
        if shown is None:
            return
        digest, view = shown.run.digest, shown.view
        at = float("inf") if view.cursor is None else view.cursor
        if shown.run.unread:
            return
        before = shown.answered, shown.report
        looked, shown.looked = shown.looked, True
        shown.answered = await asyncio.to_thread(digest.answers, at)
        shown.report = (
            await asyncio.to_thread(digest.report, at) if view.cursor is not None else shown.run.progress.report
        )
        if before != (shown.answered, shown.report) or not looked:
            self.draw()
        train = digest.progress.train
        if view.span is not None and len(train) > 2 * train.capacity:
            found = await asyncio.to_thread(digest.detail, *view.span, DETAIL)
            if found is not None and self.shown is shown and shown.view.span == view.span:
                self._close = replace(shown.run.curves, train=tuple(found.train.points()))
                samples = [point for point, _ in digest.samples]
                shown.timeline = await asyncio.to_thread(Timeline, self._close, samples)
                self.draw()

    # the cursor, the zoom and the axes

    def action_step(self, by: int) -> None:
        """One column on, to the next moment there is."""
        if (shown := self.shown) is not None:
            low, high = shown.view.span or (0.0, shown.whole)
            columns = max(1, (self.query_one(PlotView).content_size.width or self.size.width) - 5)
            there = shown.timeline.step(shown.view.cursor, by * (high - low) / columns)
            self.look_at(shown.view.at(there, shown.whole))

    def action_sample(self, by: int) -> None:
        """The answers before or after those that are shown."""
        if (shown := self.shown) is not None:
            known = [at for at, _ in shown.run.digest.samples]
            here = float("inf") if shown.view.cursor is None else shown.view.cursor
            now = shown.answered[0] if shown.answered else -1
            later = next((at for at in known if at > here), None)
            found = later if by > 0 else max((at for at in known if at < now), default=None)
            if found is not None:
                self.look_at(shown.view.at(found, shown.whole))

    def action_first(self) -> None:
        if (shown := self.shown) is not None and len(shown.timeline):
            self.look_at(shown.view.at(shown.timeline.points[0].x, shown.whole))

    def action_last(self) -> None:
        """Follow the newest again."""
        if (shown := self.shown) is not None:
            low, high = shown.view.span or (0.0, 0.0)
            view = shown.view.panned(shown.whole / (high - low), shown.whole) if shown.view.span else shown.view
            self.look_at(replace(view, cursor=None))

    def action_zoom(self, factor: float) -> None:
        if (shown := self.shown) is not None:
            around = shown.curves.end.x if shown.view.cursor is None else shown.view.cursor
            self.look_at(shown.view.zoomed(factor, around, shown.whole))

    def action_whole(self) -> None:
        if self.shown is not None:
            self.look_at(replace(self.shown.view, span=None))

    def action_pan(self, share: float) -> None:
        if self.shown is not None:
            self.look_at(self.shown.view.panned(share, self.shown.whole))

    def action_axis(self) -> None:
        """Over iterations, tokens or seconds."""
        if self.shown is not None:
            self.look_at(self.shown.view.turned())

    def action_log_scale(self) -> None:
        if self.shown is not None:
            self.look_at(replace(self.shown.view, log=not self.shown.view.log))

    def on_plot_view_pointed(self, event: PlotView.Pointed) -> None:
        if (shown := self.shown) is not None:
            found = shown.timeline.near(event.x, shown.view.over)
            self.look_at(replace(shown.view, cursor=found))

    def on_plot_view_wheel(self, event: PlotView.Wheel) -> None:
        if (shown := self.shown) is not None:
            around = shown.timeline.iteration(event.x, shown.view.over)
            self.look_at(shown.view.zoomed(0.5 if event.by < 0 else 2.0, around, shown.whole))

    # what the other keys do

    def action_answers(self) -> None:
        """In the place of the chart; where there is room, the keys go to them."""
        board = self.query_one(RunLayout)
        if not board.wide:
            board.remove_class("-log")
            board.toggle_class("-answers")
        self.query_one(Answers).focus()
        self.refresh_bindings()

    async def action_log(self) -> None:
        """Open the log, or close it."""
        board, log = self.query_one(RunLayout), self.query_one(LogView)
        if board.toggle_class("-log").has_class("-log"):
            log.focus()
            await self._read_log()
            if not log.line_count:
                log.write_line(self.say("run.no-log"))
        else:
            self.query_one(Answers).focus()
        self.refresh_bindings()

    async def action_stop(self) -> None:
        """Ask first; stop when asked again within a few seconds."""
        if self.shown is None or self.run is None:
            return
        if not self.shown.asking:
            self._ask(True)
            self._confirm = self.set_timer(SECONDS_TO_CONFIRM, lambda: self._ask(False))
            return
        self._ask(False)
        try:
            await asyncio.to_thread(self.lab.service.stop, self.run.run)
        except (LabError, OSError) as error:
            self.fail(error)
        await self.poll()

    def _ask(self, asking: bool) -> None:
        if self._confirm is not None:
            self._confirm.stop()
            self._confirm = None
        if self.shown is not None:
            self.shown.asking = asking
            self.draw()
            self.refresh_bindings()

    async def action_resume(self) -> None:
        """Go on from the checkpoint."""
        if (run := self.run) is None:
            return
        try:
            await asyncio.to_thread(self.lab.service.start, run.run)
        except (LabError, OSError) as error:
            reason = error.what if isinstance(error, LabError) else error
            self.tell("run.not-resumed", "trouble", reason=inert(reason))
            return
        self.tell("run.resumed", run=inert(run.id))
        await self.poll()

    def action_change(self) -> None:
        """The form, with this run's values in it."""
        if self.run is not None:
            self.picks.fill = self.run.id
            self.post_message(self.Go("new"))

    def action_copy(self) -> None:
        if self.run is not None:
            self.copy(self.run.command, "run.copied")

    def action_back(self) -> None:
        """Out of what was opened last: the question, the log, the answers, the cursor, the zoom."""
        board, shown = self.query_one(RunLayout), self.shown
        if shown is not None and shown.asking:
            self._ask(False)
        elif board.has_class("-log") or board.has_class("-answers"):
            board.remove_class("-log", "-answers")
            self.query_one(Answers).focus()
            self.refresh_bindings()
        elif shown is not None:
            self.look_at(replace(shown.view, span=None, cursor=None))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        run, shown, board = self.run, self.shown, self.query_one(RunLayout)
        if action == "back":
            view = shown.view if shown is not None else View()
            opened = board.has_class("-log") or board.has_class("-answers")
            return opened or view.span is not None or view.cursor is not None or bool(shown and shown.asking)
        if action == "stop":
            return run is not None and not run.ended and run.state is not RunState.STOPPING
        if action == "resume":
            return run is not None and run.ended and run.state is not RunState.FINISHED
        return run is not None

    def palette(self) -> dict[str, str]:
        names = ("axis", "log_scale", "answers", "log", "stop", "resume", "change", "copy")
        allowed = [name for name in names if self.check_action(name, ())]
        return {self.say(f"key.run.{name.replace('_', '-')}"): name for name in allowed}
