"""What a run takes on disk, and what of it can go without losing what was learned."""

import os
from dataclasses import dataclass
from pathlib import Path

from lab.errors import LabError
from lab.runs.directory import Run
from lab.runs.lock import launching


@dataclass(frozen=True)
class Use:
    """Bytes: the last adapter, the numbered checkpoints (`spare` of them not needed), the best, what a resume needs,
    and all together."""

    adapter: int = 0
    checkpoints: int = 0
    spare: int = 0
    best: int = 0
    resume: int = 0
    total: int = 0


def use(run: Run) -> Use:
    """What the files of a run take now."""
    sizes = _sizes(run.path)
    numbered = {path: size for path, size in sizes.items() if _numbered(run, path)}
    spare = set(spare_checkpoints(run))
    return Use(
        adapter=sizes.get(run.adapters / "adapters.safetensors", 0),
        checkpoints=sum(numbered.values()),
        spare=sum(size for path, size in numbered.items() if path in spare),
        best=sum(size for path, size in sizes.items() if path.parent == run.adapters / "best"),
        resume=sum(size for path, size in sizes.items() if path.parent == run.path / "state"),
        total=sum(sizes.values()),
    )


def spare_checkpoints(run: Run) -> list[Path]:
    """The numbered adapters that are not the run's last one, which is numbered where a run was killed."""
    numbered = sorted((p for p in run.adapters.glob("[0-9]*_adapters.safetensors")), key=lambda p: _number(p))
    return numbered if (run.adapters / "adapters.safetensors").exists() else numbered[:-1]


def drop_checkpoints(run: Run) -> int:
    """Delete the spare checkpoints of a run that has ended; returns the bytes freed.

    Raises LabError if it is going on, and OSError if a file cannot be deleted.
    """
    with launching(run.path):
        if run.lives():
            what = f"is {run.state()}, and may still need its checkpoints"
            raise LabError(what, where=run.id, remedy="stop it first")
        freed = 0
        for path in spare_checkpoints(run):
            freed += path.stat().st_size
            path.unlink()
        return freed


def _numbered(run: Run, path: Path) -> bool:
    return path.parent == run.adapters and path.name.endswith("_adapters.safetensors") and path.name[0].isdigit()


def _number(path: Path) -> int:
    digits = path.name.partition("_")[0]
    return int(digits) if digits.isdecimal() else 0


def _sizes(folder: Path) -> dict[Path, int]:
    """Every file below a folder with its size; links are not followed."""
    found: dict[Path, int] = {}
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    found |= _sizes(Path(entry.path))
                else:
                    found[Path(entry.path)] = entry.stat(follow_symlinks=False).st_size
    except FileNotFoundError:  # a checkpoint is being replaced
        pass
    return found
