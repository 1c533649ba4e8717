"""When a run has gone wrong: its loss is no number any more, or what it had learned is gone."""

import math
from dataclasses import dataclass

SMOOTHING = 0.9
SPIKE = 2  # times the ground (and a nat more) beyond which a loss counts no more
RISE, MARGIN = 1.15, 0.25  # times and nats above the ground that count as away
GAIN, LOST = 0.5, 0.75  # nats once learned, and the share of them lost again, that count as away
PATIENCE = 15  # iterations away in a row that count as diverged


@dataclass
class Watch:
    """Looks at the loss of every iteration; its fields are all it knows, so that a checkpoint can keep them.

    `ground` is the loss before anything was learned: the greater of the first iteration's and the first validation's.
    """

    ground: float = 0.0
    smoothed: float | None = None
    lowest: float | None = None
    """Of the smoothed loss."""
    away: int = 0

    def validated(self, loss: float) -> None:
        """The validation loss before the first iteration, in nats."""
        self.ground = max(self.ground, loss)

    def add(self, loss: float) -> str:
        """The verdict after one more iteration's loss in nats: "", "nan", or "diverged".

        Diverged is a rule of thumb: for fifteen iterations the smoothed loss has been above 1.15 times the ground and
        a quarter of a nat more, or three quarters of at least half a nat once learned have been lost.
        """
        if not math.isfinite(loss):
            return "nan"
        if self.smoothed is None:
            self.ground, self.smoothed = max(self.ground, loss), loss
            self.lowest = loss
        loss = min(loss, SPIKE * self.ground + 1)  # so that a single bad batch does not count for many
        self.smoothed += (1 - SMOOTHING) * (loss - self.smoothed)
        self.lowest = min(self.smoothed, self.lowest or self.smoothed)
        self.away = self.away + 1 if self.worried else 0
        return "diverged" if self.away >= PATIENCE else ""

    @property
    def worried(self) -> bool:
        """Whether the loss is away now; what is learned then is not worth keeping as a checkpoint."""
        if self.smoothed is None or self.lowest is None:
            return False
        gained = self.ground - self.lowest
        forgotten = gained >= GAIN and self.smoothed > self.ground - (1 - LOST) * gained
        return forgotten or self.smoothed > RISE * self.ground + MARGIN
