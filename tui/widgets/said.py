"""Says a line only where it is new: laying out and drawing again what stands there costs more than all the rest."""

from textual.content import Content
from textual.widgets import Static


def put(panel: Static, content: Content, *, layout: bool = False) -> None:
    """Show `content` in `panel` unless it is there already; `layout` where the panel's size follows from it."""
    there = panel.content
    if not isinstance(there, Content) or (there.plain, there.spans) != (content.plain, content.spans):
        panel.update(content, layout=layout)
