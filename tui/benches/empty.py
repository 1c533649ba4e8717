"""What a bench shows while there is nothing to show: what it is for, and the keys to begin with."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from textual.content import Content

from tui.typeset import Lines, hang, styled

START: Final[Mapping[str, str]] = MappingProxyType({"1": "bench.empty.new"})


def nothing_yet(
    say: Callable[..., str], width: int, about: str, title: str = "bench.empty", keys: Mapping[str, str] = START
) -> Lines:
    """`title`, `about` and what each of the `keys` does are keys of words."""
    return [
        styled(say(title), "bold $heading"),
        Content(""),
        *styled(say(about), "$text-muted").wrap(width),
        Content(""),
        *hang([(styled(f"{key}  ", "bold $primary"), styled(say(text))) for key, text in keys.items()], width, gap=1),
    ]
