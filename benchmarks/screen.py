"""A run of a million losses on screen: how long it takes to open, to draw, and what an hour of events costs in memory.

    python -m benchmarks.screen [--points 1000000] [--work DIR]

The events are written by hand, as the engine writes them; the program is the real one, in a pseudo-terminal of 120×40.
"""

import argparse
import json
import math
import random
import statistics
import tempfile
import time
from pathlib import Path

import plotext
import psutil

from benchmarks.terminal import Terminal
from lab.events.curves import Curves
from lab.events.digest import Digest
from lab.runs.directory import Run, Runs
from lab.runs.lock import take_engine_lock
from lab.runs.outcome import KEYS
from lab.spec import RunSpec
from tui.locale import sayer
from tui.views.run.curves import loss_plot
from tui.widgets.plot import draw

AT = "2026-01-01T00:00:00.000+00:00"
HOUR = 3600
PER_SECOND = 30
"""Reports of a small model that reports every iteration."""
MINUTES_AT_ONCE = 2


def train(at: int, iterations: int, chance: random.Random) -> str:
    """One report, with as many digits as the engine writes."""
    loss = 0.2 + 3.5 * math.exp(-6 * at / iterations) + chance.gauss(0, 0.05)
    return (
        f'{{"v": 1, "at": "{AT}", "event": "train", "iteration": {at}, "train_loss": {loss}, "learning_rate": '
        f'{0.002 * (1 - at / iterations)}, "tokens_per_second": 3210.123456789, "iterations_per_second": 31.712345678, '
        f'"trained_tokens": {at * 137}, "peak_memory_bytes": 212000000, "elapsed_seconds": {at * 0.0316}, '
        f'"remaining_seconds": {(iterations - at) * 0.0316}}}\n'
    )


def make(home: Path, name: str, points: int, iterations: int = 0) -> Run:
    """A run with so many reports, a validation and samples at every fiftieth part, and no digest."""
    iterations = iterations or points
    spec = RunSpec.make({"iters": iterations, "steps_per_report": 1})
    run = Runs(home / "runs").create(spec, model_path="sprout", data_path="sql")
    run = Run(run.path.rename(run.path.with_name(name)))
    chance = random.Random(0)
    with (run.path / "events.jsonl").open("w") as file:
        file.write(f'{{"v": 1, "at": "{AT}", "event": "started", "method": "LoRA", "iterations": {iterations}}}\n')
        for at in range(1, points + 1):
            file.write(train(at, iterations, chance))
            if at % max(1, points // 50) == 0:
                file.write(f'{{"event": "validation", "iteration": {at}, "val_loss": {0.25 + 3 / at}}}\n')
                answer = f'{{"prompt": "How many?", "expected": "SELECT COUNT(*)", "text": "SELECT {at}"}}'
                file.write(f'{{"event": "samples", "iteration": {at}, "answers": [{answer}]}}\n')
    return run


def end(run: Run, points: int) -> None:
    """Its last word."""
    told = dict.fromkeys(KEYS) | {"event": "finished", "run": run.id, "iterations": points}
    (run.path / "result.json").write_text(json.dumps(told))


def opened(home: Path, name: str, points: int) -> tuple[float, float, int]:
    """Seconds from the key to the picture, and to all of it, when the bench was used before; and bytes of memory."""
    program = Terminal(home, arguments=["lab", "0-small"])
    program.wait("100/100")
    program.press("2")
    program.wait(name)
    program.press("home")
    program.wait(name)
    time.sleep(1)
    began = time.perf_counter()
    program.press("enter")
    program.wait(f"{points:,}/{points:,}")
    while not any("•" in line[6:60] for line in program.lines[5:30]):
        pass
    first = program.heard - began
    program.wait(f"{points:,}/{points:,}", "SELECT", gone="Reading the events", patience=600)
    whole = program.heard - began
    held = resident(program)
    program.quit()
    return first, whole, held


def resident(program: Terminal) -> int:
    """Bytes of memory of the program itself."""
    return int(psutil.Process(program.child.pid).memory_info().rss)


def redraw(run: Run, times: int = 40) -> float:
    """Milliseconds from what is kept of a run to its picture of 70×30 cells: the median."""
    digest = Digest.of(run)
    took = []
    for _ in range(times):
        began = time.perf_counter()
        plot = loss_plot(Curves.of(digest.progress), sayer("en"))
        draw(plotext, plot, 70, 30)
        took.append(1000 * (time.perf_counter() - began))
    return statistics.median(took)


def an_hour(home: Path) -> tuple[int, list[int]]:
    """How many events of a going run were shown, and bytes of memory before the first and after each quarter."""
    events, chance = HOUR * PER_SECOND, random.Random(1)
    run = make(home, "9-going", 100, events)
    take_engine_lock(run.path)
    program = Terminal(home, arguments=["lab", "9-going"])
    program.wait("100/")
    time.sleep(5)
    held = [resident(program)]
    at = 100
    for _ in range(4):
        for _ in range(HOUR // 4 // (60 * MINUTES_AT_ONCE) or 1):
            upto = min(events, at + 60 * MINUTES_AT_ONCE * PER_SECOND)
            with (run.path / "events.jsonl").open("a") as file:
                file.writelines(train(step, events, chance) for step in range(at + 1, upto + 1))
            at = upto
            program.wait(f"{at:,}/")
        held.append(resident(program))
    program.quit()
    return at, held


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--points", type=int, default=1_000_000)
    parser.add_argument("--work", type=Path, help="where the runs are made, and kept")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        home = options.work or Path(temporary)
        points = options.points
        small, long = make(home, "0-small", 100), make(home, "8-long", points)
        end(small, 100)
        end(long, points)
        size = (long.path / "events.jsonl").stat().st_size
        print(f"{points:,} losses in {size / 1e6:,.0f} MB of events")
        first, whole, held = opened(home, long.id, points)
        print(f"opened without a digest: first picture {first:.2f} s, all read {whole:.1f} s, {held / 1e6:.0f} MB held")
        first, _, held = opened(home, long.id, points)
        print(f"opened with its digest: {first:.2f} s, {held / 1e6:.0f} MB held")
        print(f"chart drawn: {redraw(small):.1f} ms of 100 losses, {redraw(long):.1f} ms of {points:,}")
        count, memory = an_hour(home)
        shown = " → ".join(f"{bytes / 1e6:.1f}" for bytes in memory)
        print(f"memory over {count:,} events of a going run: {shown} MB")


if __name__ == "__main__":
    main()
