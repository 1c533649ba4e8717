"""Starting the engine: its own process in its own session, so that a run survives the program that began it."""

import json
import os
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from lab import warm_start
from lab.client import engine_command, engine_environment
from lab.datasets.find import DataInfo, find_data
from lab.errors import LabError
from lab.hostfile import check_ranks
from lab.models.find import find_model
from lab.paths import shown
from lab.planning.learning_rate import with_rate
from lab.runs.directory import NOTE, Run, Runs
from lab.runs.lock import launching, take_engine_lock
from lab.runs.state import RunState
from lab.spec import RunSpec, check_layers
from lab.spec_paths import changed, located

SECONDS_TO_GO: Final = 30
"""How long an engine may take to leave after its last word; on a busy machine MLX needs more than one to let go."""


def prepare(fields: dict[str, Any] | RunSpec, runs: Runs, cache: Path) -> Run:
    """Check a spec and everything it names, then make its run directory. Raises LabError saying what is wrong."""
    return check(fields, cache).make(runs)


@dataclass(frozen=True)
class Checked:
    """A spec of which everything that it names was found, and where its model and data are."""

    spec: RunSpec
    model: Path | str
    data: Path

    def make(self, runs: Runs) -> Run:
        """Its run directory."""
        return runs.create(self.spec, model_path=self.model, data_path=self.data)


def check(fields: dict[str, Any] | RunSpec, cache: Path) -> Checked:
    """Check a spec and everything it names. Raises LabError saying what is wrong."""
    spec = located(fields if isinstance(fields, RunSpec) else RunSpec.make(dict(fields)), cache)
    model = find_model(spec.model, cache, spec.bits)
    if isinstance(fields, dict):
        spec = with_rate(spec, fields, model.bundled)
    if model.shape:
        check_layers(spec, model)
    data = find_data(spec.data)
    if spec.fine_tune_type == "full" and model.bits:
        remedy = "choose lora or dora, or an unquantized base"
        raise LabError(f"full fine-tuning needs an unquantized base, {spec.model} has {model.bits} bits",
                       where="--fine-tune-type", remedy=remedy, usage=True)  # fmt: skip
    if spec.mask_prompt and not data.has_prompts:
        raise LabError(f"{shown(spec.data)} is plain text: there is no prompt to mask", where="--mask-prompt",
                       remedy="leave the flag out", usage=True)  # fmt: skip
    if data.rows["train"] < spec.batch_size:
        raise LabError(f"{data.rows['train']} training rows are fewer than one batch of {spec.batch_size}",
                       where="--batch-size", remedy=f"give {data.rows['train']} or less", usage=True)  # fmt: skip
    check_asked(spec, data, model.shape.get("blocks", 0))
    check_ranks(spec)
    masked = spec.model_copy(update={"mask_prompt": data.has_prompts if spec.mask_prompt is None else spec.mask_prompt})
    return Checked(masked, model.path or spec.model, data.path)


def check_again(run: Run, cache: Path) -> None:
    """Raise LabError if a run cannot go on: what its spec names is not there, or is not what it was trained with."""
    spec = run.spec
    if (run.path / "state" / "checkpoint.safetensors").exists():  # what it began from is in there
        spec = spec.model_copy(update={"resume_adapter_file": None})
    found = check(spec, cache)
    if names := changed(run.path, {"data": found.data, "model": found.model}):
        raise LabError(f"the {' and the '.join(names)} changed since the checkpoint", where=run.id,
                       remedy="put it back as it was, or start a new run")  # fmt: skip


def check_asked(spec: RunSpec, data: DataInfo, blocks: int) -> None:
    """Raise LabError for what cannot be done with this data, or would do nothing (`blocks` 0: not known yet)."""
    if spec.test and not data.rows["test"]:
        raise LabError(f"{shown(spec.data)} holds no test.jsonl", where="--test",
                       remedy="put rows there that training never sees, or leave the flag out", usage=True)  # fmt: skip
    if spec.test and not spec.test_batches:
        raise LabError("0 batches would test nothing", where="--test-batches", remedy="give -1 for all", usage=True)
    if not spec.updates:
        raise LabError(f"an update after {spec.grad_accumulation_steps} steps never comes in {spec.iters} iterations, "
                       "and mlx-lm drops what is left over", where="--grad-accumulation-steps",
                       remedy=f"give {spec.iters} or less, or leave --stock out", usage=True)  # fmt: skip
    warm_start.check(spec, blocks)


