"""From a key to its repaint while a run trains at full load: `python -m bench.keys [--presses N]`.

A run trains on all cores beside the program, which is driven in a pseudo-terminal by keys whose effect is a change in
one known place. A time runs from the key's byte to the bytes of the screen that show the change. Leave the machine
alone meanwhile.
"""

import argparse
import itertools
import statistics
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import psutil
import pyte

from bench.desk import training
from bench.terminal import Terminal
from lab.launch import prepare
from lab.runs.directory import Run, Runs

LIMIT_MS = 50
FILLERS = 30
ITERS, ENOUGH = 2000, 150
"""Iterations of the run, more than are trained meanwhile, and those to begin with: a cursor needs a curve."""
Look = Callable[[pyte.Screen], Any]


def line_with(text: str) -> Look:
    """Sees the first line that holds `text`."""
    return lambda screen: next((line for line in screen.display if text in line), "")


def area(rows: range, columns: range) -> Look:
    """Sees characters and colours of a rectangle."""
    return lambda screen: [(screen.buffer[y][x].data, screen.buffer[y][x].bg) for y in rows for x in columns]


def values(screen: pyte.Screen) -> list[str]:
    """Sees what stands in the fields of the form, without colours, since a cursor blinks."""
    return [line[24:42] for line in screen.display[3:20]]


def times(terminal: Terminal, keys: Iterable[str], look: Look, presses: int) -> list[float | None]:
    """Seconds to the repaint of so many keys, None for a key that changed nothing."""
    return [terminal.repaint(key, look) for key in itertools.islice(itertools.cycle(keys), presses)]


def scenes(terminal: Terminal, run: Run, presses: int) -> dict[str, list[float | None]]:
    """A walk through the program, with the times at each stop."""
    found = {}
    terminal.wait("tokens/s", "▸")
    found["curve: the cursor"] = times(terminal, ("left", "right"), line_with("▸"), presses)
    terminal.press("2")
    terminal.wait("filter", f"of {FILLERS + 1}")
    found["runs: up and down"] = times(terminal, ("down", "down", "up"), area(range(5, 36), range(0, 40)), presses)
    terminal.press("/")
    typed = ("s", "q", "l", *3 * ("backspace",))
    found["runs: typing a filter"] = times(terminal, typed, line_with("/ "), presses)
    terminal.press("ctrl+pageup")
    terminal.wait("rank:", "scale:", "trainable")  # the plan beside the form, made by an engine that had to start
    terminal.press(*5 * ("down",))
    found["new run: typing"] = times(terminal, ("1", "backspace"), values, presses)
    terminal.press("f4")
    terminal.wait("The arithmetic")
    terminal.press("b")
    found["lesson: scrolling"] = times(terminal, ("j", "j", "k"), area(range(5, 34), range(30, 78)), presses)
    return found


def main() -> None:
    """Print a table, and exit with 1 if any 95th percentile is over the limit."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--presses", type=int, default=60)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        runs = Runs(home / "runs")
        for number in range(FILLERS):
            prepare({"seed": number}, runs, home / "cache")
        with training(home, ENOUGH, iters=ITERS, samples=0, steps_per_report=1) as run:
            terminal = Terminal(home, arguments=("lab", run.id))
            terminal.child.delaybeforesend = None  # pexpect waits 50 ms before every key unless told otherwise
            try:
                found = scenes(terminal, run, options.presses)
                resident = psutil.Process(terminal.child.pid).memory_info().rss
            finally:
                terminal.quit()
    slow = 0
    for name, all_ in found.items():
        seen = sorted(1000 * seconds for seconds in all_ if seconds is not None)
        p95 = seen[int(0.95 * (len(seen) - 1))]
        slow += p95 > LIMIT_MS
        lost = f"  {all_.count(None)} without effect" if None in all_ else ""
        print(f"{name:<24} median {statistics.median(seen):5.1f} ms   p95 {p95:5.1f} ms   max {seen[-1]:5.1f} ms{lost}")
    print(f"resident memory of the program {resident / 1e6:.0f} MB")
    raise SystemExit(bool(slow))


if __name__ == "__main__":
    main()
