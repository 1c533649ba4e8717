"""The laboratory of the real program, and real runs for it, trained once for all tests."""

import os
import shutil
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from engines import end_all
from filelock import FileLock

from lab.preflight import prepare
from lab.runs.directory import Run, Runs
from lab.runs.launch import start
from tui.app import LowrankApp
from tui.views.view import LaboratoryView, RunSelection

SHORT = {"iters": 20, "steps_per_report": 1, "steps_per_eval": 10, "save_every": 10, "samples": 2, "val_batches": 2}
TRAINED = {
    "lora": {"model": "sprout", "fine_tune_type": "lora", **SHORT},
    "dora": {"model": "sprout-4bit", "fine_tune_type": "dora", **SHORT},
}


@pytest.fixture(scope="session")
def trained_home(common_folder: Path) -> Path:
    """A home with the runs "lora" and "dora", each twenty iterations of `sql`; made once for all workers."""
    home = common_folder / "trained-home"
    with FileLock(common_folder / "trained-home.lock"):
        if not (home / "made").exists():
            runs = Runs(home / "runs")
            for name, fields in TRAINED.items():
                run = prepare(dict(fields), runs, home / "cache")
                run = Run(run.path.rename(run.path.with_name(name)))
                pid = start(run, home / "cache")
                os.waitpid(pid, 0)
                assert run.state() == "finished", (run.path / "log.txt").read_text()
            (home / "made").touch()
    return home


@pytest.fixture
def trained(trained_home: Path, home: Path) -> Path:
    """This test's own home with copies of the trained runs; the cache is shared and only read."""
    shutil.copytree(trained_home / "runs", home / "runs")
    (home / "cache").symlink_to(trained_home / "cache")
    return home


@pytest.fixture
def stopped_at_end(home: Path) -> Iterator[None]:
    """Ends every engine that a test has left behind."""
    yield
    end_all(Runs(home / "runs").all())


OpenBench = Callable[..., Awaitable[Any]]


@pytest.fixture
def at_bench(until: Any, monkeypatch: pytest.MonkeyPatch) -> OpenBench:
    """`await at_bench(pilot, "runs", run="lora")`: the laboratory open at that bench; the bench."""

    async def go(pilot: Any, place: str, run: str = "", marked: tuple[str, ...] = ()) -> LaboratoryView:
        from tui.screens.laboratory import Laboratory

        app: LowrankApp = pilot.app
        await until(pilot, lambda: app.lesson_screen.ready)
        # Straight to that bench: the form, where it begins while there are no runs, takes longer than all the others.
        monkeypatch.setattr(Laboratory, "first_place", lambda _: place)
        await app._open_laboratory(RunSelection(run, marked))
        laboratory = app.laboratory
        assert laboratory is not None
        await until(pilot, lambda: laboratory.bench is not None)  # which opens by itself, and may pick a run
        laboratory.picks.run, laboratory.picks.marked = run, marked
        bench = await laboratory.open(place)
        await pilot.pause()
        return bench

    return go


@pytest.fixture
def snap_compare(snap_compare: Any) -> Any:
    """Pictures with what the tabs say of the benches, which the program brings up to date once a second."""

    def compare(app: Any, *, run_before: Callable[[Any], Awaitable[None]], **more: Any) -> bool:
        async def settled(pilot: Any) -> None:
            await run_before(pilot)
            if pilot.app.laboratory is not None:
                pilot.app.laboratory.tell_status()
            await pilot.pause()

        return bool(snap_compare(app, run_before=settled, **more))

    return compare


NASTY = "[bold red]boo[/] \x1b]0;owned\x07\x1b[2J\u202eevil\u202c a\u200bb 한글"
"""Rich markup, OSC and ANSI sequences, right-to-left and zero-width characters: to be shown inert wherever it comes."""
