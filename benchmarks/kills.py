"""Kill a run again and again, resume it each time, and compare what it learned with a run that was left alone.

    python -m benchmarks.kills --kills 30

prints how far each kill came and whether losses and adapters are bit-equal in the end; exit code 1 if they are not.
"""

import argparse
import contextlib
import random
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import psutil

from lab import preflight
from lab.events.schema import iteration_of
from lab.runs import launch
from lab.runs.directory import Run, Runs

SPEC = {
    **{"iters": 300, "batch_size": 4, "num_layers": 3, "save_every": 5, "steps_per_report": 2, "steps_per_eval": 10},
    **{"val_batches": 4, "samples": 1, "grad_accumulation_steps": 2, "seed": 7},
    **{"lora_parameters": {"rank": 8, "scale": 20.0, "dropout": 0.1}},
}


def main() -> int:
    """Run it as a command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=30)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as home:
        return compare(Path(home), options.kills, random.Random(options.seed))


def compare(home: Path, kills: int, rng: random.Random) -> int:
    """Both runs below `home`; 0 if they end alike."""
    cache, runs = home / "cache", Runs(home / "runs")
    whole = preflight.prepare(SPEC, runs, cache)
    end(whole, launch.start(whole, cache))
    print(f"unbroken: {told(whole)}", flush=True)

    broken = preflight.prepare(SPEC, runs, cache)
    for number in range(1, kills + 1):
        pid = launch.start(broken, cache)
        # One kill in five finds it loading; the others spread over the iterations, and somewhere within one.
        more = 0 if rng.random() < 0.2 else rng.randrange(1, 2 * SPEC["iters"] // kills)
        goal = reached(broken) + more
        while more and reached(broken) < goal and psutil.pid_exists(pid) and not broken.result():
            time.sleep(0.02)
        time.sleep(rng.uniform(0, 0.2 if more else 3))
        if broken.lives():
            psutil.Process(pid).kill()
        end(broken, pid)
        if broken.result():
            print(f"kill {number}: the run had finished before it")
            break
        print(f"kill {number}: at iteration {reached(broken)}", flush=True)
    else:
        end(broken, launch.start(broken, cache))
    alike = told(whole) == told(broken) and files(whole) == files(broken)
    print(f"{'bit-equal' if alike else 'DIFFERENT'}: {told(broken)}, {len(files(broken))} adapter files")
    return 0 if alike else 1


def end(run: Run, pid: int) -> None:
    """Wait until the engine is gone."""
    with contextlib.suppress(psutil.NoSuchProcess):
        psutil.Process(pid).wait(600)


def reached(run: Run) -> int:
    """The newest iteration that events tell of."""
    return max((iteration_of(e) for e in run.events()[0]), default=0)


def told(run: Run) -> dict[str, Any]:
    """What the last word says of the training."""
    keys = ("kind", "iterations", "train_loss", "val_loss", "best_iteration", "best_val_loss", "trained_tokens")
    return {key: getattr(run.result(), key, None) for key in keys}


def files(run: Run) -> dict[str, bytes]:
    """Every weights file of the run."""
    return {str(p.relative_to(run.adapters)): p.read_bytes() for p in run.adapters.rglob("*.safetensors")}


if __name__ == "__main__":
    sys.exit(main())
