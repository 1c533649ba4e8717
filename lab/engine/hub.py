"""What a model or a data set on a hub costs to fetch, and fetching data; weights are fetched when a run loads them."""

import os
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from huggingface_hub import HfApi, snapshot_download
from mlx_lm.utils import DEFAULT_ALLOW_PATTERNS

from lab.datasets import SPLITS
from lab.errors import LabError

DATA_PATTERNS = [f"{split}.jsonl" for split in SPLITS]
PATIENCE = 15  # seconds


def model_cost(hub_id: str) -> dict[str, Any]:
    """{here, bytes}: whether the weights are on this machine, and what is to be fetched of them.

    Raises LabError if the hub has no such model or cannot be reached.
    """
    try:
        folder = Path(snapshot_download(hub_id, local_files_only=True, allow_patterns=DEFAULT_ALLOW_PATTERNS))
        if any(folder.glob("*.safetensors")):
            return {"here": True, "bytes": 0}
    except Exception:  # the hub's library has many names for "not here"
        pass
    return {"here": False, "bytes": sum(_sizes(hub_id, "model", DEFAULT_ALLOW_PATTERNS).values())}


def data_cost(hub_id: str, cache: Path) -> dict[str, Any]:
    """{here, bytes, path}: the same of a data set, and the folder it is in or will be in."""
    folder = data_folder(hub_id, cache)
    if (folder / "train.jsonl").exists():
        return {"here": True, "bytes": 0, "path": str(folder)}
    sizes = _sizes(hub_id, "dataset", DATA_PATTERNS)
    if "train.jsonl" not in sizes:
        raise LabError("holds no train.jsonl", where=hub_id,
                       remedy="write its rows into train.jsonl and valid.jsonl, and give their folder")  # fmt: skip
    return {"here": False, "bytes": sum(sizes.values()), "path": str(folder)}


def fetch_data(hub_id: str, cache: Path) -> dict[str, Any]:
    """The data set's files in their folder, which appears whole or not at all. Raises LabError if they do not come."""
    folder = data_folder(hub_id, cache)
    if not (folder / "train.jsonl").exists():
        work = folder.with_name(f".{folder.name}")
        try:
            snapshot_download(hub_id, repo_type="dataset", allow_patterns=DATA_PATTERNS, local_dir=work)
            os.replace(work, folder)
        except Exception as error:
            raise _unreachable(hub_id, error) from error
    return {"here": True, "bytes": 0, "path": str(folder)}


def data_folder(hub_id: str, cache: Path) -> Path:
    """Where the files of a data set from a hub lie."""
    return cache / "data" / hub_id.replace("/", "--")


def _sizes(hub_id: str, kind: str, patterns: list[str]) -> dict[str, int]:
    try:
        look = HfApi().model_info if kind == "model" else HfApi().dataset_info
        info: Any = look(hub_id, files_metadata=True, timeout=PATIENCE)
    except Exception as error:
        raise _unreachable(hub_id, error) from error
    files = {file.rfilename: int(file.size or 0) for file in info.siblings or ()}
    return {name: size for name, size in files.items() if any(fnmatch(name, pattern) for pattern in patterns)}


def _unreachable(hub_id: str, error: Exception) -> LabError:
    return LabError(f"cannot be had from the hub ({type(error).__name__})", where=hub_id,
                    remedy="check the id and the network, or give a local folder")  # fmt: skip
