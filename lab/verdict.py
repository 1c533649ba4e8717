"""When a run has gone wrong: its loss is no number any more, or has left the ground it started from."""

import math
from dataclasses import dataclass, field

SMOOTHING = 0.9
START = 10  # iterations whose mean loss is where a run starts from
RISE, MARGIN = 1.5, 0.5  # times and nats above the start that count as away
PATIENCE = 20  # iterations away in a row that count as diverged


@dataclass
class Watch:
    """Looks at the loss of every iteration; its fields are all it knows, so that a checkpoint can keep them."""

    seen: int = 0
    start: float = 0.0
    smoothed: float = 0.0
    away: int = field(default=0)

    def add(self, loss: float) -> str:
        """The verdict after one more loss in nats: "", "nan", or "diverged".

        Diverged is a rule of thumb: the smoothed loss has been above 1.5 times the mean of the first ten, and half
        a nat more, for twenty iterations.
        """
        if not math.isfinite(loss):
            return "nan"
        self.seen += 1
        if self.seen <= START:
            self.start += (loss - self.start) / self.seen
            self.smoothed = self.start
            return ""
        self.smoothed += (1 - SMOOTHING) * (loss - self.smoothed)
        self.away = self.away + 1 if self.worried else 0
        return "diverged" if self.away >= PATIENCE else ""

    @property
    def worried(self) -> bool:
        """Whether the loss is away now; nothing learned then is worth keeping as a checkpoint."""
        return self.smoothed > RISE * self.start + MARGIN
