"""Fusing an adapter into its base: every way is built and measured against base + adapter before one is saved."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import mlx.core as mx
import mlx.nn as nn
from mlx.utils import tree_flatten, tree_map, tree_unflatten
from mlx_lm.gguf import convert_to_gguf
from mlx_lm.utils import dequantize_model, save

from lab import outputs
from lab.engine.fidelity import HeldOut, Reference
from lab.engine.generation import with_adapter
from lab.engine.load import load_stored, quicken
from lab.errors import LabError
from lab.fidelity import Way, faults, recommend
from lab.runs import inspection_cache
from lab.runs.adapters import find_adapter
from lab.runs.directory import Run
from lab.runs.fuse_options import GGUF, GGUF_TYPES, OPTION, WHOLE, check_target, kept, speaks_bytes, takes_gguf, ways_of

HALF = (mx.float16, mx.bfloat16)
LONGEST = 200
"""Characters of a question that still makes a readable command."""
Progress = Callable[[str, int, int], None]
"""progress(stage, done, total): rows read and questions answered by "adapter" or by a way; 0, 0 while it is built."""


@dataclass(frozen=True)
class Built:
    """A model in the base's own number format, with all that its folder needs."""

    model: nn.Module
    tokenizer: Any
    config: dict[str, Any]
    source: Path | str

    @property
    def ways(self) -> tuple[str, ...]:
        """What base and adapter can become."""
        return ways_of("quantization" in self.config)

    @property
    def bytes(self) -> int:
        return sum(p.nbytes for _, p in tree_flatten(self.model.parameters()))


def build(run: Run, cache: Path, checkpoint: str, way: str) -> Built:
    """One way of putting the run's base and adapter together; `base` leaves the adapter out."""
    model, tokenizer, info, config = load_stored(run.spec.model, cache, bits=run.spec.bits)
    stored = {name: p.dtype for name, p in tree_flatten(model.parameters())}
    source = info.path or info.name
    if way != "base":
        with_adapter(model, run, checkpoint)
    if way in ("base", "separate"):
        return Built(model, tokenizer, config, source)
    layers = [(n, fuse_layer(m, way == "quantized")) for n, m in model.named_modules() if hasattr(m, "fuse")]
    model.update_modules(tree_unflatten(layers))
    trained = dict(tree_flatten(model.parameters()))  # of a full fine-tune, in the float32 it was trained in
    floats = {name: type for name, type in stored.items() if mx.issubdtype(type, mx.floating)}
    model.update(
        tree_unflatten([(name, trained[name].astype(type)) for name, type in floats.items() if name in trained])
    )
    if way == "dequantized":
        model = dequantize_model(model)
        config = {key: value for key, value in config.items() if key not in ("quantization", "quantization_config")}
    return Built(model, tokenizer, config, source)


def fuse_layer(layer: nn.Module, requantize: bool) -> nn.Module:
    """A plain layer for an adapted one, by mlx-lm's own `fuse`, added in float32 and rounded once to what is stored."""
    linear = layer.embedding if "embedding" in layer else layer.linear
    quantized = "scales" in linear
    stored = linear.scales.dtype if quantized else linear.weight.dtype
    if not mx.issubdtype(stored, mx.floating):
        stored = mx.bfloat16  # mx.dequantize's own choice where scales are no numbers, as in mxfp4
    linear.update(tree_map(lambda p: p.astype(mx.float32) if p.dtype in HALF else p, linear.parameters()))
    fused = layer.fuse(dequantize=True)
    fused.update(tree_map(lambda p: p.astype(stored), fused.parameters()))
    if quantized and requantize:
        fused = fused.to_quantized(group_size=linear.group_size, bits=linear.bits, mode=linear.mode)
    return fused


def fuse(
    run: Run,
    cache: Path,
    folder: Path,
    *,
    way: str = "auto",
    checkpoint: str = "last",
    gguf: bool = False,
    force: bool = False,
    rows: int = 200,
    progress: Progress,
) -> dict[str, Any]:
    """Measure every way on at most so many held-out rows, save one, and return the table, the reasons and the folder.

    `way` "auto" saves the recommended one; with `gguf`, the one that GGUF takes. Raises LabError if a way does not
    exist for this base, or the folder does.
    """
    check_target(run, cache, folder, force)
    base = build(run, cache, checkpoint, "base")
    way = check_way(base, way, gguf)
    table = measure(run, cache, checkpoint, rows, progress, base=base)
    way = table["recommended"] if way == "auto" else way
    chosen = next(each for each in table["ways"] if each["way"] == way)
    saved = save_way(run, cache, checkpoint, way, folder, gguf=gguf, force=force)
    return {**table, **saved, "kl": chosen["kl"], "exact_match_fused": chosen["exact_match"]}


