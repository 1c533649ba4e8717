"""Training one run directory: from its spec, or its last checkpoint, to its last word."""

import math
import os
import platform
import resource
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

import mlx.core as mx
import mlx.nn as nn
import mlx.optimizers as optim
from mlx.utils import tree_flatten
from mlx_lm.lora import CONFIG_DEFAULTS
from mlx_lm.tuner.trainer import grad_checkpoint
from mlx_lm.tuner.utils import build_schedule, linear_to_lora_layers
from mlx_lm.utils import get_total_parameters, maybe_set_recommended_wired_limit, save_config

from lab.datasets.find import DataInfo, find_data
from lab.engine import batches, checkpoint, cpu, packed_batch, ranks, stopping
from lab.engine.events import EventWriter
from lab.engine.failure import explain
from lab.engine.label_masking import Row
from lab.engine.load import load_base, on_cpu
from lab.engine.loop import Loop, masked_loss
from lab.engine.samples import asker
from lab.engine.session import Batch, Session
from lab.engine.stock import Stock
from lab.errors import LabError
from lab.events import schema
from lab.events.schema import Verdict
from lab.models.find import ModelInfo
from lab.runs.directory import Run
from lab.runs.outcome import standing
from lab.sanitize import inert
from lab.spec import RunSpec, check_layers
from lab.spec_paths import fingerprint

OPTIMIZERS = {"adam": optim.Adam, "adamw": optim.AdamW, "sgd": optim.SGD, "adafactor": optim.Adafactor,
              "muon": optim.Muon}  # fmt: skip
CACHE_SHARE = 8  # MLX keeps freed buffers of no more than this part of memory, which its peak does not count


def train(path: Path, cache: Path) -> int:
    """Train the run in `path`; returns the exit code. Whatever happens, the run gets a last word.

    Raises OSError if even that cannot be written.
    """
    run = Run(path)
    group = None
    events: EventWriter | ranks.Silent = ranks.Silent()
    try:
        group = ranks.join(run.spec)
        if group is None or group.rank() == 0:
            events = EventWriter(path)
        _train(run, cache, events, group)
        return 0
    except (stopping.Leave, stopping.Stopped):  # where nothing is new, or where there was no time to keep it
        events.last_word(schema.Stopped(run=run.id, run_dir=str(path), **standing(run)))
        return 0
    except Exception as error:
        told = explain(error, path)
        verdict = Verdict(kind=error.verdict if isinstance(error, LabError) else "")
        if group is None and os.environ.get("MLX_RANK", "0") == "0":
            events = events if isinstance(events, EventWriter) else EventWriter(path)
        last = schema.Failed(run=run.id, run_dir=str(path), error=told, verdict=verdict, **standing(run))
        events.last_word(last)
        print(inert(f"failed: {told.what}"), file=sys.stderr)
        return 1


def _train(run: Run, cache: Path, events: EventWriter | ranks.Silent, group: Any) -> None:
    with stopping.at_once():  # nothing is learned yet
        session, feed, trainable = _ready(run, cache, events, group)
    ending, loss = session.go(feed.batches), None
    if feed.test is not None and ending != "stopped":
        try:
            loss = session.test(feed.test, feed.test_rows)
        except stopping.Stopped:  # all is trained and saved; a resumed run makes up for the test
            ending = "stopped"
    if not session.writes:
        return
    _last_word(session, trainable, ending, loss)
    if ending != "stopped":
        (run.path / "state" / checkpoint.STATE).unlink(missing_ok=True)


