"""From a key to its repaint while a run trains at full load: `python -m benchmarks.keys [--presses N]`.

A run trains on all cores beside the program, which is driven in a pseudo-terminal, as by a key that is held down or by
a fast typist. Each key's effect is looked for in something that only keys change, since what the run changes meanwhile
would else pass for it. A time runs from the key's byte to the bytes of the screen that show the effect. Leave the
machine alone meanwhile.
"""

import argparse
import itertools
import re
import statistics
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import psutil
import pyte

from benchmarks.terminal import Terminal
from benchmarks.workspace import training
from lab.preflight import prepare
from lab.runs.directory import Run, Runs

LIMIT_MS = 50
FILLERS = 30
ITERS, ENOUGH = 2000, 150
"""Iterations of the run, more than are trained meanwhile, and those to begin with: a cursor needs a curve."""
HELD, TYPED = 1 / 30, 1 / 15
"""Seconds from one key to the next of a key that is held down, and for a fast typist; longer where a repaint is."""
Look = Callable[[pyte.Screen], Any]


def cursor(screen: pyte.Screen) -> str:
    """The iteration at which the curve's cursor stands."""
    found = re.search(r"▸\s+([\d,]+)", "\n".join(screen.display))
    return found[1] if found else ""


def row_with(mark: str) -> Look:
    """Sees in which row a mark stands; the rows from the tabs on."""
    return lambda screen: next((at for at, line in enumerate(screen.display) if at > 3 and mark in line), -1)


def beside(label: str, cells: int) -> Look:
    """Sees so many cells after a label."""
    return lambda screen: next(
        (line.partition(label)[2][:cells].strip() for line in screen.display if label in line), ""
    )


def times(terminal: Terminal, keys: Iterable[str], look: Look, presses: int, pace: float = HELD) -> list[float | None]:
    """Seconds to the repaint of so many keys, None for a key that changed nothing."""
    found = []
    for key in itertools.islice(itertools.cycle(keys), presses):
        due = time.perf_counter() + pace
        found.append(terminal.repaint(key, look))
        time.sleep(max(0.0, due - time.perf_counter()))
    return found


def scenes(terminal: Terminal, run: Run, presses: int) -> dict[str, list[float | None]]:
    """A walk through the program, with the times at each stop."""
    found = {}
    terminal.wait("tokens/s", "▸")
    found["curve: the cursor"] = times(terminal, ("left", "right"), cursor, presses)
    terminal.press("2")
    terminal.wait("filter", f"{FILLERS + 1} of {FILLERS + 1} runs")
    found["runs: up and down"] = times(terminal, ("down", "down", "up"), row_with("▎"), presses)
    terminal.press("/")
    typed = ("s", "q", "l", *3 * ("backspace",))
    found["runs: typing a filter"] = times(terminal, typed, beside(" / ", 20), presses, TYPED)
    terminal.press("ctrl+pageup")
    terminal.wait("rank:", "scale:", "trainable")  # the plan beside the form, made by an engine that had to start
    terminal.press(*5 * ("down",))
    terminal.wait("Width of the update")  # which is what `rank` is
    found["new run: typing"] = times(terminal, ("1", "backspace"), beside("rank:", 24), presses, TYPED)
    terminal.press("f4")
    terminal.wait("The arithmetic")
    terminal.press("b")
    found["lesson: scrolling"] = times(terminal, ("j", "j", "k", "k"), row_with("The arithmetic that broke"), presses)
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
