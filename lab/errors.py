"""One kind of error for everything a user can put right."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal


class LabError(Exception):
    """What is wrong, where, and what to do about it; `str()` is one line fit for stderr.

    `usage` is true when the command itself was wrong (exit code 2) rather than something it met (exit code 1);
    `verdict` names what was wrong with a training that could not go on: "nan" or "diverged".
    """

    def __init__(
        self,
        what: str,
        *,
        where: str = "",
        remedy: str = "",
        usage: bool = False,
        verdict: Literal["", "nan", "diverged"] = "",
    ) -> None:
        self.what, self.where, self.remedy, self.usage, self.verdict = what, where, remedy, usage, verdict
        line = f"{where}: {what}" if where else what
        super().__init__(" ".join(f"{line}{f'; {remedy}' if remedy else ''}".split()))


@contextmanager
def naming(place: Path, within: Path | None = None) -> Iterator[None]:
    """Let an OSError name `place` if it names no file, or one in `within` (default: `place`) that only we know."""
    try:
        yield
    except OSError as error:
        if error.filename is None or Path(error.filename).is_relative_to(within or place):
            error.filename = str(place)
        raise
