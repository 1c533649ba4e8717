"""Recognizes, by its first bytes, a file that should be JSONL and is not, and says what to do."""

import csv
import shlex
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from foreign import Refused, opened
from lab.errors import LabError

HEAD: Final = 1 << 16
"""Bytes of a file that are looked at."""
BOM: Final = b"\xef\xbb\xbf"
UTF16: Final = (b"\xff\xfe", b"\xfe\xff")
SUFFIXES: Final = (
    ".jsonl",
    ".json",
    ".csv",
    ".tsv",
    ".parquet",
    ".jsonl.gz",
    ".json.gz",
    ".csv.gz",
    ".xlsx",
    ".ndjson",
)
"""How files of rows are called; the first is read."""
CSV_TO_JSONL: Final = (
    "python3 -c 'import csv, json, sys; [print(json.dumps(r)) for r in csv.DictReader(sys.stdin)]' < {path} > {new}"
)


@dataclass(frozen=True)
class Format:
    """A stable `kind` (see `lab.datasets.check.problems`), what the file is, and the command that makes JSONL of it."""

    kind: str
    what: str
    remedy: str


FORMATS: Final = {
    "csv": Format("csv", "is CSV, a table, where one JSON object a line is read", f"`{CSV_TO_JSONL}` makes them"),
    "tsv": Format(
        "csv",
        "is a table with tabs, where one JSON object a line is read",
        "write each row as a JSON object on a line of {new}",
    ),
    "array": Format(
        "array",
        "is one JSON array, where one JSON object a line is read",
        "`jq -c '.[]' {path} > {new}` takes it apart",
    ),
    "object-file": Format(
        "array", "is one JSON value over several lines, where one object a line is read", "`jq -c . {path} > {new}`"
    ),
    "utf16": Format(
        "utf16", "is UTF-16, so none of it can be read", "`iconv -f UTF-16 -t UTF-8 {path} > {new}` makes it UTF-8"
    ),
    "gzip": Format("compressed", "is compressed with gzip", "`gunzip -c {path} > {new}` unpacks it"),
    "zip": Format("compressed", "is a zip archive (or a spreadsheet)", "unpack it, or export its rows as JSONL"),
    "zstd": Format("compressed", "is compressed with zstd", "`zstd -dc {path} > {new}` unpacks it"),
    "parquet": Format(
        "parquet",
        "is Parquet; from a folder, JSONL is read",
        "`python3 -c 'import json, pyarrow.parquet, sys; [print(json.dumps(r)) for r in "
        "pyarrow.parquet.read_table(sys.argv[1]).to_pylist()]' {path} > {new}` makes it",
    ),
}
MAGIC: Final = {
    b"PAR1": "parquet",
    b"\x1f\x8b": "gzip",
    b"PK\x03\x04": "zip",
    b"\x28\xb5\x2f\xfd": "zstd",
    UTF16[0]: "utf16",
    UTF16[1]: "utf16",
}


def sniff(path: Path) -> Format | None:
    """What a file is if it is not lines of text; None for what may be JSONL, with or without a BOM."""
    with opened(path) as file:
        head = file.read(HEAD)
    name = next((name for magic, name in MAGIC.items() if head.startswith(magic)), "")
    if not name and len(head) > 4 and head.count(0) * 3 > len(head):
        name = "utf16"  # every other byte of English is zero there, and a BOM is not always written
    name = name or _text(path, head.removeprefix(BOM).decode("utf-8", "replace"))
    if not name:
        return None
    found, given = FORMATS[name], shlex.quote(str(path))
    new = shlex.quote(str(path.with_name(path.name.split(".")[0] + "-rows.jsonl")))
    return Format(found.kind, found.what, found.remedy.format(path=given, new=new))


def _text(path: Path, head: str) -> str:
    if path.suffix in (".csv", ".tsv"):
        return path.suffix[1:]
    lines = [line.strip() for line in head.splitlines() if line.strip()]
    if not lines or not lines[0].startswith(("[", "{")):
        return "csv" if _is_table(lines) else ""
    if len(lines) == 1:
        return "array" if lines[0][0] == "[" else ""
    if lines[0] in ("[", "[{") or (lines[0][0] == "[" and lines[0].endswith(",")):
        return "array"
    return "object-file" if lines[0] == "{" and lines[1].startswith('"') else ""


def _is_table(lines: list[str]) -> bool:
    """Whether the first two lines have as many fields, two or more, as a table's do."""
    for mark in (",", "\t", ";") if len(lines) > 1 else ():
        with suppress(csv.Error, ValueError):
            first, second = (len(row) for row in csv.reader(lines[:2], delimiter=mark, strict=True))
            if first == second >= 2:
                return True
    return False


def problem(path: Path) -> LabError | None:
    """Why a file cannot be JSONL at all; None for what may be. Raises OSError if it cannot be read."""
    try:
        found = sniff(path)
    except Refused as error:
        return LabError(str(error), where=str(path), remedy="give a file of rows, or a folder of them")
    return LabError(found.what, where=str(path), remedy=found.remedy) if found else None


def instead(place: Path) -> LabError:
    """Why no data set is at a path that is there: a single file, or a folder without train.jsonl."""
    if not place.is_dir():
        return problem(place) or LabError(
            "is one file of rows; training takes a folder with train.jsonl and valid.jsonl",
            where=str(place),
            remedy=f"`{split_command(str(place))}` makes that of it",
        )
    others = row_files(place)
    if others and (found := problem(others[0])):
        return LabError(f"holds no train.jsonl; {others[0].name} {found.what}", where=str(place), remedy=found.remedy)
    if len(others) == 1:
        return LabError(f"holds no train.jsonl, only {others[0].name}", where=str(place),
                        remedy=f"`{split_command(str(others[0]))}` makes train, valid and test of it")  # fmt: skip
    return LabError("holds no train.jsonl", where=str(place),
                    remedy="put one JSON object a line there, as mlx-lm reads it")  # fmt: skip


def row_files(folder: Path) -> list[Path]:
    """The files of a folder that are called like files of rows, those of the training split first."""
    found = sorted(p for p in folder.iterdir() if p.name.lower().endswith(SUFFIXES) and p.is_file())
    return sorted((p for p in found if p.name not in ("source.json", "valid.jsonl", "test.jsonl")),
                  key=lambda path: not path.name.lower().startswith("train"))  # fmt: skip


def split_command(data: str) -> str:
    """The command that divides rows which came without a validation split."""
    return f"lowrank data split {shlex.quote(data)}"
