"""Exact match: what a test row asks, what it expects, and whether an answer is the same."""

import json
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Item:
    """One scored question: the chat (or, for text data, the raw text) so far and the expected continuation."""

    messages: tuple[dict[str, str], ...]
    text: str
    expected: str


def items(row: dict[str, Any]) -> list[Item]:
    """The questions in a data row: one a completion, one an assistant turn, or for text the lines after the first."""
    if "prompt" in row:
        return [Item(({"role": "user", "content": row["prompt"]},), "", row["completion"])]
    if "messages" in row:
        turns = row["messages"]
        return [
            Item(tuple(turns[:i]), "", turn.get("content") or "")
            for i, turn in enumerate(turns)
            if turn["role"] == "assistant"
        ]
    notes, newline, entry = row["text"].partition("\n")
    return [Item((), notes + newline, entry)] if entry else []


def same(answer: str, expected: str) -> bool:
    """Exact match: equal as JSON where the expectation is a JSON object, else equal up to white space."""
    if expected.lstrip().startswith("{"):
        try:
            return bool(json.loads(answer) == json.loads(expected))
        except ValueError:
            return False
    return answer.split() == expected.split()
