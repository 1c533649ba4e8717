"""Training one run directory from its spec to its last word, through mlx-lm's layers and its `train`."""

import math
import os
import platform
import resource
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import mlx.core as mx
import mlx.nn as nn
import mlx.optimizers as optim
from mlx.utils import tree_flatten
from mlx_lm.lora import CONFIG_DEFAULTS
from mlx_lm.tuner.callbacks import TrainingCallback
from mlx_lm.tuner.trainer import TrainingArgs, default_loss
from mlx_lm.tuner.trainer import train as mlx_lm_train
from mlx_lm.tuner.utils import build_schedule, linear_to_lora_layers
from mlx_lm.utils import save_config

from lab.datasets import find_data
from lab.engine import batches, cpu
from lab.engine.events import EventWriter
from lab.engine.load import load_base, on_cpu
from lab.errors import LabError
from lab.models import ModelInfo
from lab.runs import Run
from lab.spec import RunSpec, check_layers

OPTIMIZERS = {"adam": optim.Adam, "adamw": optim.AdamW, "sgd": optim.SGD, "adafactor": optim.Adafactor}


class Progress(TrainingCallback):
    """Turns mlx-lm's callbacks into events, and keeps what the result needs."""

    def __init__(self, events: EventWriter, spec: RunSpec) -> None:
        self.events, self.spec = events, spec
        self.began = time.perf_counter()
        self.steps_seconds = 0.0
        self.last: dict[str, Any] = {}
        self.validations: list[tuple[int, float]] = []

    def on_train_loss_report(self, info: dict[str, Any]) -> None:
        iteration, loss = info["iteration"], info["train_loss"]
        elapsed = time.perf_counter() - self.began
        self.last = info
        self.events.write(
            "train",
            iteration=iteration,
            train_loss=loss,
            learning_rate=info["learning_rate"],
            tokens_per_second=info["tokens_per_second"],
            iterations_per_second=info["iterations_per_second"],
            trained_tokens=info["trained_tokens"],
            peak_memory_bytes=peak_memory(),
            elapsed_seconds=elapsed,
            remaining_seconds=elapsed / iteration * (self.spec.iters - iteration),
        )
        if not math.isfinite(loss):
            raise LabError(
                f"the loss is not a number any more at iteration {iteration}",
                remedy=f"lower --learning-rate (it is {self.spec.learning_rate:g}) or --scale",
            )

    def on_val_loss_report(self, info: dict[str, Any]) -> None:
        self.validations.append((info["iteration"], info["val_loss"]))
        self.events.write(
            "validation", iteration=info["iteration"], val_loss=info["val_loss"], seconds=info["val_time"]
        )
        self.events.write("stage", stage="training")


def peak_memory() -> int:
    """Peak bytes of MLX's arrays in this process, by its own count."""
    return int(mx.get_peak_memory())


def train(path: Path, cache: Path) -> int:
    """Train the run in `path`; returns the exit code. Whatever happens, the run gets a last word."""
    events = EventWriter(path)
    try:
        return _train(Run(path), cache, events)
    except LabError as error:
        what, where, remedy = error.what, error.where, error.remedy
    except MemoryError:
        what, where, remedy = "out of memory", "", "use a smaller batch, fewer layers or a 4-bit base"
    except OSError as error:
        what, where, remedy = (
            f"{error.strerror or error}",
            str(error.filename or path),
            "check free space and permissions",
        )
    except Exception as error:
        import traceback

        traceback.print_exc()
        what, where, remedy = (
            f"{type(error).__name__}: {error}",
            "",
            f"the whole story is in {path / 'log.txt'}",
        )
        if "metal" in what.lower() and "memory" in what.lower():
            remedy = "use a smaller batch, fewer layers, --grad-checkpoint or a 4-bit base"
    events.last_word("failed", run=path.name, run_dir=str(path), error={"what": what, "where": where, "remedy": remedy})
    print(f"failed: {what}", file=sys.stderr)
    return 1


