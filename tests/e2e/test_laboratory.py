"""The laboratory in a pseudo-terminal: a run started there goes on when the program closes, and is found again."""

from pathlib import Path

import pytest
from waiting import wait_for

from lab.events.schema import iteration_of
from lab.runs.directory import Runs


@pytest.mark.long
def test_a_run_goes_on_when_the_program_closes_and_is_found_again(open_program, home: Path) -> None:
    terminal = open_program()
    terminal.wait("The arithmetic", "laboratory")
    terminal.press("f4")
    terminal.wait("lora_parameters:", "iters:", "start")
    terminal.press("ctrl+r")
    terminal.wait("●", "tokens/s", "train loss")
    terminal.quit()

    (run,) = Runs(home / "runs").all()
    at = iteration_of(run.last_event())
    wait_for(lambda: iteration_of(run.last_event()) > at)
    assert run.state() == "running", "it goes on without the program"

    again = open_program(arguments=("lab", "last"))
    again.wait("●", "/400", "tokens/s")
    again.press("x", "x")
    again.wait("■ stopped", run.id)
    assert wait_for(run.result).kind == "stopped"
    again.quit()
