"""Names on a hub, where what was fetched from it lies, and which of a repository's files make which split.

Nothing here asks the network; `lab.engine.hub` does.
"""

import os
import re
from collections.abc import Iterable, Mapping
from fnmatch import fnmatch
from pathlib import Path
from typing import Any, Final

from foreign import read_object, read_text
from lab.errors import LabError

HUB_ID: Final = re.compile(r"[A-Za-z0-9_][\w.-]*/[A-Za-z0-9_][\w.-]*\Z", re.ASCII)
DATA_ID: Final = re.compile(rf"{HUB_ID.pattern[:-2]}(:[\w.-]+)?\Z", re.ASCII)
"""A data set, and after a colon which of its subsets."""
SOURCE: Final = "source.json"
"""Beside the rows of a fetched data set: its id, commit, files, and what was left out."""
FOLDER: Final = ("cache", "data")
READABLE: Final = (".parquet", ".jsonl", ".ndjson")
DATA_FILES: Final = (*READABLE, ".json", ".csv", ".tsv", ".arrow", ".txt", ".zst", ".gz", ".zip", ".tar", ".xz")
WORDS: Final = {
    "train": ("train", "training"),
    "valid": ("validation", "valid", "val", "dev"),
    "test": ("test", "testing", "eval", "evaluation"),
}
"""How a split may be called in the name of a file or folder, after the `datasets` library."""


def is_data_id(name: str) -> bool:
    """Whether a data set on a hub may be called so."""
    return DATA_ID.fullmatch(name) is not None


def data_folder(data_id: str, cache: Path) -> Path:
    """Where the rows of a data set from a hub lie, or will; a colon means too much in lists of paths."""
    return cache / "data" / data_id.replace(":", "@")


def fetched(data_id: str, cache: Path) -> Path | None:
    """The folder of a data set that was fetched already."""
    folder = data_folder(data_id, cache)
    return folder.absolute() if is_data_id(data_id) and (folder / "train.jsonl").is_file() else None


def id_of(folder: str) -> str:
    """The hub id of a folder in which a data set that was fetched lies; "" for any other."""
    parts = Path(folder).parts
    found = "/".join(parts[-2:]).replace("@", ":")
    return found if parts[-4:-2] == FOLDER and is_data_id(found) else ""


def source(folder: Path) -> dict[str, Any]:
    """What is written beside fetched rows about where they came from; nothing if they did not."""
    try:
        return read_object(folder / SOURCE)
    except (OSError, ValueError):
        return {}


def model_folder(model_id: str) -> Path | None:
    """Where a model from a hub lies with all of its weights, in the cache that mlx-lm and others share; else None."""
    if not HUB_ID.fullmatch(model_id):
        return None
    folder = hub_cache() / f"models--{model_id.replace('/', '--')}"
    try:
        commit = read_text(folder / "refs" / "main", 1000).strip()
    except (OSError, ValueError):
        return None
    snapshot = folder / "snapshots" / commit
    return snapshot if re.fullmatch(r"\w+", commit) and _whole(snapshot) else None


def hub_cache() -> Path:
    """The folder in which huggingface_hub keeps models, by the same variables."""
    if named := os.environ.get("HF_HUB_CACHE") or os.environ.get("HUGGINGFACE_HUB_CACHE"):
        return Path(os.path.expandvars(named)).expanduser()
    below = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    root = os.environ.get("HF_HOME") or os.path.join(below, "huggingface")
    return Path(os.path.expandvars(root)).expanduser() / "hub"


def _whole(snapshot: Path) -> bool:
    """Whether config, tokenizer and every shard that the index names are there: a fetch may have been broken off."""
    there = {path.name for path in snapshot.glob("*") if path.exists()}
    weights = {name for name in there if name.endswith(".safetensors")}
    index = snapshot / "model.safetensors.index.json"
    if index.name in there:
        try:
            shards = set(read_object(index)["weight_map"].values())
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return False
        if not shards <= there:
            return False
    elif any(re.search(r"-of-0*[2-9]|-of-0*1\d", name) for name in weights):
        return False
    return bool(weights) and "config.json" in there and bool(there & {"tokenizer.json", "tokenizer.model"})


