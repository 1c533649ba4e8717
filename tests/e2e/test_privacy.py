"""Nothing leaves the machine: reading, a quiz, training on both ways, and the progress page with sockets forbidden."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from waiting import wait_for

import benchmarks.terminal
from benchmarks.terminal import Terminal
from lab.runs.directory import Runs
from lab.runs.stop import request_stop

OFFLINE = Path(__file__).parent / "offline"
SHORT = ("--model", "sprout", "--iters", "6", "--steps-per-report", "2", "--steps-per-eval", "6", "--val-batches", "1")


@pytest.fixture
def witness(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file that says which programs began under guard, and who spoke; set up for every program started here."""
    file = tmp_path / "witness"
    monkeypatch.setenv("LOWRANK_TEST_WITNESS", str(file))
    monkeypatch.setattr(benchmarks.terminal, "ROOT", f"{OFFLINE}{os.pathsep}{benchmarks.terminal.ROOT}")
    return file


@pytest.fixture
def terminal(witness: Path, home: Path) -> Iterator[Terminal]:
    subprocess.run(
        [sys.executable, "-m", "tui", "train", *SHORT],
        env={**os.environ, "LOWRANK_HOME": str(home), "PYTHONPATH": str(benchmarks.terminal.ROOT)},
        check=True,
        capture_output=True,
    )
    found = Terminal(home)
    yield found
    found.child.close(force=True)
    for run in Runs(home / "runs").all():
        request_stop(run)


def test_the_guard_stops_whoever_speaks(witness: Path) -> None:
    speak = "import urllib.request; urllib.request.urlopen('http://127.0.0.1:9')"
    environment = {**os.environ, "PYTHONPATH": str(benchmarks.terminal.ROOT)}
    spoke = subprocess.run([sys.executable, "-c", speak], env=environment, capture_output=True, text=True)
    assert spoke.returncode == 1 and "forbidden in this test" in spoke.stderr
    assert "SPOKE" in witness.read_text()


@pytest.mark.long
def test_the_whole_program_works_without_a_socket(terminal: Terminal, witness: Path, home: Path) -> None:
    terminal.wait("Curious 0", "The arithmetic", "First light")
    terminal.press("\x1b", " ", "z")
    terminal.wait("Question 1/")
    terminal.press("1", "enter")
    terminal.wait("Not quite.", "Enter to try again")
    terminal.press("a")
    terminal.wait("The last 28 days", "1 day with something")
    terminal.press("\x1b", "f4")
    terminal.wait("Laboratory", "Runs", "sprout")
    terminal.press("enter")
    terminal.wait("tokens/s", "answers after")  # the second by the line of keys, which says who has them
    terminal.press("e")
    terminal.wait("nothing to warn of", "^r start")
    terminal.press("ctrl+r")
    wait_for(lambda: [run.state() for run in Runs(home / "runs").all()] == ["finished"] * 2)
    terminal.quit()

    told = witness.read_text().splitlines()
    assert not [line for line in told if line.startswith("SPOKE")]
    began = [line for line in told if line.startswith("began")]
    assert sum("lab.engine" in line for line in began) >= 2, "the engines were under guard"
    assert any(line.endswith("-m tui") for line in began) and any("tui train" in line for line in began)
