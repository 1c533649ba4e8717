"""Checks a spec and everything it names, before a run of it is made or goes on."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lab import warm_start
from lab.datasets.find import DataInfo, find_data
from lab.errors import LabError
from lab.hostfile import check_ranks
from lab.models.find import find_model
from lab.paths import shown
from lab.planning.learning_rate import with_rate
from lab.runs.directory import Run, Runs
from lab.spec import RunSpec, check_layers
from lab.spec_paths import changed, located


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
