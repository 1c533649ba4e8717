"""How long rows are in tokens: exact percentiles and a histogram from counts by length, one entry a distinct length."""

from collections import Counter
from typing import Any

BINS = 32


class Lengths:
    """Token counts of a split's rows before they are cut, and what cutting and masking leave."""

    def __init__(self) -> None:
        self.counts: Counter[int] = Counter()
        self.truncated = 0
        self.kept = 0
        self.supervised = 0

    def add(self, tokens: int, kept: int, supervised: int) -> None:
        """A row of so many tokens, of which `kept` are left by --max-seq-length and `supervised` are learned."""
        self.counts[tokens] += 1
        self.truncated += kept < tokens
        self.kept += kept
        self.supervised += supervised

    def as_json(self) -> dict[str, Any]:
        """The keys of one entry of `splits` that tokens decide; counts are null where nothing was counted."""
        rows = self.counts.total()
        total = sum(length * count for length, count in self.counts.items())
        at = self._at
        tokens: dict[str, Any] = dict.fromkeys(("min", "p5", "median", "mean", "p95", "p99", "max"))
        if rows:
            middle = (at((rows - 1) // 2) + at(rows // 2)) / 2
            tokens = {
                "min": min(self.counts),
                "p5": at(-(-rows * 5 // 100) - 1),
                "median": int(middle) if middle == int(middle) else middle,
                "mean": round(total / rows, 2),
                "p95": at(-(-rows * 95 // 100) - 1),
                "p99": at(-(-rows * 99 // 100) - 1),
                "max": max(self.counts),
            }
        return {
            "tokens": {**tokens, "total": total},
            "truncated": self.truncated,
            "lost_tokens": total - self.kept,
            "supervised_tokens": self.supervised,
            "supervised_share": self.supervised / self.kept if self.kept else None,
            "histogram": self.histogram(),
        }

    def histogram(self) -> list[dict[str, int]]:
        """At most 32 bins of equal width over all lengths: {from, to (included), rows}."""
        if not self.counts:
            return []
        low, high = min(self.counts), max(self.counts)
        width = -(-(high - low + 1) // BINS)
        bins = [0] * (-(-(high - low + 1) // width))
        for length, count in self.counts.items():
            bins[(length - low) // width] += count
        return [{"from": low + i * width, "to": low + (i + 1) * width - 1, "rows": rows} for i, rows in enumerate(bins)]

    def _at(self, rank: int) -> int:
        for length in sorted(self.counts):
            rank -= self.counts[length]
            if rank < 0:
                return length
        raise IndexError(rank)
