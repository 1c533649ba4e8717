"""A line of things to click, each an action of the bench it stands on."""

from textual.content import Content
from textual.widgets import Static

from tui.formatting.text_layout import clickable, styled
from tui.views.view import LaboratoryView


class Strip(Static):
    """Reserves its line, and shows each action with the state it is in."""

    DEFAULT_CSS = """
    Strip { height: 1; width: 1fr; text-wrap: nowrap; }
    """
    auto_links = False

    async def action_do(self, action: str) -> None:
        """Run an action of the bench, if it may be run now."""
        await next(node for node in self.ancestors if isinstance(node, LaboratoryView)).run_action(action)


def item(text: str, action: str, style: str = "$text-muted") -> Content:
    """Text that runs an action of the bench when it is clicked."""
    return clickable(styled(text, style), "do", action)
