"""The loss curves of one run, as whoever draws them takes them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lab.events.progress import RunProgress
from lab.events.series import Over, Point


@dataclass(frozen=True)
class Curves:
    """Losses in order, each with iteration, tokens and seconds; and the iteration the run ends at (0: not known)."""

    iterations: int = 0
    train: Sequence[Point] = ()
    smooth: Sequence[Point] = ()
    validation: Sequence[Point] = ()
    best: Point | None = None

    @classmethod
    def of(cls, progress: RunProgress) -> Curves:
        """A bounded copy: at most a few thousand points whatever the length of the run."""
        return cls(
            max(progress.iterations, progress.iteration),
            tuple(progress.train.points()),
            tuple(progress.smooth.points()),
            tuple(progress.validation.points()),
            progress.best,
        )

    @property
    def end(self) -> Point:
        """The last point told of, as far as it can be told."""
        return max((points[-1] for points in (self.train, self.validation) if points), default=Point(0, 0))

    def limit(self, over: Over) -> float:
        """Where the axis ends, so that the curve grows into a frame that stays: what the whole run will take."""
        seen = self.end
        whole = max(1.0, self.iterations, seen.x)
        return whole if over == "iteration" else max(1.0, seen.over(over).x * whole / max(1.0, seen.x))
