"""`lowrank train`, `runs` and `stop`."""

import json
import shutil
import time
from pathlib import Path
from typing import Annotated, Any

import typer
from typer import Option

from lab import launch
from lab.errors import LabError
from lab.runs import ENDED, Run
from lab.spec import RunSpec, read_yaml
from tui.commands import cache, inert, megabytes, note, runs, say

POLL = 0.1  # seconds between looks at a run's events


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command("train")(train)
    app.command("runs")(list_runs)
    app.command("stop")(stop)


def train(
    model: Annotated[str | None, Option(help="Bundled name, model folder, or hub id.")] = None,
    data: Annotated[str | None, Option(help="Bundled name, or folder with train.jsonl and valid.jsonl.")] = None,
    fine_tune_type: Annotated[str | None, Option(help="lora, dora or full.")] = None,
    num_layers: Annotated[int | None, Option(help="Blocks to adapt, counted from the top; -1 for all.")] = None,
    batch_size: Annotated[int | None, Option(help="Rows a step.")] = None,
    iters: Annotated[int | None, Option(help="Iterations to train for.")] = None,
    learning_rate: Annotated[float | None, Option(help="Step size (bundled models 2e-3, others 1e-4).")] = None,
    rank: Annotated[int | None, Option(help="Rank of the adapter.")] = None,
    scale: Annotated[float | None, Option(help="Factor on the adapter's output (alpha / rank elsewhere).")] = None,
    dropout: Annotated[float | None, Option(help="Share of adapter inputs dropped while training.")] = None,
    lr_schedule: Annotated[str | None, Option(help="cosine (with a warm-up) or constant.")] = None,
    optimizer: Annotated[str | None, Option(help="adam, adamw, sgd or adafactor.")] = None,
    seed: Annotated[int | None, Option(help="Decides the first weights and the order of rows.")] = None,
    mask_prompt: Annotated[
        bool | None,
        Option(
            "--mask-prompt/--no-mask-prompt",
            help="Learn from answers only (default: where there are prompts).",
        ),
    ] = None,
    max_seq_length: Annotated[int | None, Option(help="Tokens a row is cut to.")] = None,
    steps_per_report: Annotated[int | None, Option(help="Iterations between reports of the training loss.")] = None,
    steps_per_eval: Annotated[int | None, Option(help="Iterations between validations.")] = None,
    val_batches: Annotated[int | None, Option(help="Validation batches, -1 for all.")] = None,
    save_every: Annotated[int | None, Option(help="Iterations between checkpoints.")] = None,
    grad_checkpoint: Annotated[
        bool | None, Option("--grad-checkpoint", help="Compute activations twice to save memory.")
    ] = None,
    grad_accumulation_steps: Annotated[
        int | None, Option(help="Steps whose gradients are added before an update.")
    ] = None,
    bits: Annotated[int | None, Option(help="Quantize the base on first use: 3, 4, 5, 6 or 8 bits.")] = None,
    batching: Annotated[
        str | None, Option(help="random, or length: rows of like length together, for less padding.")
    ] = None,
    patience: Annotated[
        int | None, Option(help="Validations without a new best after which to end; 0 never does.")
    ] = None,
    samples: Annotated[int | None, Option(help="Validation questions answered at every checkpoint.")] = None,
    sample_prompt: Annotated[
        list[str] | None, Option(help="A prompt of your own answered there too; may be repeated.")
    ] = None,
    stock: Annotated[bool | None, Option("--stock", help="Batches, masks and loss as mlx-lm has them.")] = None,
    ranks: Annotated[int | None, Option(help="Processes that share every batch.")] = None,
    hostfile: Annotated[str | None, Option(help="Machines to train on, as mlx.launch takes them.")] = None,
    backend: Annotated[str | None, Option(help="How ranks talk: ring, jaccl, mpi or nccl.")] = None,
    config: Annotated[
        Path | None, Option("--config", "-c", help="YAML file as `mlx_lm lora -c` takes; flags win over it.")
    ] = None,
    adapter_path: Annotated[Path | None, Option(help="Also copy the finished adapter here.")] = None,
    train_flag: Annotated[
        bool, Option("--train", help="Accepted for mlx-lm's sake; this command always trains.")
    ] = False,
    detach: Annotated[bool, Option("--detach", help="Start the run, print its id, and return at once.")] = False,
    as_json: Annotated[
        bool, Option("--json", help="Print the run's events, the result last, one JSON object a line.")
    ] = False,
) -> int:
    """Train an adapter, or the whole model, in a process of its own; Ctrl-C stops it and keeps what it has."""
    given = {k: v for k, v in locals().items() if k in RunSpec.model_fields and v is not None}
    lora = {k: v for k, v in (("rank", rank), ("scale", scale), ("dropout", dropout)) if v is not None}
    fields = read_yaml(config) if config else {}
    fields |= given | ({"sample_prompts": sample_prompt} if sample_prompt else {})
    if lora:
        fields["lora_parameters"] = {**(fields.get("lora_parameters") or {}), **lora}
    run = launch.prepare(fields, runs(), cache())
    launch.start(run, cache())
    if detach:
        say({"event": "launched", "run": run.id, "run_dir": str(run.path)}) if as_json else print(run.id)
        return 0
    if not as_json:
        note(f"run {run.id}  (it goes on if this terminal closes; `lowrank stop {run.id}` ends it)")
    last = follow(run, as_json)
    if adapter_path and last.get("event") in ("finished", "stopped"):
        shutil.copytree(run.adapters, adapter_path, dirs_exist_ok=True)
    if last.get("event") == "failed":
        error = last.get("error") or {}
        raise LabError(str(error.get("what")), where=str(error.get("where", "")), remedy=str(error.get("remedy", "")))
    return 0


