"""`python -m benchmarks.exercises LESSON… [--work FOLDER]`: make the runs of exercises and measure what formulas name,
as the `typical` tables of lesson.toml."""

import argparse
import asyncio
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from lessons.course import Exercise, Foretold, Prediction, Repair, Selection
from lessons.exercises import measured_names
from lessons.loader import load_lesson
from store.progress import ExerciseState
from tui.exercises.data_copies import workshop
from tui.exercises.jobs import Doing, Work
from tui.exercises.stage import item_of, run_state
from tui.home import Folders


class Desk:
    """A learner whose log is held in memory; `locked` is what they foretold, by the item that the log would name."""

    def __init__(self, exercise: Exercise, home: Path, foretell: Callable[[Foretold], object]) -> None:
        self.exercise, self.place = exercise, Folders(home, home / "runs", home / "cache")
        foretold = [step for step in exercise.steps if isinstance(step, Prediction | Selection)]
        self.locked = {item_of(exercise, step): {"value": foretell(step)} for step in foretold}
        self.measured: dict[str, Mapping[str, object]] = {}
        self.runs: dict[str, str] = {}
        self.work = Work(exercise, self.place, self.state, self.record, _tell)

    def state(self) -> ExerciseState:
        return ExerciseState(locked=self.locked, measured=self.measured, runs=self.runs)

    def record(self, _: str, item: str, payload: Mapping[str, object]) -> None:
        self.measured[item] = payload

    async def run(self) -> None:
        """Make every run of the exercise, and wait until the last one has ended."""
        begun = self.work.begin([trial.name for trial in self.exercise.trials]) if self.exercise.trials else []
        self.runs = {run.name: run.run for run in begun}
        while any(run_state(self.place.runs, run) == "waiting" for run in self.runs.values()):
            await asyncio.sleep(0.5)

    async def measure(self) -> None:
        """Put the truth beside everything that was foretold. Raises SystemExit."""
        if troubles := await self.work.go_on():
            raise SystemExit("\n".join(troubles))


def _guess(step: Foretold) -> object:
    return step.options[0].id if isinstance(step, Selection) else 1.0


async def measure(folder: Path, home: Path) -> dict[str, float]:
    """Every measurement that the lesson's exercise names, from runs made in `home`. Raises SystemExit."""
    exercise = load_lesson(folder, folder.parent.name).exercise
    if exercise is None:
        return {}
    desk = Desk(exercise, home, _guess)
    for step in exercise.steps:
        if isinstance(step, Repair):
            copy = workshop(desk.place, exercise, step.folder)
            copy.parent.mkdir(parents=True, exist_ok=True)
            if not copy.exists():
                copy.symlink_to(step.repaired.absolute())
    await desk.run()
    await desk.measure()
    names = [name for step in exercise.steps for name in measured_names(step)]
    kept = [payload.get("names") for payload in desk.measured.values()]
    found = {key: value for each in kept if isinstance(each, Mapping) for key, value in each.items()}
    return {name: found[name] for name in dict.fromkeys(names) if name in found}


def _tell(doing: Doing | None) -> None:
    if doing is not None and not doing.done:
        print(f"# {doing.what} {doing.of}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.exercises", description=__doc__)
    parser.add_argument("lessons", type=Path, nargs="+", metavar="LESSON", help="folders of lessons")
    parser.add_argument("--work", type=Path, help="folder for runs (default: one that is thrown away)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        for number, folder in enumerate(options.lessons):
            begun = time.monotonic()
            found = asyncio.run(measure(folder.absolute(), (options.work or Path(temporary)) / str(number)))
            print(f"# {folder.name}: {time.monotonic() - begun:.0f} s")
            for owner in dict.fromkeys(name.partition(".")[0] for name in found):
                print(f"[exercise.typical.{owner}]")
                print(
                    "".join(f"{n.partition('.')[2]} = {v:.6g}\n" for n, v in found.items() if n.startswith(f"{owner}."))
                )


if __name__ == "__main__":
    main()
