"""A program that shows the widgets under test in the styles and colours of Lowrank."""

from textual.app import App

from tui.styles import styles
from tui.theme import DARK, THEMES


class StyledApp(App[None]):
    """Empty; what a test composes in it looks as in the program."""

    CSS_PATH = styles("widgets")

    def __init__(self) -> None:
        super().__init__()
        for theme in THEMES:
            self.register_theme(theme)
        self.theme = DARK
