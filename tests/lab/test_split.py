"""Rows that came in one piece, divided: nothing lost, nothing in two splits, nothing written over."""

import json
import os
import sys
from collections.abc import Callable
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.datasets.find import find_data
from lab.datasets.split import Division, divide, target_of
from lab.errors import LabError
from tui.cli.main import main


def rows(count: int, groups: int = 0) -> list[dict[str, Any]]:
    return [{"prompt": f"question {n}", "completion": "a", **({"by": n % groups} if groups else {})}
            for n in range(count)]  # fmt: skip


def write(path: Path, rows: list[dict[str, Any]]) -> Path:
    path.parent.mkdir(exist_ok=True)
    path.write_text("\n".join(map(json.dumps, rows)))
    return path


def read(folder: Path) -> dict[str, list[dict[str, Any]]]:
    return {path.stem: [json.loads(line) for line in path.read_text().splitlines()] for path in folder.glob("*.jsonl")}


def test_sixty_rows_in_one_file_become_a_data_set(tmp_path: Path) -> None:
    place = write(tmp_path / "mine.jsonl", rows(60))
    assert divide(place, target_of(place), Division()) == {"train": 48, "valid": 6, "test": 6}
    data = find_data(str(tmp_path / "mine-split"))
    assert data.rows == {"train": 48, "valid": 6, "test": 6}
    found = read(data.path)
    assert sorted(chain(*found.values()), key=str) == sorted(rows(60), key=str)
    for each in found.values():
        assert each == sorted(each, key=rows(60).index), "in their order"
    again = divide(place, tmp_path / "again", Division())
    assert again and read(tmp_path / "again") == found
    divide(place, tmp_path / "other", Division(seed=1))
    assert read(tmp_path / "other") != found
    assert [p.name for p in tmp_path.iterdir() if p.name.startswith(".")] == []


@given(st.lists(st.integers(0, 12), min_size=1, max_size=60), st.integers(0, 3), st.booleans())
def test_no_group_is_in_two_splits_and_no_row_is_lost(
    tmp_path_factory: pytest.TempPathFactory, kinds: list[int], seed: int, by: bool
) -> None:
    folder = tmp_path_factory.mktemp("split")
    given = [{"text": f"row {kind} {n if by else 0}", "kind": kind} for n, kind in enumerate(kinds)]
    place, how = write(folder / "rows.jsonl", given), Division(0.2, 0.1, seed, "kind" if by else "")
    if len(set(kinds)) < 3:
        with pytest.raises(LabError, match="cannot be divided into 3 splits"):
            divide(place, folder / "new", how)
        assert not (folder / "new").exists()
        return
    divide(place, folder / "new", how)
    found = read(folder / "new")
    seen = [{row["kind"] for row in split} for split in found.values()]
    assert len(found) == 3 and sum(map(len, seen)) == len(set.union(*seen)) == len(set(kinds))
    assert sorted(chain(*found.values()), key=str) == sorted(given, key=str)


def test_a_test_split_that_is_there_stays_as_it_is(tmp_path: Path) -> None:
    write(tmp_path / "data/train.jsonl", rows(20))
    test = write(tmp_path / "data/test.jsonl", [{"prompt": "t", "completion": "u"}])
    assert divide(tmp_path / "data", tmp_path / "new", Division()) == {"train": 18, "valid": 2, "test": 1}
    assert (tmp_path / "new/test.jsonl").read_text() == test.read_text()
    assert target_of(tmp_path / "data") == tmp_path / "data-split"


def there(folder: Path) -> None:
    (folder / "new").mkdir()


def bad_row(folder: Path) -> None:
    write(folder / "rows.jsonl", [*rows(5), {"prompt": "a", "completion": ""}])


def table(folder: Path) -> None:
    (folder / "rows.jsonl").write_text("prompt,completion\na,b\n")


def divided(folder: Path) -> None:
    (folder / "rows.jsonl").unlink()
    write(folder / "train.jsonl", rows(5))
    write(folder / "valid.jsonl", rows(5))


@pytest.mark.parametrize(
    ("before", "how", "what"),
    [
        (there, Division(), "new: is there already, and nothing is written over"),
        (bad_row, Division(), r"rows\.jsonl:6: completion is empty"),
        (table, Division(), "is CSV|is a table"),
        (divided, Division(), "has a validation split already"),
        (None, Division(by="nothing"), r":1: has no column 'nothing' \(keys are completion, prompt\)"),
        (None, Division(valid=1.5), "--valid: must be from 0 to below 1"),
        (None, Division(valid=0.6, test=0.5), "leave nothing to divide"),
        (None, Division(valid=0, test=0), "leave nothing to divide"),
        (None, Division(seed=-1), "--seed"),
    ],
)
def test_what_cannot_be_divided_is_refused_and_nothing_is_written(
    before: Callable[[Path], None] | None, how: Division, what: str, tmp_path: Path
) -> None:
    write(tmp_path / "rows.jsonl", rows(20))
    if before:
        before(tmp_path)
    names = sorted(p.name for p in tmp_path.iterdir())
    with pytest.raises(LabError, match=what):
        divide(tmp_path if before is divided else tmp_path / "rows.jsonl", tmp_path / "new", how)
    assert sorted(p.name for p in tmp_path.iterdir()) == names


@pytest.mark.parametrize("words", [["plan", "--data"], ["train", "--data"], ["data", "check"], ["data", "split"]])
def test_what_is_no_file_of_rows_is_refused_in_a_line(
    words: list[str], tmp_path: Path, capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    os.mkfifo(tmp_path / "fifo")
    monkeypatch.setenv("LOWRANK_HOME", str(tmp_path / "home"))
    for place, what in ((tmp_path / "fifo", "is a pipe, not a file"), (Path("/dev/zero"), "is a device, not a file")):
        monkeypatch.setattr(sys, "argv", ["lowrank", *words, str(place)])
        assert main() in (1, 2)
        assert f"{place}: {what}" in capsys.readouterr().err
