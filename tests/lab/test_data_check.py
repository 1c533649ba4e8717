"""The data check: every kind of problem at its line, whatever bytes there are, in bounded memory."""

import gzip
import json
import os
import re
import shlex
import subprocess
import sys
import tracemalloc
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.datasets.check import duplicates, jsonl
from lab.datasets.check.folder import Check, Measured, find_files
from lab.datasets.check.lengths import Lengths
from lab.datasets.check.problems import ERRORS, WARNINGS
from lab.datasets.find import BUNDLED, find_data
from lab.errors import LabError

GOOD = b'{"prompt": "a", "completion": "b"}\n'
CHAT = b'{"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]}\n'
TEXT = b'{"text": "a"}\n'
CALL = [{"function": {"name": "f", "arguments": "{}"}}]


def chat(*turns: Any, **more: Any) -> bytes:
    """A row of turns, each a role, or a role with what else the turn holds."""
    made = [{"role": t, "content": "x"} if isinstance(t, str) else {"role": t[0], **t[1]} for t in turns]
    return json.dumps({"messages": made, **more}).encode() + b"\n"


def checked(folder: Path, keep: int = 0, **files: bytes) -> Check:
    for name, data in files.items():
        (folder / f"{name}.jsonl").write_bytes(data)
    return Check(find_files(str(folder)), keep).run()


def found(check: Check) -> list[tuple[str, int, str]]:
    return [(p["file"], p["line"], p["kind"]) for p in check.as_json()["problems"]]


