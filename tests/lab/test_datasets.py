"""Data: the bundled sets, their generator, their scorer, and the first fault of a folder by file and line."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.bundled.generate.__main__ import SETS, rows
from lab.datasets.find import bundled, find_data, read_rows
from lab.errors import LabError
from lab.score import items, same


def test_the_bundled_sets_cover_mlx_lms_three_formats() -> None:
    found = {d.name: (d.format, tuple(d.rows.values())) for d in bundled()}
    assert found == {
        "journal": ("text", (800, 100, 100)),
        "record": ("messages", (800, 100, 100)),
        "sql": ("prompt/completion", (1200, 120, 200)),
    }


@pytest.mark.parametrize("name", sorted(SETS))
def test_the_generator_writes_the_files_that_are_shipped_and_shares_no_row(name: str) -> None:
    made, folder = rows(name), find_data(name).path
    for split, lines in made.items():
        assert (folder / f"{split}.jsonl").read_text(encoding="utf-8").splitlines() == lines
    assert len({line for lines in made.values() for line in lines}) == sum(map(len, made.values()))


def test_record_has_rows_of_several_turns_and_each_is_scored() -> None:
    turns = [len(row["messages"]) for row in read_rows(find_data("record").path / "test.jsonl")]
    assert {2, 4} == set(turns)
    row = next(r for r in read_rows(find_data("record").path / "test.jsonl") if len(r["messages"]) == 4)
    first, second = items(row)
    assert len(first.messages) == 1 and len(second.messages) == 3
    assert json.loads(first.expected).keys() == {"name", "age", "job", "city"}


def test_exact_match_is_exact_up_to_white_space_and_json_layout() -> None:
    assert same(" SELECT a  FROM b ", "SELECT a FROM b") and not same("SELECT A FROM b", "SELECT a FROM b")
    assert same('{"b":2,"a":1}', '{"a": 1, "b": 2}') and not same('{"a": 1}', '{"a": 2}')
    assert not same("not json", '{"a": 1}') and not same("", "x")


@pytest.mark.parametrize(
    ("lines", "where", "what"),
    [
        (b'{"text": "a"}\n{"text": \n', ":2", "not valid JSON"),
        (b'{"text": "a"}\n[1]\n', ":2", "not a JSON object"),
        (b'{"text": "a"}\n\xff\xfe\n', ":2", "not valid UTF-8"),
        (b'{"texts": "a"}\n', ":1", "unknown keys texts"),
        (b'{"text": "a"}\n{"prompt": "a", "completion": "b"}\n', ":2", "keys are completion, prompt"),
        (b'{"text": "  "}\n', ":1", "text is empty"),
        (b'{"prompt": 1, "completion": "b"}\n', ":1", "prompt is not text"),
        (b'{"messages": [{"role": "user", "content": "a"}]}\n', ":1", "no assistant turn"),
        (
            b'{"messages": [{"role": "x", "content": "a"}, {"role": "assistant", "content": "b"}]}\n',
            ":1",
            "unknown role",
        ),
        (b"", "train.jsonl", "has no rows"),
    ],
)
def test_the_first_fault_is_named_by_file_and_line(lines: bytes, where: str, what: str, tmp_path: Path) -> None:
    (tmp_path / "train.jsonl").write_bytes(lines)
    with pytest.raises(LabError) as caught:
        find_data(str(tmp_path))
    assert where in caught.value.where and what in caught.value.what, str(caught.value)
    assert caught.value.remedy and "\n" not in str(caught.value)


def test_a_missing_folder_and_a_folder_without_training_rows_say_what_to_give(tmp_path: Path) -> None:
    with pytest.raises(LabError, match=r"give one of journal, record, sql, or a folder"):
        find_data(str(tmp_path / "none"))
    with pytest.raises(LabError, match=r"holds no train\.jsonl"):
        find_data(str(tmp_path))


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    folder = tmp_path_factory.mktemp("data")
    (folder / "train.jsonl").write_bytes(data)
    with pytest.raises(LabError):
        find_data(str(folder))
