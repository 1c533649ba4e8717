"""Foreign text (names, logs, errors, model output, data rows) made harmless: to be shown, and to be edited."""

from __future__ import annotations

import unicodedata

HIDDEN = {"Cc", "Cf", "Cs", "Zl", "Zp", "Cn", "Co"}
"""Categories of characters that steer, or that nothing is drawn for."""
UNSEEN = frozenset(
    chr(code)
    for first, last in (
        (0x034F, 0x034F),
        (0x115F, 0x1160),
        (0x17B4, 0x17B5),
        (0x180B, 0x180F),
        (0x3164, 0x3164),
        (0xFE00, 0xFE0F),
        (0xFFA0, 0xFFA0),
        (0xE0100, 0xE01EF),
    )
    for code in range(first, last + 1)
)
"""Letters and marks that nothing is drawn for either: Default_Ignorable_Code_Point of the Unicode standard."""


def inert(text: object) -> str:
    """One line of text whose control, direction and other invisible characters are written as escapes."""
    return "".join(_visible(character) for character in str(text))


def cleaned(text: str) -> str:
    """Text to be edited: without those characters but line breaks and tabs, for nobody can edit what cannot be seen."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    return "".join(character for character in lines if character in "\n\t" or not _hidden(character))


def _hidden(character: str) -> bool:
    return unicodedata.category(character) in HIDDEN or character in UNSEEN


def _visible(character: str) -> str:
    if not _hidden(character):
        return character
    if character == "\n":
        return "\\n"
    if character == "\t":
        return "\\t"
    code = ord(character)
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