LINE = [
    ("json", GOOD, b'{"prompt": "a", "completion": \n', "not valid JSON (Expecting value at column 31)"),
    ("json", GOOD, b'{"prompt": "a", "completion": "b"} {}\n', "Extra data at column 36"),
    ("json", TEXT, b'{"text": ' + b"[" * 100_000 + b"\n", "nested too deeply"),
    ("json", TEXT, b'{"text": ' + b"1" * 5000 + b"}\n", "not valid JSON"),
    ("blank", GOOD, b"\n", "blank"),
    ("blank", GOOD, b"  \t\n", "blank"),
    ("object", GOOD, b'["prompt", "completion"]\n', "not a JSON object"),
    ("utf8", TEXT, b'{"text": "caf\xe9"}\n', "byte 14 is 0xe9"),
    ("bom", TEXT, b"\xef\xbb\xbf" + b'{"text": "z"}\n', "byte order mark"),
    ("surrogate", TEXT, b'{"text": "\\ud83d!"}\n', "half a character"),
    ("too-long", TEXT, b'{"text": "' + b"x" * jsonl.LONGEST + b'"}\n', "1,048,589 bytes"),
    ("keys", GOOD, b'{"prompt": "a", "answer": "b"}\n', "keys are answer, prompt"),
    ("keys", GOOD, b"{}\n", "keys are none, but the rows here are prompt/completion"),
    ("keys", GOOD, b'{"text": "a"}\n', "keys are text"),
    ("type", GOOD, b'{"prompt": "a", "completion": 7}\n', "completion is not text"),
    ("type", GOOD, b'{"prompt": "a", "completion": null}\n', "completion is not text"),
    ("type", GOOD, b'{"prompt": "p", "completion": "c", "tools": "[]"}\n', "tools is not a list"),
    ("type", CHAT, b'{"messages": []}\n', "messages is not a list of"),
    ("type", CHAT, b'{"messages": "hello"}\n', "messages is not a list of"),
    ("type", CHAT, b'{"messages": [{"content": "a"}]}\n', "messages is not a list of"),
    ("type", CHAT, chat("user", ("assistant", {"content": ["b"]})), "the content of turn 2 is not text"),
    ("type", CHAT, chat("user", ("assistant", {"tool_calls": "f()"})), "tool_calls of turn 2"),
    ("type", CHAT, chat("user", ("assistant", {"tool_calls": [{"function": "f"}]})), "tool_calls of turn 2"),
    ("type", CHAT, chat("user", "assistant", tools={"name": "f"}), "tools is not a list"),
    ("empty", GOOD, b'{"prompt": "a", "completion": ""}\n', "completion is empty"),
    ("empty", GOOD, b'{"prompt": " \\n\\t", "completion": "b"}\n', "prompt is empty"),
    ("empty", TEXT, '{"text": "\u3000"}\n'.encode(), "text is empty"),
    ("role", CHAT, chat(("human", {"content": "a"}), "assistant"), "unknown role 'human'"),
    ("role", CHAT, chat(([1], {"content": "a"}), "assistant"), "unknown role of type list"),
    ("unsupervised", CHAT, chat("system", "user"), "no assistant turn"),
    ("unsupervised", CHAT, chat("user", ("assistant", {"content": " "})), "every assistant turn is empty"),
    ("unsupervised", CHAT, chat("user", ("assistant", {"content": None})), "every assistant turn is empty"),
    ("empty-turn", CHAT, chat(("user", {"content": ""}), "assistant"), "turn 1 (user) is empty"),
    ("role-order", CHAT, chat("user", "user", "assistant"), "turn 2: two user turns in a row"),
    ("role-order", CHAT, chat("user", "assistant", "assistant"), "turn 3: two assistant turns in a row"),
    ("role-order", CHAT, chat("system", "assistant"), "turn 2: an assistant turn before any user turn"),
    ("role-order", CHAT, chat("user", "assistant", "system", "user", "assistant"), "turn 3: a system turn after"),
    ("role-order", CHAT, chat("user", "tool", "assistant"), "turn 2: a tool turn that answers no tool call"),
    ("role-order", CHAT, chat("user", "assistant", "user"), "the chat ends with a user turn"),
    (
        "role-order",
        CHAT,
        chat("user", ("assistant", {"tool_calls": CALL}), "user", "assistant"),
        "turn 3: a tool call that is answered by the user",
    ),
    ("nfc", GOOD, '{"prompt": "cafe\u0301s", "completion": "b"}\n'.encode(), "prompt is not in Unicode form NFC"),
    ("nfc", TEXT, '{"text": "\u1112\u1161\u11ab"}\n'.encode(), "from character 1: U+1112 U+1161 U+11AB"),
    ("nfc", TEXT, b'{"text": "cafe\\u0301"}\n', "from character 4: U+0065 U+0301"),
    ("crlf", GOOD, b'{"prompt": "a", "completion": "c"}\r\n', "(CRLF) on 1 of 3 lines"),
    ("duplicate", GOOD, b' {"completion": "b", "prompt": "\\u0061", "id": 7}\n', "the same row as line 1"),
]


@pytest.mark.parametrize(("kind", "good", "bad", "why"), LINE, ids=[f"{n}-{k[0]}" for n, k in enumerate(LINE)])
def test_a_planted_problem_is_found_at_its_line_and_nothing_else(
    kind: str, good: bytes, bad: bytes, why: str, tmp_path: Path
) -> None:
    last = good.replace(b'"a"', b'"last"')
    check = checked(tmp_path, train=good + bad + last, valid=good.replace(b'"a"', b'"other"'))
    report = check.as_json()
    assert found(check) == [("train.jsonl", 2, kind)]
    assert why in report["problems"][0]["problem"]
    severity = "error" if kind in ERRORS else "warning"
    assert report["problems"][0]["severity"] == severity
    assert (report["errors"], report["warnings"]) == ((1, 0) if severity == "error" else (0, 1))
    train = report["splits"]["train"]
    assert train["rows"] == 3 and train["sound"] == (2 if severity == "error" and kind != "bom" else 3)


REFUSED = [c for c in LINE if c[0] in ERRORS and c[0] != "too-long"]


@pytest.mark.parametrize(("kind", "good", "bad", "why"), REFUSED, ids=[f"{n}-{k[0]}" for n, k in enumerate(REFUSED)])
def test_training_refuses_the_row_that_is_an_error(
    kind: str, good: bytes, bad: bytes, why: str, tmp_path: Path
) -> None:
    (tmp_path / "train.jsonl").write_bytes(good + bad)
    with pytest.raises(LabError) as caught:
        find_data(str(tmp_path))
    assert caught.value.where.endswith("train.jsonl:2") and caught.value.remedy
    assert why in caught.value.what or kind == "bom"


