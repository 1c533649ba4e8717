"""Fused models without making one: the ways there are, where they go, what GGUF can hold, how the result is used."""

import json
import shlex
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import psutil

from lab.errors import LabError
from lab.models import find_model, read_config
from lab.runs import inspected
from lab.runs.adapters import checkpoints
from lab.runs.directory import Run

GGUF, GGUF_TYPES = "ggml-model-f16.gguf", ("llama", "mistral", "mixtral")
WHOLE = ("dequantized", "fused")
"""The ways that leave one unquantized model, which is what GGUF takes."""


def ways_of(quantized: bool) -> tuple[str, ...]:
    """What base and adapter can become: `quantized` again after adding, `dequantized` for good, `fused` where the
    base is not quantized, or kept `separate` in one folder."""
    return ("quantized", "dequantized", "separate") if quantized else ("fused", "separate")


@dataclass(frozen=True)
class Prospect:
    """A checkpoint before it is fused: `table` is what was measured of it (`lab.engine.fuse.measure`), None while
    nothing is; `kind` is the base's model_type ("" if unknown), `byte_level` whether GGUF would misname its tokenizer.
    """

    run: str
    method: str
    model: str
    data: str
    checkpoint: str
    checkpoints: tuple[str, ...]
    ways: tuple[str, ...]
    kind: str
    byte_level: bool
    folder: Path
    table: Mapping[str, Any] | None = None

    @property
    def gguf(self) -> bool:
        """Whether mlx-lm writes GGUF of such models, as far as is known."""
        return not self.kind or takes_gguf({"model_type": self.kind})

    @property
    def whole(self) -> str:
        """The way that GGUF takes."""
        return next(way for way in self.ways if way in WHOLE)


def look(run: Run, cache: Path, checkpoint: str = "last") -> Prospect:
    """What is known of a checkpoint before it is fused. Raises LabError if there is none."""
    table = inspected.read(run, "fuse", checkpoint)
    spec, method = run.spec, str(run.started().get("method") or "")
    try:
        info = find_model(spec.model, cache, spec.bits)
        method = method or spec.method(info)
        folder = info.path if info.ready else info.made_from
        quantized = info.bits > 0 or method.startswith("Q")  # of a model on the hub only the run knows
    except LabError:
        folder, quantized, method = None, method.startswith("Q"), method or spec.fine_tune_type
    kind = str(read_config(folder).get("model_type") or "") if folder else ""
    return Prospect(run.id, method, spec.model, spec.data, checkpoint, checkpoints(run), ways_of(quantized), kind,
                    folder is not None and speaks_bytes(folder), default_folder(run), table)  # fmt: skip


def default_folder(run: Run) -> Path:
    """Where a fused model goes unless said otherwise."""
    return run.path / "fused"


def check_target(folder: Path, force: bool) -> None:
    """Raise LabError if the folder is there already and may not be replaced: without force, or if it is no model's."""
    if not folder.exists() and not folder.is_symlink():
        return
    if not force:
        raise LabError(
            "is there already", where=str(folder), remedy="give another --save-path, or --force to replace it"
        )
    if not folder.is_dir() or (any(folder.iterdir()) and not (folder / "config.json").exists()):
        raise LabError(
            "is no model folder, so it is not replaced", where=str(folder), remedy="give another --save-path"
        )


Lying = Literal["nothing", "whole", "separate", "other"]


def lies(folder: Path) -> tuple[Lying, int]:
    """What is at a path now, and its bytes: nothing (an empty folder counts as that), a whole model, base and adapter
    apart, or something else, which is never replaced."""
    if folder.is_dir() and not any(folder.iterdir()):
        return "nothing", 0
    if not (folder / "config.json").exists():
        return ("other", 0) if folder.exists() or folder.is_symlink() else ("nothing", 0)
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    return ("separate" if (folder / "adapters").is_dir() else "whole"), size


WORK = ".fusing-"
"""A folder that is being made is called so, then the number of the process that makes it."""


def written(folder: Path, process: int) -> int:
    """Bytes that a process has written so far of the folder it makes."""
    found = (path for work in folder.parent.glob(f"{WORK}{process}-*") for path in work.rglob("*"))
    try:
        return sum(path.stat().st_size for path in found if path.is_file())
    except OSError:  # it was finished in this moment
        return 0


def sweep(parent: Path) -> None:
    """Take away what processes left half made that are gone."""
    for work in parent.glob(f"{WORK}*"):
        number = work.name.removeprefix(WORK).partition("-")[0]
        if number.isdigit() and not psutil.pid_exists(int(number)):
            shutil.rmtree(work, ignore_errors=True)


def takes_gguf(config: Mapping[str, Any]) -> bool:
    """Whether mlx-lm writes GGUF of models of this config.json."""
    return config.get("model_type") in GGUF_TYPES


def speaks_bytes(folder: Path) -> bool:
    """Whether a model folder's tokenizer is byte-level BPE, which mlx-lm's GGUF misnames as SentencePiece's."""
    try:
        tokenizer = json.loads((folder / "tokenizer.json").read_text(encoding="utf-8"))
        return "ByteLevel" in json.dumps(tokenizer.get("decoder"))
    except (OSError, ValueError, AttributeError):
        return False


def commands(folder: Path, way: str, prompt: str) -> list[str]:
    """How stock mlx-lm answers a prompt with what was saved, and how it serves it."""
    model = ["--model", str(folder)] + (["--adapter-path", str(folder / "adapters")] if way == "separate" else [])
    return [
        shlex.join(["mlx_lm", "generate", *model, "--prompt", prompt]),
        shlex.join(["mlx_lm", "server", *model, "--port", "8080"]),
    ]