def _train(run: Run, cache: Path, events: EventWriter) -> int:
    spec = run.spec
    stopping = _on_sigterm()
    model, tokenizer, info = load_base(
        spec.model, cache, fast=True, bits=spec.bits, stage=lambda s: events.write("stage", stage=s)
    )
    if not info.shape:
        info = _describe(info, model)
    check_layers(spec, info)
    data = find_data(spec.data)
    mask = bool(spec.mask_prompt)
    rows = batches.tokenize(data.path, "train", tokenizer, mask, spec.max_seq_length)
    valid = batches.tokenize(data.path, "valid", tokenizer, mask, spec.max_seq_length)
    adapt(model, spec)
    trainable = sum(v.size for _, v in tree_flatten(model.trainable_parameters()))
    save_config(_adapter_config(spec, run, data.path, info), run.adapters / "adapter_config.json")
    progress = Progress(events, spec)
    events.write(
        "started",
        pid=os.getpid(),
        run=run.id,
        method=spec.method(info),
        model=spec.model,
        data=spec.data,
        iterations=spec.iters,
        trainable_parameters=trainable,
        total_parameters=info.parameters,
        base_bytes=info.bytes,
        device=device(),
        blas=os.environ.get("LOWRANK_ENGINE_BLAS", ""),
    )

    stopped_at: list[int] = []

    def iterate(dataset: list[batches.Row], batch_size: int, *, loop: bool = False, **_: Any) -> Iterator[Any]:
        if not loop:
            events.write("stage", stage="evaluating")
            yield from (batches.pad(b) for b in batches.in_order(dataset, batch_size))
            return
        for done, batch in enumerate(batches.shuffled(dataset, batch_size, spec.seed)):
            if done and done % spec.save_every == 0:
                events.write("saved", iteration=done, file=f"{done:07d}_adapters.safetensors")
            if stopping():
                stopped_at.append(done)
                return
            yield batches.pad(batch)

    mlx_lm_train(
        model=model,
        optimizer=optimizer(spec),
        train_dataset=rows,
        val_dataset=valid,
        args=TrainingArgs(
            batch_size=spec.batch_size,
            iters=spec.iters,
            val_batches=spec.val_batches,
            steps_per_report=spec.steps_per_report,
            steps_per_eval=spec.steps_per_eval,
            steps_per_save=spec.save_every,
            max_seq_length=spec.max_seq_length,
            adapter_file=str(run.adapters / "adapters.safetensors"),
            grad_checkpoint=spec.grad_checkpoint,
            grad_accumulation_steps=spec.grad_accumulation_steps,
        ),
        loss=cpu.loss if on_cpu() else default_loss,
        iterate_batches=iterate,
        training_callback=progress,
    )
    iterations = stopped_at[0] if stopped_at else spec.iters
    events.write("saved", iteration=iterations, file="adapters.safetensors")
    _last_word(run, events, progress, iterations, trainable, stopped=bool(stopped_at))
    return 0


def adapt(model: nn.Module, spec: RunSpec) -> None:
    """Freeze the model and give it what is to be trained, as `mlx_lm.lora.train_model` does."""
    mx.random.seed(spec.seed)
    model.freeze()
    if spec.fine_tune_type == "full":
        for layer in model.layers[-max(spec.num_layers, 0) :]:
            layer.unfreeze()
    else:
        config = spec.lora_parameters.model_dump(exclude_none=True)
        linear_to_lora_layers(model, spec.num_layers, config, use_dora=spec.fine_tune_type == "dora")


def optimizer(spec: RunSpec) -> optim.Optimizer:
    """The optimizer of the spec with its learning rate schedule, as `mlx_lm.lora.train_model` builds it."""
    schedule = spec.schedule()
    rate = build_schedule(schedule) if schedule else spec.learning_rate
    return OPTIMIZERS[spec.optimizer](learning_rate=rate, **spec.optimizer_config.get(spec.optimizer, {}))


def device() -> str:
    """The device MLX computes on, in words."""
    return (
        f"CPU ({platform.machine()}, {os.cpu_count()} cores)"
        if on_cpu()
        else str(mx.device_info().get("device_name", "GPU"))
    )


def _on_sigterm() -> Any:
    asked = [False]

    def handle(*_: Any) -> None:
        asked[0] = True

    signal.signal(signal.SIGTERM, handle)
    signal.signal(signal.SIGINT, handle)
    return lambda: asked[0]


def _describe(info: ModelInfo, model: nn.Module) -> ModelInfo:
    from dataclasses import replace

    from mlx_lm.utils import get_total_parameters

    return replace(info, shape={"blocks": len(model.layers)}, parameters=int(get_total_parameters(model)))


def _adapter_config(spec: RunSpec, run: Run, data: Path, info: ModelInfo) -> dict[str, Any]:
    config = {k: v for k, v in CONFIG_DEFAULTS.items() if k not in ("config",)}
    config |= spec.model_dump(exclude_none=True)
    config |= {"model": str(info.path or info.name), "data": str(data), "train": True}
    config |= {"adapter_path": str(run.adapters), "lr_schedule": spec.schedule()}
    if spec.fine_tune_type == "full":
        config["lora_parameters"] = None
    return config


def _last_word(
    run: Run, events: EventWriter, progress: Progress, iterations: int, trainable: int, *, stopped: bool
) -> None:
    validations = progress.validations
    best = min(validations, key=lambda v: v[1])[0] if validations else None
    seconds = time.perf_counter() - progress.began
    events.last_word(
        "stopped" if stopped else "finished",
        run=run.id,
        run_dir=str(run.path),
        iterations=iterations,
        train_loss=progress.last.get("train_loss"),
        val_loss=validations[-1][1] if validations else None,
        best_iteration=best,
        trainable_parameters=trainable,
        trained_tokens=progress.last.get("trained_tokens", 0),
        tokens_per_second=progress.last.get("tokens_per_second"),
        seconds_per_iteration=seconds / max(1, iterations),
        seconds=seconds,
        peak_memory_bytes=peak_memory(),
        peak_resident_bytes=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        * (1 if sys.platform == "darwin" else 1024),
        adapter_bytes=(run.adapters / "adapters.safetensors").stat().st_size,
    )
