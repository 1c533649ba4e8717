"""`lowrank data check` as typed: exit codes, keys, and what a person sees."""

import io
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from tui.cli.common import Status
from tui.cli.data.check import WIDTH, describe
from tui.cli.histogram import BLOCKS, spark

TOKENS = {"min", "median", "p95", "max"}
SPLIT = {"rows", "format", "tokens", "truncated", "supervised_tokens"}


def test_a_clean_set_has_every_key_and_exits_0(desk: Any) -> None:
    done = desk("data", "check", "sql", "--json")
    assert (done.code, done.err) == (0, "")
    report = done.lines[-1]
    assert report["problems"] == [] and set(report["splits"]) == {"train", "valid", "test"}
    for split in report["splits"].values():
        assert split.keys() >= SPLIT and split["tokens"].keys() >= TOKENS
    assert report["splits"]["train"]["rows"] == 1200 and report["splits"]["train"]["format"] == "prompt/completion"


def test_a_faulty_folder_exits_1_with_file_line_and_reason(desk: Any, tmp_path: Path) -> None:
    rows = [{"prompt": "a", "completion": "b"}, {"prompt": "a", "completion": "b"}, {"prompt": "a"}]
    (tmp_path / "train.jsonl").write_text("".join(json.dumps(r) + "\n" for r in rows) + '{"prompt": "\x1b[2J\n')
    done = desk("data", "check", str(tmp_path), "--json")
    assert done.code == 1 and done.err.count("\n") == 1 and "2 problems that training would trip on" in done.err
    problems = done.lines[-1]["problems"]
    assert [(p["file"], p["line"], p["kind"]) for p in problems] == [
        ("train.jsonl", 2, "duplicate"),
        ("train.jsonl", 3, "keys"),
        ("train.jsonl", 4, "json"),
    ]
    assert all(p["problem"] and p["severity"] in ("error", "warning") for p in problems)
    assert done.lines[-1]["splits"]["valid"] | {"file": ""} == done.lines[-1]["splits"]["test"] | {"file": ""}


def test_people_see_every_kind_and_nothing_that_a_row_holds_can_steer_the_terminal(desk: Any, tmp_path: Path) -> None:
    rows = [{"text": "a"}, {"\x1b[2J\u202eevil\r\n": 1}, {"text": " "}, {"text": ""}]
    (tmp_path / "train.jsonl").write_text("".join(json.dumps(r) + "\n" for r in rows))
    done = desk("data", "check", str(tmp_path), "--show", "1")
    assert done.code == 1 and "train.jsonl:2  keys are \\x1b[2J\\u202eevil\\x0d" in done.out
    assert "error: empty row (2)\n  train.jsonl:3  text is empty\n  and 1 more" in done.out
    assert not {"\x1b", "\u202e", "\r"} & set(done.out + done.err)


def test_usage_and_missing_things_are_one_line(desk: Any, tmp_path: Path) -> None:
    for words, code in (
        (("data", "check", "nothing-here"), 2),
        (("data", "check", "sql", "--model", "nothing-here"), 2),
        (("data", "check", "sql", "--max-seq-length", "1"), 2),
        (("data", "check", "journal", "--mask-prompt"), 2),
        (("data", "check", str(tmp_path)), 1),
    ):
        done = desk(*words)
        assert (done.code, done.out) == (code, "") and done.err.startswith("lowrank: "), (words, done)
        assert done.err.count("\n") == 1


def test_the_report_keeps_to_80_columns_and_says_how_many_it_left_out() -> None:
    split = {"rows": 1_234_567, "sound": 1_200_000, "format": "messages", "tools": 99_999, "truncated": 70_000}
    split |= {"lost_tokens": 1_000_000, "supervised_tokens": 10**9, "supervised_share": 0.5}
    split["tokens"] = {"min": 2, "median": 1000.5, "p95": 20_000, "p99": 123_456, "max": 1_234_567, "total": 2 * 10**9}
    split["histogram"] = [{"from": i, "to": i, "rows": i} for i in range(32)]
    problem = {
        "file": "train.jsonl",
        "line": 1_234_567,
        "kind": "json",
        "severity": "error",
        "problem": "not valid JSON",
    }
    report = {
        "path": "data",
        "model": "sprout",
        "mask_prompt": True,
        "splits": dict.fromkeys(("train", "valid", "test"), split),
    }
    report |= {"counts": {"json": 21_000}, "problems": [problem], "errors": 21_000, "warnings": 0}
    lines = describe(report)
    assert max(map(len, lines)) <= WIDTH
    assert "  and 20,999 more (--show 0 lists all)" in lines and lines[-1] == "21,000 errors, 0 warnings"


def test_a_histogram_in_one_line_shows_the_fewest_and_leaves_the_empty_blank() -> None:
    bins = [{"rows": rows} for rows in (1, 0, 1000, 500)]
    assert spark(bins, 10) == f"{BLOCKS[0]} {BLOCKS[7]}{BLOCKS[3]}"
    assert spark(bins, 2) == f"{BLOCKS[0]}{BLOCKS[7]}" and spark([], 5) == ""


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(("stream", "wait", "drawn"), [(Terminal, 0.0, True), (Terminal, 60.0, False), (io.StringIO, 0.0, False)])  # fmt: skip # noqa: E501
def test_progress_is_drawn_on_a_terminal_once_the_work_is_long_and_leaves_nothing_behind(
    stream: type[io.StringIO], wait: float, drawn: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stderr", stream())
    with Status(wait) as status:
        status.show("train 1,234,567 rows   75%")
    line, *rest = sys.stderr.getvalue().removeprefix("\r").split("\r")  # type: ignore[attr-defined]
    assert ("1,234,567 rows   75%" in line) is drawn
    assert rest == ([" " * len(line), ""] if drawn else [])
