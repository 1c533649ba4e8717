"""The machine a plan is for: what computes, and how much memory it may take."""

import platform
import re
import sys
from dataclasses import dataclass
from typing import Any

import psutil

from lab.errors import LabError

METAL_SHARE = 0.75
"""Of a Mac's memory, what Metal recommends to stay within, where the engine has not been asked."""
UNITS = {"": 1, "k": 1e3, "m": 1e6, "g": 1e9, "t": 1e12, "ki": 2**10, "mi": 2**20, "gi": 2**30, "ti": 2**40}


@dataclass(frozen=True)
class Machine:
    """`kind` is "cpu", "metal" or "cuda"; `available` the bytes that a run may take, `free` those of the computer."""

    kind: str
    name: str
    available: int
    free: int


def guess() -> Machine:
    """The machine as the standard library shows it."""
    if sys.platform == "darwin" and platform.machine() == "arm64":
        return _limited("metal", "Metal", int(psutil.virtual_memory().total * METAL_SHARE))
    return _limited("cpu", "CPU", 0)


def told(found: dict[str, Any]) -> Machine:
    """The machine as the engine found it (`lab.engine.probe.machine`)."""
    return _limited(found["kind"], found["name"], found["working_set"])


def _limited(kind: str, name: str, working_set: int) -> Machine:
    free = int(psutil.virtual_memory().available)
    if kind == "cuda":
        return Machine(kind, name, working_set, free)
    return Machine(kind, name, min(free, working_set) if working_set else free, free)


def parse_memory(text: str) -> int:
    """Bytes of "16GB", "16 GiB", "800m" or a plain number. Raises LabError for anything else."""
    found = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([kmgt]?i?)b?\s*", text, re.IGNORECASE)
    unit = found and UNITS.get(found[2].lower())
    if not found or unit is None:
        raise LabError(f"is no amount of memory: {text!r}", where="--memory", remedy="write it like 16GB", usage=True)
    return int(float(found[1]) * unit)
