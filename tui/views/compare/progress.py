"""How far runs in line and the measuring after them are, as one share and one sentence. Pure."""

from collections.abc import Callable
from dataclasses import dataclass

from lab.reports.comparison import Comparison
from tui.formatting.sanitize import inert
from tui.views.compare.table import name_of

Say = Callable[..., str]
ASKED = 0.6
"""What asking one run its questions counts for, beside its training as 1."""


@dataclass(frozen=True)
class Asking:
    """Which run is asked, and how many of its questions it has answered; 0 of 0 while it loads."""

    run: str
    done: int = 0
    total: int = 0

    @property
    def share(self) -> float:
        return self.done / self.total if self.total else 0.0


def share(comparison: Comparison, asking: Asking | None, to_ask: bool) -> float:
    """From 0 to 1, over training and, where `to_ask`, over the questions of every run too."""
    count = max(1, len(comparison.contenders))
    trained = sum(1.0 if each.ended else each.digest.progress.done for each in comparison.contenders)
    if not to_ask:
        return trained / count
    asked = sum(each.score is not None for each in comparison.contenders) + (asking.share if asking else 0.0)
    return (trained + ASKED * min(asked, count)) / ((1 + ASKED) * count)


def sentence(comparison: Comparison, asking: Asking | None, say: Say) -> str:
    """What is going on now, or nothing."""
    ids = [each.run.id for each in comparison.contenders]
    if asking is not None:
        name = name_of(comparison, ids.index(asking.run)) if asking.run in ids else inert(asking.run)
        if not asking.total:
            return say("compare.asking.start", name=name)
        return say("compare.asking", name=name, done=asking.done, total=asking.total)
    going = [at for at, each in enumerate(comparison.contenders) if not each.ended]
    if not going:
        return ""
    at = next((at for at in going if comparison.contenders[at].state in ("running", "stopping")), going[0])
    each, progress = comparison.contenders[at], comparison.contenders[at].digest.progress
    place = {"n": at + 1, "all": len(ids), "name": name_of(comparison, at)}
    if progress.iteration:
        return say("compare.training", **place, at=progress.iteration, of=progress.iterations or each.spec.iters)
    known = ("waiting", "quantizing", "loading", "training", "evaluating")
    stage = progress.stage if progress.stage in known else "loading"
    return say("compare.starting", **place, stage=say(f"compare.stage.{stage}"))
