"""Problems: what kinds there are, which of them training would trip on, and a bounded list of them."""

from collections import Counter
from dataclasses import asdict, dataclass
from typing import Any

ERRORS = {
    "no-rows": "the file has no rows",
    "utf16": "the file is UTF-16",
    "csv": "the file is a table",
    "array": "the file is one JSON value",
    "compressed": "the file is compressed",
    "parquet": "the file is Parquet",
    "utf8": "invalid UTF-8",
    "bom": "byte order mark",
    "too-long": "a line too long to check",
    "blank": "blank line",
    "json": "not JSON",
    "surrogate": "half a character",
    "object": "not a JSON object",
    "keys": "wrong keys",
    "type": "wrong type",
    "empty": "empty row",
    "role": "unknown role",
    "unsupervised": "nothing supervised",
    "template": "refused by the chat template",
}
WARNINGS = {
    "empty-file": "a file without rows",
    "empty-turn": "empty turn",
    "role-order": "roles out of order",
    "crlf": "Windows line ends",
    "nfc": "text that is not NFC",
    "duplicate": "duplicate within a split",
    "shared": "row shared between splits",
    "truncated": "cut by --max-seq-length",
    "boundary": "prompt and row disagree",
    "tools-ignored": "tools the template leaves out",
}
TITLES = ERRORS | WARNINGS


@dataclass(frozen=True, order=True)
class Problem:
    """One problem: the file's name, its line (0 for the file as a whole), a kind of TITLES, and the reason."""

    file: str
    line: int
    kind: str
    problem: str

    @property
    def severity(self) -> str:
        return "error" if self.kind in ERRORS else "warning"

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "severity": self.severity}


class Problems:
    """All problems counted by kind, and the first `keep` of each kind kept (0: every one, whatever memory it takes)."""

    def __init__(self, keep: int) -> None:
        self.keep = keep
        self.counts: Counter[str] = Counter()
        self._kept: list[Problem] = []

    def add(self, file: str, line: int, kind: str, problem: str) -> None:
        self.counts[kind] += 1
        if not self.keep or self.counts[kind] <= self.keep:
            self._kept.append(Problem(file, line, kind, problem))

    def kept(self, files: list[str]) -> list[Problem]:
        """The kept problems in the order of these files and their lines."""
        order = {file: number for number, file in enumerate(files)}
        return sorted(self._kept, key=lambda p: (order.get(p.file, -1), p.line, p.kind))

    @property
    def errors(self) -> int:
        return sum(count for kind, count in self.counts.items() if kind in ERRORS)

    @property
    def warnings(self) -> int:
        return sum(count for kind, count in self.counts.items() if kind in WARNINGS)
