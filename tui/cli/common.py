"""What every command uses: the runs of this home, the cache, common options, and the ways to write."""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

from typer import Argument, Option

from lab.errors import LabError
from lab.runs.directory import Runs
from lab.runs.service import RunService
from tui.cli.completion import run_ids
from tui.cli.output import Status as Status
from tui.cli.output import note as note
from tui.cli.output import say as say
from tui.cli.output import write as write
from tui.cli.output import write_text as write_text
from tui.home import home

Json = Annotated[bool, Option("--json", help="Print one JSON object.")]
Checkpoint = Annotated[str, Option(help="Which adapter: last, best, or an iteration that was saved.")]
RunName = Annotated[
    str, Argument(metavar="RUN", help="Run id, its beginning, a path, or `last`.", autocompletion=run_ids)
]
"""A run that there is."""


def runs() -> Runs:
    """The runs below the home folder."""
    return Runs(home() / "runs")


def service() -> RunService:
    """What can be done to these runs."""
    return RunService(runs().root, cache())


def cache() -> Path:
    """Where made things lie that can be made again: quantized models, the BLAS shim."""
    return home() / "cache"


def megabytes(size: float) -> str:
    """Bytes in the unit people read."""
    return f"{size / 1e6:.1f} MB" if size < 1e9 else f"{size / 1e9:.2f} GB"


def course_of(folder: Path | None) -> tuple[Path, Path]:
    """The course that `folder` is or lies in, and `folder` itself; LabError where there is none."""
    from lessons.loader import BUNDLED
    from lessons.validation.course import find_root

    if folder is None:
        return BUNDLED, BUNDLED
    root = find_root(folder)
    if root is None:
        remedy = "give a folder with course.toml, or one inside it; `lowrank new lesson` makes one"
        raise LabError("is no course", where=str(folder), remedy=remedy)
    return root, folder.absolute()


@contextlib.contextmanager
def content_errors() -> Iterator[None]:
    """A problem of the course as one line of the command line."""
    from lessons.course import ContentError

    try:
        yield
    except ContentError as error:
        raise LabError(error.message, where=f"{error.file}:{error.line}") from None
