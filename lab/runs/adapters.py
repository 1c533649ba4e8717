"""Which of a run's saved adapters is meant: the last, the best, or the one of an iteration."""

from pathlib import Path

from lab.errors import LabError
from lab.runs.directory import Run


def find_adapter(run: Run, checkpoint: str = "last") -> Path:
    """The safetensors file of "last", "best" or an iteration's number. Raises LabError if there is none.

    "last" is the newest that was written whole: the numbered one of a run that was killed before its end.
    """
    numbered = by_iteration(run)
    last, best = run.adapters / "adapters.safetensors", run.adapters / "best" / "adapters.safetensors"
    if checkpoint == "last":
        if last.exists():
            return last
        if numbered:
            return numbered[max(numbered)]
        if run.state().ended:
            remedy = "resume it and let it reach a save, or train it again"
            raise LabError("ended before an adapter was saved", where=run.id, remedy=remedy)
        raise LabError("has no adapter yet", where=run.id, remedy="let the run reach its first save")
    if checkpoint == "best" and best.exists():
        return best
    if checkpoint.isascii() and checkpoint.isdigit() and int(checkpoint) in numbered:
        return numbered[int(checkpoint)]
    there = [name for name, path in (("last", last), ("best", best)) if path.exists() or (name == "last" and numbered)]
    raise LabError(
        f"{run.id} keeps no adapter {checkpoint!r}",
        where="--checkpoint",
        remedy=f"give one of {', '.join([*there, *map(str, sorted(numbered))])}" if there else "train the run first",
        usage=True,
    )


def by_iteration(run: Run) -> dict[int, Path]:
    """The numbered adapters, which are those saved on the way."""
    found = run.adapters.glob("[0-9]*_adapters.safetensors")
    numbers = {path: path.name.partition("_")[0] for path in found}
    return {int(number): path for path, number in numbers.items() if number.isdecimal() and len(number) < 19}


def checkpoints(run: Run) -> tuple[str, ...]:
    """The names `find_adapter` knows of this run: last, best, then iterations, the latest first; none without one."""
    numbered = sorted(by_iteration(run))
    last = bool(numbered) or (run.adapters / "adapters.safetensors").exists()
    best = (run.adapters / "best" / "adapters.safetensors").exists()
    return ("last",) * last + ("best",) * best + tuple(map(str, reversed(numbered)))
