"""Write the three bundled data sets: `python -m lab.bundled.generate` (same seed, same bytes)."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from random import Random
from typing import Any

from lab.bundled.generate import journal, record, sql

SEED = 20261123
DATA = Path(__file__).parent.parent / "data"
SETS: Mapping[str, tuple[Callable[[Random], Mapping[str, Any]], tuple[int, int, int]]] = {
    "sql": (sql.row, (1200, 120, 200)),
    "record": (record.row, (800, 100, 100)),
    "journal": (journal.row, (800, 100, 100)),
}


def rows(name: str) -> dict[str, list[str]]:
    """All rows of one data set by split, as JSON lines, no row twice anywhere."""
    make, sizes = SETS[name]
    rng = Random(f"{SEED}-{name}")
    unique: dict[str, None] = {}
    while len(unique) < sum(sizes):
        unique[json.dumps(make(rng), ensure_ascii=False)] = None
    lines = iter(unique)
    return {split: [next(lines) for _ in range(n)] for split, n in zip(("train", "valid", "test"), sizes, strict=True)}


def write(root: Path = DATA) -> None:
    """Write every split of every data set below `root`."""
    for name in SETS:
        (root / name).mkdir(parents=True, exist_ok=True)
        for split, lines in rows(name).items():
            (root / name / f"{split}.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    write()
