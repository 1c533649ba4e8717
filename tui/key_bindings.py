"""Key bindings that also answer under the Hangul keyboard layout."""

from typing import Final

from textual.binding import Binding

from tui.key_names import note_usual
from tui.locale import say

JAMO: Final = dict(
    zip("ㅂㅈㄷㄱㅅㅛㅕㅑㅐㅔㅁㄴㅇㄹㅎㅗㅓㅏㅣㅋㅌㅊㅍㅠㅜㅡ", "qwertyuiopasdfghjklzxcvbnm", strict=True)
)
"""Two-set (두벌식) letter to the Latin letter on the same key; capitals have no jamo of their own there."""

_LETTER_TO_JAMO: Final = {letter: jamo for jamo, letter in JAMO.items()}


def hangul_too(names: list[str]) -> list[str]:
    """The keys, and behind them what their letters give under the Hangul layout."""
    return names + [_LETTER_TO_JAMO[name] for name in names if name in _LETTER_TO_JAMO]


def bind(keys: str, action: str, id: str, *, show: bool = False, key_display: str | None = None) -> Binding:
    """A binding that can be remapped by `id`, described by the words "key.<id>", and reachable in Hangul."""
    names = hangul_too(keys.split(","))
    note_usual(id, keys)
    return Binding(",".join(names), action, say("en", f"key.{id}"), show=show, key_display=key_display or None, id=id)
