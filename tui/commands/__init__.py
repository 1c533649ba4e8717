"""The commands of the command line, by what one wants to do."""

import json
import sys
from pathlib import Path
from typing import Any

from lab.runs.directory import Runs
from tui.home import home


def runs() -> Runs:
    """The runs below the home folder."""
    return Runs(home() / "runs")


def cache() -> Path:
    """Where made things lie that can be made again: quantized models, the BLAS shim."""
    return home() / "cache"


def say(fields: dict[str, Any]) -> None:
    """One JSON object on one line of standard output."""
    print(json.dumps(fields, ensure_ascii=False), flush=True)


def note(text: str) -> None:
    """A line for people, on standard error, where it is not in the way of a script."""
    print(inert(text), file=sys.stderr, flush=True)


def inert(text: str) -> str:
    """Untrusted text with its control characters made visible, so that it cannot steer the terminal."""
    return "".join(c if c.isprintable() or c in "\n\t" else f"\\x{ord(c):02x}" for c in text)


def megabytes(size: float) -> str:
    """Bytes in the unit people read."""
    return f"{size / 1e6:.1f} MB" if size < 1e9 else f"{size / 1e9:.2f} GB"
