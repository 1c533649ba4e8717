"""Lesson 1 as a learner takes it: read, quiz, predict, run, watch, quit, come back; and when the program is killed."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from waiting import wait_for

from benchmarks.terminal import PATIENCE
from lab.events.schema import iteration_of
from lab.runs.directory import Run, Runs
from lab.runs.stop import request_stop


def progress(home: Path) -> dict[str, object]:
    """What the command line says of the same home."""
    command = [sys.executable, "-m", "tui", "progress", "show", "--json"]
    root = str(Path(__file__).parents[2])
    env = {"LOWRANK_HOME": str(home), "PYTHONPATH": root, "PATH": "/usr/bin:/bin"}
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=True)
    return dict(json.loads(done.stdout))


def predict_and_run(terminal) -> None:
    """Foretell what the two runs of the exercise will show, and start both in line."""
    terminal.press("e")
    terminal.wait("Predict, train, count", "parameters")
    foretell(terminal, "87552", "87,552", then="sprout is trained whole")
    foretell(terminal, "90", "90", then="run it")
    terminal.press("r")
    terminal.wait("iters 100", "waits")  # its turn, behind the first


def foretell(terminal, keys: str, shown: str, then: str) -> None:
    terminal.press(keys, "enter")
    terminal.wait(f"Lock {shown} as your prediction?")
    terminal.press("enter")
    terminal.wait(then, gone="as your prediction?")


def the_runs(home: Path) -> tuple[Run, Run]:
    """The two that the exercise began: LoRA, and behind it the model trained whole."""
    runs = {run.spec.fine_tune_type: run for run in Runs(home / "runs").all()}
    assert set(runs) == {"lora", "full"}
    return runs["lora"], runs["full"]


def test_read_quiz_predict_run_quit_and_everything_is_there(open_program, home: Path) -> None:
    terminal = open_program()
    terminal.wait("Why nobody trains the whole model any more", "Curious 0", "0/100", "The arithmetic")

    terminal.press("G")  # to the end of the first section, and there for as long as a reader needs
    terminal.wait("5/100")  # the heading with its tick may have scrolled out of sight by then

    terminal.press("z")
    terminal.wait("Question 1/11")
    terminal.press("48", "enter")
    terminal.wait("Right.", "12/100")

    predict_and_run(terminal)
    terminal.wait("/40", "train")  # the live pane shows iterations and the chart's series
    first = "\n".join(terminal.lines)
    # A section (5), a question right (5) at the first try (2), the first LoRA run (10), an exercise measured (10). The
    # run behind it, which is stopped here because it takes a minute, is no finished run, and would earn 10 of its own.
    terminal.wait("32/100", patience=3 * PATIENCE)
    terminal.press("G")  # what is compared already lies below the run that is still trained
    terminal.wait("In the adapter file", "175,104")
    last = "\n".join(terminal.lines)
    assert first != last, "the chart moved"
    assert "2.00 times too small" in last, last
    lora, whole = the_runs(home)
    request_stop(whole)
    terminal.quit()

    assert lora.state() == "finished" and lora.result().trainable_parameters == 175_104
    assert wait_for(whole.result).kind == "stopped"

    before = progress(home)
    assert before["xp"] == 5 + 7 + 10 + 10
    again = open_program()
    again.wait("32/100", "✓ The arithmetic", "adapters.safetensors")
    again.press("e")
    again.wait("did not finish", "run it")
    again.press("G")
    again.wait("87,552", "175,104")
    again.quit()
    assert progress(home) == before


@pytest.mark.long
def test_killed_in_the_middle_of_a_run_nothing_is_lost_and_the_line_goes_on(open_program, home: Path) -> None:
    terminal = open_program()
    terminal.wait("Curious 0")
    terminal.press("z")
    terminal.wait("Question 1/11")
    terminal.press("48", "enter")
    terminal.wait("Right.", "7/100")
    predict_and_run(terminal)
    terminal.wait("/40")
    terminal.kill()

    lora, whole = the_runs(home)
    assert lora.state() in ("running", "finished") and whole.state() in ("waiting", "running")
    assert progress(home)["xp"] == 7

    again = open_program()
    again.wait("Why nobody")
    again.press("e")
    wait_for(lora.result, seconds=3 * PATIENCE)
    again.wait("27/100")
    again.press("G")  # what is compared already lies below the run that is still trained
    again.wait("In the adapter file", "175,104")
    assert lora.state() == "finished"
    wait_for(lambda: iteration_of(whole.last_event()))  # its turn came although the program had been killed
    request_stop(whole)
    assert wait_for(whole.result).kind == "stopped"
    again.quit()
    assert progress(home)["xp"] == 7 + 10 + 10


def test_at_80_by_24_in_korean_each_pane_has_its_tab(open_program) -> None:
    terminal = open_program(80, 24)
    terminal.wait("Curious 0", "Quiz")
    terminal.press("l")
    terminal.wait("퀴즈", gone="Quiz")
    for key in "12345":
        terminal.press(key)
    terminal.wait("KO")
    assert all(len(line) <= 80 for line in terminal.lines)
    terminal.quit()
