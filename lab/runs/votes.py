"""Votes cast blind on a run's answers, kept beside it: which of two was better, before one knew whose it was."""

import json
import math
import os
from collections.abc import Iterable
from dataclasses import MISSING, asdict, dataclass, fields
from datetime import datetime

from filelock import FileLock

from foreign import read_object
from lab.runs.directory import Run

NAME = "votes.json"
BETTER = ("base", "adapter", "same")


@dataclass(frozen=True)
class Vote:
    """`left` is the side that stood left, `better` one of `BETTER`; `scale` is a multiple of the trained strength."""

    prompt: str
    base: str
    adapter: str
    left: str
    better: str
    checkpoint: str = "last"
    scale: float = 1.0
    temperature: float = 0.0
    seed: int = 0
    at: str = ""


@dataclass(frozen=True)
class Tally:
    """How often each side was found better, and how often neither."""

    adapter: int = 0
    base: int = 0
    same: int = 0

    @property
    def votes(self) -> int:
        return self.adapter + self.base + self.same

    @property
    def chance(self) -> float:
        """How likely tossed coins were to favour one side at least this much (two-sided sign test), 0 to 1."""
        count, most = self.adapter + self.base, max(self.adapter, self.base)
        ways = sum(math.comb(count, k) for k in range(most, count + 1))
        return min(1.0, float(2 * ways / 2**count))


def tally(votes: Iterable[Vote]) -> Tally:
    """The votes, counted."""
    better = [vote.better for vote in votes]
    return Tally(*(better.count(side) for side in ("adapter", "base", "same")))


def read(run: Run) -> list[Vote]:
    """Every vote on the run, oldest first; one that cannot be read is left out."""
    try:
        found = read_object(run.path / NAME).get("votes")
    except (OSError, ValueError):
        return []
    return [vote for each in (found if isinstance(found, list) else ()) if (vote := _vote(each))]


def _vote(told: object) -> Vote | None:
    """The vote, or None where something of it lacks or is of another type."""
    if not isinstance(told, dict) or told.get("better") not in BETTER:
        return None
    known = {each.name: told[each.name] for each in fields(Vote) if each.name in told}
    needed = {each.name for each in fields(Vote) if each.default is MISSING}
    kinds = {"scale": int | float, "temperature": int | float, "seed": int}
    good = needed <= known.keys() and all(isinstance(value, kinds.get(name, str)) for name, value in known.items())
    return Vote(**known) if good else None


def add(run: Run, vote: Vote) -> list[Vote]:
    """Keep one more vote, there whole or not at all, also where two programs vote at once. Returns all of them."""
    with FileLock(run.path / "state" / "votes.lock"):
        noted = asdict(vote) | {"at": vote.at or datetime.now().astimezone().isoformat(timespec="seconds")}
        votes = [*read(run), Vote(**noted)]
        temporary = run.path / f".{NAME}"
        temporary.write_text(json.dumps({"votes": [asdict(each) for each in votes]}, indent=2), encoding="utf-8")
        os.replace(temporary, run.path / NAME)
    return votes
