"""Problems of a course: what kinds there are, and which of them a course must not have."""

import os
from dataclasses import dataclass
from pathlib import Path

ERRORS = {
    "content": "cannot be loaded",
    "todo": "still to be written",
    "id": "an id that changed",
    "prerequisite": "a prerequisite that cannot be met",
    "languages": "languages that differ",
    "option": "options that cannot teach",
    "answer": "an answer or a misconception that is not recognised",
    "link": "a link that leads nowhere",
    "width": "wider than the page at 80×24",
    "minutes": "a reading time that does not suit the text",
    "number": "a number typed where it could drift",
    "unlisted": "a file that nothing refers to",
    "command": "a command that does not exist",
    "code": "code that does not compile",
}
WARNINGS = {
    "stale": "a translation of another English text",
    "untranslated": "no translation",
    "length": "longer than is pleasant",
    "guessable": "an answer that can be guessed from its form",
    "unused": "a number that nothing uses",
}
KINDS = ERRORS | WARNINGS


def shown(file: Path) -> str:
    """A path as one would type it: relative to the current folder where it lies below it."""
    here = os.path.relpath(file)
    return str(file) if here.startswith(os.pardir) else here


@dataclass(frozen=True, order=True)
class Problem:
    """One problem: its file and line, a kind of KINDS, what is wrong, and what to do about it."""

    file: Path
    line: int
    kind: str
    what: str
    remedy: str

    @property
    def severity(self) -> str:
        return "error" if self.kind in ERRORS else "warning"

    def __str__(self) -> str:
        """One line that an editor can jump to."""
        return (
            f"{shown(self.file)}:{self.line}: {self.severity}: {self.what}{f'; {self.remedy}' if self.remedy else ''}"
        )

    def as_json(self) -> dict[str, object]:
        return {
            "file": str(self.file),
            "line": self.line,
            "kind": self.kind,
            "severity": self.severity,
            "problem": self.what,
            "remedy": self.remedy,
        }
