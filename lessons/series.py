"""The data files of a lesson: lines of points, from CSV or JSON, and what can be read off them."""

import csv
import json
import math
from collections.abc import Mapping
from pathlib import Path

from lessons.content_file import Source
from lessons.course import ContentError

Points = tuple[tuple[float, float], ...]

MOST_POINTS = 10_000
TAKES = ("lowest", "highest", "x-of-lowest", "x-of-highest", "first", "last")
"""What a parameter may take from a line: its least or greatest y, the x where that is, or the y at an end."""


def read_points(file: Path, root: Path | None = None) -> dict[str, Points]:
    """The lines in `file` by name, each in order of x; ContentError with the line that cannot be used.

    A .csv has a row of names; its first column is x, every other one a line, and an empty cell is no
    point. A .json is {"name": [[x, y], …], …}. `root` is the course, out of which no file may lead.
    """
    source = Source(file, root)
    match file.suffix:
        case ".csv":
            lines = _from_csv(source)
        case ".json":
            lines = _from_json(source)
        case _:
            raise source.error("points are read from .csv or .json")
    if sum(len(points) for points in lines.values()) > MOST_POINTS:
        raise source.error(f"holds more than {MOST_POINTS:,} points")
    return {name: tuple(sorted(points)) for name, points in lines.items()}


def take(points: Points, what: str) -> float:
    """One of TAKES of a line that is not empty; a whole number comes as one."""
    lowest, highest = min(points, key=lambda point: point[1]), max(points, key=lambda point: point[1])
    value = {
        "lowest": lowest[1],
        "highest": highest[1],
        "x-of-lowest": lowest[0],
        "x-of-highest": highest[0],
        "first": points[0][1],
        "last": points[-1][1],
    }[what]
    return int(value) if value.is_integer() else value


def _from_csv(source: Source) -> Mapping[str, list[tuple[float, float]]]:
    rows = csv.reader(source.text.splitlines())
    names = [name.strip() for name in next(rows, [])]
    if len(names) < 2 or not all(names) or len(set(names)) < len(names):
        raise source.error("begins with a row of different names, x first")
    lines: dict[str, list[tuple[float, float]]] = {name: [] for name in names[1:]}
    for row in rows:
        if not any(cell.strip() for cell in row):
            continue
        if len(row) != len(names):
            raise ContentError(source.file, rows.line_num, f"has {len(row)} cells, not {len(names)}")
        for name, cell in zip(names[1:], row[1:], strict=True):
            if cell.strip():
                point = finite(row[0]), finite(cell)
                if point[0] is None or point[1] is None:
                    raise ContentError(source.file, rows.line_num, "holds what is no finite number")
                lines[name].append((point[0], point[1]))
    return lines


def _from_json(source: Source) -> Mapping[str, list[tuple[float, float]]]:
    data = read_json(source)
    if not isinstance(data, dict):
        raise source.error('must be {"name": [[x, y], …], …}')
    lines = {}
    for name, values in data.items():
        if (points := pairs(values)) is None:
            raise source.error(f"{name!r} must be a list of [x, y]", f'"{name}"')
        lines[name] = points
    return lines


def read_json(source: Source) -> object:
    """What a file of JSON holds; ContentError where it is none."""
    try:
        return json.loads(source.text)
    except json.JSONDecodeError as error:
        raise ContentError(source.file, error.lineno, f"is not JSON: {error.msg}") from None
    except (ValueError, RecursionError):
        raise source.error("is not JSON that can be read") from None


def pairs(values: object) -> list[tuple[float, float]] | None:
    """A list of [x, y] as points; None where it is anything else."""
    points = []
    for pair in values if isinstance(values, list) else [None]:
        x, y = map(finite, pair) if isinstance(pair, list) and len(pair) == 2 else (None, None)
        if x is None or y is None:
            return None
        points.append((x, y))
    return points


def finite(value: object) -> float | None:
    """A number, or a text that is one, as a float; None for whatever else, and for what has no end."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None
