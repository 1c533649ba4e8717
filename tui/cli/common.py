"""What every command uses: the runs of this home, the cache, and the ways to write."""

from pathlib import Path
from typing import Annotated

from typer import Argument

from lab.runs.directory import Runs
from tui.cli.completion import run_ids
from tui.cli.output import Status as Status
from tui.cli.output import note as note
from tui.cli.output import say as say
from tui.cli.output import write as write
from tui.cli.output import write_text as write_text
from tui.home import home

RunName = Annotated[
    str, Argument(metavar="RUN", help="Run id, its beginning, a path, or `last`.", autocompletion=run_ids)
]
"""A run that there is."""


def runs() -> Runs:
    """The runs below the home folder."""
    return Runs(home() / "runs")


def cache() -> Path:
    """Where made things lie that can be made again: quantized models, the BLAS shim."""
    return home() / "cache"


def megabytes(size: float) -> str:
    """Bytes in the unit people read."""
    return f"{size / 1e6:.1f} MB" if size < 1e9 else f"{size / 1e9:.2f} GB"
