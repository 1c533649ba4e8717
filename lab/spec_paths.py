"""Where what a spec names lies, absolute from the moment it is given, and whether it is what it was."""

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lab import hub
from lab.datasets.find import is_bundled
from lab.errors import LabError
from lab.models.find import is_bundled_model
from lab.models.parameters import safetensors_metadata
from lab.paths import absolute
from lab.spec import RunSpec


def located(spec: RunSpec, cache: Path) -> RunSpec:
    """The same spec, naming its folders and files so that they are found from anywhere.

    Bundled names stay; so do ids of models on a hub, and of data sets that were not fetched yet.
    """
    changes: dict[str, Any] = {"model": model_place(spec.model), "data": data_place(spec.data, cache)}
    if spec.hostfile:
        changes["hostfile"] = str(absolute(spec.hostfile))
    return spec.model_copy(update={k: v for k, v in changes.items() if v != getattr(spec, k)})


def model_place(name: str) -> str:
    """A bundled name or hub id as it is, a folder or file by its absolute path."""
    return name if is_bundled_model(name) or not Path(name).expanduser().exists() else str(absolute(name))


def data_place(name: str, cache: Path) -> str:
    """A bundled name as it is, a folder or file by its absolute path, a hub id by its folder once it was fetched."""
    if is_bundled(name):
        return name
    if Path(name).expanduser().exists():
        return str(absolute(name))
    return str(folder) if (folder := hub.fetched(name, cache)) else name


def fingerprint(folder: Path) -> str:
    """What tells a data set or model from another: a hash of its small files, and of the large ones name and size."""
    digest = hashlib.sha256()
    for path in sorted(p for p in folder.iterdir() if p.suffix in (".json", ".jsonl", ".safetensors")):
        digest.update(os.fsencode(f"{path.name} {path.stat().st_size}\n"))
        if path.suffix != ".safetensors":
            with path.open("rb") as file:
                digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()


def changed(run: Path, places: Mapping[str, Path | str]) -> list[str]:
    """Which of "model" and "data" are not what the run's last checkpoint was trained with; none where there is none.

    A variant that is not there is made anew, and compared by the engine. Raises LabError if the checkpoint is damaged.
    """
    checkpoint = run / "state" / "checkpoint.safetensors"
    if not checkpoint.exists():
        return []
    try:
        noted = dict(json.loads(safetensors_metadata(checkpoint)["notes"])["fingerprint"])
    except (LabError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise damaged(checkpoint, error) from None
    there = {name: place for name, place in places.items() if isinstance(place, Path) and place.is_dir()}
    return [name for name, place in there.items() if noted.get(name) != fingerprint(place)]


def damaged(checkpoint: Path, error: Exception) -> LabError:
    """A checkpoint that cannot be read."""
    why = error.what if isinstance(error, LabError) else error
    remedy = "delete that file to begin at iteration 0, or start a new run"
    return LabError(f"the checkpoint is damaged ({why})", where=str(checkpoint), remedy=remedy)
