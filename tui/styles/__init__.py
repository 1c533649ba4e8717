"""Styles in Textual CSS: one file for the widgets, one for each screen and each view of the laboratory."""

from collections.abc import Sequence
from pathlib import Path, PurePath
from typing import Any, Final

from textual.app import App

FOLDER: Final = Path(__file__).parent


def styles(*names: str) -> list[str | PurePath]:
    """These files, for the `CSS_PATH` of a program or a screen."""
    return [FOLDER / f"{name}.tcss" for name in names]


def read_styles(app: App[Any], paths: Sequence[str | PurePath]) -> None:
    """Read the files that were not read yet, and parse only these.

    Textual does it when a screen is opened, but parses all styles of the program again. `make dev` watches the files.
    """
    if app.css_monitor is not None:
        app.css_monitor.add_paths(map(Path, paths))
    for path in paths:
        if not app.stylesheet.has_source(str(path)):
            app.stylesheet.read(path)
    app.stylesheet.parse()