def follow(run: Run, as_json: bool) -> dict[str, Any]:
    """Print a run's events as they happen until its last word, which is returned; Ctrl-C asks the run to stop."""
    offset, last = 0, {}
    while True:
        try:
            alive = run.process() is not None
            events, offset = run.events(offset)
            for event in events:
                last = event
                say(event) if as_json else _tell(event)
            if last.get("event") in ENDED:
                return last
            if not alive and not events:
                break
            time.sleep(POLL)
        except KeyboardInterrupt:
            note("stopping at the next step; what is learned so far is kept")
            run.stop()
    log = str(run.path / "log.txt")
    error = {
        "what": "the engine ended without a last word",
        "where": log,
        "remedy": "read the end of that file",
    }
    last = {"event": "failed", "run": run.id, "run_dir": str(run.path), "error": error}
    if as_json:
        say(last)
    return last


def _tell(event: dict[str, Any]) -> None:
    e = event
    match e.get("event"):
        case "started":
            share = e["trainable_parameters"] / max(1, e["total_parameters"])
            print(inert(f"{e['method']} of {e['model']} on {e['data']} ({e['device']}, {e['blas']})"))
            print(f"{e['trainable_parameters']:,} of {e['total_parameters']:,} parameters train ({share:.2%})")
        case "train":
            speed = f"{e['tokens_per_second']:>7,.0f} tok/s  {e['remaining_seconds']:>5.0f} s left"
            memory = f"peak {megabytes(e['peak_memory_bytes'])}"
            print(f"it {e['iteration']:>6}  train {_loss(e['train_loss'])}  {speed}  {memory}", flush=True)
        case "validation":
            print(f"it {e['iteration']:>6}  val   {_loss(e['val_loss'])}", flush=True)
        case "finished" | "stopped":
            print(f"{e['event']} after {e['iterations']} iterations in {e['seconds']:.0f} s")
            print(inert(f"adapter {megabytes(e['adapter_bytes'])} in {e['run_dir']}/adapters"))


def _loss(value: float | None) -> str:
    return "not a number" if value is None else f"{value:.3f}"


def list_runs(as_json: Annotated[bool, Option("--json", help="One JSON object.")] = False) -> int:
    """List the runs, newest first."""
    rows = []
    for run in runs().all():
        result, started = run.result() or {}, run.started()
        last = run.last_event()
        rows.append(
            {
                "run": run.id,
                "state": run.state(),
                "method": started.get("method", run.spec.fine_tune_type),
                "model": run.spec.model,
                "data": run.spec.data,
                "iterations": result.get("iterations", last.get("iteration")),
                "train_loss": result.get("train_loss", last.get("train_loss")),
                "val_loss": result.get("val_loss"),
                "started": started.get("at"),
            }
        )
    if as_json:
        print(json.dumps({"runs": rows}, ensure_ascii=False))
    elif not rows:
        print("No runs yet. `lowrank train` starts one; so does the lab.")
    for row in [] if as_json else rows:
        loss = f"{row['train_loss']:.3f}" if isinstance(row["train_loss"], float) else "-"
        print(inert(f"{row['run']}  {row['state']:<9} {row['method']:<6} {row['iterations'] or 0:>6} it  loss {loss}"))
    return 0


def stop(
    run: Annotated[str, typer.Argument(help="Run id, its beginning, a path, or `last`.")],
    as_json: Annotated[bool, Option("--json", help="One JSON object.")] = False,
) -> int:
    """Stop a run at its next step and keep its adapter."""
    found = runs().get(run)
    if not found.stop():
        raise LabError(f"is not running ({found.state()})", where=found.id, remedy="`lowrank runs` lists every run")
    while found.process() is not None and not found.result():
        time.sleep(POLL)
    say({"run": found.id, "state": found.state()}) if as_json else print(f"{found.id} {found.state()}")
    return 0
