"""Starting the engine: its own process in its own session, so that a run survives the program that began it."""

import json
import os
import shutil
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import psutil
from filelock import FileLock

from lab.blas import find_blas
from lab.datasets import find_data
from lab.errors import LabError
from lab.hosts import check_ranks
from lab.models import find_model
from lab.runs.directory import Run, Runs
from lab.spec import RunSpec, check_layers

CAUTIOUS_RATE = 1e-4
"""The learning rate where none is asked for on a model we do not know; RunSpec's own suits the small bundled ones."""

SECONDS_TO_GO: Final = 30
"""How long an engine may take to leave after its last word; on a busy machine MLX needs more than one to let go."""

PACKAGES = Path(__file__).parent.parent


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
    spec = fields if isinstance(fields, RunSpec) else RunSpec.make(dict(fields))
    model = find_model(spec.model, cache, spec.bits)
    if not model.bundled and isinstance(fields, dict) and "learning_rate" not in fields:
        spec = spec.model_copy(update={"learning_rate": CAUTIOUS_RATE})
    if model.shape:
        check_layers(spec, model)
    data = find_data(spec.data)
    if spec.fine_tune_type == "full" and model.bits:
        remedy = "choose lora or dora, or an unquantized base"
        raise LabError(f"full fine-tuning needs an unquantized base, {spec.model} has {model.bits} bits",
                       where="--fine-tune-type", remedy=remedy, usage=True)  # fmt: skip
    if spec.mask_prompt and not data.has_prompts:
        raise LabError(f"{spec.data} is plain text: there is no prompt to mask", where="--mask-prompt",
                       remedy="leave the flag out", usage=True)  # fmt: skip
    if data.rows["train"] < spec.batch_size:
        raise LabError(f"{data.rows['train']} training rows are fewer than one batch of {spec.batch_size}",
                       where="--batch-size", remedy=f"give {data.rows['train']} or less", usage=True)  # fmt: skip
    check_ranks(spec)
    if spec.hostfile:
        spec = spec.model_copy(update={"hostfile": str(Path(spec.hostfile).expanduser().resolve())})
    masked = spec.model_copy(update={"mask_prompt": data.has_prompts if spec.mask_prompt is None else spec.mask_prompt})
    return Checked(masked, model.path or spec.model, data.path)


def start(run: Run, cache: Path, *, now: bool = False) -> int:
    """Start training `run` in the background and return the process id. Output goes to the run's log.txt.

    It waits until the runs before it have ended, or with `now` trains beside them.
    """
    with FileLock(run.launch_lock):
        return _start(run, cache, now)


def resume(run: Run, cache: Path, *, now: bool = False) -> int:
    """Start a run again that failed, was stopped or was lost; it goes on from its checkpoint. Returns the process id.

    An engine that has said its last word is waited for until it is gone. Raises LabError if the run has finished, or
    if its engine works on it.
    """
    with FileLock(run.launch_lock):
        state = run.state()
        if state == "finished":
            raise LabError("has finished: there is nothing to resume", where=run.id, remedy="start a new run")
        process = run.process()
        if process is not None and run.result():
            with suppress(psutil.Error):
                process.wait(SECONDS_TO_GO)
            process = run.process()
        if process is not None:
            if run.result():
                raise LabError("has ended, but its engine is still there", where=run.id, remedy="try again in a while")
            raise LabError(f"is {state} already", where=run.id, remedy=f"`lowrank stop {run.id}` stops it")
        (run.path / "state" / "stop").unlink(missing_ok=True)
        (run.path / "result.json").unlink(missing_ok=True)
        return _start(run, cache, now)


def _start(run: Run, cache: Path, now: bool) -> int:
    command = engine_command("train", str(run.path), "--cache", str(cache), *(["--now"] if now else []))
    with (run.path / "log.txt").open("ab") as log:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env=engine_environment(cache),
            start_new_session=True,
        )
        note_process(run.path, process.pid, log.tell())
    return process.pid


def note_process(path: Path, pid: int, log_bytes: int = 0) -> None:
    """Write down which process works on the run, with its birth time, since process ids are reused.

    `log_bytes` is where its part of the log begins.
    """
    try:
        created = psutil.Process(pid).create_time()
    except psutil.Error:
        return
    target = path / "state" / "process.json"
    temporary = target.with_suffix(f".{os.getpid()}.tmp")
    temporary.write_text(json.dumps({"pid": pid, "created": created, "log_bytes": log_bytes}), encoding="utf-8")
    os.replace(temporary, target)


def engine_command(*arguments: str) -> list[str]:
    """The command that runs the engine; -P keeps a `lab` folder in the current directory from being taken for ours."""
    return [sys.executable, "-P", "-m", "lab.engine", *arguments]


def engine_environment(cache: Path) -> dict[str, str]:
    """The environment of the engine: a fast BLAS, quiet libraries, and no just-in-time compiler where there is none."""
    environment = dict(os.environ)
    paths = [str(PACKAGES), *filter(None, [environment.get("PYTHONPATH", "")])]
    environment |= {
        "PYTHONPATH": os.pathsep.join(paths),
        "TOKENIZERS_PARALLELISM": "false",
        "PYTHONUNBUFFERED": "1",
        "MLX_BFS_MAX_WIDTH": "200",  # MLX else hands out one core's rows (lab.engine.packed) before the other's
    }
    environment |= {"TRANSFORMERS_VERBOSITY": "error", "HF_HUB_DISABLE_TELEMETRY": "1", "PYTHONUTF8": "1"}
    if sys.platform == "darwin":  # macOS else kills long GPU work while it draws the screen
        environment.setdefault("AGX_RELAX_CDM_CTXSTORE_TIMEOUT", "1")
    blas = find_blas(cache)
    environment["LOWRANK_ENGINE_BLAS"] = blas.name
    if blas.preload:
        others = environment.get("LD_PRELOAD")
        environment["LD_PRELOAD"] = f"{blas.preload}:{others}" if others else str(blas.preload)
    if sys.platform == "linux" and not shutil.which("g++"):
        environment["MLX_DISABLE_COMPILE"] = "1"
    return environment
