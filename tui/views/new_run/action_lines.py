"""Words that are buttons: a click on them runs an action of the bench they stand in."""

from textual.content import Content
from textual.widgets import Static

from tui.formatting.text_layout import Layout, clickable, styled
from tui.views.view import LaboratoryView
from tui.widgets.lines import LinesView
from tui.widgets.update_if_changed import lay_out


class ActLines(LinesView):
    """Lines in which `clickable(…, "act", ACTION)` is a button."""

    auto_links = False

    def set_layout(self, layout: Layout) -> None:
        """Draw something else; the screen is arranged anew only if that has another height."""
        width, before = self._cached[0], len(self._cached[1])
        self._set_lines, self._cached = layout, (-1, [])
        lay_out(self) if width < 0 or len(self._lines(width)) != before else self.refresh()

    async def action_act(self, action: str) -> None:
        await self.query_ancestor(LaboratoryView).run_action(action)


class Press(Static):
    """A line of buttons."""

    auto_links = False
    DEFAULT_CSS = "Press { width: 1fr; height: 1; text-wrap: nowrap; }"

    _shown: tuple[tuple[str, str, str], ...] = ()

    def show(self, *buttons: tuple[str, str, str]) -> None:
        """(key, words, action of the bench) of each."""
        if buttons == self._shown:
            return
        self._shown = buttons
        parts = [
            clickable(styled(f"{key} ", "bold $primary") + styled(words, "$text-muted"), "act", action)
            for key, words, action in buttons
        ]
        self.update(Content("   ").join(parts), layout=False)

    async def action_act(self, action: str) -> None:
        await self.query_ancestor(LaboratoryView).run_action(action)