def choose(files: Iterable[str], card: Mapping[str, Any], data_id: str) -> dict[str, list[str]]:
    """Which files of a repository make which split, by its card or else by their names.

    `card` is the head of README.md. Raises LabError if there is no train split, or one of several subsets must be
    chosen, or the files are in a format that is not read.
    """
    repository, _, subset = data_id.partition(":")
    names = sorted(name for name in files if not any(part.startswith(".") for part in name.split("/")))
    found = _by_card(names, card, repository, subset)
    if found is None:
        if subset:
            raise LabError(f"has no subset {subset!r}", where=repository, remedy="leave the part after the colon out")
        found = _by_name(names)
    splits = {split: _one_format(some) for split, some in found.items() if some}
    if not splits.get("train"):
        _complain(names, splits, data_id)
    unread = sorted({Path(name).suffix.lower() for some in splits.values() for name in some} - set(READABLE))
    if unread:
        raise LabError(f"holds {', '.join(unread)} files", where=data_id,
                       remedy="JSONL and Parquet are read; convert them and give the folder")  # fmt: skip
    return splits


def _complain(names: list[str], splits: Mapping[str, list[str]], data_id: str) -> None:
    remedy = "take another data set, or download it and put rows into train.jsonl yourself"
    if splits:
        raise LabError(f"has no train split, only {' and '.join(splits)}", where=data_id, remedy=remedy)
    some = ", ".join(names[:5]) + (" …" if len(names) > 5 else "")
    raise LabError(f"holds no JSONL or Parquet files ({some or 'it is empty'})", where=data_id, remedy=remedy)


def _by_card(names: list[str], card: Mapping[str, Any], repository: str, subset: str) -> dict[str, list[str]] | None:
    """What the card's `configs` say; None where it says nothing."""
    listed = card.get("configs")
    configs: dict[str, dict[str, Any]] = {}
    for each in listed if isinstance(listed, list) else []:
        name = each.get("config_name", "default") if isinstance(each, dict) else None
        if isinstance(name, str) and each.get("data_files"):
            configs[name] = each
    if not configs:
        return None
    default = next((name for name, each in configs.items() if each.get("default") is True), "default")
    name = subset or (default if default in configs or len(configs) > 1 else next(iter(configs)))
    if name not in configs:
        given = f"has no subset {subset!r}" if subset else f"has {len(configs)} subsets"
        some = [f"{repository}:{each}" for each in list(configs)[:8]]
        raise LabError(given, where=repository, usage=True, remedy=f"give one of {', '.join(some)}")
    return _by_patterns(names, configs[name]["data_files"])


def _by_patterns(names: list[str], given: Any) -> dict[str, list[str]]:
    entries = given if isinstance(given, list) else [given]
    found: dict[str, list[str]] = {}
    for entry in entries:
        named = entry if isinstance(entry, dict) else {"split": "train", "path": entry}
        split, patterns = named.get("split"), named.get("path")
        known = next((name for name, words in WORDS.items() if isinstance(split, str) and split.lower() in words), "")
        for pattern in patterns if isinstance(patterns, list) else [patterns]:
            if known and isinstance(pattern, str):
                wanted = pattern.removeprefix("./").replace("**/", "*")
                found.setdefault(known, []).extend(n for n in names if fnmatch(n, wanted) and n not in found[known])
    return found


def _by_name(names: list[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    rest = []
    for name in names:
        if not name.lower().endswith(DATA_FILES) or name.rpartition("/")[2].lower() in NO_ROWS:
            continue
        split = split_of(name)
        found.setdefault(split, []).append(name) if split else rest.append(name)
    return found or ({"train": rest} if rest else {})


NO_ROWS: Final = ("dataset_infos.json", "dataset_info.json", "state.json", "requirements.txt", "license.txt")


def split_of(name: str) -> str:
    """The split that a file's name speaks of, or else one of its folders'; "" where none does."""
    for part in reversed(name.lower().split("/")):
        words = re.split(r"[^a-z]+", part)
        for split, known in WORDS.items():
            if any(word in known for word in words):
                return split
    return ""


def _one_format(names: list[str]) -> list[str]:
    """The same rows often lie there in several formats: those that are read, JSONL before Parquet, else all."""
    for suffix in (".jsonl", ".parquet", ".ndjson"):
        if some := [name for name in names if name.lower().endswith(suffix)]:
            return some
    return names
