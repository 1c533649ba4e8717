"""What the program holds in memory while a run trains: `python -m benchmarks.resident`.

It is driven in a pseudo-terminal of 120×40 through a lesson and all benches, and then follows an hour of events, four
a second, that are written as fast as they are shown. Bytes are those resident: what it alone holds, and files that it
shares with others. Leave the machine alone meanwhile.
"""

import argparse
import random
import tempfile
import time
from pathlib import Path

import psutil

from benchmarks.screen import make, resident, train
from benchmarks.terminal import Terminal
from benchmarks.workspace import training
from lab.runs.directory import Run
from lab.runs.lock import take_engine_lock

LIMIT = 120e6
ENOUGH = 60
"""Iterations of the run that trains before anything is looked at: its first adapter is then saved."""
GROWTH = 1e6
"""Bytes that the second half of an hour may add; in the first, the curve fills up to what it may hold."""
QUIET = 3.0
"""Seconds in which nothing is asked of the program before it is weighed."""
HOUR, PER_SECOND, PARTS, AT_ONCE = 3600, 4, 6, 240
HOURS_RUN, SHOWN = "hour", 100
"""The run whose events are written, and how many it begins with."""
AROUND = {
    "runs": "filter",
    "run": "tokens/s",
    "compare": "What differs",
    "inspect": "checkpoint",
    "chat": "Ask something",
    "fuse": "Fuse",
    "new": "lora_parameters:",
}
"""The benches in the order in which one key goes through them, and what is seen when each has all it shows."""


def weigh(terminal: Terminal, name: str) -> int:
    """Bytes resident once nothing moves, printed under that name."""
    end = time.monotonic() + QUIET
    while time.monotonic() < end:
        _ = terminal.lines  # a program whose screen nobody reads comes to a halt
        time.sleep(0.05)
    held = resident(terminal)
    print(f"{name:<22} {held / 1e6:6.1f} MB   {psutil.Process(terminal.child.pid).num_threads()} threads", flush=True)
    return held


def walk(terminal: Terminal) -> int:
    """Through a lesson and all benches; bytes at the end."""
    terminal.wait("The arithmetic")
    weigh(terminal, "start")
    terminal.press(*60 * ("j",))
    weigh(terminal, "a lesson read")
    terminal.press("f4")
    for name, seen in AROUND.items():
        terminal.wait(seen)
        if name == "runs":
            terminal.press("home", "a")
        held = weigh(terminal, name)
        terminal.press("ctrl+pagedown")
    terminal.wait("filter")
    return held


def an_hour(terminal: Terminal, run: Run) -> list[int]:
    """Bytes before an hour of events of a run in front, and after each part of it."""
    events, chance = HOUR * PER_SECOND, random.Random(1)
    terminal.press("/", *HOURS_RUN, "enter", "enter")
    terminal.wait("Answers at", f"{SHOWN}/{SHOWN + events:,}")
    held = [weigh(terminal, "before the hour")]
    for begin in range(SHOWN, SHOWN + events, AT_ONCE):
        with (run.path / "events.jsonl").open("a") as file:
            file.writelines(train(at, SHOWN + events, chance) for at in range(begin + 1, begin + AT_ONCE + 1))
        terminal.wait(f"{begin + AT_ONCE:,}/")
        if (done := begin + AT_ONCE - SHOWN) % (events // PARTS) == 0:
            held.append(weigh(terminal, f"after {done // PER_SECOND // 60} minutes"))
    return held


def main() -> None:
    """Print what is held at each stop, and exit with 1 if it is over the limit or grows."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        with training(home, 0, iters=30, save_every=10, samples=1) as done:
            while done.result() is None:
                time.sleep(0.1)
        going = make(home, HOURS_RUN, SHOWN, SHOWN + HOUR * PER_SECOND)
        take_engine_lock(going.path)
        with training(home, ENOUGH, iters=100_000, save_every=50, samples=1, steps_per_report=1):
            terminal = Terminal(home)
            try:
                before = walk(terminal)
                held = an_hour(terminal, going)
            finally:
                terminal.quit()
    most, growth = max(before, *held), held[-1] - held[PARTS // 2]
    print(f"most {most / 1e6:.1f} MB, grown by {growth / 1e6:+.1f} MB in the second half of the hour")
    raise SystemExit(most > LIMIT or growth > GROWTH)


if __name__ == "__main__":
    main()
