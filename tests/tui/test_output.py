"""Whatever is called whatever: nothing that the command line writes steers a terminal or hides from the reader."""

import ast
import contextlib
import json
import subprocess
import sys
import unicodedata
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from event_of import event_of

import tui
from lab.events.writer import EventLog
from lab.runs.directory import Run, Runs
from lab.runs.outcome import KEYS
from lab.runs.run_index import Row
from lab.runs.state import RunState
from lab.sanitize import UNSEEN
from lab.spec import RunSpec
from tui.cli import output, sweep
from tui.cli.follow import follow
from tui.cli.main import main

HOSTILE = "\x1b]0;owned\x07\x1b]52;c;b3duZWQ=\x07\x9b31m\u202eeman\u2066\u200b\ufe0f\u3164\x7f"
"""A title, a clipboard, a colour by one character, right to left, and what cannot be seen."""
Say = Callable[..., tuple[int, str, str]]


def raw(text: str) -> list[str]:
    """The characters of `text` that a terminal would act on, or that nobody can see."""
    return [
        char
        for char in text
        if char not in "\n\t" and (unicodedata.category(char) in ("Cc", "Cf", "Cs", "Zl", "Zp") or char in UNSEEN)
    ]


@pytest.fixture
def say(tmp_path: Path, capsys: Any, monkeypatch: pytest.MonkeyPatch) -> Say:
    """Runs a command in this process: its exit code, what it wrote on standard output, and on standard error."""
    home = tmp_path / f"home {HOSTILE}"
    home.mkdir()
    monkeypatch.setenv("LOWRANK_HOME", str(home))
    monkeypatch.chdir(tmp_path)

    def run(*words: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["lowrank", *words])
        capsys.readouterr()
        code = main()
        said = capsys.readouterr()
        assert raw(said.out) == raw(said.err) == [], (words, said)
        if "--json" in words:
            assert said.out.isascii()
            for line in said.out.splitlines():
                json.loads(line)
        return code, said.out, said.err

    return run


def hostile_run(root: Path, ended: str = "finished") -> Run:
    """A run of which every text is hostile, its folder's name too."""
    spec = RunSpec.make({"samples": 1}).model_copy(update={"model": f"m{HOSTILE}", "data": f"d{HOSTILE}"})
    made = Runs(root).create(spec, model_path=f"/m{HOSTILE}", data_path=f"/d{HOSTILE}")
    run = Run(made.path.rename(made.path.with_name(f"run {HOSTILE}")))
    (run.path / "about.json").write_text(json.dumps({"name": f"n{HOSTILE}", "tags": [HOSTILE], "notes": HOSTILE}))
    log = EventLog(run.path)
    log.write(event_of("stage", stage="waiting", behind=HOSTILE, position=1))
    log.write(
        event_of(
            "started",
            method=HOSTILE,
            model=HOSTILE,
            data=HOSTILE,
            device=HOSTILE,
            blas=HOSTILE,
            iters=1,
            trainable_parameters=1,
            total_parameters=2,
        )
    )
    log.write(event_of("resumed", iteration=0))
    log.write(
        event_of(
            "train",
            iteration=1,
            train_loss=1.0,
            tokens_per_second=1,
            remaining_seconds=0,
            peak_memory_bytes=1,
            trained_tokens=1,
            elapsed_seconds=1,
        )
    )
    log.write(event_of("validation", iteration=1, val_loss=1.0, best=True))
    answer = {"prompt": HOSTILE, "expected": HOSTILE, "text": HOSTILE}
    log.write(event_of("samples", iteration=1, answers=[answer]))
    error = {"what": HOSTILE, "where": HOSTILE, "remedy": HOSTILE}
    fields = dict.fromkeys(KEYS) | {"iterations": 1, "train_loss": 1.0, "val_loss": 1.0, "seconds": 1}
    fields |= {"adapter_bytes": 1, "error": error if ended == "failed" else None}
    log.last_word(event_of(ended, run=run.id, run_dir=str(run.path), method=HOSTILE, verdict={"kind": ""}, **fields))
    return run


@pytest.mark.slow
@pytest.mark.parametrize("as_json", [[], ["--json"]], ids=["plain", "json"])
def test_a_run_with_a_hostile_name_and_hostile_texts(say: Say, as_json: list[str], tmp_path: Path) -> None:
    root = next(tmp_path.iterdir()) / "runs"
    run = hostile_run(root)
    for words in (["runs"], ["compare", run.id, run.id], ["note", run.id], ["report", run.id, "-o", f"{HOSTILE}.md"],
                  ["delete", run.id], ["restore", "--list"], ["restore", run.id]):  # fmt: skip
        code, out, err = say(*words, *as_json)
        assert out or err, words
    for words in (["stop", run.id], ["resume", run.id], ["evaluate", run.id], ["generate", run.id, "-p", HOSTILE]):
        code, _, err = say(*words, *as_json)
        assert code and err, words


