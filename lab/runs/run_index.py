"""All runs as rows of a table. What ended runs say is kept in an index, which is a cache and can be thrown away.

A run is read again when one of its files changed; one that is going on, every time.
"""

import json
import os
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from foreign import read_object
from lab.errors import LabError
from lab.events.missing import Missing
from lab.events.progress import number
from lab.events.schema import Stage, Train, parse
from lab.methods import method_name
from lab.runs import evaluation
from lab.runs.crash_recovery import settle
from lab.runs.damage import damage
from lab.runs.directory import Run, Runs
from lab.runs.disk_usage import use
from lab.runs.method import method_of
from lab.runs.outcome import KEYS, in_vain, outcome, reached
from lab.runs.run_notes import read as read_about
from lab.runs.state import RunState
from lab.spec import LoraParameters, RunSpec, read_yaml

INDEX = ".index.json"
VERSION = 4
TAIL = 1 << 16
"""Bytes of a going run's newest events, which tell all that a table shows of it."""
WATCHED = ("", "events.jsonl", "result.json", "about.json", "adapters", "adapters/best", "state")
"""What of a run directory changes when anything changes that a row tells."""


@dataclass(frozen=True)
class Row:
    """One run. None and "" stand for what is not known; `begun` is in seconds since 1970 (`started` is what
    the engine says, as ISO 8601), sizes are in bytes, `remaining` in seconds, `position` is the place in the queue.
    `verdict` is "worse" or "untrained" where a training was for nothing."""

    run: str
    state: RunState = RunState.LOST
    name: str = ""
    notes: str = ""
    tags: tuple[str, ...] = ()
    group: str = ""
    method: str = "?"
    model: str = "?"
    data: str = "?"
    rank: int | None = None
    scale: float | None = None
    learning_rate: float | None = None
    batch_size: int | None = None
    seed: int | None = None
    iters: int = 0
    begun: float = 0.0
    started: str | None = None
    iterations: int = 0
    train_loss: float | None = None
    val_loss: float | None = None
    best_val_loss: float | None = None
    best_iteration: int | None = None
    exact_match: float | None = None
    tokens_per_second: float | None = None
    seconds_per_iteration: float | None = None
    seconds: float | None = None
    remaining: float | None = None
    trainable_parameters: int | None = None
    peak_memory_bytes: int | None = None
    adapter_bytes: int = 0
    checkpoint_bytes: int = 0
    spare_bytes: int = 0
    resume_bytes: int = 0
    total_bytes: int = 0
    position: int | None = None
    behind: str = ""
    problem: str = ""
    verdict: str = ""

    @property
    def ended(self) -> bool:
        return self.state.ended

    def missing(self, key: str) -> Missing:
        """Why there is no value of that name: a run that has trained and was not validated never is."""
        if key == "exact_match" or self.damaged:
            return Missing.UNKNOWN
        trained = self.train_loss is not None
        never = self.ended or (trained and key == "val_loss")
        return Missing.NONE if never else Missing.UNKNOWN if trained and not key.startswith("best") else Missing.NOT_YET

    @property
    def damaged(self) -> bool:
        """Whether its files are what is wrong with it; a run that is going on shows that first."""
        return bool(self.problem) and self.ended and self.state is not RunState.FAILED

    @property
    def title(self) -> str:
        """The name, or the id of a run without one."""
        return self.name or self.run


FIELDS = {field.name for field in fields(Row)}
DEFAULTS: dict[str, Any] = {field.name: field.default for field in fields(Row)} | {"run": ""}
KINDS = {field.name: "tuple" if field.name == "tags" else getattr(field.type, "__name__", None) or str(field.type)
         for field in fields(Row)}  # fmt: skip
LARGEST = 256 << 20
"""Bytes of an index, at most: some hundred thousand runs."""
Progress = Callable[[list[Row], int], None]


class RunIndex:
    """The rows of all runs below one folder; blocking, and one thread reads at a time."""

    def __init__(self, runs: Runs, cache: Path) -> None:
        self.runs = runs
        self.cache = cache
        self._known: dict[str, tuple[list[int], Row]] | None = None
        self._lock = threading.Lock()

    def read(self, progress: Progress = lambda rows, total: None) -> list[Row]:
        """Every run as it is now, newest first.

        `progress` gets the rows so far, which it must not keep, and the number of all runs, at each run read anew.
        """
        with self._lock:
            return self._read(progress)

    def _read(self, progress: Progress) -> list[Row]:
        if self._known is None:
            self._known = self._load()
        known, found = self._known, self.runs.all()
        rows: list[Row] = []
        kept: dict[str, tuple[list[int], Row]] = {}
        dirty = False
        for run in found:
            stamp = _stamp(run.path)
            before = known.get(run.id)
            if before is not None and before[0] == stamp and before[1].ended:
                row = before[1]
            else:
                row = read(run, self.cache)
                stamp = _stamp(run.path) if row.ended else stamp  # a lost run was given its last word
                dirty = dirty or row.ended
                progress(rows, len(found))
            kept[run.id] = (stamp, row)
            rows.append(row)
        self._known = kept
        if dirty or kept.keys() != known.keys():
            self._save()
        return rows

    def _load(self) -> dict[str, tuple[list[int], Row]]:
        try:
            found = read_object(self.runs.root / INDEX, LARGEST)
            if found["version"] != VERSION:
                return {}
            return {name: (stamp, _row(told)) for name, (stamp, told) in found["rows"].items()}
        except (OSError, ValueError, AttributeError, LookupError, TypeError):
            return {}

    def _save(self) -> None:
        """Runs that are going on are left out: they are read anew in any case."""
        told = {name: (stamp, vars(row)) for name, (stamp, row) in (self._known or {}).items() if row.ended}
        temporary = self.runs.root / f"{INDEX}.{os.getpid()}.tmp"
        with suppress(OSError):  # a folder that cannot be written to is read a little slower
            try:
                temporary.write_text(json.dumps({"version": VERSION, "rows": told}), encoding="ascii")
                os.replace(temporary, self.runs.root / INDEX)
            finally:
                temporary.unlink(missing_ok=True)