def start(run: Run, cache: Path, *, now: bool = False) -> int:
    """Start training `run` in the background and return the process id. Output goes to the run's log.txt.

    It waits until the runs before it have ended, or with `now` trains beside them. One that failed, was stopped or was
    lost goes on from its checkpoint. Raises LabError, and leaves the run as it was, if it cannot be started.
    """
    with claimed([run], cache) as locks:
        return begin(run, cache, locks[0], now=now)


@contextmanager
def claimed(runs: Sequence[Run], cache: Path) -> Iterator[list[int]]:
    """The engine's locks of runs that may be started now, in their order, to be handed to who will work on them.

    An engine that has said its last word is waited for until it is gone. Raises LabError if one of the runs has
    finished, lives, or names what is not there any more; then, or if they are not handed on, the runs are as they were.
    """
    kept: dict[Path, bytes | None] = {}
    with ExitStack() as held:
        for run in sorted(set(runs), key=lambda run: run.path):  # in one order, so that no two wait for each other
            held.enter_context(launching(run.path))
        locks: list[int] = []
        try:
            for run in runs:
                locks.append(_claim(run, cache))
            for run in runs:
                state = run.path / "state"
                kept |= {path: _bytes(path) for path in (run.path / "result.json", state / "stop", state / NOTE)}
                (run.path / "result.json").unlink(missing_ok=True)
                (state / "stop").unlink(missing_ok=True)
                note_process(run.path, None, _size(run.path / "log.txt"))
            yield locks
        except BaseException:
            _close(locks)
            for path, data in kept.items():
                if any(run.lives() for run in runs if path.is_relative_to(run.path)):
                    continue
                if data is None:
                    path.unlink(missing_ok=True)
                else:
                    path.write_bytes(data)
            raise
        _close(locks)


def _claim(run: Run, cache: Path) -> int:
    """The engine's lock of a run that may be started; its launch.lock is held."""
    if run.last_word() is not RunState.FINISHED:
        if run.lives() and not run.result():
            raise LabError(f"is {run.state()} already", where=run.id, remedy=f"`lowrank stop {run.id}` stops it")
        if run.noted():  # it was looked at when it was made, which may be long ago
            check_again(run, cache)
        lock = take_engine_lock(run.path, SECONDS_TO_GO)
        if lock is None:
            raise LabError("has ended, but its engine is still there", where=run.id, remedy="try again in a while")
        if run.last_word() is not RunState.FINISHED:
            return lock
        os.close(lock)  # its last word came while we waited
    raise LabError("has finished: there is nothing to resume", where=run.id, remedy="start a new run")


def _bytes(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def _close(locks: list[int]) -> None:
    """Let go of locks; whoever inherited one holds it on, which LOCK_UN would take from him."""
    for lock in locks:
        os.close(lock)
    locks.clear()


def begin(run: Run, cache: Path, lock: int, *, now: bool = False) -> int:
    """Start the engine of a run both of whose locks are held, and hand it its own; the process id."""
    command = engine_command("train", str(run.path), "--cache", str(cache), "--lock", str(lock))
    with (run.path / "log.txt").open("ab") as log:
        begins = log.tell()
        process = subprocess.Popen(
            command + ["--now"] * now,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env=engine_environment(cache),
            start_new_session=True,
            pass_fds=(lock,),
        )
    with suppress(OSError):  # it does so itself, should the disk be full just now
        note_process(run.path, process.pid, begins)
    return process.pid


def note_process(path: Path, pid: int | None, log_bytes: int = 0) -> None:
    """Write down which process works on the run, to send it signals; only for who holds the engine's lock.

    None is for a run that has no process of its own yet. `log_bytes` is where its part of the log begins, and the time
    tells whether the machine was restarted since.
    """
    target = path / "state" / NOTE
    temporary = target.with_suffix(f".{os.getpid()}.tmp")
    temporary.write_text(json.dumps({"pid": pid, "created": time.time(), "log_bytes": log_bytes}), encoding="utf-8")
    os.replace(temporary, target)