FILES = [
    ("csv", b"prompt,completion\na,b\n", "is CSV"),
    ("csv", b'prompt\tcompletion\n"a, b"\tc\n', "table"),
    ("array", b'[\n  {"text": "a"},\n  {"text": "b"}\n]\n', "is one JSON array"),
    ("array", b'[{"text": "a"}, {"text": "b"}]', "is one JSON array"),
    ("array", b'{\n  "text": "a"\n}\n', "is one JSON value"),
    ("utf16", '{"text": "a"}\n{"text": "b"}\n'.encode("utf-16"), "is UTF-16"),
    ("utf16", '{"text": "a"}\n'.encode("utf-16-le"), "is UTF-16"),
    ("compressed", gzip.compress(TEXT), "compressed with gzip"),
    ("parquet", b"PAR1" + bytes(40), "is Parquet"),
]


@pytest.mark.parametrize(("kind", "data", "what"), FILES, ids=[f"{n}-{f[0]}" for n, f in enumerate(FILES)])
def test_a_file_that_is_no_jsonl_is_told_as_what_it_is(kind: str, data: bytes, what: str, tmp_path: Path) -> None:
    check = checked(tmp_path, train=TEXT, test=data)
    assert found(check) == [("test.jsonl", 0, kind)] and what in check.as_json()["problems"][0]["problem"]
    with pytest.raises(LabError) as caught:
        find_data(str(tmp_path))
    assert what in caught.value.what and caught.value.where.endswith("test.jsonl") and caught.value.remedy


@pytest.mark.parametrize("name", ["train.csv", "rows.json", "train.jsonl.gz", "train-00000-of-00001.parquet"])
def test_a_folder_without_jsonl_names_what_it_holds_instead(name: str, tmp_path: Path) -> None:
    data = next(data for kind, data, _ in FILES if kind == {"csv": "csv", "json": "array", "gz": "compressed",
                "parquet": "parquet"}[name.rpartition(".")[2]])  # fmt: skip
    (tmp_path / name).write_bytes(data)
    with pytest.raises(LabError, match=rf"holds no train\.jsonl; {name} is .*`"):
        find_data(str(tmp_path))
    with pytest.raises(LabError, match=r"is .*`"):
        find_data(str(tmp_path / name))
    assert Check(find_files(str(tmp_path))).run().problems.errors == 1


def test_the_command_for_a_table_makes_rows(tmp_path: Path) -> None:
    (tmp_path / "a b.csv").write_text('prompt,completion\nhow many?,"3, or 4"\n')
    with pytest.raises(LabError) as caught:
        find_data(str(tmp_path / "a b.csv"))
    command = caught.value.remedy.split("`")[1]
    subprocess.run(command, shell=True, check=True)
    assert (tmp_path / "a b-rows.jsonl").read_text() == '{"prompt": "how many?", "completion": "3, or 4"}\n'