def _ready(run: Run, cache: Path, events: EventWriter | ranks.Silent, group: Any) -> tuple[Session, "Feed", int]:
    """All that is loaded and counted before the first iteration: the session, its rows, how much is trained."""
    spec, again = run.spec, run.started() is not None
    writes = group is None or group.rank() == 0
    model, tokenizer, info = load_base(
        spec.model, cache, fast=True, bits=spec.bits, stage=lambda s: events.write(schema.Stage(stage=s))
    )
    info = info if info.shape else _described(info, model)
    check_layers(spec, info)
    maybe_set_recommended_wired_limit()
    mx.set_cache_limit(_memory() // CACHE_SHARE)
    data = find_data(spec.data)
    adapt(model, spec)
    if spec.resume_adapter_file and not (run.path / "state" / checkpoint.STATE).exists():
        begin_from(model, Path(spec.resume_adapter_file))
    if spec.grad_checkpoint:
        grad_checkpoint(model.layers[0])
    # mlx-lm draws dropout for padding too, which a packed batch does not have.
    ours = on_cpu() and not (spec.stock and spec.lora_parameters.dropout)
    packs = ours and packed_batch.packable(model)
    if packs:
        mx.set_cache_limit(packed_batch.CACHE)
    loop = Loop(
        model,
        optimizer(spec),
        cpu.loss if ours else masked_loss,
        compiled=not packs,  # a packed step has another shape for every batch
        accumulate=spec.grad_accumulation_steps,
        last=0 if spec.stock else spec.iters,
        max_norm=spec.max_grad_norm,
        by_token=not spec.stock,
        group=group,
    )
    feed = _feed(spec, data, tokenizer, loop)
    if writes:
        _clear_the_table(run, _adapter_config(spec, run, data.path, info))
    session = Session(
        run,
        spec,
        loop,
        events,
        feed.validate,
        asker(spec, data.path, model, tokenizer) if writes else None,
        ranks.together(stopping.asked, group),
        {"data": fingerprint(data.path), "model": fingerprint(info.path) if info.path else info.name},
        writes,
    )
    session.resume()
    if again:
        events.write(schema.Resumed(iteration=session.progress.iteration))
    trainable = sum(v.size for v in loop.trained().values())
    events.write(
        schema.Started(
            pid=os.getpid(),
            ranks=group.size() if group is not None else 1,
            run=run.id,
            method=spec.method(info),
            model=spec.model,
            data=spec.data,
            iterations=spec.iters,
            trainable_parameters=trainable,
            total_parameters=info.parameters,
            base_bytes=info.bytes,
            padding_share=feed.padding,
            device=device(),
            blas=os.environ.get("LOWRANK_ENGINE_BLAS", ""),
        )
    )
    return session, feed, trainable


def _clear_the_table(run: Run, config: dict[str, Any]) -> None:
    """Make the adapter folders what a training expects, also after one that was killed."""
    checkpoint.clear(run.path / "state")
    for folder in (run.adapters, run.adapters / "best"):
        folder.mkdir(exist_ok=True)
        checkpoint.clear(folder)
        save_config(dict(config), folder / "adapter_config.json")


@dataclass(frozen=True)
class Feed:
    """`batches` without end; functions that validate and test (None where there is nothing to look at), how many rows
    the test looks at, and the share of padding (None where it is not known)."""

    batches: Iterator[Batch]
    validate: Callable[[], float] | None
    padding: float | None
    test: Callable[[], float] | None = None
    test_rows: int = 0


def _feed(spec: RunSpec, data: DataInfo, tokenizer: Any, loop: Loop) -> Feed:
    if spec.stock:
        stock = Stock(spec, data.path, tokenizer, loop.group)

        def look(rows: Any, count: int) -> Callable[[], float]:
            return lambda: stock.evaluate(loop.model, loop.loss, rows, count)

        validate = look(stock.valid, spec.val_batches) if stock.valid else None
        test = look(stock.test, spec.test_batches) if stock.test else None
        whole = len(stock.test) // spec.batch_size if stock.test else 0
        looked = min(whole, spec.test_batches) if spec.test_batches >= 0 else whole
        return Feed(stock.batches(), validate, None, test, looked * spec.batch_size)

    def rows_of(split: str) -> list[Row]:
        return batches.tokenize(data.path, split, tokenizer, spec.mask_prompt, spec.max_seq_length)

    rows, valid, tested = rows_of("train"), rows_of("valid"), rows_of("test") if spec.test else []
    rank, size = (loop.group.rank(), loop.group.size()) if loop.group is not None else (0, 1)

    def order() -> Iterator[list[Row]]:
        return batches.drawn(rows, spec.batch_size, spec.seed, spec.batching)

    seen = list(islice(order(), min(spec.iters, -(-len(rows) // spec.batch_size))))
    lengths = batches.shapes(batches.longest(batch) for batch in seen)
    spaces = sum(len(batch) * batches.shape_for(batches.longest(batch), lengths) for batch in seen)
    padding = 1 - sum(len(row.ids) - 1 for batch in seen for row in batch) / spaces

    def source() -> Iterator[Batch]:
        for batch in order():
            yield batches.pad(batch[rank::size], batches.shape_for(batches.longest(batch), lengths))

    def look_at(some: list[Row], count: int) -> Callable[[], float] | None:
        """A function that looks at so many batches of these rows, always the same ones (-1: all)."""
        fixed = list(batches.in_order(batches.fixed_share(some, count * spec.batch_size), spec.batch_size))
        edges = batches.shapes(batches.longest(batch) for batch in fixed)
        held = [
            batches.pad(batch, batches.shape_for(batches.longest(batch), edges), spec.batch_size) for batch in fixed
        ]
        return (lambda: loop.evaluate(held)) if held else None

    asked = spec.test_batches * spec.batch_size
    looked = len(tested) if asked < 0 else min(asked, len(tested))
    return Feed(source(), look_at(valid, spec.val_batches), padding, look_at(tested, spec.test_batches), looked)


def adapt(model: nn.Module, spec: RunSpec) -> None:
    """Freeze the model and give it what is to be trained, as `mlx_lm.lora.train_model` does.

    Raises LabError for a key that names no layer, which mlx-lm would pass over, training nothing.
    """
    mx.random.seed(spec.seed)
    model.freeze()
    if spec.fine_tune_type == "full":
        for layer in model.layers[-max(spec.num_layers, 0) :]:
            layer.unfreeze()
    else:
        config = spec.lora_parameters.model_dump(exclude_none=True)
        _check_keys(model, spec)
        linear_to_lora_layers(model, spec.num_layers, config, use_dora=spec.fine_tune_type == "dora")
    model.train()


def begin_from(model: nn.Module, file: Path) -> None:
    """Put the adapter, or the trained weights, of a file in the place of new ones.

    Raises LabError unless the file holds just what this run trains: mlx-lm would leave out whatever does not fit.
    """
    try:
        loaded: Any = mx.load(str(file))
    except RuntimeError as error:
        raise LabError(f"cannot be read ({error})", where=str(file),
                       remedy="give an adapter's safetensors file") from None  # fmt: skip
    own = dict(tree_flatten(model.trainable_parameters()))
    odd = sorted(name for name in own.keys() ^ loaded.keys())
    odd += [name for name in own.keys() & loaded.keys() if own[name].shape != loaded[name].shape]
    if odd:
        what = f"is of another adapter than this run trains: {odd[0]} and {len(odd) - 1:,} more differ"
        remedy = "train with the rank, layers, keys and method that it was made with"
        raise LabError(what, where=str(file), remedy=remedy)
    model.load_weights([(name, loaded[name].astype(own[name].dtype)) for name in own], strict=False)


def _check_keys(model: nn.Module, spec: RunSpec) -> None:
    blocks = {name for block in model.layers[-max(spec.num_layers, 0) :] for name, _ in block.named_modules()}
    known = blocks | {name for name, _ in model.named_modules()}
    wrong = [key for key in spec.lora_parameters.keys or () if key not in known]
    if wrong:
        linears = {name for name, part in model.layers[-1].named_modules() if hasattr(part, "weight") and "." in name}
        raise LabError(f"no layer is called {', '.join(wrong)}", where="--keys",
                       remedy=f"a block of this model has {', '.join(sorted(linears))}", usage=True)  # fmt: skip


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


def _memory() -> int:
    """Bytes of memory that MLX may use at all."""
    import psutil

    return int(mx.device_info().get("memory_size", 0)) or int(psutil.virtual_memory().total)


def _described(info: ModelInfo, model: nn.Module) -> ModelInfo:
    return replace(info, shape={"blocks": len(model.layers)}, parameters=int(get_total_parameters(model)))


def _adapter_config(spec: RunSpec, run: Run, data: Path, info: ModelInfo) -> dict[str, Any]:
    config = {k: v for k, v in CONFIG_DEFAULTS.items() if k not in ("config",)}
    config |= spec.stock_fields()
    config |= {"model": str(info.path or info.name), "data": str(data), "train": True}
    config |= {"adapter_path": str(run.adapters), "lr_schedule": spec.schedule()}
    if spec.fine_tune_type == "full":
        config["lora_parameters"] = None
    return config


def _last_word(session: Session, trainable: int, ending: str, test_loss: float | None) -> None:
    run, p = session.run, session.progress
    verdict = session.verdict() if ending != "stopped" else Verdict(kind="")
    if ending == "patience" and not verdict.kind:
        verdict = Verdict(kind="patience")
    word = schema.Stopped if ending == "stopped" else schema.Finished
    session.events.last_word(
        word(
            run=run.id,
            run_dir=str(run.path),
            iterations=p.iteration,
            train_loss=p.train_loss,
            val_loss=p.validations[-1][1] if p.validations else None,
            best_iteration=p.best_iteration,
            best_val_loss=p.best_loss if p.best_iteration is not None else None,
            verdict=verdict,
            test_loss=test_loss,
            test_perplexity=None if test_loss is None else math.exp(min(test_loss, 700.0)),
            trainable_parameters=trainable,
            trained_tokens=p.trained_tokens + p.tokens,
            tokens_per_second=p.tokens_per_second,
            seconds_per_iteration=(p.seconds + p.step_seconds) / max(1, p.iteration),
            seconds=p.seconds + p.step_seconds,
            peak_memory_bytes=int(mx.get_peak_memory()),
            peak_resident_bytes=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
            * (1 if sys.platform == "darwin" else 1024),
            adapter_bytes=(run.adapters / "adapters.safetensors").stat().st_size,
        )
    )
