"""What runs prove, looked for where it may be new. Blocking, for a thread."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lab.runs.directory import Run
    from lab.runs.run_evidence import RunEvidence
    from store.progress import Progress


def found(root: Path, runs: Sequence[str] | None, ended: Sequence[str], progress: "Progress") -> list["RunEvidence"]:
    """All that the `runs` below `root` (every one for None) prove; of those in `ended` also what only an end settles.

    Nothing from before the last reset counts.
    """
    from lab.runs.directory import Runs
    from lab.runs.run_evidence import proofs

    there = [run for run in Runs(root).all() if since_reset(run, progress)]
    # What came apart may be explained by what was done to another run.
    apart = {
        item: str(payload.get("verdict") or "")
        for (kind, item), payload in progress.evidence.items()
        if kind == "run.failed" and not payload.get("explained")
    }
    return [
        proof
        for run in there
        if runs is None or run.id in runs or run.id in apart
        for proof in proofs(run, there, run.id in ended, apart.get(run.id, ""))
    ]


def since_reset(run: "Run", progress: "Progress") -> bool:
    """Whether a run was still going on, or was begun, after the last reset."""
    try:
        ended = (run.path / "result.json").stat().st_mtime
        return ended >= datetime.fromisoformat(progress.reset_at).timestamp()
    except (OSError, ValueError):
        return True
