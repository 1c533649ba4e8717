"""Checking a whole data set in one pass over its files."""

import heapq
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lab.datasets.check.duplicates import Seen
from lab.datasets.check.jsonl import read
from lab.datasets.check.lengths import Lengths
from lab.datasets.check.problems import Problems
from lab.datasets.check.row_content import digest, remarks
from lab.datasets.find import BUNDLED, SPLITS, data_folder, faults, format_of, is_bundled, key_names
from lab.datasets.formats import instead, row_files, sniff

BATCH_ROWS = 512
BATCH_BYTES = 1 << 20
EVERY = 0.25  # seconds between reports of progress


@dataclass(frozen=True)
class Measured:
    """A row in tokens: all of it, what --max-seq-length leaves, how many of those are supervised; kinds with reasons.

    `refused` says why the row has no tokens at all.
    """

    tokens: int = 0
    kept: int = 0
    supervised: int = 0
    refused: str = ""
    remarks: tuple[tuple[str, str], ...] = ()


Measure = Callable[[Sequence[dict[str, Any]], str], Sequence[Measured]]
"""Measures sound rows of a format."""
Progress = Callable[[str, int, int, int], None]
"""Called with the split, its rows so far, and bytes done and in all of all files."""


@dataclass
class Split:
    """What is found in one file."""

    path: Path
    rows: int = 0
    sound: int = 0
    format: str | None = None
    tools: int = 0
    lengths: Lengths = field(default_factory=Lengths)

    def as_json(self) -> dict[str, Any]:
        return {
            "file": self.path.name,
            "rows": self.rows,
            "sound": self.sound,
            "format": self.format,
            "tools": self.tools,
            **self.lengths.as_json(),
        }


def find_files(name: str) -> dict[str, Path]:
    """The files of a bundled data set, a folder or a single file by split; what is no JSONL is said when it is read.

    Raises LabError if there are none.
    """
    place = Path(name).expanduser()
    if not is_bundled(name) and place.exists() and not (place / "train.jsonl").exists():
        if place.is_file():
            return {place.stem if place.stem in SPLITS else "train": place}
        others = row_files(place) if place.is_dir() else []
        if not others or not sniff(others[0]):
            raise instead(place)
        return {"train": others[0]}
    folder = BUNDLED / name if is_bundled(name) else place
    if not folder.is_dir():
        data_folder(name)  # says what is wrong with the name
    return {split: path for split in SPLITS if (path := folder / f"{split}.jsonl").exists()}


class Check:
    """One pass over the files; after `run`, `splits` and `problems` hold what was found."""

    def __init__(
        self,
        files: dict[str, Path],
        keep: int = 1000,
        measure: Measure | None = None,
        progress: Progress = lambda *_: None,
    ) -> None:
        self.problems = Problems(keep)
        self.splits = {split: Split(path) for split, path in files.items()}
        self._measure, self._progress = measure, progress
        self._form: str | None = None
        self._done, self._total = 0, sum(path.stat().st_size for path in files.values())
        self._spoke = time.monotonic()

    def run(self) -> "Check":
        """Read every file. Raises OSError if one cannot be read, and what `measure` raises."""
        with ExitStack() as stack:
            seen = Seen(stack)
            for number, name in enumerate(self.splits):
                self._split(name, number, seen)
            self._repeats(seen)
        return self

    def as_json(self) -> dict[str, Any]:
        """The report: the keys that outside scripts rely on are splits and problems."""
        files = [split.path.name for split in self.splits.values()]
        kept = self.problems.kept(files)
        return {
            "splits": {name: self.splits.get(name, Split(Path(f"{name}.jsonl"))).as_json() for name in SPLITS},
            "problems": [problem.as_json() for problem in kept],
            "counts": dict(self.problems.counts),
            "errors": self.problems.errors,
            "warnings": self.problems.warnings,
            "problems_left_out": self.problems.errors + self.problems.warnings - len(kept),
        }

    def _split(self, name: str, number: int, seen: Seen) -> None:
        split = self.splits[name]

        def tell(line: int, kind: str, reason: str) -> None:
            self.problems.add(split.path.name, line, kind, reason)

        waiting: list[tuple[int, dict[str, Any]]] = []
        held = 0
        for line, size, row in read(split.path, tell):
            self._done += size
            split.rows += 1
            self._speak(name, split.rows)
            if row is None or not self._sound(split, line, row, tell):
                continue
            assert self._form is not None
            split.sound += 1
            split.tools += bool(self._form != "text" and row.get("tools"))
            for remark in remarks(row, self._form):
                tell(line, remark.kind, remark.what)
            mark = digest(row, self._form)
            if mark:
                seen.add(mark, number, line)
            if self._measure:
                waiting.append((line, row))
                held += size
                if len(waiting) >= BATCH_ROWS or held >= BATCH_BYTES:
                    self._take(split, waiting, tell)
                    waiting, held = [], 0
        self._take(split, waiting, tell)
        if not split.rows:
            tell(0, "no-rows" if name == "train" else "empty-file", "the file has no rows")

    def _sound(self, split: Split, line: int, row: dict[str, Any], tell: Callable[[int, str, str], None]) -> bool:
        found = format_of(row)
        split.format = split.format or found
        self._form = self._form or found
        if self._form is None:
            tell(line, "keys", f"unknown keys {key_names(row)}")
            return False
        wrong = list(faults(row, self._form))
        for bad in wrong:
            tell(line, bad.kind, bad.what)
        return not wrong

    def _take(self, split: Split, waiting: list[tuple[int, dict[str, Any]]], tell: Callable[..., None]) -> None:
        if not waiting or not self._measure or not self._form:
            return
        measured = self._measure([row for _, row in waiting], self._form)
        for (line, _), one in zip(waiting, measured, strict=True):
            for kind, reason in one.remarks:
                tell(line, kind, reason)
            if one.refused:
                tell(line, "template", one.refused)
                continue
            split.lengths.add(one.tokens, one.kept, one.supervised)
            if one.kept < one.tokens:
                lost = one.tokens - one.kept
                tell(line, "truncated", f"{lost:,} of {one.tokens:,} tokens are cut ({lost / one.tokens:.0%})")
            if not one.supervised:
                cut = "the prompt fills the window" if one.kept < one.tokens else "no token is learned from it"
                tell(line, "unsupervised", f"{cut}: nothing is left to learn in {one.kept:,} tokens")

    def _repeats(self, seen: Seen) -> None:
        paths = [split.path.name for split in self.splits.values()]
        kept: dict[str, list[tuple[int, int, int, int]]] = {"duplicate": [], "shared": []}
        left_out = dict.fromkeys(kept, 0)
        for split, line, first_split, first_line in seen.repeats():
            kind = "duplicate" if split == first_split else "shared"
            heapq.heappush(kept[kind], (-split, -line, first_split, first_line))
            if self.problems.keep and len(kept[kind]) > self.problems.keep:
                heapq.heappop(kept[kind])
                left_out[kind] += 1
        for kind, places in kept.items():
            for back_split, back_line, first_split, first_line in sorted(places, reverse=True):
                where = f"line {first_line}" if kind == "duplicate" else f"{paths[first_split]}, line {first_line}"
                self.problems.add(paths[-back_split], -back_line, kind, f"the same row as {where}")
            if left_out[kind]:
                self.problems.counts[kind] += left_out[kind]

    def _speak(self, name: str, rows: int) -> None:
        now = time.monotonic()
        if now - self._spoke >= EVERY:
            self._spoke = now
            self._progress(name, rows, self._done, self._total)
