"""A thousand runs in the table: how long it takes to open, to sort and to filter.

    python -m benchmarks.run_index [--runs 1000] [--points 40]

The runs are written by hand, as the engine leaves them. "first" is without the index, "again" with it, as in another
program; both until every row is there. In the screen, a time ends when the table has drawn what was asked for.
"""

import argparse
import asyncio
import json
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil

from lab.hyperparameters import write_spec
from lab.runs.directory import Run, Runs
from lab.runs.outcome import KEYS
from lab.runs.run_index import INDEX, RunIndex
from lab.spec import RunSpec
from tui.app import LowrankApp


def make(root: Path, count: int, points: int) -> None:
    """So many finished runs with so many reports each, in a dozen kinds."""
    root.mkdir(parents=True)
    for number in range(count):
        rank, rate, kind = (4, 8, 16)[number % 3], (1e-3, 2e-3)[number % 2], ("lora", "dora")[number // 2 % 2]
        spec = RunSpec.make({"lora_parameters": {"rank": rank}, "learning_rate": rate, "fine_tune_type": kind,
                             "seed": number})  # fmt: skip
        path = root / f"20260101-{number // 3600:02d}{number // 60 % 60:02d}{number % 60:02d}-sql-{kind}"
        for folder in (path / "adapters" / "best", path / "state"):
            folder.mkdir(parents=True)
        write_spec(spec, path / "spec.yaml", model_path="/m", data_path="/d", adapter_path=path / "adapters")
        finish(Run(path), points, number)


def finish(run: Run, points: int, number: int) -> None:
    """Events and files of a run that has finished."""
    at = "2026-01-01T00:00:00.000+00:00"
    events: list[dict[str, Any]] = [{"event": "started", "method": "LoRA", "iterations": 400, "run": run.id}]
    for point in range(1, points + 1):
        loss = 4 / point + (number % 97) / 100
        events.append({"event": "train", "iteration": point * 10, "train_loss": loss, "tokens_per_second": 2310.0,
                       "elapsed_seconds": point * 0.3, "trained_tokens": point * 900,
                       "peak_memory_bytes": 212_000_000})  # fmt: skip
    result = dict.fromkeys(KEYS) | {"event": "finished", "run": run.id, "iterations": points * 10,
                                    "train_loss": loss, "val_loss": loss + 0.05, "seconds": points * 0.3,
                                    "trainable_parameters": 175_104, "adapter_bytes": 700_000}  # fmt: skip
    lines = [json.dumps({"v": 1, "at": at, **event}) for event in [*events, result]]
    (run.path / "events.jsonl").write_text("\n".join(lines) + "\n")
    (run.path / "result.json").write_text(json.dumps(result))
    for name in ("adapters.safetensors", "0000200_adapters.safetensors", "0000400_adapters.safetensors"):
        (run.adapters / name).write_bytes(bytes(4096))


def timed(work: Callable[[], Any], times: int = 1) -> float:
    """The median of so many goes, in milliseconds."""
    took = []
    for _ in range(times):
        begin = time.perf_counter()
        work()
        took.append(1e3 * (time.perf_counter() - begin))
    return statistics.median(took)


async def screen(home: Path, count: int) -> list[tuple[str, float]]:
    """(what, milliseconds) of the bench in the real program without a terminal, until the change has been drawn."""
    found: list[tuple[str, float]] = []
    app = LowrankApp(home)
    async with app.run_test(size=(120, 40)) as pilot:
        while not app.lesson_screen.ready or len(app.session.progress.runs_finished) < count:
            await pilot.pause(0.1)  # the first start notes every run that ended without the program
        begin = time.perf_counter()

        async def drawn() -> float:
            done = asyncio.Event()
            app.screen.call_after_refresh(done.set)
            await done.wait()
            return 1e3 * (time.perf_counter() - begin)

        await app.action_laboratory()
        assert app.laboratory is not None
        bench: Any = await app.laboratory.open("runs")
        while not bench.grid.rows:
            await asyncio.sleep(0.02)  # more often would slow the reading down
        found.append(("open, rows in sight", await drawn()))
        while len(bench.grid.rows) < count:
            await asyncio.sleep(0.02)  # more often would slow the reading down
        found.append(("open, every row", await drawn()))
        for what, change in (("sort", bench.action_sort), ("filter", None)):
            took = []
            for goal in ("f", "fi", "fin", "fi", "f", "", "rank:8", ""):
                await pilot.pause(0.05)
                begin = time.perf_counter()
                if change is not None:
                    change()
                else:
                    bench.query_one("#runs-filter").value = goal
                    while bench.filtered != goal:
                        await asyncio.sleep(0)
                took.append(await drawn())
            found.append((f"{what}, median", statistics.median(took)))
            found.append((f"{what}, worst of {len(took)}", max(took)))
        found.append(("memory of the process, MB", psutil.Process().memory_info().rss / 1e6))
    return found


def main() -> None:
    """Make the runs, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=1000)
    parser.add_argument("--points", type=int, default=40)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="lowrank-bench-shelf-") as folder:
        home = Path(folder)
        make(home / "runs", options.runs, options.points)
        runs = Runs(home / "runs")
        print(f"{options.runs:,} runs, times in milliseconds")
        print(f"  read first  {timed(lambda: RunIndex(runs, home / 'cache').read()):8.1f}")
        print(f"  index       {(runs.root / INDEX).stat().st_size / 1e3:8.1f} kB")
        print(f"  read again  {timed(lambda: RunIndex(runs, home / 'cache').read(), 5):8.1f}")
        for title in ("without the index", "with the index"):
            if title == "without the index":
                (runs.root / INDEX).unlink()
            print(f"in the screen, {title}")
            for what, took in asyncio.run(screen(home, options.runs)):
                print(f"  {what:<28}{took:8.1f}")


if __name__ == "__main__":
    main()
