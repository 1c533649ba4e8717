"""An event: one thing the learner did. Its id decides the order."""

import os
import re
import time
from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import NamedTuple

VERSION = 1

RESET = "progress.reset"
RESET_UNDONE = "progress.reset-undone"
EARNED = "achievement.earned"

_RANDOM_BITS = 62
_COUNTER = 1 << 12
_LAST_MILLISECOND = (1 << 48) - 1
LATEST = "1d8fda4c-e000"
"""Ids from here on are of the year 3000 or later, which no clock has shown: what was done after them would come before
them. They are kept and sent on like all others, but nothing is put in order by them."""
_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_NOTHING: Mapping[str, object] = MappingProxyType({})
_KEYS = 7


class Event(NamedTuple):
    """One line of the log; `at` is ISO 8601 local time with its offset from UTC.

    `more` is the line as it was read, where a newer version wrote into it what these fields cannot say.
    """

    id: str
    device: str
    at: str
    kind: str
    item: str = ""
    payload: Mapping[str, object] = _NOTHING
    v: int = VERSION
    more: Mapping[str, object] = _NOTHING

    def document(self) -> dict[str, object]:
        """The event as files keep it, with everything it was read with."""
        if self.more:
            return dict(self.more)
        return {
            "id": self.id,
            "device": self.device,
            "at": self.at,
            "kind": self.kind,
            "item": self.item,
            "payload": dict(self.payload),
            "v": self.v,
        }


def from_document(document: Mapping[str, object]) -> Event:
    """The event in `document`; what is missing or of another type reads as empty, for newer files' sake."""
    key, device, at = document.get("id"), document.get("device"), document.get("at")
    kind, item, payload, v = document.get("kind"), document.get("item"), document.get("payload"), document.get("v")
    # Spelled out for speed: a log of 100,000 of these is read before the first lesson opens.
    if (
        type(key) is type(device) is type(at) is type(kind) is type(item) is str
        and type(payload) is dict
        and type(v) is int
        and len(document) == _KEYS
    ):
        return Event(key, device, at, kind, item, payload, v)
    return Event(
        id=_text(key),
        device=_text(device),
        at=_text(at),
        kind=_text(kind),
        item=_text(item),
        payload=payload if isinstance(payload, Mapping) else _NOTHING,
        v=v if isinstance(v, int) else VERSION,
        more=document,
    )


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def is_id(text: object) -> bool:
    """Whether `text` has the form of an event's id: a UUID in lower case."""
    return isinstance(text, str) and _ID.fullmatch(text) is not None


def now() -> str:
    """The present moment, ISO 8601 to the millisecond, local time with its offset from UTC."""
    return datetime.now().astimezone().isoformat(timespec="milliseconds")


def uuid7(after: str = "") -> str:
    """A UUID version 7 (RFC 9562) that sorts behind `after`, even where the clock was set back."""
    milliseconds, counter = time.time_ns() // 1_000_000, 0
    if after:
        digits = after.replace("-", "")
        last = int(digits[:12], 16)
        if milliseconds <= last:
            carry, counter = divmod(int(digits[13:16], 16) + 1, _COUNTER)
            milliseconds = min(last + carry, _LAST_MILLISECOND)
    low = int.from_bytes(os.urandom(8)) % (1 << _RANDOM_BITS)
    number = milliseconds << 80 | 7 << 76 | counter << 64 | 0b10 << _RANDOM_BITS | low
    text = f"{number:032x}"
    return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))
