"""Says a line only where it is new: laying out and drawing again what stands there costs more than all the rest."""

from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static


def put(panel: Static, content: Content, *, layout: bool = False) -> None:
    """Show `content` in `panel` unless it is there already; `layout` where the panel's size follows from it."""
    there = panel.content
    if not isinstance(there, Content) or (there.plain, there.spans) != (content.plain, content.spans):
        panel.update(content, layout=False)
        if layout:
            lay_out(panel)


def lay_out(widget: Widget) -> None:
    """Lay a widget out anew, by what it shows now.

    Textual keeps a widget's size until the next layout is asked for, but does not count what is asked for while one is
    due: what changes again just after all others were laid out would keep the size of what was there before. No public
    call clears that cache, and a second layout after each change would double what a key costs.
    """
    widget._box_model_cache.clear()
    widget.refresh(layout=True)
