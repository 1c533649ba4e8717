"""When a run has gone wrong: its loss is no number any more, or what it had learned is gone."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

SMOOTHING = 0.9
SPIKE = 2  # times the ground (and a nat more) beyond which a loss counts no more
RISE, MARGIN = 1.15, 0.25  # times and nats above the ground that count as away
GAIN, LOST = 0.5, 0.75  # nats once learned, and the share of them lost again, that count as away
WORSE = 1.02  # times the untrained validation loss that count as worse at the end; the rows are the same
WORRY, PATIENCE = 5, 15  # iterations away in a row after which no checkpoint is kept, and the run is in question


def gone(loss: float, ground: float, lowest: float) -> bool:
    """Whether a loss has left: above 1.15 times the ground (the untrained loss) and a quarter of a nat more, or with
    three quarters lost of at least half a nat that the lowest loss was below the ground. A rule of thumb, in nats."""
    gained = ground - lowest
    return loss > RISE * ground + MARGIN or (gained >= GAIN and loss > ground - (1 - LOST) * gained)


@dataclass
class Watch:
    """Looks at the loss of every iteration; its fields are all it knows, so that a checkpoint can keep them."""

    ground: float = 0.0
    """The loss before anything was learned: the greater of the first iteration's and the first validation's."""
    smoothed: float | None = None
    lowest: float = math.inf
    """Of the smoothed loss."""
    away: int = 0
    """Iterations in a row for which the smoothed loss has been gone."""
    untrained: float | None = None
    """The first validation loss."""
    best: float = math.inf
    """The lowest validation loss."""

    def validated(self, loss: float) -> None:
        """A validation loss in nats; the first must come before the first iteration."""
        if self.untrained is None:
            self.untrained, self.ground = loss, max(self.ground, loss)
        self.best = min(self.best, loss)

    def add(self, loss: float, validate: Callable[[], float] | None) -> Literal["", "nan", "diverged"]:
        """The verdict after one more iteration's loss in nats: "", "nan", or "diverged".

        Batches differ, so where there is a validation set it decides: `validate` is called when the smoothed loss has
        been gone for fifteen iterations. Where there is none, three times as many must pass.
        """
        if not math.isfinite(loss):
            return "nan"
        if self.smoothed is None:
            self.ground, self.smoothed = max(self.ground, loss), loss
        loss = min(loss, SPIKE * self.ground + 1)  # so that a single bad batch does not count for many
        self.smoothed += (1 - SMOOTHING) * (loss - self.smoothed)
        self.lowest = min(self.smoothed, self.lowest)
        self.away = self.away + 1 if gone(self.smoothed, self.ground, self.lowest) else 0
        if self.away < PATIENCE:
            return ""
        if validate is None or self.untrained is None:
            return "diverged" if self.away >= 3 * PATIENCE else ""
        if gone(validate(), self.untrained, self.best):
            return "diverged"
        self.away = 0
        return ""

    def ends_worse(self, last: float | None) -> bool:
        """Whether a training leaves a model that is worse than it was: by `last`, the newest loss on the validation
        set, or where there is none by the loss of training."""
        if last is not None and self.untrained is not None:
            return last > WORSE * self.untrained
        return self.smoothed is not None and self.smoothed > RISE * self.ground + MARGIN

    @property
    def worried(self) -> bool:
        """Whether what is learned now is not worth keeping as a checkpoint."""
        return self.away >= WORRY
