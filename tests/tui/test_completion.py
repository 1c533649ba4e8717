"""What a shell completes `lowrank …` to: names that there are, and nothing that a shell would carry out."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from lab.runs.directory import Runs
from lab.spec import RunSpec
from tui.cli import check
from tui.cli.completion import deleted_ids, run_ids

ROOT = Path(__file__).parents[2]
HOSTILE = [
    *("$(touch pwned)", "`touch pwned`", "\\$(touch pwned)", "x;touch pwned", "{a,b}", "a*", "a b", "a'b", 'a"b'),
    *("a\nb", "\x1b]0;owned\x07", "a\u202eb", "a\u200bb"),
]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LOWRANK_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def make_run(root: Path, name: str) -> str:
    run = Runs(root).create(RunSpec.make({}), model_path="/m", data_path="/d")
    return run.path.rename(run.path.with_name(name)).name


def complete(home: Path, line: str, shell: str = "bash") -> list[str]:
    words = line.split(" ")
    env = {**os.environ, "LOWRANK_HOME": str(home), "PYTHONPATH": str(ROOT), "_LOWRANK_COMPLETE": f"complete_{shell}"}
    env |= {"COMP_WORDS": line, "COMP_CWORD": str(len(words) - 1), "_TYPER_COMPLETE_ARGS": line}
    command = [sys.executable, "-X", "importtime", "-m", "tui"]
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=True, timeout=300)
    loaded = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert not {"mlx", "mlx_lm", "transformers", "textual"} & loaded
    said = [line for line in done.stderr.splitlines() if not line.startswith("import time:")]
    assert not said, "in the middle of somebody's line"
    return done.stdout.split("\n")[:-1]


def test_names_are_completed_wherever_one_is_asked_for(home: Path) -> None:
    run = make_run(home / "runs", "20260101-sql-lora")
    assert complete(home, "lowrank res") == ["resume", "restore"]
    assert complete(home, "lowrank resume ") == ["last", run]
    assert complete(home, "lowrank train --model s") == ["sprout"]
    assert complete(home, "lowrank data check ") == ["journal", "record", "sql"]
    assert complete(home, "lowrank read lora/w") == ["lora/why-lora"]
    assert complete(home, "lowrank compare last 2026", "zsh") == [f"_arguments '*: :((\"{run}\"))'"]


def test_what_a_shell_or_a_terminal_would_act_on_is_not_offered(home: Path) -> None:
    good = {make_run(home / "runs", name) for name in ("20260101-sql-lora", "20260102-자료-dora")}
    for name in HOSTILE:
        make_run(home / "runs", name)
    assert run_ids("") == ["last", *sorted(good, reverse=True)]
    assert run_ids("20260102") == ["20260102-자료-dora"]


def test_a_damaged_home_has_nothing_to_offer(home: Path) -> None:
    assert (run_ids(""), deleted_ids("")) == (["last"], [])
    home.mkdir()
    (home / "runs").write_text("a file")
    assert (run_ids(""), deleted_ids("")) == (["last"], [])
    (home / "runs").unlink()
    broken = home / "runs" / make_run(home / "runs", "broken")
    (broken / "spec.yaml").write_bytes(b"\xff[[[")
    (home / "runs" / ".deleted").symlink_to(home / "runs" / ".deleted")
    assert (run_ids(""), deleted_ids("")) == (["last", "broken"], [])


@pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")
def test_the_script_works_in_bash(home: Path, tmp_path: Path) -> None:
    run = make_run(home / "runs", "20260101-sql-lora")
    make_run(home / "runs", HOSTILE[0])
    program = tmp_path / "lowrank"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m tui "$@"\n')
    program.chmod(0o755)
    script = """eval "$(_LOWRANK_COMPLETE=source_bash lowrank)"
    COMP_WORDS=(lowrank stop ""); COMP_CWORD=2
    _lowrank_completion lowrank; echo "${COMPREPLY[@]}" """
    env = {**os.environ, "LC_ALL": "C.UTF-8", "PYTHONPATH": str(ROOT), "PATH": f"{tmp_path}:{os.environ['PATH']}"}
    done = subprocess.run(["bash", "-c", script], env=env, cwd=tmp_path, capture_output=True, text=True, timeout=300)
    assert (done.stdout, done.stderr) == (f"last {run}\n", "")
    assert not list(tmp_path.glob("pwned"))


def test_a_lesson_that_names_the_options_installs_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("SHELL", "/bin/bash")
    commands = [("lowrank", "--install-completion"), ("lowrank", "--show-completion"),
                ("lowrank", "--install-completion", "runs")]  # fmt: skip
    assert check.refusals(commands) == ["", "", ""]
    assert not list(tmp_path.iterdir())
