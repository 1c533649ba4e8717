"""Fused models without making one: the ways there are, where they go, what GGUF can hold, how the result is used."""

import shlex
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from foreign import read_object
from lab import outputs
from lab.errors import LabError
from lab.models.find import find_model, read_config
from lab.runs import inspection_cache
from lab.runs.adapters import checkpoints
from lab.runs.damage import fenced
from lab.runs.directory import Run
from lab.runs.method import method_of

OPTION = "--save-path"
GGUF, GGUF_TYPES = "ggml-model-f16.gguf", ("llama", "mistral", "mixtral")
TOKENIZER = 256 << 20
"""Bytes of a tokenizer.json, at most."""
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
    with fenced(run):
        return _look(run, cache, checkpoint)


def _look(run: Run, cache: Path, checkpoint: str) -> Prospect:
    table = inspection_cache.read(run, "fuse", checkpoint)
    spec, method = run.spec, method_of(run, cache)
    try:
        info = find_model(spec.model, cache, spec.bits)
        folder = info.path if info.ready else info.made_from
        quantized = info.bits > 0 or method.startswith("Q")  # of a model on the hub only the run knows
    except LabError:
        folder, quantized = None, method.startswith("Q")
    kind = str(read_config(folder).get("model_type") or "") if folder else ""
    return Prospect(run.id, method, spec.model, spec.data, checkpoint, checkpoints(run), ways_of(quantized), kind,
                    folder is not None and speaks_bytes(folder), default_folder(run), table)  # fmt: skip


def default_folder(run: Run) -> Path:
    """Where a fused model goes unless said otherwise."""
    return run.path / "fused"


def check_target(run: Run, cache: Path, folder: Path, force: bool) -> None:
    """Raise LabError if a fused model may not be put there: without force where one is, over what is not one of ours,
    or where the base or the run lies."""
    outputs.check_folder(folder, OPTION, replace=force, keep=kept(run, cache))


def kept(run: Run, cache: Path) -> list[Path]:
    """What fusing a run must leave alone: its base, what that was made from, its adapters and its state."""
    found = [run.adapters, run.path / "state", cache]
    with suppress(LabError):  # a base that is gone needs no care
        info = find_model(run.spec.model, cache, run.spec.bits)
        found += [path for path in (info.path, info.made_from) if path is not None]
    return found


Lying = Literal["nothing", "whole", "separate", "other"]


def lies(run: Run, cache: Path, folder: Path) -> tuple[Lying, int, str]:
    """What is at a path now, its bytes, and why it is left alone: nothing (an empty folder counts as that), a whole
    model, base and adapter apart, or something else, which is never replaced."""
    try:
        check_target(run, cache, folder, True)
    except LabError as error:
        return "other", 0, error.what
    if not (folder / "config.json").exists():
        return "nothing", 0, ""
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    return ("separate" if (folder / "adapters").is_dir() else "whole"), size, ""


def written(folder: Path, process: int) -> int:
    """Bytes that a process has written so far of the folder it makes."""
    found = (path for work in folder.parent.glob(f"{outputs.WORK}{process}-*") for path in work.rglob("*"))
    try:
        return sum(path.stat().st_size for path in found if path.is_file())
    except OSError:  # it was finished in this moment
        return 0


def takes_gguf(config: Mapping[str, Any]) -> bool:
    """Whether mlx-lm writes GGUF of models of this config.json."""
    return config.get("model_type") in GGUF_TYPES


def speaks_bytes(folder: Path) -> bool:
    """Whether a model folder's tokenizer is byte-level BPE, which mlx-lm's GGUF misnames as SentencePiece's."""
    try:
        return "ByteLevel" in str(read_object(folder / "tokenizer.json", TOKENIZER).get("decoder"))
    except (OSError, ValueError):
        return False


def commands(folder: Path, way: str, prompt: str) -> list[str]:
    """How stock mlx-lm answers a prompt with what was saved, and how it serves it."""
    model = ["--model", str(folder)] + (["--adapter-path", str(folder / "adapters")] if way == "separate" else [])
    asked = [f"--prompt={prompt}"] if prompt.startswith("-") else ["--prompt", prompt]  # an option, to argparse
    return [
        shlex.join(["mlx_lm", "generate", *model, *asked]),
        shlex.join(["mlx_lm", "server", *model, "--port", "8080"]),
    ]
