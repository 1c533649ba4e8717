"""What a run takes on disk, and what of it can go without losing what was learned."""

import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from lab.errors import LabError
from lab.runs.adapters import by_iteration
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
    kept = set(by_iteration(run).values())
    numbered = {path: size for path, size in sizes.items() if path in kept}
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
    numbered = [path for _, path in sorted(by_iteration(run).items())]
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


def _sizes(folder: Path) -> dict[Path, int]:
    """Every file below a folder with its size; links are not followed."""
    found: dict[Path, int] = {}
    for parent, _, names in os.walk(folder):
        for name in names:
            with suppress(OSError):  # a checkpoint is being replaced
                found[Path(parent, name)] = os.lstat(os.path.join(parent, name)).st_size
    return found
