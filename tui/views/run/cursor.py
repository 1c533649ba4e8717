"""Where the live bench looks: the cursor that is a time machine, the zoom and the axes."""

from dataclasses import replace

from tui.views.run.layout import Shown
from tui.views.run.timeline import View
from tui.views.view import LaboratoryView
from tui.widgets.loss_chart import PlotView


class CursorView(LaboratoryView):
    """The half of the live bench that moves through a run."""

    shown: Shown | None = None

    def look_at(self, view: View) -> None:
        """Show another part of the run, or another cursor."""
        raise NotImplementedError

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
