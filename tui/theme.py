"""Two quiet themes: one accent, one colour each for success, warning and error, and tints of the page."""

from typing import Final

from textual.theme import Theme

DARK: Final = "lowrank-dark"
LIGHT: Final = "lowrank-light"


def _theme(name: str, dark: bool, colours: dict[str, str], variables: dict[str, str]) -> Theme:
    return Theme(
        name=name,
        dark=dark,
        primary=colours["accent"],
        secondary=colours["accent"],
        accent=colours["accent"],
        success=colours["success"],
        warning=colours["warning"],
        error=colours["error"],
        foreground=colours["ink"],
        background=colours["page"],
        surface=colours["raised"],
        panel=colours["panel"],
        boost=colours["raised"],
        variables={
            "text": colours["ink"],
            "text-muted": colours["muted"],
            "text-disabled": colours["faint"],
            "faint": colours["faint"],
            "rule": colours["rule"],
            "heading": colours["heading"],
            "border": colours["accent"],
            "border-blurred": colours["rule"],
            "link-color": colours["accent"],
            "link-color-hover": colours["page"],
            "scrollbar": colours["rule"],
            "scrollbar-hover": colours["faint"],
            "scrollbar-active": colours["accent"],
            "scrollbar-background": colours["page"],
            "scrollbar-background-hover": colours["page"],
            "scrollbar-background-active": colours["page"],
            "scrollbar-corner-color": colours["page"],
            "block-cursor-background": colours["panel"],
            "block-cursor-foreground": colours["heading"],
            "block-cursor-text-style": "bold",
            "block-cursor-blurred-background": colours["page"],
            "block-cursor-blurred-foreground": colours["ink"],
            "block-cursor-blurred-text-style": "none",
            "block-hover-background": colours["raised"],
            **variables,
        },
    )


THEMES: Final = (
    _theme(
        DARK,
        True,
        {
            "page": "#14161b",
            "raised": "#1b1e25",
            "panel": "#262a34",
            "rule": "#303541",
            "faint": "#5d6473",
            "muted": "#8f96a5",
            "ink": "#d3d6de",
            "heading": "#f1f2f5",
            "accent": "#8fb4f7",
            "success": "#93c98a",
            "warning": "#e5bf78",
            "error": "#ea7d73",
        },
        {
            "code-keyword": "#b9a3ea",
            "code-string": "#a5cf95",
            "code-number": "#e5bf78",
            "code-name": "#9fc3f2",
            "code-comment": "#6d7484",
            "chart-train": "#8fb4f7",
            "chart-smooth": "#5f86cc",
            "chart-validation": "#e5bf78",
            "chart-best": "#93c98a",
        },
    ),
    _theme(
        LIGHT,
        False,
        {
            "page": "#fbf9f4",
            "raised": "#f4f1e9",
            "panel": "#e6e1d5",
            "rule": "#d8d2c4",
            "faint": "#a19b8e",
            "muted": "#6b675f",
            "ink": "#33343a",
            "heading": "#17181c",
            "accent": "#2c5fb5",
            "success": "#2c7a3c",
            "warning": "#94620a",
            "error": "#b5382e",
        },
        {
            "code-keyword": "#7443b0",
            "code-string": "#3a7a2e",
            "code-number": "#94620a",
            "code-name": "#2c5fb5",
            "code-comment": "#8d877b",
            "chart-train": "#2c5fb5",
            "chart-smooth": "#7b9bd4",
            "chart-validation": "#a86b00",
            "chart-best": "#2c7a3c",
        },
    ),
)
