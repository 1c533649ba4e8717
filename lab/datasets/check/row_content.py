"""What a row holds: what is odd about it though it can be trained on, and a digest by which to know it again."""

import hashlib
import json
import unicodedata
from collections.abc import Iterator
from typing import Any

from lab.datasets.find import KEYS, BadRow, silent

DIGEST = 16


def remarks(row: dict[str, Any], form: str) -> Iterator[BadRow]:
    """What to look at in a sound row of that format: empty turns, roles out of order, text that is not NFC."""
    if form == "messages":
        for number, turn in enumerate(row["messages"], 1):
            if silent(turn):
                yield BadRow("empty-turn", f"turn {number} ({turn['role']}) is empty")
        disorder = _disorder(row["messages"])
        if disorder:
            yield BadRow("role-order", disorder)
    for where, text in _texts(row, form):
        if not text.isascii() and not unicodedata.is_normalized("NFC", text):
            yield BadRow("nfc", f"{where} is not in Unicode form NFC {_first_change(text)}")
            return


def digest(row: dict[str, Any], form: str) -> bytes | None:
    """16 bytes that are the same for rows that train the same, however their JSON is laid out.

    None for a row nested so deeply that it cannot be written out again.
    """
    content = [row[key] for key in KEYS[form]]
    if form != "text" and row.get("tools"):
        content.append(row["tools"])
    try:
        data = json.dumps(content, sort_keys=True).encode()
    except RecursionError:
        return None
    return hashlib.blake2b(data, digest_size=DIGEST).digest()


def _disorder(turns: list[dict[str, Any]]) -> str:
    before = ""
    for number, turn in enumerate(turns, 1):
        role = turn["role"]
        wrong = {
            "system": before != "" and "a system turn after the first turn",
            "user": before == "user" and "two user turns in a row",
            "assistant": (before in ("", "system") and "an assistant turn before any user turn")
            or (before == "assistant" and "two assistant turns in a row"),
            "tool": before not in ("called", "tool") and "a tool turn that answers no tool call",
        }[role]
        if before == "called" and role != "tool":
            wrong = wrong or f"a tool call that is answered by the {role}"
        if wrong:
            return f"turn {number}: {wrong}"
        before = "called" if turn.get("tool_calls") else role
    return "" if before in ("assistant", "called") else f"the chat ends with a {before} turn, not the assistant's"


def _texts(row: dict[str, Any], form: str) -> Iterator[tuple[str, str]]:
    if form != "messages":
        yield from ((key, row[key]) for key in KEYS[form])
        return
    for number, turn in enumerate(row["messages"], 1):
        yield f"turn {number}", turn.get("content") or ""


def _first_change(text: str) -> str:
    normal = unicodedata.normalize("NFC", text)
    pairs = zip(text, normal, strict=False)
    at = next((i for i, (a, b) in enumerate(pairs) if a != b), min(len(text), len(normal)))
    return f"from character {at + 1}: " + " ".join(f"U+{ord(c):04X}" for c in text[at : at + 3])