@pytest.mark.parametrize("ended", ["finished", "failed"])
@pytest.mark.parametrize("as_json", [False, True])
def test_the_events_of_a_run_as_they_happen(tmp_path: Path, ended: str, as_json: bool, capsys: Any) -> None:
    follow(hostile_run(tmp_path, ended), as_json)
    said = capsys.readouterr()
    assert said.out.count("\n") > 5 and raw(said.out) == raw(said.err) == []


WORDS: list[list[str]] = [
    [HOSTILE],
    [f"--{HOSTILE}"],
    ["progress", HOSTILE],
    ["runs", HOSTILE],
    ["runs", f"--{HOSTILE}"],
    ["train", f"--{HOSTILE}"],
    ["train", "--iters", HOSTILE],
    ["train", "--model", HOSTILE],
    ["train", "--data", HOSTILE],
    ["train", "--optimizer", HOSTILE],
    ["train", "--fine-tune-type", HOSTILE],
    ["train", "--adapter-path", HOSTILE, "--model", HOSTILE],
    ["train", "--hostfile", HOSTILE],
    ["train", "-c", HOSTILE],
    ["train", "-c", "hostile.yaml"],
    ["train", "-c", "hostile-syntax.yaml"],
    ["plan", "--model", HOSTILE],
    ["plan", "--data", HOSTILE],
    ["plan", "--memory", HOSTILE],
    ["sweep", "--over", HOSTILE],
    ["sweep", "--over", f"{HOSTILE}=1"],
    ["sweep", "--over", f"rank={HOSTILE}"],
    ["sweep", "--like", HOSTILE, "--over", "rank=1"],
    ["resume", HOSTILE],
    ["stop", HOSTILE],
    ["compare", HOSTILE],
    ["report", HOSTILE],
    ["report", "--lang", HOSTILE, HOSTILE],
    ["fuse", HOSTILE],
    ["generate", HOSTILE, "-p", HOSTILE],
    ["evaluate", HOSTILE],
    ["evaluate", HOSTILE, "--split", HOSTILE],
    ["inspect", HOSTILE],
    ["note", HOSTILE],
    ["delete", HOSTILE],
    ["restore", HOSTILE],
    ["data", "check", HOSTILE],
    ["data", "check", "sql", "--model", HOSTILE],
    ["read", HOSTILE],
    ["read", "lora/why-lora", "--lang", HOSTILE],
    ["check", HOSTILE],
    ["stamp", HOSTILE],
    ["preview", HOSTILE],
    ["new", "lesson", HOSTILE],
    ["new", "lesson", f"{HOSTILE}/{HOSTILE}", "--course", HOSTILE],
    ["lab", HOSTILE],
    ["progress", "import", HOSTILE],
    ["progress", "import", "hostile.yaml"],
    ["progress", "import", f"damaged{HOSTILE}.json"],
    ["progress", "export", f"{HOSTILE}/{HOSTILE}"],
    ["keys"],
]


@pytest.mark.parametrize("words", WORDS, ids=lambda words: ascii(" ".join(words)).replace(ascii(HOSTILE)[1:-1], "X"))
def test_hostile_arguments_and_files(say: Say, words: list[str], tmp_path: Path) -> None:
    home = next(tmp_path.iterdir())
    (home / "keys.toml").write_text(f'"app{json.dumps(HOSTILE)[1:-1]}" = "x"\n'.replace("\\u007f", ""))
    (tmp_path / "hostile.yaml").write_text(json.dumps({HOSTILE: HOSTILE, "lora_parameters": {HOSTILE: 1}}))
    (tmp_path / "hostile-syntax.yaml").write_text("model: [\u202e\u200b")
    (tmp_path / f"damaged{HOSTILE}.json").write_text('{"a": "\u202e')
    code, _, err = say(*words)
    assert code in (1, 2) and "lowrank: " in err, err


def test_what_is_written_on_purpose(say: Say, tmp_path: Path) -> None:
    for words in (["models"], ["doctor"], ["progress", "show"], ["progress", "export", f"out{HOSTILE}.json"],
                  ["progress", "import", f"out{HOSTILE}.json"], ["progress", "sync", "shared"]):  # fmt: skip
        for as_json in ([], ["--json"]):
            code, out, _ = say(*words, *as_json)
            assert (code, bool(out)) == (0, True), words