def test_the_command_for_parquet_makes_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its path may hold what a shell divides at."""
    pyarrow.parquet.write_table(pyarrow.table({"text": ["one", "둘"]}), tmp_path / "it's a.parquet")
    with pytest.raises(LabError) as caught:
        find_data(str(tmp_path / "it's a.parquet"))
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}:{os.environ['PATH']}")
    subprocess.run(caught.value.remedy.split("`")[1], shell=True, check=True)
    rows = (tmp_path / "it's a-rows.jsonl").read_text().splitlines()
    assert [json.loads(row) for row in rows] == [{"text": "one"}, {"text": "둘"}]


def test_one_file_of_rows_is_to_be_split_first(tmp_path: Path) -> None:
    (tmp_path / "rows.jsonl").write_bytes(GOOD)
    for place in (tmp_path, tmp_path / "rows.jsonl"):
        with pytest.raises(
            LabError, match=re.escape(f"`lowrank data split {shlex.quote(str(tmp_path / 'rows.jsonl'))}`")
        ):
            find_data(str(place))


def test_every_kind_is_planted_somewhere() -> None:
    planted = {case[0] for case in LINE} | {"no-rows", "empty-file", "shared"} | {kind for kind, _, _ in FILES}
    with_tokens = {"truncated", "template", "boundary", "tools-ignored"}  # tests/lab/engine/test_data_lengths.py
    assert planted | with_tokens == ERRORS.keys() | WARNINGS.keys()


def test_a_chat_with_tools_is_sound(tmp_path: Path) -> None:
    row = chat(
        "system", "user", ("assistant", {"tool_calls": CALL}), ("tool", {"content": "7"}), "assistant", tools=CALL
    )
    check = checked(tmp_path, train=CHAT + row)
    assert found(check) == []
    train = check.as_json()["splits"]["train"]
    assert (train["format"], train["rows"], train["tools"]) == ("messages", 2, 1)


def test_a_file_in_utf16_is_one_problem(tmp_path: Path) -> None:
    check = checked(tmp_path, train='{"text": "a"}\n{"text": "b"}\n'.encode("utf-16"))
    assert found(check) == [("train.jsonl", 0, "utf16")]


def test_files_without_rows(tmp_path: Path) -> None:
    assert found(checked(tmp_path, train=b"", valid=b"")) == [
        ("train.jsonl", 0, "no-rows"),
        ("valid.jsonl", 0, "empty-file"),
    ]


def test_windows_line_ends_are_one_problem_a_file_and_hide_nothing(tmp_path: Path) -> None:
    check = checked(tmp_path, train=(GOOD + b"{\n" + GOOD.replace(b"a", b"c")).replace(b"\n", b"\r\n"))
    assert found(check) == [("train.jsonl", 1, "crlf"), ("train.jsonl", 2, "json")]
    assert "on all lines" in check.as_json()["problems"][0]["problem"]


def test_a_byte_order_mark_does_not_hide_its_row(tmp_path: Path) -> None:
    check = checked(tmp_path, train=b"\xef\xbb\xbf" + GOOD + GOOD)
    assert found(check) == [("train.jsonl", 1, "bom"), ("train.jsonl", 2, "duplicate")]
    with pytest.raises(LabError, match="byte order mark"):
        find_data(str(tmp_path))


def test_rows_shared_between_splits_and_repeated_within_one(tmp_path: Path) -> None:
    a, b, c = (GOOD.replace(b'"a"', f'"{x}"'.encode()) for x in "xyz")
    check = checked(tmp_path, train=a + b + a + a, valid=c + b, test=a + c + a)
    assert found(check) == [
        ("train.jsonl", 3, "duplicate"),
        ("train.jsonl", 4, "duplicate"),
        ("valid.jsonl", 2, "shared"),
        ("test.jsonl", 1, "shared"),
        ("test.jsonl", 2, "shared"),
        ("test.jsonl", 3, "duplicate"),
    ]
    reasons = [p["problem"].removeprefix("the same row as ") for p in check.as_json()["problems"]]
    assert reasons == [
        "line 1",
        "line 1",
        "train.jsonl, line 2",
        "train.jsonl, line 1",
        "valid.jsonl, line 1",
        "line 1",
    ]


def test_the_first_problems_of_a_kind_are_kept_and_all_are_counted(tmp_path: Path) -> None:
    check = checked(tmp_path, keep=3, train=GOOD * 40 + b"{\n" * 10)
    report = check.as_json()
    assert report["counts"] == {"json": 10, "duplicate": 39}
    assert [line for _, line, _ in found(check)] == [2, 3, 4, 41, 42, 43]
    assert report["problems_left_out"] == 43 and report["errors"] == 10 and report["warnings"] == 39


def test_a_single_file_and_what_is_no_data_set(tmp_path: Path) -> None:
    (tmp_path / "mine.jsonl").write_bytes(GOOD)
    assert Check(find_files(str(tmp_path / "mine.jsonl"))).run().as_json()["splits"]["train"]["rows"] == 1
    with pytest.raises(LabError, match=r"holds no train\.jsonl, only mine\.jsonl"):
        find_files(str(tmp_path))
    with pytest.raises(LabError, match="give one of journal, record, sql, or a folder"):
        find_files(str(tmp_path / "none"))


@pytest.mark.parametrize("name", sorted(p.name for p in BUNDLED.iterdir() if p.is_dir()))
def test_the_bundled_sets_are_clean(name: str) -> None:
    report = Check(find_files(name)).run().as_json()
    assert report["problems"] == [] and min(s["sound"] for s in report["splits"].values()) >= 100


ROW = st.one_of(st.sampled_from([GOOD, CHAT, TEXT, b"\n", b"{}\n", b"\xef\xbb\xbf"]), st.binary(max_size=60))
KEY = st.sampled_from(["role", "content", "tool_calls", "function", "name"])
VALUE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.sampled_from(["user", "assistant", "tool"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEY, inner, max_size=3),
    max_leaves=12,
)
OBJECT = st.dictionaries(st.sampled_from(["text", "prompt", "completion", "messages", "tools"]), VALUE, max_size=4)


@given(st.lists(ROW | OBJECT.map(lambda row: json.dumps(row).encode() + b"\n"), max_size=5))
def test_any_bytes_give_a_report_and_what_training_refuses_is_an_error(
    tmp_path_factory: pytest.TempPathFactory, rows: list[bytes]
) -> None:
    folder = tmp_path_factory.mktemp("data")
    check = checked(folder, train=b"".join(rows))
    json.dumps(check.as_json()).encode()
    assert {kind for _, _, kind in found(check)} <= ERRORS.keys() | WARNINGS.keys()
    try:
        find_data(str(folder))
    except LabError as error:
        first = next(p for p in check.as_json()["problems"] if p["severity"] == "error")
        assert error.where.endswith(f":{first['line']}" if first["line"] else "train.jsonl")
    else:
        assert check.problems.errors == 0


def test_memory_does_not_grow_with_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(duplicates, "BUFFER", 1024)

    def peak(rows: int) -> int:
        path = tmp_path / "train.jsonl"
        with path.open("w") as file:
            for number in range(0, rows, 10):
                file.write("{\n" + GOOD.decode())
                for each in range(8):
                    file.write(f'{{"prompt": "question {number + each}", "completion": "{"b" * 100}"}}\n')
        check = Check(find_files(str(path)), 10, lambda rows, form: [Measured(2, 1, 1)] * len(rows))
        tracemalloc.start()
        check.run()
        top = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert check.problems.counts == {"json": rows // 10, "duplicate": rows // 10 - 1, "truncated": rows * 9 // 10}
        return top

    few, many = peak(2_000), peak(10_000)
    assert many - few < 1_000_000, (few, many)


@given(st.lists(st.integers(1, 5000), min_size=1, max_size=200))
def test_percentiles_and_histogram_are_those_of_the_sorted_lengths(sizes: list[int]) -> None:
    lengths = Lengths()
    for size in sizes:
        lengths.add(size, min(size, 2048), min(size, 2048) // 2)
    report, ordered = lengths.as_json(), sorted(sizes)
    tokens = report["tokens"]
    assert (tokens["min"], tokens["max"], tokens["total"]) == (ordered[0], ordered[-1], sum(sizes))
    assert tokens["median"] == (ordered[(len(sizes) - 1) // 2] + ordered[len(sizes) // 2]) / 2
    assert sum(s <= tokens["p95"] for s in sizes) >= 0.95 * len(sizes) > sum(s < tokens["p95"] for s in sizes)
    assert report["truncated"] == sum(s > 2048 for s in sizes)
    assert report["lost_tokens"] == sum(max(0, s - 2048) for s in sizes)
    bins = report["histogram"]
    assert [each["rows"] for each in bins] == [sum(b["from"] <= s <= b["to"] for s in sizes) for b in bins]
    assert len(bins) <= 32 and sum(each["rows"] for each in bins) == len(sizes)