def _row(told: dict[str, Any]) -> Row:
    """The row of the index. Raises KeyError, TypeError or ValueError for what is none."""
    row = told | {"state": RunState(told["state"]), "tags": tuple(told["tags"])}
    if row.keys() != FIELDS or _sound(row) != row:
        raise TypeError("is no row")
    return Row(**row)


def _sound(row: dict[str, Any]) -> dict[str, Any]:
    """The row with what a field cannot hold left at its default, since files hold anything."""
    return {name: value if _fits(value, KINDS[name]) else DEFAULTS[name] for name, value in row.items()}


def _fits(value: object, kind: str) -> bool:
    if kind == "tuple":
        return isinstance(value, tuple) and all(isinstance(each, str) for each in value)
    kinds = {"RunState": (RunState,), "str": (str,), "int": (int,), "float": (int, float), "None": (type(None),)}
    allowed = [each for name in kind.split(" | ") for each in kinds[name]]
    return type(value) in allowed


def _stamp(path: Path) -> list[int]:
    """Times and sizes of what is watched."""
    found = []
    for name in WATCHED:
        try:
            stat = os.stat(f"{path}/{name}")
            found += [stat.st_mtime_ns, stat.st_size]
        except OSError:
            found += [0, 0]
    return found


def read(run: Run, cache: Path) -> Row:
    """One run as it is now; one that was killed gets its last word here.

    Whatever lies in its folder, it becomes a row: what is wrong there is its `problem`, and hides no other run.
    """
    wrong = damage(run)
    try:
        row = _sound(_read(run, cache))
    except Exception as error:  # no reader can foresee all that may stand in a file
        wrong = wrong or f"it cannot be read ({type(error).__name__}: {error})"
        row = {"run": run.id, "state": RunState.LOST, "begun": run.begun()}
    return Row(**row | {"problem": row.get("problem") or wrong})


def _read(run: Run, cache: Path) -> dict[str, Any]:
    state = settle(run)
    about, disk = read_about(run), use(run)
    last = None if state.terminal else run.last_event()
    told = outcome(run) if state.terminal else _under_way(run)
    waiting = last if isinstance(last, Stage) and state is RunState.WAITING else None
    started = run.started()
    row: dict[str, Any] = {"run": run.id, "state": state, **vars(about), **_spec(run)}
    row |= {key: told[key] for key in KEYS if key in FIELDS and told.get(key) is not None}
    row |= {
        "method": method_of(run, cache) or row.get("method", "?"),
        "begun": run.begun(),
        "started": started.at if started else None,
        "exact_match": _exact_match(run) if state.terminal else None,
        "remaining": told.get("remaining_seconds"),
        "adapter_bytes": disk.adapter,
        "checkpoint_bytes": disk.checkpoints,
        "spare_bytes": disk.spare,
        "resume_bytes": disk.resume,
        "total_bytes": disk.total,
        "position": waiting.position if waiting else None,
        "behind": (waiting.behind or "") if waiting else "",
        "problem": _failure(told) if state is RunState.FAILED else "",
        "verdict": in_vain(run.result()),
    }
    return row


def _failure(told: dict[str, Any]) -> str:
    error = told.get("error")
    return str(error.get("what") or "") if isinstance(error, dict) else ""


def _under_way(run: Run) -> dict[str, Any]:
    """What the newest events of a run tell that is going on."""
    try:
        end = (run.path / "events.jsonl").stat().st_size
    except OSError:
        return {}
    for size in (TAIL, 16 * TAIL):
        lines = run.bytes_at(max(0, end - size), size).splitlines()
        events = [event for line in lines if (event := parse(line))]
        found = reached(events)
        if found.get("val_loss") is not None or size >= end:  # a run that is seldom validated told of it long ago
            break
    trained = next((event for event in reversed(events) if isinstance(event, Train)), None)
    return found | {"remaining_seconds": trained.remaining_seconds if trained else None}


def _spec(run: Run) -> dict[str, Any]:
    """What was asked for, as far as it can be read: a spec that somebody broke must not hide the other runs."""
    try:
        asked = {name: field.default for name, field in RunSpec.model_fields.items()} | read_yaml(
            run.path / "spec.yaml"
        )
        lora = LoraParameters().model_dump() | (asked["lora_parameters"] or {} if _given(asked) else {})
        full = asked["fine_tune_type"] == "full"
        return {
            "method": method_name(str(asked["fine_tune_type"]), asked["bits"]),
            "model": str(asked["model"]),
            "data": str(asked["data"]),
            "rank": None if full else int(lora["rank"]),
            "scale": None if full else float(lora["scale"]),
            "learning_rate": float(asked["learning_rate"]),
            "batch_size": int(asked["batch_size"]),
            "seed": int(asked["seed"]),
            "iters": int(asked["iters"]),
        }
    except (LabError, ValueError, ArithmeticError, TypeError, KeyError):
        return {}


def _given(asked: dict[str, Any]) -> bool:
    return isinstance(asked["lora_parameters"], dict)


def _exact_match(run: Run) -> float | None:
    found = evaluation.read(run) if (run.path / evaluation.NAME).exists() else None
    return number(found or {}, "exact_match")