@pytest.mark.slow
@pytest.mark.parametrize("as_json", [[], ["--json"]], ids=["plain", "json"])
def test_a_data_set_with_hostile_rows(say: Say, as_json: list[str], tmp_path: Path) -> None:
    data = tmp_path / f"data{HOSTILE}"
    data.mkdir()
    rows = [{"prompt": HOSTILE, "completion": HOSTILE}, {HOSTILE: HOSTILE}, {"messages": [{"role": HOSTILE}]}]
    lines = [*(json.dumps(row, ensure_ascii=False) for row in rows), HOSTILE]
    (data / "train.jsonl").write_text("\n".join(lines))
    code, out, _ = say("data", "check", str(data), *as_json)
    assert (code, "train" in out) == (1, True)


def test_a_course_with_hostile_texts(say: Say, tmp_path: Path) -> None:
    root = tmp_path / f"course{HOSTILE}"
    for as_json in ([], ["--json"]):
        assert say("new", "lesson", f"letters/lesson{len(as_json)}", "--course", str(root), *as_json)[0] == 0
    for file in root.rglob("*.md"):
        file.write_text(f"{file.read_text()}\n{{{{{HOSTILE}}}}} {HOSTILE}\n")
    for as_json in ([], ["--json"]):
        code, out, _ = say("check", str(root), *as_json)
        assert code == 1 and out


def test_a_lesson_keeps_its_lines(say: Say) -> None:
    code, out, _ = say("read", "lora/why-lora", "--lang", "ko")
    assert code == 0 and out.count("\n") > 50


def test_an_answer_keeps_its_lines_and_a_name_does_not(capsys: Any) -> None:
    output.write_text("one\n\ttwo\u202e")
    output.write("a name\nwith two lines", 7)
    assert capsys.readouterr().out == "one\n\ttwo\\u202e\na name\\nwith two lines\n7\n"


def test_an_encoding_without_the_character_gets_an_escape(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with (tmp_path / "out").open("w", encoding="latin-1") as file:
        monkeypatch.setattr(sys, "stdout", file)
        output.write("µ 한 \udc80")
    assert (tmp_path / "out").read_bytes() == b"\xb5 \\ud55c \\udc80\n"


def test_the_engine_refuses_arguments_as_harmlessly() -> None:
    command = [sys.executable, "-m", "lab.engine", HOSTILE, HOSTILE, f"--{HOSTILE}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 2 and raw(done.stderr) == [] and "owned" in done.stderr


def test_nothing_of_the_command_line_writes_past_the_writer() -> None:
    """`print`, `typer.echo` and the streams themselves are for `tui.cli.output` alone."""
    folder = Path(tui.__file__).parent
    files = [*(folder / "cli").glob("*.py"), folder / "__main__.py"]
    found = []
    for file in files:
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            name = ast.unparse(node) if isinstance(node, (ast.Name, ast.Attribute)) else ""
            writes = name in ("print", "typer.echo", "typer.secho", "pprint", "click.echo")
            if (writes or name in ("sys.stdout", "sys.stderr", "sys.__stdout__")) and file.name != "output.py":
                found.append(f"{file.name}:{node.lineno}: {name}")
    assert len(files) > 15 and not found, found


def test_a_stream_that_was_closed_takes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", None)
    monkeypatch.setattr(sys, "stderr", None)
    output.write("to nobody")
    output.note("to nobody")
    with output.Status() as status:
        status.show("to nobody")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
def test_a_full_disk_behind_the_output_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    file = open("/dev/full", "w", encoding="utf-8")  # noqa: SIM115 - closing it fails too
    monkeypatch.setattr(sys, "stdout", file)
    with pytest.raises(OSError) as failed:
        output.write("too much")
    assert failed.value.filename == "/dev/full"
    with contextlib.suppress(OSError):
        file.close()


def test_what_no_utf_8_holds_can_be_noted_and_reported(say: Say, tmp_path: Path) -> None:
    hostile_run(tmp_path / f"home {HOSTILE}" / "runs")
    assert say("note", "last", "--name", "a\udcff", "--tags", "b\udcff", "--notes", "c\udcff")[0] == 0
    assert say("runs")[0] == 0
    code, _, told = say("report", "last", "-o", str(tmp_path / "a\udcff.md"))
    assert code == 0, told


def test_tables_say_why_a_figure_is_missing() -> None:
    rows = [Row(run="a", state=RunState.WAITING), Row(run="b", state=RunState.LOST, train_loss=1.0)]
    waiting, lost = sweep._table(rows)[-2:]
    assert waiting.count("not yet") == 3 and lost.split()[-2:] == ["none", "none"]
