"""What a plan cannot know without MLX: the counts of families that have no formula here, rows in tokens, the device."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import Any

import mlx.core as mx
import mlx.nn as nn
import numpy as np
from mlx.utils import tree_flatten
from mlx_lm.models.switch_layers import SwitchLinear
from mlx_lm.utils import _get_classes  # mlx-lm has no public way to a model without weights

from lab.datasets.check.lengths import Lengths
from lab.datasets.find import find_data, format_of, read_rows
from lab.engine import batches, hub, weights_check
from lab.engine.data_lengths import tokenizer_of
from lab.engine.label_masking import Row, Supervisor
from lab.engine.load import on_cpu
from lab.engine.train import adapt, device
from lab.errors import LabError
from lab.models.find import read_config
from lab.planning.base_model import find_base, with_config
from lab.planning.calibration import finished
from lab.planning.duration import STEPS
from lab.runs.directory import Run, Runs
from lab.spec import RunSpec

CHUNK = 512  # rows encoded at once
LARGE = 20_000_000  # bytes of data above which a finished run is not looked at again
DRAWN = 20_000  # iterations whose batches are looked at; later ones are like them


def machine() -> dict[str, Any]:
    """The device MLX computes on: its kind ("cpu", "metal" or "cuda"), its name, and the bytes it recommends to stay
    within (0 where it says nothing, as a CPU)."""
    if on_cpu():
        return {"kind": "cpu", "name": device(), "working_set": 0}
    info = mx.device_info()
    working_set = info.get("max_recommended_working_set_size") or info.get("memory_size") or 0
    return {"kind": "metal" if mx.metal.is_available() else "cuda", "name": device(), "working_set": int(working_set)}


def build(config: Mapping[str, Any]) -> nn.Module:
    """mlx-lm's model of a config.json with weights that are never computed. Raises LabError if it knows none such."""
    weights_check.check_config(config)
    try:
        model, arguments = _get_classes(dict(config))
        return model(arguments.from_dict(dict(config)))
    except Exception as error:
        raise LabError(f"mlx-lm cannot build a {config.get('model_type')!r} of this config.json "
                       f"({type(error).__name__}: {error})", where="--model",
                       remedy="check the file, or update mlx-lm") from error  # fmt: skip


def describe(config: Mapping[str, Any], spec: RunSpec) -> dict[str, Any]:
    """Trainable and total parameters of what the spec would train, and a shape that is near enough to estimate memory.

    Raises LabError if mlx-lm has no such model or cannot adapt it so.
    """
    model = build(config)
    total = sum(value.size for _, value in tree_flatten(model.parameters()))
    shape = _shape(model, config)
    try:
        adapt(model, spec)
    except ValueError as error:
        where = "lora_parameters.keys" if spec.lora_parameters.keys else "--fine-tune-type"
        raise LabError(str(error).rstrip("."), where=where,
                       remedy="choose lora, or other keys", usage=True) from error  # fmt: skip
    trainable = sum(value.size for _, value in tree_flatten(model.trainable_parameters()))
    return {"trainable_parameters": trainable, "total_parameters": total, "shape": shape}


