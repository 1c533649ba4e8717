"""From an empty lab to the finished comparison of three runs, with one key."""

import os
import time
from pathlib import Path

import pytest

from lab.runs import evaluation
from lab.runs.directory import Runs

LONGEST = 90.0
"""Seconds on two cores that have nothing else to do; more where other programs want them too."""
BUSY = 1.0
"""Processes that want to run, which the comparison alone keeps a machine below."""


@pytest.mark.long
def test_one_key_leads_from_an_empty_lab_to_the_finished_comparison(open_program, home: Path) -> None:
    terminal = open_program()
    terminal.wait("Curious 0", "The arithmetic")
    terminal.press("\x1bOS")  # F4
    terminal.wait("Laboratory", "New")
    began = time.monotonic()
    terminal.press("v")
    terminal.wait("Train three runs to compare?", "about a minute", "starts at once")
    terminal.press("\r")
    terminal.wait("Three-way comparison", "What differs", "LoRA | QLoRA | QDoRA")
    first = terminal.lines
    terminal.wait("iteration")
    terminal.wait("60 test questions", "QDoRA", patience=5 * LONGEST)
    took = time.monotonic() - began
    last = terminal.lines
    load = os.getloadavg()[0]
    print(f"three-way comparison: {took:.1f} s at a load of {load:.1f}")
    assert took < LONGEST * max(1.0, load / BUSY)
    assert first != last
    rows = [next(line for line in last if f"✓{mark}  {method} " in line)
            for mark, method in (("•─", "LoRA"), ("◆╌", "QLoRA"), ("▲┈", "QDoRA"))]  # fmt: skip
    assert all(" % " in row and "@" in row and " MB" in row and "–" not in row for row in rows), rows
    terminal.quit()

    runs = Runs(home / "runs").all()
    assert [run.state() for run in runs] == ["finished"] * 3
    scores = [evaluation.read(run) for run in runs]
    assert [score and score["examples"] for score in scores] == [60] * 3
    assert {run.result().iterations for run in runs} == {50}
