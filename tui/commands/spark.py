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