def _shape(model: Any, config: Mapping[str, Any]) -> dict[str, int]:
    """The names of `lab.models.parameters` for another family, from its largest block and its embedding."""
    text = {**config, **config.get("text_config", {})}
    vocab, hidden = max(m.weight.shape for _, m in model.named_modules() if isinstance(m, nn.Embedding))
    outputs: list[int] = []
    for _, module in model.layers[-1].named_modules():
        if isinstance(module, SwitchLinear):
            outputs.append(module.weight.shape[1] * int(text.get("num_experts_per_tok", 2)))
        elif isinstance(module, nn.Linear):
            outputs.append(module.weight.shape[0])
    heads = int(text.get("num_attention_heads") or text.get("n_head") or max(1, hidden // 64))
    kv_heads = int(text.get("num_key_value_heads") or heads)
    head_dim = int(text.get("head_dim") or hidden // heads)
    return {"hidden": hidden, "intermediate": max(outputs, default=4 * hidden), "blocks": len(model.layers),
            "heads": heads, "kv_heads": kv_heads, "head_dim": head_dim, "q_dim": heads * head_dim,
            "kv_dim": kv_heads * head_dim, "vocab": vocab}  # fmt: skip


def rows(spec: RunSpec, cache: Path, progress: Callable[[str, int], None]) -> dict[str, Any]:
    """The rows of the spec's data in tokens, and the batches its seed draws of them.

    {train, valid: {rows, longest, whole, truncated, lost_tokens, unsupervised}, heaviest, mean, early, timed:
    `lab.planning.row_lengths`' Batch as a list}. Raises LabError if the data or the tokenizer cannot be had.
    """
    train, valid = (encoded(spec, split, cache, progress) for split in ("train", "valid"))
    drawn = islice(batches.drawn(train.rows, spec.batch_size, spec.seed, spec.batching), min(spec.iters, DRAWN))
    sizes = np.array([_size(batch) for batch in drawn])
    early = sizes[: 1 + STEPS]
    found = {"heaviest": sizes.max(0), "mean": sizes.mean(0), "early": early.max(0), "timed": early[-STEPS:].mean(0)}
    return {"train": train.counts, "valid": valid.counts, **{name: size.tolist() for name, size in found.items()}}


def _size(batch: list[Row]) -> tuple[int, int, int]:
    last = [max((end for _, end in row.spans), default=1) - 1 for row in batch]
    return batches.longest(batch), sum(last), sum(row.supervised for row in batch)


@dataclass(frozen=True)
class Encoded:
    """A split in tokens, as training will see it: its rows, what there is to count, and how long they are."""

    rows: list[Row]
    counts: dict[str, int]
    lengths: Lengths


def encoded(spec: RunSpec, split: str, cache: Path, progress: Callable[[str, int], None]) -> Encoded:
    """A split of the spec's data, kept for the next time it is asked for."""
    return _encoded(spec.data, split, spec.model, cache, spec.max_seq_length, spec.mask_prompt, progress)


def forget() -> None:
    """Read rows anew from now on: a file has changed."""
    _encoded.cache_clear()


@lru_cache(maxsize=32)
def _encoded(
    name: str, split: str, model: str, cache: Path, window: int, mask: bool | None, progress: Callable[[str, int], None]
) -> Encoded:
    data = find_data(name)
    supervisor = Supervisor(tokenizer_of(model, cache), window, mask)
    counts = {"rows": 0, "longest": 0, "whole": 0, "truncated": 0, "lost_tokens": 0, "unsupervised": 0}
    found: list[Row] = []
    lengths = Lengths()
    source = read_rows(data.path / f"{split}.jsonl") if data.rows.get(split) else iter(())
    while some := list(islice(source, CHUNK)):
        for each in supervisor(some, format_of(some[0]) or "text"):
            kept = len(each.row.ids)
            counts["longest"] = max(counts["longest"], kept)
            counts["whole"] = max(counts["whole"], each.tokens)
            counts["truncated"] += kept < each.tokens
            counts["lost_tokens"] += each.tokens - kept
            counts["unsupervised"] += not each.row.supervised
            lengths.add(each.tokens, kept, each.row.supervised)
            found.append(each.row)
        counts["rows"] = len(found)
        progress(split, len(found))
    return Encoded(found, counts, lengths)


def lengths(runs: list[Run], cache: Path) -> dict[str, dict[str, Any]]:
    """The batches of finished runs as `rows` gives them, by run id; of data or models that are gone, nothing."""
    found: dict[str, dict[str, Any]] = {}
    for run in runs:
        try:
            spec = run.spec
            if (find_data(spec.data).path / "train.jsonl").stat().st_size <= LARGE:
                found[run.id] = rows(spec, cache, _silent)
        except (LabError, OSError):
            continue
    return found


def _silent(_: str, __: int) -> None:
    pass


def look(options: Any, say: Callable[..., None]) -> None:
    """The job `plan`: says `planned` with the machine, the config and whether weights are here, the counts where
    formulas do not hold, the rows of the spec's data where there is a tokenizer, and the batches of finished runs."""
    spec = Run(options.run).spec
    base = find_base(spec.model, options.cache, spec.bits)
    if not base.config:
        base = with_config(base, *from_hub(base.source))
    counts = None if base.exact else describe(base.config, spec)
    found = None
    if base.weights:
        found = rows(spec, options.cache, lambda split, done: say(event="progress", stage=split, rows=done))
    pasts = lengths(finished(Runs(options.runs)), options.cache) if options.runs else {}
    say(event="planned", machine=machine(), config=dict(base.config), weights=base.weights, counts=counts, rows=found,
        past=pasts)  # fmt: skip


def from_hub(hub_id: str) -> tuple[dict[str, Any], bool]:
    """config.json of a model on the hub, and whether its weights are in this machine's cache; they are not fetched."""
    folder = hub.fetch_config(hub_id)
    return read_config(folder), any(folder.glob("*.safetensors"))
