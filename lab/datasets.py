"""Data sets: the bundled three, or a folder in one of mlx-lm's formats; checked before a run starts."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lab.errors import LabError

BUNDLED = Path(__file__).parent / "data"
SPLITS = ("train", "valid", "test")
KEYS = {"prompt/completion": ("prompt", "completion"), "messages": ("messages",), "text": ("text",)}


@dataclass(frozen=True)
class DataInfo:
    """A data set: its folder, format ("prompt/completion", "messages" or "text"), rows per split and a first row."""

    name: str
    path: Path
    format: str
    rows: dict[str, int]
    sample: dict[str, Any]

    @property
    def has_prompts(self) -> bool:
        return self.format != "text"


def find_data(name: str) -> DataInfo:
    """The data set of that name or folder, every row checked. Raises LabError with file and line of the first fault."""
    if "/" not in name and (BUNDLED / name / "train.jsonl").exists():
        return _read(name, BUNDLED / name)
    folder = Path(name).expanduser()
    if not folder.is_dir():
        names = ", ".join(sorted(p.name for p in BUNDLED.iterdir()))
        raise LabError(
            f"no data set or folder {name!r}",
            where="--data",
            remedy=f"give one of {names}, or a folder that holds train.jsonl and valid.jsonl",
            usage=True,
        )
    if not (folder / "train.jsonl").exists():
        raise LabError(
            "holds no train.jsonl",
            where=str(folder),
            remedy="put one JSON object a line there, as mlx-lm reads it",
        )
    return _read(name, folder.resolve())


def bundled() -> list[DataInfo]:
    """The bundled data sets."""
    return [find_data(p.name) for p in sorted(BUNDLED.iterdir()) if (p / "train.jsonl").exists()]


def read_rows(path: Path) -> Iterator[dict[str, Any]]:
    """The rows of one JSONL file. Raises LabError with file and line at the first that is no JSON object."""
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            where = f"{path}:{number}"
            try:
                row = json.loads(line.decode("utf-8"))
            except UnicodeDecodeError:
                raise LabError("not valid UTF-8", where=where, remedy="save the file as UTF-8") from None
            except ValueError as error:
                raise LabError(
                    f"not valid JSON ({error})", where=where, remedy="write one JSON object a line"
                ) from None
            if not isinstance(row, dict):
                raise LabError("not a JSON object", where=where, remedy="write one JSON object a line")
            yield row


def format_of(row: dict[str, Any]) -> str | None:
    """The format mlx-lm takes a row for, or None."""
    return next((name for name, keys in KEYS.items() if all(k in row for k in keys)), None)


def fault(row: dict[str, Any], form: str) -> str | None:
    """What is wrong with a row of that format, in a few words, or None."""
    if format_of(row) != form:
        return f"keys are {', '.join(sorted(row)) or 'none'}, but this file's rows are {form}"
    if form == "messages":
        turns = row["messages"]
        if not isinstance(turns, list) or not turns or not all(isinstance(t, dict) and "role" in t for t in turns):
            return "messages is not a list of {role, content} objects"
        if not any(t["role"] == "assistant" for t in turns):
            return "no assistant turn: there is nothing to learn from it"
        wrong = next((t["role"] for t in turns if t["role"] not in ("system", "user", "assistant", "tool")), None)
        if wrong is not None:
            return f"unknown role {wrong!r} (system, user, assistant and tool are known)"
        return next(
            ("a content is not text" for t in turns if not isinstance(t.get("content", ""), (str, type(None)))),
            None,
        )
    for key in KEYS[form]:
        if not isinstance(row[key], str):
            return f"{key} is not text"
        if not row[key].strip():
            return f"{key} is empty"
    return None


def _read(name: str, folder: Path) -> DataInfo:
    rows: dict[str, int] = {}
    form, sample = "", {}
    for split in SPLITS:
        path = folder / f"{split}.jsonl"
        rows[split] = 0
        if not path.exists():
            continue
        for number, row in enumerate(read_rows(path), 1):
            if not form:
                found = format_of(row)
                if found is None:
                    raise LabError(
                        f"unknown keys {', '.join(sorted(row)) or '(none)'}",
                        where=f"{path}:{number}",
                        remedy="use prompt and completion, messages, or text",
                    )
                form, sample = found, row
            problem = fault(row, form)
            if problem:
                raise LabError(problem, where=f"{path}:{number}", remedy="mend or remove the row")
            rows[split] += 1
    if not rows["train"]:
        raise LabError("has no rows", where=str(folder / "train.jsonl"), remedy="put one JSON object a line there")
    return DataInfo(name, folder, form, rows, sample)
