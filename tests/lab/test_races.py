"""Every pair of things that can be done to a run, at the same time, again and again, with engines that train."""

import itertools
import os
import random
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest
from engines import end_all
from event_of import kind_of
from waiting import wait_for

from lab import preflight
from lab.errors import LabError
from lab.queue.runner import line_up
from lab.runs import disk_usage, launch, trash
from lab.runs.crash_recovery import settle
from lab.runs.directory import TRASH, Run, Runs
from lab.runs.state import TERMINAL
from lab.runs.stop import request_stop

SPEC = {"batch_size": 2, "num_layers": 1, "val_batches": 0, "samples": 0, "steps_per_report": 1, "iters": 12,
        "save_every": 3, "steps_per_eval": 100}  # fmt: skip
TIMES = int(os.environ.get("LOWRANK_RACES", "1"))
"""How often each pair meets."""

DataTask = Callable[[Run, Runs, Path], object]


def kill(run: Run, runs: Runs, cache: Path) -> None:
    process = run.process()
    if process is not None:
        process.kill()


DEEDS: dict[str, DataTask] = {
    "start": lambda run, runs, cache: launch.start(run, cache),
    "start now": lambda run, runs, cache: launch.start(run, cache, now=True),
    "table": lambda run, runs, cache: line_up([run], cache),
    "line": lambda run, runs, cache: line_up([_beside(runs, cache), run], cache),
    "stop": lambda run, runs, cache: request_stop(run),
    "delete": lambda run, runs, cache: trash.delete(run, runs),
    "restore": lambda run, runs, cache: trash.restore(runs, run.id),
    "free": lambda run, runs, cache: disk_usage.drop_checkpoints(run),
    "list": lambda run, runs, cache: [settle(each) for each in runs.all()],
    "kill": kill,
}


def _beside(runs: Runs, cache: Path) -> Run:
    return preflight.prepare(SPEC | {"iters": 1}, runs, cache)


def at_work(run: Run) -> list[psutil.Process]:
    """Every process that trains this run, whatever the run says of itself: those that have its log of events open.

    One that an engine has forked, to compile something, looks like it for a moment.
    """
    found = {process.pid: process for process in psutil.process_iter(["cmdline"]) if _trains(process, run)}
    return [process for process in found.values() if _parent(process) not in found]


def _trains(process: psutil.Process, run: Run) -> bool:
    words = process.info["cmdline"] or []
    try:
        return (
            "train" in words
            and str(run.path) in words
            and any(Path(file.path).name == "events.jsonl" for file in process.open_files())
        )
    except psutil.Error:
        return False


def _parent(process: psutil.Process) -> int:
    try:
        return process.ppid()
    except psutil.Error:
        return 0


class Watch:
    """Looks all the while for two engines on one run, for one on a run that is taken for dead, and for lost results."""

    def __init__(self, run: Run, runs: Runs) -> None:
        self.run, self.aside = run, Run(runs.root / TRASH / run.id)
        self.faults: list[str] = []
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look)
        self._thread.start()

    def _look(self) -> None:
        finished = False
        while not self._over.wait(0.005):
            first = at_work(self.run)
            if len(first) > 1:
                self.faults.append(f"{len(first)} engines: {first}")
            if first and not self.run.lives() and first == at_work(self.run):
                self.faults.append(f"{first} works on a run that is {self.run.state()}")
            here = [kind_of(each.result()) for each in (self.run, self.aside)]
            if finished and "finished" not in here and not _moving(self):
                self.faults.append("a finished result is gone")
            finished = finished or "finished" in here

    def end(self) -> None:
        self._over.set()
        self._thread.join()


def _moving(watch: Watch) -> bool:
    """Whether the result was only out of sight while the folder moved from one place to the other."""
    return any(kind_of(each.result()) == "finished" for each in (watch.run, watch.aside, watch.run))


@pytest.mark.long
@pytest.mark.parametrize(("one", "other"), list(itertools.combinations_with_replacement(DEEDS, 2)))
def test_whatever_two_do_at_once_one_engine_works_and_nothing_is_lost(tmp_path: Path, one: str, other: str) -> None:
    runs, cache = Runs(tmp_path / "runs"), tmp_path / "cache"
    chance = random.Random(f"{one} {other}")
    try:
        for _ in range(TIMES):
            run = preflight.prepare(SPEC, runs, cache)
            meet(run, runs, cache, one, other, chance)
    finally:
        end_all(runs.all())


def meet(run: Run, runs: Runs, cache: Path, one: str, other: str, chance: random.Random) -> None:
    """Bring a run somewhere, let two things happen to it at once, and see what is left and whether it can go on."""
    launch.start(run, cache)
    before = chance.choice(["starting", "training", "stopped", "finished"])
    if before in ("training", "stopped"):
        wait_for(lambda: kind_of(run.last_event()) == "train" or run.result())
    if before == "stopped":
        request_stop(run)
    if before in ("stopped", "finished"):
        wait_for(run.result)
    watch = Watch(run, runs)
    gate = threading.Barrier(2)

    def do(name: str) -> BaseException | None:
        gate.wait()
        try:
            DEEDS[name](run, runs, cache)
        except LabError as error:
            return error
        return None

    try:
        with ThreadPoolExecutor(2) as both:
            for each in [both.submit(do, name) for name in (one, other)]:
                each.result()
        if not run.path.exists():
            trash.restore(runs, run.id)
        wait_for(lambda: settle(run) in TERMINAL and not run.lives())
        while run.state() != "finished":  # it goes on to its end
            launch.start(run, cache)
            wait_for(lambda: settle(run) in TERMINAL and not run.lives())
    finally:
        watch.end()
    assert watch.faults == []
    result = run.result()
    assert result is not None and result.iterations == SPEC["iters"] and not at_work(run)
    assert kind_of(run.last_event()) == "finished"
    with pytest.raises(LabError, match="has finished"):
        launch.start(run, cache)
