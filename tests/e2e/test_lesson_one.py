"""Lesson 1 as a learner takes it: read, quiz, predict, run, watch, quit, come back; and when the program is killed."""

import json
import subprocess
import sys
from pathlib import Path

from lab.runs.directory import Runs


def progress(home: Path) -> dict[str, object]:
    """What the command line says of the same home."""
    command = [sys.executable, "-m", "tui", "progress", "show", "--json"]
    root = str(Path(__file__).parents[2])
    env = {"LOWRANK_HOME": str(home), "PYTHONPATH": root, "PATH": "/usr/bin:/bin"}
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=True)
    return dict(json.loads(done.stdout))


def predict_and_run(terminal) -> None:
    terminal.press("e")
    terminal.wait("Predict, train, count", "parameters")
    terminal.press("87552", "enter")
    terminal.wait("Lock 87,552 as your prediction?")
    terminal.press("enter")
    terminal.wait("run it", gone="Lock 87,552")
    terminal.press("r")


def test_read_quiz_predict_run_quit_and_everything_is_there(open_program, home: Path) -> None:
    terminal = open_program()
    terminal.wait("Why nobody trains the whole model any more", "Curious 0", "0/100", "The arithmetic")

    terminal.press("G")  # to the end of the first section, and there for as long as a reader needs
    terminal.wait("5/100")  # the heading with its tick may have scrolled out of sight by then

    terminal.press("z")
    terminal.wait("Question 1/8")
    terminal.press("48", "enter")
    terminal.wait("Right.", "12/100")

    predict_and_run(terminal)
    terminal.wait("/40", "train")  # the live pane shows iterations and the chart's series
    first = "\n".join(terminal.lines)
    terminal.wait("In the adapter file", "175,104", gone="run it")
    last = "\n".join(terminal.lines)
    assert first != last, "the chart moved"
    assert "2.00 times too small" in last, last
    terminal.quit()

    (run,) = Runs(home / "runs").all()
    assert run.state() == "finished" and run.result()["trainable_parameters"] == 175_104

    before = progress(home)
    assert before["xp"] == 5 + 7 + 10 + 10  # section, question at first try, exercise measured, first LoRA run
    again = open_program()
    again.wait("32/100", "✓ The arithmetic", "adapters.safetensors")
    again.press("e")
    again.wait("87,552", "175,104")
    again.quit()
    assert progress(home) == before


def test_killed_in_the_middle_of_a_run_nothing_is_lost_and_the_run_goes_on(open_program, home: Path) -> None:
    terminal = open_program()
    terminal.wait("Curious 0")
    terminal.press("z")
    terminal.wait("Question 1/8")
    terminal.press("48", "enter")
    terminal.wait("Right.", "7/100")
    predict_and_run(terminal)
    terminal.wait("/40")
    terminal.kill()

    (run,) = Runs(home / "runs").all()
    assert run.state() in ("running", "finished")
    assert progress(home)["xp"] == 7

    again = open_program()
    again.wait("In the adapter file" if run.state() == "finished" else "Why nobody")
    again.press("e")
    again.wait("In the adapter file", "175,104")
    assert run.state() == "finished"
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
