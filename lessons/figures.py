"""Measured figures of a course: what runs reached, in `figures/` beside the tracks, one file for each experiment.

A file is {"made_by": "the command that measures it", "mlx_lm": "its version", "runs": [{"flags": {…}, …}, …]}. A run is
known by its flags, {"--rank": 8, "--seed": 0}; each of its other fields is a number, a curve [[x, y], …], or something
that nobody can quote, such as a text.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from lessons.content_file import Source, Table
from lessons.formula import LARGEST
from lessons.series import MOST_POINTS, Points, finite, pairs, read_json
from lessons.text import clean

FOLDER = "figures"
MOST_RUNS = 1000
_NAME = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")

Flags = Mapping[str, str | int | float | bool]


@dataclass(frozen=True)
class Run:
    """What one run reached: numbers, and curves in order of x."""

    flags: Flags
    numbers: Mapping[str, int | float]
    curves: Mapping[str, Points]


class Figures:
    """The figures in `folder`, each file read when it is first named."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._read: dict[str, Mapping[object, Run]] = {}

    def number(self, table: Table) -> int | float:
        """The number that `figure`, `flags`, `take` and `times` of a table name; ContentError where there is none.

        `take` is a field of the run, or "train@50": the curve `train` where x is 50.
        """
        run, field = self.run(table, table.text("figure")), table.text("take")
        value = _value(table, run, field)
        times = table.number("times") if table.has("times") else 1
        if times == 1:
            return value
        if not abs(value * times) <= LARGEST:
            raise table.error(f"{field!r} times {times} is too large", "times")
        return float(f"{value * times:.12g}")  # 0.57 × 100 is not 56.99999999999999

    def run(self, table: Table, figure: str, named_in: Table | None = None) -> Run:
        """The run of a figure whose flags are exactly those under `flags`; another table may have named the figure."""
        flags = table.table("flags").data
        if not all(isinstance(value, str | int | float) for value in flags.values()):
            raise table.error("each flag must be a text, a number, true or false", "flags")
        runs = self._runs(named_in or table, figure)
        if (run := runs.get(_key(flags))) is not None:
            return run
        there = "; ".join(shown(run.flags) for run in list(runs.values())[:8])
        raise table.error(f"no run of the figure {figure!r} has the flags {shown(flags)}; there are: {there}", "flags")

    def _runs(self, table: Table, figure: str) -> Mapping[object, Run]:
        if not _NAME.fullmatch(figure):
            raise table.error(f"the figure {figure!r} must be lower-case words joined by '-'", "figure")
        if figure not in self._read:
            file = self.folder / f"{figure}.json"
            if not file.is_file():
                raise table.error(f"there is no figure {figure!r}: {FOLDER}/{file.name} is missing", "figure")
            self._read[figure] = {_key(run.flags): run for run in read_figure(file, self.folder.parent)}
        return self._read[figure]


def of_lesson(folder: Path) -> Figures:
    """The figures that a lesson in this folder may name: those of its course."""
    return Figures(folder.parent.parent / FOLDER)


def curve_of(table: Table, run: Run, field: str) -> Points:
    """A curve of a run; ContentError where it has none of this name."""
    if not run.curves.get(field):
        there = ", ".join(name for name, points in run.curves.items() if points)
        raise table.error(f"the run {shown(run.flags)} has no curve {field!r}; there are: {there}", "take")
    return run.curves[field]


def shown(flags: Mapping[str, object]) -> str:
    """Flags as one would type them."""
    return clean(", ".join(f"{key} {value}" for key, value in flags.items())) or "none"


def _key(flags: Mapping[str, object]) -> object:
    """Equal for the same flags: 1 and 1.0 are the same, 1 and true are not."""
    return frozenset((name, isinstance(value, bool), value) for name, value in flags.items())


def read_figure(file: Path, root: Path | None = None) -> tuple[Run, ...]:
    """The runs in `file`; ContentError for whatever else is in it."""
    source = Source(file, root)
    data = read_json(source)
    if not isinstance(data, dict) or not isinstance(data.get("runs"), list):
        raise source.error('must be {"made_by": "…", "mlx_lm": "…", "runs": [{"flags": {…}, …}, …]}')
    for key in ("made_by", "mlx_lm"):
        if not isinstance(data.get(key), str) or not data[key].strip():
            raise source.error(f"{key!r} must say how the figures were made", f'"{key}"')
    if not 1 <= len(data["runs"]) <= MOST_RUNS:
        raise source.error(f"must hold from 1 to {MOST_RUNS:,} runs", '"runs"')
    runs = tuple(_run(source, number, run) for number, run in enumerate(data["runs"], 1))
    if sum(len(points) for run in runs for points in run.curves.values()) > MOST_POINTS:
        raise source.error(f"holds more than {MOST_POINTS:,} points")
    seen = set()
    for number, run in enumerate(runs, 1):
        if _key(run.flags) in seen:
            raise source.error(f"run {number} has the flags of another: {shown(run.flags)}")
        seen.add(_key(run.flags))
    return runs


def _run(source: Source, number: int, run: object) -> Run:
    flags = run.get("flags") if isinstance(run, dict) else None
    if not isinstance(run, dict) or not isinstance(flags, dict):
        raise source.error(f'run {number} must be {{"flags": {{…}}, …}}')
    if not all(isinstance(value, str | bool) or finite(value) is not None for value in flags.values()):
        raise source.error(f"run {number} has a flag that is neither a text nor a number", '"flags"')
    numbers: dict[str, int | float] = {}
    curves: dict[str, Points] = {}
    for key, value in run.items():
        if isinstance(value, list):
            if (points := pairs(value)) is None:
                raise source.error(f"{clean(key)!r} of run {number} must be a list of [x, y]", f'"{key}"')
            curves[key] = tuple(sorted(points))
        elif isinstance(value, int | float) and not isinstance(value, bool):
            if finite(value) is None or abs(value) > LARGEST:
                raise source.error(f"{clean(key)!r} of run {number} is no finite number", f'"{key}"')
            numbers[key] = value
    return Run(flags, numbers, curves)


def _value(table: Table, run: Run, field: str) -> int | float:
    name, at, x = field.partition("@")
    if not at:
        if name not in run.numbers:
            there = ", ".join(sorted(run.numbers))
            raise table.error(f"the run {shown(run.flags)} has no number {name!r}; there are: {there}", "take")
        return run.numbers[name]
    points, place = dict(curve_of(table, run, name)), finite(x)
    if place is None or place not in points:
        raise table.error(f"the curve {name!r} of the run {shown(run.flags)} has no point at {x!r}", "take")
    return points[place]
