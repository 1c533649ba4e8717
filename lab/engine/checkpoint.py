"""Writing what a run has learned, so that a reader finds the old file or the new one and never a half of either."""

import json
import os
import shutil
from pathlib import Path
from typing import Any

import mlx.core as mx

from lab.spec_paths import damaged

STATE = "checkpoint.safetensors"
Arrays = dict[str, mx.array]


def save(path: Path, arrays: Arrays, metadata: dict[str, str] | None = None) -> None:
    """Write a safetensors file whole or not at all, on disk for good when this returns. Raises OSError."""
    temporary = path.with_name(f".{path.stem}.tmp.safetensors")
    try:
        mx.save_safetensors(str(temporary), arrays, metadata or {})
        with temporary.open("rb") as file:
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def link(source: Path, target: Path) -> None:
    """Make `target` the same file as `source`, in one step; a copy where the file system has no links."""
    temporary = target.with_name(f".{target.stem}.tmp.safetensors")
    temporary.unlink(missing_ok=True)
    try:
        os.link(source, temporary)
    except OSError:
        shutil.copyfile(source, temporary)
        with temporary.open("rb") as file:
            os.fsync(file.fileno())
    os.replace(temporary, target)
    sync_folder(target.parent)


def sync_folder(folder: Path) -> None:
    """Put the names in a folder on disk; without this a power cut may undo a rename."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def clear(folder: Path) -> None:
    """Remove what a killed write left behind."""
    for path in folder.glob(".*.tmp.safetensors"):
        path.unlink(missing_ok=True)


def save_state(run: Path, arrays: Arrays, notes: dict[str, Any]) -> None:
    """Keep all that a resume needs in one file: arrays by name, and notes that JSON can hold exactly."""
    save(run / "state" / STATE, arrays, {"notes": json.dumps(notes)})


def load_state(run: Path) -> tuple[Arrays, dict[str, Any]] | None:
    """What `save_state` kept, or None. Raises LabError if the file is damaged."""
    path = run / "state" / STATE
    if not path.exists():
        return None
    try:
        loaded: Any = mx.load(str(path), return_metadata=True)
        arrays, metadata = loaded
        mx.eval(arrays)
        return arrays, json.loads(metadata["notes"])
    except (RuntimeError, ValueError, KeyError, RecursionError) as error:
        raise damaged(path, error) from None
