"""How much XP each thing is worth, and the levels."""

from bisect import bisect_right
from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

XP: Mapping[str, int] = MappingProxyType(
    {
        "section": 5,
        "question": 5,
        "first-try": 2,
        "review": 3,
        "measured": 10,
        "explained": 10,
        "run": 10,
    }
)
"""Points by award; an award is given once for each item."""

HINT = 2
"""What a hint takes off the award of its question."""

METHODS = ("LoRA", "QLoRA", "DoRA", "QDoRA", "full")
"""The first finished run of each of these is an item of its own."""


def question_xp(hints: int) -> int:
    """What a right answer earns after that many hints; never less than nothing."""
    return max(0, XP["question"] - HINT * hints)


class Level(NamedTuple):
    """A level's English name, which is its key in every other language, and the XP at which it begins."""

    name: str
    start: int


LEVELS = (
    Level("Curious", 0),
    Level("Observer", 100),
    Level("Apprentice", 300),
    Level("Tinkerer", 650),
    Level("Experimenter", 1200),
    Level("Practitioner", 2000),
    Level("Analyst", 3100),
    Level("Researcher", 4500),
    Level("Mentor", 6300),
    Level("Full Rank", 8500),
)
"""A lesson is worth about 175 XP with its reviews, so that the last level begins shortly before the 51st is done."""


class Standing(NamedTuple):
    """Where `xp` lies: `to_next` is the whole length of the level, 0 for the last one."""

    level: int
    name: str
    in_level: int
    to_next: int


def standing(xp: int) -> Standing:
    """The level that `xp` reaches."""
    level = bisect_right(LEVELS, xp, key=lambda each: each.start) - 1
    name, start = LEVELS[level]
    following = LEVELS[level + 1].start if level + 1 < len(LEVELS) else start
    return Standing(level, name, xp - start, following - start)