def measure(
    run: Run, cache: Path, checkpoint: str, rows: int, progress: Progress, *, base: Built | None = None
) -> dict[str, Any]:
    """How near each way is to base + adapter on at most so many held-out rows: the table and the advice, with nothing
    saved but the answer itself (`lab.runs.inspection_cache`). `base` saves building that."""
    adapter = find_adapter(run, checkpoint)
    stamp = inspection_cache.stamp(adapter)
    base = base or build(run, cache, checkpoint, "base")
    held_out = HeldOut.of(run, base.tokenizer, rows)
    asked = len(held_out.questions)
    progress("adapter", 0, 0)
    reference = Reference(_ready(build(run, cache, checkpoint, "separate")), base.tokenizer, held_out,
                          partial(progress, "adapter"))  # fmt: skip
    base_size, measured = base.bytes, []
    for name in base.ways:
        progress(name, 0, 0)
        tell = partial(progress, name)
        built = build(run, cache, checkpoint, name)
        size = base_size + adapter.stat().st_size if name == "separate" else built.bytes
        kl, top1 = reference.compare(_ready(built), tell)
        right = reference.score(built.model, tell)
        measured.append(Way(name, size, kl, top1, right))
    effect, _ = reference.compare(_ready(base))
    trained = (effect, reference.exact_match, asked)
    recommended, verdict = recommend(measured, *trained)
    table = {
        "run": run.id,
        "checkpoint": checkpoint,
        "exact_match_adapter": reference.exact_match,
        "verdict": verdict,
        "recommended": recommended.name,
        "adapter_effect": effect,
        "ways": [
            {"way": each.name, "bytes": each.bytes, "kl": each.kl, "top1_agreement": each.top1,
             "exact_match": each.exact_match, "faults": [str(fault) for fault in faults(each, *trained)]}
            for each in measured
        ],
        "split": held_out.split,
        "rows": len(reference.rows),
        "tokens": reference.tokens,
        "questions": asked,
        "question": question(held_out),
    }  # fmt: skip
    inspection_cache.write(run, "fuse", adapter, stamp, table)
    return table


def question(held_out: HeldOut) -> str:
    """The first question, to try the result with; "" where there is none, or it is no single line."""
    for item in held_out.questions[:1]:
        text = item.messages[-1]["content"] if item.messages else item.text
        return text if isinstance(text, str) and "\n" not in text.strip() and len(text) <= LONGEST else ""
    return ""


def save_way(
    run: Run, cache: Path, checkpoint: str, way: str, folder: Path, *, gguf: bool, force: bool
) -> dict[str, Any]:
    """Save one way as a folder for stock mlx-lm, and return where it is, its bytes, and what is wrong with its GGUF.

    Raises LabError if the folder may not be replaced, GGUF cannot hold the way, or the disk cannot.
    """
    check_target(run, cache, folder, force)
    save_folder(run, cache, checkpoint, way, folder, gguf=gguf, force=force)
    return {
        "path": str(folder),
        "bytes": sum(p.stat().st_size for p in folder.rglob("*") if p.is_file()),
        "way": way,
        "gguf": str(folder / GGUF) if gguf else None,
        "warnings": gguf_warnings(folder) if gguf else [],
    }


def _ready(built: Built) -> nn.Module:
    built.model.eval()
    quicken(built.model)
    return built.model


def check_way(base: Built, way: str, gguf: bool) -> str:
    """The way to save, or "auto". Raises LabError if this base has no such way or GGUF cannot hold it."""
    if way not in ("auto", *base.ways):
        kind = "quantized" if "quantization" in base.config else "not quantized"
        raise LabError(f"the base is {kind}, so there is no way {way!r}", where="--way",
                       remedy=f"give one of {', '.join(base.ways)}, auto", usage=True)  # fmt: skip
    if not gguf:
        return way
    whole = next(name for name in base.ways if name in WHOLE)
    if way not in ("auto", whole):
        raise LabError(f"GGUF is written from an unquantized model, not from {way!r}", where="--export-gguf",
                       remedy=f"give --way {whole}", usage=True)  # fmt: skip
    if not takes_gguf(base.config):
        raise LabError(f"mlx-lm writes no GGUF of {base.config.get('model_type')} models", where="--export-gguf",
                       remedy=f"it knows {', '.join(GGUF_TYPES)}; llama.cpp's convert_hf_to_gguf.py knows more",
                       usage=True)  # fmt: skip
    return whole


def save_folder(run: Run, cache: Path, checkpoint: str, way: str, folder: Path, *, gguf: bool, force: bool) -> None:
    """Save a way in mlx-lm's model layout, whole or not at all; `separate` has the adapter in `adapters/`."""
    built = build(run, cache, checkpoint, "base" if way == "separate" else way)
    with outputs.in_place_of(folder, OPTION, replace=force, keep=kept(run, cache)) as new:
        needed = built.bytes * (2 if gguf else 1)
        if shutil.disk_usage(folder.parent).free < needed * 1.05:
            raise LabError(f"{way} takes {needed / 1e6:.0f} MB, and there is not that much free space",
                           where=str(folder.parent), remedy=f"free some, or give another {OPTION}")  # fmt: skip
        save(new, built.source, built.model, built.tokenizer, built.config, donate_model=False)
        if way == "separate":
            (new / "adapters").mkdir()
            shutil.copyfile(find_adapter(run, checkpoint), new / "adapters" / "adapters.safetensors")
            shutil.copyfile(run.adapters / "adapter_config.json", new / "adapters" / "adapter_config.json")
        if gguf:
            write_gguf(built, new)


def write_gguf(built: Built, folder: Path) -> None:
    """Write the model as GGUF into its saved folder, in the float16 that mlx-lm's header claims."""
    weights = {name: p.astype(mx.float16) for name, p in tree_flatten(built.model.parameters())}
    try:
        convert_to_gguf(folder, weights, built.config, str(folder / GGUF))
    except Exception as error:
        what = f"mlx-lm cannot write this model as GGUF ({type(error).__name__}: {error})"
        remedy = "leave the flag out and give the folder to llama.cpp's convert_hf_to_gguf.py"
        raise LabError(what, where="--export-gguf", remedy=remedy) from error


def gguf_warnings(folder: Path) -> list[str]:
    """mlx-lm's GGUF says that the tokenizer is SentencePiece's, which is not so of every llama."""
    if not speaks_bytes(folder):
        return []
    what = "mlx-lm calls the tokenizer in the GGUF SentencePiece's, but this model's is byte-level BPE"
    return [f"{what}: llama.cpp loads the weights and fails at text; make the file with its own convert_hf_to_gguf.py"]
