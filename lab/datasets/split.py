"""Divides rows without a validation split into train, valid and test, in a new folder."""

import hashlib
import json
import os
import random
import shutil
import tempfile
from array import array
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from lab.datasets import formats
from lab.datasets.find import BadRow, faults, format_of, key_names, parse
from lab.errors import LabError
from lab.hub import SOURCE
from lab.paths import absolute

SHARE: Final = 0.1
"""Of the rows for validation, and for testing, where nobody says otherwise."""


@dataclass(frozen=True)
class Division:
    """How to divide: shares of all rows, the seed that draws, and the column whose equal values stay together.

    Rows that are the same stay together in any case, so that none is validated on that was trained on.
    """

    valid: float = SHARE
    test: float = SHARE
    seed: int = 0
    by: str = ""

    def check(self) -> None:
        """Raise LabError if there is no such division."""
        for flag, share in (("--valid", self.valid), ("--test", self.test)):
            if not 0 <= share < 1:
                raise LabError(f"must be from 0 to below 1 (got {share:g})", where=flag, usage=True,
                               remedy="give a share of the rows, such as 0.1")  # fmt: skip
        if not 0 < self.valid + self.test < 1:
            raise LabError(f"{self.valid:g} for validation and {self.test:g} for testing leave nothing to divide",
                           where="--valid", remedy="give shares above 0 and together below 1", usage=True)  # fmt: skip
        if self.seed < 0:
            raise LabError(f"must be 0 or more (got {self.seed})", where="--seed", usage=True)


def source_of(place: Path) -> Path:
    """The one file whose rows are to be divided. Raises LabError if there is none, or they are divided already."""
    if place.is_dir():
        if (place / "valid.jsonl").exists() and (place / "valid.jsonl").stat().st_size:
            raise LabError("has a validation split already", where=str(place), remedy="train on it as it is")
        if (place / "train.jsonl").is_file():
            return place / "train.jsonl"
        others = formats.row_files(place)
        if len(others) != 1 or formats.problem(others[0]):
            raise formats.instead(place)
        return others[0]
    if not place.exists():
        raise LabError(f"no file or folder {str(place)!r}", where="PATH", remedy="check the path", usage=True)
    if found := formats.problem(place):
        raise found
    return place


def target_of(place: Path) -> Path:
    """Where the divided rows go if nobody says: beside what they are from."""
    name = place.name if place.is_dir() else place.name.partition(".")[0]
    return place.with_name(f"{name}-split")


def divide(place: Path, target: Path, how: Division) -> dict[str, int]:
    """Divide the rows at `place` into a new folder, there whole or not at all; the rows of each split.

    A test split beside the rows is taken over as it is. Raises LabError if a row cannot be learned from, the column is
    missing, or there is too little to divide.
    """
    how.check()
    file, target = source_of(absolute(place)), absolute(target)
    test = file.with_name("test.jsonl")
    kept = test if file.name == "train.jsonl" and test.is_file() else None
    if kept:
        how = Division(how.valid, 0.0, how.seed, how.by)
        how.check()
    _must_be_new(target)
    groups = array("Q", (_group(row, how.by, file, number) for number, _, row in _rows(file)))
    place_of = _drawn(Counter(groups), how, len(groups), file)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        work = Path(tempfile.mkdtemp(prefix=".split-", dir=target.parent))
    except OSError as error:
        remedy = "name another folder with -o"
        raise LabError(f"cannot be made ({error.strerror})", where=str(target), remedy=remedy) from None
    made = work / "rows"
    try:
        made.mkdir()
        rows = _write(file, groups, place_of, made)
        if kept:
            shutil.copyfile(kept, made / "test.jsonl")
            with kept.open("rb") as lines:
                rows["test"] = sum(1 for _ in lines)
        told = {"from": str(file), **asdict(how), "rows": rows}
        (made / SOURCE).write_text(json.dumps(told, indent=2) + "\n", encoding="utf-8")
        _must_be_new(target)
        os.rename(made, target)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return rows


def _must_be_new(target: Path) -> None:
    if os.path.lexists(target):
        raise LabError("is there already, and nothing is written over", where=str(target),
                       remedy="name another folder with -o, or train on that one")  # fmt: skip


def _rows(file: Path) -> Iterator[tuple[int, bytes, dict[str, Any]]]:
    """Number, bytes and content of each row. Raises LabError at the first that cannot be learned from."""
    form = ""
    with file.open("rb") as lines:
        for number, line in enumerate(lines, 1):
            try:
                row = parse(line)
                form = form or format_of(row) or ""
                if not form:
                    raise BadRow(
                        "keys", f"unknown keys {key_names(row)}", "use prompt and completion, messages, or text"
                    )
                for bad in faults(row, form):
                    raise bad
            except BadRow as bad:
                raise LabError(bad.what, where=f"{file}:{number}", remedy=bad.remedy) from None
            yield number, line, row


def _group(row: dict[str, Any], by: str, file: Path, number: int) -> int:
    if by and by not in row:
        raise LabError(f"has no column {by!r} (keys are {key_names(row)})", where=f"{file}:{number}",
                       remedy="give a column that every row has, or none", usage=True)  # fmt: skip
    text = json.dumps(row[by] if by else row, sort_keys=True, ensure_ascii=False)
    return int.from_bytes(hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=8).digest())


def _drawn(groups: Counter[int], how: Division, rows: int, file: Path) -> dict[int, str]:
    """The split of every group that is not for training: drawn by the seed, as many rows as the share comes nearest to,
    and at least one group where a share is asked for."""
    wanted = {name: share for name, share in (("valid", how.valid), ("test", how.test)) if share}
    what = f"values of {how.by!r}" if how.by else "different rows"
    if len(groups) < len(wanted) + 1:
        raise LabError(f"{len(groups)} {what} cannot be divided into {len(wanted) + 1} splits", where=str(file),
                       remedy="add rows" if not how.by else "divide by another column, or by none")  # fmt: skip
    order = list(groups)
    random.Random(how.seed).shuffle(order)
    found: dict[int, str] = {}
    left = len(wanted)
    for name, share in wanted.items():
        goal, taken = share * rows, 0
        left -= 1
        while len(order) > left + 1:
            size = groups[order[-1]]
            if taken and taken + size / 2 > goal:
                break
            found[order.pop()] = name
            taken += size
    return found


def _write(file: Path, groups: "array[int]", place_of: dict[int, str], work: Path) -> dict[str, int]:
    names = ("train", *dict.fromkeys(place_of.values()))
    rows = dict.fromkeys(names, 0)
    out = {name: (work / f"{name}.jsonl").open("wb") for name in names}
    try:
        with file.open("rb") as lines:
            for group, line in zip(groups, lines, strict=True):
                name = place_of.get(group, "train")
                out[name].write(line if line.endswith(b"\n") else line + b"\n")
                rows[name] += 1
    finally:
        for each in out.values():
            each.close()
    return rows
