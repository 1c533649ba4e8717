"""The flags of `train` and `plan`: mlx-lm's names and ours, in one place; `lab.mlx_flags` says what they come to."""

import functools
import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

from typer import Option

from lab.mlx_flags import Taken, take
from tui.cli.common import note
from tui.cli.completion import data_names, model_names


def _fields(
    model: Annotated[
        str | None,
        Option(
            help="Bundled name, model folder, or hub id; `plan` also takes its presets.", autocompletion=model_names
        ),
    ] = None,
    data: Annotated[
        str | None, Option(help="Bundled name, or folder with train.jsonl and valid.jsonl.", autocompletion=data_names)
    ] = None,
    fine_tune_type: Annotated[str | None, Option(help="lora, dora or full.")] = None,
    num_layers: Annotated[int | None, Option(help="Blocks to adapt, counted from the top; -1 for all.")] = None,
    batch_size: Annotated[int | None, Option(help="Rows a step.")] = None,
    iters: Annotated[int | None, Option(help="Iterations to train for.")] = None,
    learning_rate: Annotated[
        float | None, Option(help="Step size (bundled models 2e-3, others by the adapter's strength).")
    ] = None,
    rank: Annotated[int | None, Option(help="Rank of the adapter.")] = None,
    scale: Annotated[float | None, Option(help="Factor on the adapter's output (alpha / rank elsewhere).")] = None,
    alpha: Annotated[float | None, Option(help="In place of --scale: alpha / rank.")] = None,
    dropout: Annotated[float | None, Option(help="Share of adapter inputs dropped while training.")] = None,
    keys: Annotated[
        str | None, Option(help="Layers of a block to adapt, such as self_attn.q_proj,self_attn.v_proj (default: all).")
    ] = None,
    lr_schedule: Annotated[str | None, Option(help="cosine (with a warm-up) or constant.")] = None,
    optimizer: Annotated[str | None, Option(help="adam, adamw, muon, sgd or adafactor.")] = None,
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
    max_grad_norm: Annotated[float | None, Option(help="Clip the gradient of an update to this length.")] = None,
    resume_adapter_file: Annotated[str | None, Option(help="Begin from this adapter, in place of a new one.")] = None,
    test: Annotated[
        bool | None, Option("--test", help="After training, with --train: measure the adapter on the test split.")
    ] = None,
    test_batches: Annotated[int | None, Option(help="Batches of the test, -1 for all.")] = None,
    clear_cache_threshold: Annotated[
        str | None, Option(help="Freed memory beyond which it is handed back after a step, like 2GB.")
    ] = None,
    bits: Annotated[int | None, Option(help="Quantize the base on first use: 3, 4, 5, 6 or 8 bits.")] = None,
    batching: Annotated[
        str | None, Option(help="length: rows of like length together, for less padding; or random.")
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
    train: Annotated[bool | None, Option("--train", help="Accepted for mlx-lm's sake; `train` always trains.")] = None,
    report_to: Annotated[str | None, Option(hidden=True)] = None,
    project_name: Annotated[str | None, Option(hidden=True)] = None,
    trust_remote_code: Annotated[bool | None, Option("--trust-remote-code", hidden=True)] = None,
    config: Annotated[
        Path | None, Option("--config", "-c", help="YAML file as `mlx_lm lora -c` takes; flags win over it.")
    ] = None,
) -> Taken:
    """What was asked for; flags win over the file."""
    flags: dict[str, Any] = {name: value for name, value in locals().items() if name != "config"}
    flags["sample_prompts"] = flags.pop("sample_prompt")
    flags["keys"] = keys.split(",") if keys else None
    lora = {name: flags.pop(name) for name in ("rank", "scale", "dropout", "keys")}
    flags["lora_parameters"] = {name: value for name, value in lora.items() if value is not None} or None
    return take(flags, config)


def spec_flags(command: Callable[..., int]) -> Callable[..., int]:
    """A command whose first parameter, `fields`, is filled from these flags; its own options come after them.

    What was done in another way than it was written is said on standard error; an `adapter_path` of the file goes
    where the flag would. Typer reads a command's signature and annotations, so both are put together here.
    """
    flags = inspect.signature(_fields).parameters
    own = [each for name, each in inspect.signature(command).parameters.items() if name != "fields"]

    @functools.wraps(command)
    def filled(**given: Any) -> int:
        taken = _fields(**{name: given.pop(name) for name in flags})
        for line in taken.notes:
            note(line)
        if taken.adapter_path and given["adapter_path"] is None:
            given["adapter_path"] = Path(taken.adapter_path)
        return command(taken.fields, **given)

    together = [*flags.values(), *own]
    filled.__signature__ = inspect.Signature(together, return_annotation=int)  # type: ignore[attr-defined]
    filled.__annotations__ = {each.name: each.annotation for each in together} | {"return": int}
    return filled
