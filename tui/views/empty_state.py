"""What a bench shows while there is nothing to show: what it is for, and the keys to begin with."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from textual.content import Content

from tui.formatting.text_layout import Lines, hang, styled
from tui.key_names import with_fixed_keys

START: Final[Mapping[str, str]] = MappingProxyType({"view.new": "view.empty.new"})


def nothing_yet(
    say: Callable[..., str], width: int, about: str, title: str = "view.empty", keys: Mapping[str, str] = START
) -> Lines:
    """`title`, `about` and what each action of `keys` does are keys of words."""
    named = [(with_fixed_keys(f"⟪{action}⟫  "), say(text)) for action, text in keys.items()]
    return [
        styled(say(title), "bold $heading"),
        Content(""),
        *styled(say(about), "$text-muted").wrap(width),
        Content(""),
        *hang([(styled(key, "bold $primary"), styled(text)) for key, text in named], width, gap=1),
    ]
