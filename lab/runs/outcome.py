"""What a run reached, by its last word or by what its events say so far; and several runs side by side."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from lab.events.digest import Digest
from lab.events.progress import RunProgress
from lab.runs.directory import Event, Run
from lab.runs.state import TERMINAL

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
        if kept and kept[-1].get("event") in TERMINAL:
            kept.pop()
        if event.get("event") == "resumed":
            at = _number(event, "iteration") or 0
            kept = [e for e in kept if (_number(e, "iteration") or 0) <= at]
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
    told = run.result()
    if told is None or any(key not in told for key in KEYS):
        told = _so_far(Digest.of(run).progress) | (told or {})
    return {"event": run.state(), "run": run.id, "run_dir": str(run.path), **dict.fromkeys(KEYS)} | told


def diverged(told: Mapping[str, Any]) -> bool:
    """Whether a last word says that the training came apart, in numbers or in no numbers at all."""
    verdict = told.get("verdict")
    return isinstance(verdict, Mapping) and verdict.get("kind") in ("diverged", "nan")


def in_vain(told: Mapping[str, Any]) -> str:
    """Of a training that came to its end, "worse" or "untrained" where it was for nothing; else ""."""
    verdict = told.get("verdict")
    kind = verdict.get("kind") if isinstance(verdict, Mapping) else ""
    return str(kind) if kind in ("worse", "untrained") else ""


def standing(run: Run) -> dict[str, Any]:
    """What to make a last word with, as far as the events tell: `KEYS`, and nothing of a test."""
    known = _so_far(Digest.of(run).progress)
    untold = {"absent": frozenset({"test_loss", "test_perplexity"})}
    return {key: known.get(key) for key in KEYS} | {"iterations": known.get("iterations") or 0} | untold


def _so_far(progress: RunProgress) -> dict[str, Any]:
    """The same as `reached`, of a run of any length."""
    best = {"best_iteration": progress.best.x, "best_val_loss": progress.best.y} if progress.best else {}
    told: list[Event] = [{"event": "started", "trainable_parameters": progress.trainable_parameters},
            *([progress.report] if progress.report else []), progress.outcome]  # fmt: skip
    return {"val_loss": progress.val_loss} | best | reached(told)


def reached(events: Iterable[Event]) -> dict[str, Any]:
    """Of `KEYS`, what events in force tell; of a last word that never became result.json, all."""
    found: dict[str, Any] = {}
    best: float | None = None
    for event in events:
        match event.get("event"):
            case "started":
                found["trainable_parameters"] = event.get("trainable_parameters")
            case "train":
                found |= {key: event[key] for key in TOLD if key in event}
                found["iterations"] = iterations = _number(event, "iteration")
                found["seconds"] = seconds = _number(event, "elapsed_seconds")
                if iterations and seconds is not None:
                    found["seconds_per_iteration"] = seconds / iterations
            case "validation":
                found["val_loss"] = loss = _number(event, "val_loss")
                if event.get("iteration") and loss is not None and (best is None or loss < best):
                    best = loss
                    found |= {"best_iteration": event["iteration"], "best_val_loss": loss}
            case last if last in TERMINAL:
                found |= event
    return found


def curve(run: Run) -> list[tuple[int, float]]:
    """Iteration and training loss of every report that holds, in order."""
    points = ((e.get("iteration"), e.get("train_loss")) for e in in_force(all_events(run)) if e.get("event") == "train")
    return [(x, float(y)) for x, y in points if isinstance(x, int) and isinstance(y, int | float)]


def _number(event: Event, key: str) -> Any:
    value = event.get(key)
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None
