"""Textual's containers where they show nothing of their own, neither border nor text.

Textual keeps every line of a widget, and the pieces into which it was cut by what lies over it; all lines of a blank
one are a single line. With Textual's own the program takes 2.5 MiB more, of 66, and the first frame comes as soon.
"""

from textual import containers


class Container(containers.Container):
    """As Textual's."""

    BLANK = True


class Horizontal(containers.Horizontal):
    """As Textual's."""

    BLANK = True


class Vertical(containers.Vertical):
    """As Textual's."""

    BLANK = True


class VerticalScroll(containers.VerticalScroll):
    """As Textual's."""

    BLANK = True


class FieldScroll(VerticalScroll, can_focus=False, inherit_bindings=False):
    """Holds fields, and has no keys of its own: the arrows move the focus, and it goes along."""
