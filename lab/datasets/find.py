"""Data sets: the bundled three, or a folder in one of mlx-lm's formats; checked before a run starts."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from lab import hub
from lab.datasets import formats
from lab.errors import LabError

BUNDLED = Path(__file__).parent.parent / "bundled" / "data"
SPLITS = ("train", "valid", "test")
ROLES = ("system", "user", "assistant", "tool")
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


def is_bundled(name: str) -> bool:
    """Whether a data set that came with the program is called so."""
    return "/" not in name and (BUNDLED / name / "train.jsonl").exists()


def find_data(name: str) -> DataInfo:
    """The data set of that name or folder, every row checked. Raises LabError with file and line of the first fault."""
    folder = data_folder(name)
    return _read(name, folder if is_bundled(name) else folder.resolve())


def data_folder(name: str) -> Path:
    """The folder of a data set with its train.jsonl. Raises LabError saying what is there in its place."""
    if is_bundled(name):
        return BUNDLED / name
    folder = Path(name).expanduser()
    if not folder.exists():
        raise _missing(name)
    if not folder.is_dir() or not (folder / "train.jsonl").is_file():
        raise formats.instead(folder)
    return folder


def _missing(name: str) -> LabError:
    names = sorted(p.name for p in BUNDLED.iterdir() if is_bundled(p.name))
    if hub_id := hub.id_of(name):
        return LabError("was fetched from the hub, and is not here any more", where=name,
                        remedy=f"`lowrank data fetch {hub_id}` fetches it again")  # fmt: skip
    if hub.is_data_id(name):
        return LabError(f"no folder {name!r} here, and nothing fetched from the hub under this id", where="--data",
                        remedy=f"`lowrank data fetch {name}` fetches it, or check the path", usage=True)  # fmt: skip
    near = get_close_matches(name, names, n=1)
    meant = f"{f'did you mean {near[0]}? Else ' if near else ''}give one of {', '.join(names)},"
    remedy = f"{meant} or a folder that holds train.jsonl and valid.jsonl, or a hub id like org/name"
    return LabError(f"no data set or folder {name!r}", where="--data", remedy=remedy, usage=True)


def split_file(data: str, split: str) -> Path:
    """The file that holds a split of a data set that a run was trained on; it is not read."""
    return (BUNDLED / data if is_bundled(data) else Path(data).expanduser()) / f"{split}.jsonl"


def bundled() -> list[DataInfo]:
    """The bundled data sets."""
    return [find_data(p.name) for p in sorted(BUNDLED.iterdir()) if (p / "train.jsonl").exists()]


class BadRow(ValueError):
    """Why a row cannot be learned from: a stable `kind`, the reason in a few words, and what to do about it."""

    def __init__(self, kind: str, what: str, remedy: str = "mend or remove the row") -> None:
        self.kind, self.what, self.remedy = kind, what, remedy
        super().__init__(what)


def read_rows(path: Path) -> Iterator[dict[str, Any]]:
    """The rows of one JSONL file. Raises LabError with file and line at the first that is no JSON object."""
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            try:
                yield parse(line)
            except BadRow as bad:
                raise LabError(bad.what, where=f"{path}:{number}", remedy=bad.remedy) from None


def parse(line: bytes) -> dict[str, Any]:
    """The JSON object on one line. Raises BadRow if it is anything else."""
    try:
        text = line.decode("utf-8").rstrip("\r\n")
    except UnicodeDecodeError as error:
        what = f"not valid UTF-8 (byte {error.start + 1} is 0x{line[error.start]:02x})"
        raise BadRow("utf8", what, "save the file as UTF-8") from None
    if text.startswith("\ufeff"):
        what = "starts with a byte order mark (BOM), which is not JSON"
        raise BadRow("bom", what, "save the file as UTF-8 without BOM")
    if not text.strip():
        raise BadRow("blank", "a blank line", "remove the line")
    try:
        row = json.loads(text)
        if "\\u" in text:
            json.dumps(row, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise BadRow("surrogate", "an escape like \\ud83d is half a character, which no tokenizer takes") from None
    except json.JSONDecodeError as error:
        what = f"not valid JSON ({error.msg} at column {error.pos + 1})"
        raise BadRow("json", what, "write one JSON object a line") from None
    except ValueError as error:
        raise BadRow("json", f"not valid JSON ({error})", "write one JSON object a line") from None
    except RecursionError:
        raise BadRow("json", "not valid JSON (nested too deeply)", "write one JSON object a line") from None
    if not isinstance(row, dict):
        raise BadRow("object", "not a JSON object", "write one JSON object a line")
    return row


def format_of(row: dict[str, Any]) -> str | None:
    """The format mlx-lm takes a row for, or None."""
    return next((name for name, keys in KEYS.items() if all(k in row for k in keys)), None)


def faults(row: dict[str, Any], form: str) -> Iterator[BadRow]:
    """Everything for which a row cannot be trained on as a row of that format."""
    if not all(key in row for key in KEYS[form]):
        yield BadRow("keys", f"keys are {key_names(row)}, but the rows here are {form}")
        return
    tools = row.get("tools")
    if tools and form != "text" and not (isinstance(tools, list) and all(isinstance(t, dict) for t in tools)):
        yield BadRow("type", "tools is not a list of objects")
    if form == "messages":
        yield from _chat_faults(row["messages"])
        return
    for key in KEYS[form]:
        if not isinstance(row[key], str):
            yield BadRow("type", f"{key} is not text")
        elif not row[key].strip():
            yield BadRow("empty", f"{key} is empty")


def _chat_faults(turns: Any) -> Iterator[BadRow]:
    if not isinstance(turns, list) or not turns or not all(isinstance(t, dict) and "role" in t for t in turns):
        yield BadRow("type", "messages is not a list of {role, content} objects")
        return
    for number, turn in enumerate(turns, 1):
        if turn["role"] not in ROLES:
            yield BadRow("role", f"unknown role {_short(turn['role'])} ({', '.join(ROLES)} are known), turn {number}")
        if not isinstance(turn.get("content"), (str, type(None))):
            yield BadRow("type", f"the content of turn {number} is not text")
        if turn.get("tool_calls") and not _is_calls(turn["tool_calls"]):
            yield BadRow(
                "type", f"tool_calls of turn {number} is not a list of {{function: {{name, arguments}}}} objects"
            )
    answers = [turn for turn in turns if turn["role"] == "assistant"]
    if not answers:
        yield BadRow("unsupervised", "no assistant turn: there is nothing to learn from it")
    elif all(silent(turn) for turn in answers):
        yield BadRow("unsupervised", "every assistant turn is empty: there is nothing to learn from it")


def silent(turn: dict[str, Any]) -> bool:
    """Whether a turn says nothing and calls nothing."""
    content = turn.get("content")
    return not turn.get("tool_calls") and (content is None or (isinstance(content, str) and not content.strip()))


def _is_calls(calls: Any) -> bool:
    if not isinstance(calls, list) or not all(isinstance(call, dict) for call in calls):
        return False
    inner = [call.get("function", call) for call in calls]
    return all(isinstance(each, dict) and isinstance(each.get("name"), str) for each in inner)


def key_names(row: dict[str, Any]) -> str:
    """The keys of a row, the first few and their beginnings."""
    names = [key if len(key) <= 24 else f"{key[:23]}…" for key in sorted(row)[:8]]
    return ", ".join(names + ["…"] * (len(row) > 8)) or "none"


def _short(value: Any) -> str:
    text = repr(value) if isinstance(value, str) else f"of type {type(value).__name__}"
    return text if len(text) <= 24 else f"{text[:23]}…"


def _read(name: str, folder: Path) -> DataInfo:
    rows: dict[str, int] = {}
    form, sample = "", {}
    for split in SPLITS:
        path = folder / f"{split}.jsonl"
        rows[split] = 0
        if not path.exists():
            continue
        if problem := formats.problem(path):
            raise problem
        for number, row in enumerate(read_rows(path), 1):
            if not form:
                found = format_of(row)
                if found is None:
                    raise LabError(
                        f"unknown keys {key_names(row)}",
                        where=f"{path}:{number}",
                        remedy="use prompt and completion, messages, or text",
                    )
                form, sample = found, row
            for bad in faults(row, form):
                raise LabError(bad.what, where=f"{path}:{number}", remedy=bad.remedy)
            rows[split] += 1
    if not rows["train"]:
        raise LabError("has no rows", where=str(folder / "train.jsonl"), remedy="put one JSON object a line there")
    return DataInfo(name, folder, form, rows, sample)
