"""A histogram in one line of block characters."""

from collections.abc import Sequence
from typing import Any

BLOCKS = "▁▂▃▄▅▆▇█"


def spark(bins: Sequence[dict[str, Any]], width: int) -> str:
    """At most `width` cells, one for each bin {from, to, rows} (neighbours joined if there are more).

    An empty bin is a blank, and the fewest rows still show.
    """
    joined = max(1, -(-len(bins) // width))
    counts = [sum(each["rows"] for each in bins[i : i + joined]) for i in range(0, len(bins), joined)]
    top = max(counts, default=0)
    return "".join(BLOCKS[-(-count * len(BLOCKS) // top) - 1] if count else " " for count in counts)


def line(values: Sequence[float], width: int) -> str:
    """A curve in at most `width` cells, its lowest value at the bottom; neighbours are averaged if there are more."""
    joined = max(1, -(-len(values) // width))
    parts = [values[i : i + joined] for i in range(0, len(values), joined)]
    means = [sum(part) / len(part) for part in parts]
    low, high = min(means, default=0.0), max(means, default=0.0)
    steps = len(BLOCKS) - 1
    return "".join(BLOCKS[round((mean - low) / (high - low) * steps) if high > low else 0] for mean in means)
