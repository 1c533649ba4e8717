"""What a run reached, by its last word or by what its events say so far; and several runs side by side."""

from collections.abc import Iterable, Iterator
from typing import Any

from lab.events.digest import Digest
from lab.events.progress import RunProgress
from lab.events.schema import Event, LastWord, Resumed, Started, Train, Validation, iteration_of
from lab.runs.directory import Run

KEYS = (
    *("iterations", "train_loss", "val_loss", "best_iteration", "best_val_loss", "trainable_parameters"),
    *("trained_tokens", "tokens_per_second", "seconds_per_iteration", "seconds", "peak_memory_bytes"),
    *("peak_resident_bytes", "adapter_bytes"),
)
"""Of every last word, beside `event`, `run` and `run_dir`; None stands for what is not known."""

TOLD = ("train_loss", "tokens_per_second", "trained_tokens", "peak_memory_bytes")
"""What a `train` event says under the same name."""


def in_force(events: Iterable[Event]) -> list[Event]:
    """The events that hold: no last word that others follow, and before `resumed` nothing of a later iteration."""
    kept: list[Event] = []
    for event in events:
        if kept and isinstance(kept[-1], LastWord):
            kept.pop()
        if isinstance(event, Resumed):
            at = iteration_of(event)
            kept = [each for each in kept if iteration_of(each) <= at]
        kept.append(event)
    return kept


def all_events(run: Run) -> Iterator[Event]:
    """Every complete event of a run from the first, read a megabyte at a time."""
    offset = 0
    while True:
        events, end = run.events(offset)
        if end == offset:
            return
        offset = end
        yield from events


def outcome(run: Run) -> dict[str, Any]:
    """`event` (the last word, or the state while there is none), `run`, `run_dir` and `KEYS`."""
    word = run.result()
    told = word.to_json() if word else {}
    if any(key not in told for key in KEYS):
        told = _so_far(Digest.of(run).progress) | told
    return {"event": run.state(), "run": run.id, "run_dir": str(run.path), **dict.fromkeys(KEYS)} | told


def diverged(word: LastWord | None) -> bool:
    """Whether a last word says that the training came apart, in numbers or in no numbers at all."""
    return word is not None and word.verdict is not None and word.verdict.kind in ("diverged", "nan")


def in_vain(word: LastWord | None) -> str:
    """Of a training that came to its end, "worse" or "untrained" where it was for nothing; else ""."""
    verdict = word.verdict if word else None
    return verdict.kind if verdict and verdict.kind in ("worse", "untrained") else ""


def standing(run: Run) -> dict[str, Any]:
    """What to make a last word with, as far as the events tell: `KEYS`, and nothing of a test."""
    known = _so_far(Digest.of(run).progress)
    untold = {"absent": frozenset({"test_loss", "test_perplexity"})}
    return {key: known.get(key) for key in KEYS} | {"iterations": known.get("iterations") or 0} | untold


def _so_far(progress: RunProgress) -> dict[str, Any]:
    """The same as `reached`, of a run of any length."""
    found: dict[str, Any] = {"val_loss": progress.val_loss, "trainable_parameters": progress.trainable_parameters}
    if progress.best:
        found |= {"best_iteration": progress.best.x, "best_val_loss": progress.best.y}
    return found | reached(event for event in (progress.report, progress.outcome) if event)


def reached(events: Iterable[Event]) -> dict[str, Any]:
    """Of `KEYS`, what events in force tell; of a last word that never became result.json, all."""
    found: dict[str, Any] = {}
    best: float | None = None
    for event in events:
        match event:
            case Started():
                found["trainable_parameters"] = event.trainable_parameters
            case Train():
                found |= {key: getattr(event, key) for key in TOLD if key not in event.absent}
                found |= {"iterations": event.iteration, "seconds": event.elapsed_seconds}
                if event.iteration and event.elapsed_seconds is not None:
                    found["seconds_per_iteration"] = event.elapsed_seconds / event.iteration
            case Validation():
                found["val_loss"] = loss = event.val_loss
                if event.iteration and loss is not None and (best is None or loss < best):
                    best = loss
                    found |= {"best_iteration": event.iteration, "best_val_loss": loss}
            case LastWord():
                found |= event.to_json()
    return found


def curve(run: Run) -> list[tuple[int, float]]:
    """Iteration and training loss of every report that holds, in order."""
    reports = (event for event in in_force(all_events(run)) if isinstance(event, Train))
    return [(each.iteration, each.train_loss) for each in reports
            if each.iteration is not None and each.train_loss is not None]  # fmt: skip
