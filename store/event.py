"""One thing the learner did, and the ids that put such things in order."""

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

VERSION = 1

_RANDOM_BITS = 62
_COUNTER = 1 << 12


@dataclass(frozen=True, slots=True)
class Event:
    """One line of the log; `at` is ISO 8601 local time with its offset from UTC."""

    id: str
    device: str
    at: str
    kind: str
    item: str = ""
    payload: Mapping[str, object] = field(default_factory=dict)
    v: int = VERSION

    def document(self) -> dict[str, object]:
        """The event as the log file keeps it."""
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
    payload = document.get("payload")
    version = document.get("v")
    return Event(
        id=str(document.get("id", "")),
        device=str(document.get("device", "")),
        at=str(document.get("at", "")),
        kind=str(document.get("kind", "")),
        item=str(document.get("item", "")),
        payload=payload if isinstance(payload, Mapping) else {},
        v=version if isinstance(version, int) else VERSION,
    )


def now() -> str:
    """The present moment, ISO 8601 to the millisecond, local time with its offset from UTC."""
    return datetime.now().astimezone().isoformat(timespec="milliseconds")


def uuid7(after: str = "") -> str:
    """A UUID version 7 (RFC 9562) that sorts behind `after`, even where the clock was set back."""
    stamp, counter = time.time_ns() // 1_000_000, 0
    if after:
        digits = after.replace("-", "")
        last = int(digits[:12], 16)
        if stamp <= last:
            carry, counter = divmod(int(digits[13:16], 16) + 1, _COUNTER)
            stamp = last + carry
    low = int.from_bytes(os.urandom(8)) % (1 << _RANDOM_BITS)
    number = stamp << 80 | 7 << 76 | counter << 64 | 0b10 << _RANDOM_BITS | low
    text = f"{number:032x}"
    return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))
