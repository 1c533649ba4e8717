"""What nobody foresaw ends in one line on stderr and a file with the details, in the app and on the command line."""

import os
import subprocess
import sys
from pathlib import Path

import pexpect
import pytest

BROKEN = """
import sys
import {module}
def broken(*_, **__):
    raise RuntimeError("nobody thought of this\\x1b[2J")
{module}.{what} = broken
from tui.__main__ import main
sys.argv = ["lowrank", *sys.argv[1:]]
sys.exit(main())
"""


def environment(home: Path) -> dict[str, str]:
    return {**os.environ, "LOWRANK_HOME": str(home), "TERM": "xterm-256color", "LC_ALL": "C.UTF-8"}


def test_a_command_that_breaks_says_one_line_and_where_the_rest_is(tmp_path: Path) -> None:
    program = BROKEN.format(module="lab.runs.run_index", what="RunIndex.read")
    done = subprocess.run([sys.executable, "-c", program, "runs"], env=environment(tmp_path), capture_output=True)
    told = done.stderr.decode()
    log = tmp_path / "crash.log"
    assert done.returncode == 1 and done.stdout == b"" and told.count("\n") == 1 and "\x1b" not in told
    assert told.startswith("lowrank: something went wrong") and str(log) in told
    assert "in broken" in log.read_text() and "lowrank runs" in log.read_text() and log.stat().st_mode & 0o77 == 0


def test_the_log_of_a_crash_follows_no_link_and_needs_no_home(tmp_path: Path) -> None:
    program = BROKEN.format(module="lab.runs.run_index", what="RunIndex.read")
    (tmp_path / "home").write_text("no folder")
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    env = environment(tmp_path / "home") | {"TMPDIR": str(temporary)}
    for _ in range(2):
        done = subprocess.run([sys.executable, "-c", program, "runs"], env=env, capture_output=True)
        (log,) = temporary.rglob("crash.log")
        assert done.returncode == 1 and str(log).encode() in done.stderr and "in broken" in log.read_text()
        log.unlink()
        (tmp_path / "mine").write_text("mine")
        log.symlink_to(tmp_path / "mine")
    assert (tmp_path / "mine").read_text() == "mine"


@pytest.mark.parametrize("what", ["on_mount", "action_theme"])
def test_the_program_gives_the_terminal_back_before_it_says_so(what: str, tmp_path: Path) -> None:
    program = BROKEN.format(module="tui.app", what=f"LowrankApp.{what}")
    shell = pexpect.spawn(sys.executable, ["-c", program], env=environment(tmp_path), dimensions=(24, 80), timeout=300)
    try:
        if what != "on_mount":
            shell.expect_exact(b"Lowrank")
            shell.expect_exact(b"F4")
            shell.send(b"\x1bOR")  # F3
        shell.expect_exact(b"\x1b[?1049l")  # the other screen is left
        shell.expect(pexpect.EOF)
        told = (shell.before or b"").decode()
        assert "something went wrong" in told and "crash.log" in told.replace("\r\n", "") and "Traceback" not in told
    finally:
        shell.close(force=True)
    assert shell.exitstatus == 1 and "in broken" in (tmp_path / "crash.log").read_text()
