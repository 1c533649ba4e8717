"""RunSpec: everything that decides a training run, under mlx-lm's own names."""

from pathlib import Path
from typing import Any, Literal, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from foreign import from_yaml, read_text
from lab.errors import LabError
from lab.hub import id_of
from lab.methods import method_name
from lab.models import ModelInfo
from lab.places import recorded

ADAM = {"betas": [0.9, 0.95], "bias_correction": True}
"""mlx-lm leaves bias correction out and beta2 at 0.999, which in a run of some hundred steps makes each step two to
three times as long as its learning rate says, and unstable."""

LARGEST = 1 << 20
"""Bytes of a specification, at most."""

FineTuneType = Literal["lora", "dora", "full"]
Bits = Literal[3, 4, 5, 6, 8]


class LoraParameters(BaseModel):
    """mlx-lm's `lora_parameters`; `scale` is what papers call alpha / rank."""

    model_config = ConfigDict(extra="forbid")
    rank: int = Field(default=8, ge=1, le=512)
    scale: float = Field(default=20.0, gt=0, le=1000)
    dropout: float = Field(default=0.0, ge=0, lt=1)
    keys: list[str] | None = None


class RunSpec(BaseModel):
    """A superset of mlx-lm's YAML: every field of the same name means what it means there.

    `model` and `data` also take the names of what is bundled; `mask_prompt=None` masks wherever the data has prompts.
    The fields in `OURS` are no names of mlx-lm's, or mean more here, and stand under `lowrank` in a run's YAML.
    """

    model_config = ConfigDict(extra="forbid", validate_assignment=True, protected_namespaces=())
    model: str = Field(default="sprout", min_length=1)
    data: str = Field(default="sql", min_length=1)
    fine_tune_type: FineTuneType = "lora"
    num_layers: int = Field(default=-1, ge=-1)
    batch_size: int = Field(default=8, ge=1, le=4096)
    iters: int = Field(default=400, ge=1, le=10_000_000)
    learning_rate: float = Field(default=2e-3, gt=0, le=1)
    lr_schedule: Literal["cosine", "constant"] | dict[str, Any] = "cosine"
    optimizer: Literal["adam", "adamw", "sgd", "adafactor"] = "adam"
    optimizer_config: dict[str, dict[str, Any]] = Field(
        default_factory=lambda: {"adam": dict(ADAM), "adamw": dict(ADAM)}
    )
    seed: int = Field(default=0, ge=0, lt=2**32)
    mask_prompt: bool | None = None
    max_seq_length: int = Field(default=2048, ge=8)
    steps_per_report: int = Field(default=10, ge=1)
    steps_per_eval: int = Field(default=100, ge=1)
    save_every: int = Field(default=100, ge=1)
    val_batches: int = Field(default=25, ge=-1)
    grad_checkpoint: bool = False
    grad_accumulation_steps: int = Field(default=1, ge=1)
    lora_parameters: LoraParameters = Field(default_factory=lambda: LoraParameters())
    bits: Bits | None = None
    """Quantize the base to so many bits on first use; None takes it as stored."""
    batching: Literal["length", "random"] = "length"
    """How rows come together: rows of like length, for less padding, or just as the seed draws them."""
    patience: int = Field(default=0, ge=0)
    """Validations without a new best after which the run ends; 0 never ends it."""
    samples: int = Field(default=2, ge=0, le=64)
    """Questions of the validation split that the model answers at every checkpoint."""
    sample_prompts: list[str] = Field(default_factory=list)
    """Prompts of one's own, answered beside them."""
    stock: bool = False
    """Batches, masks, loss and validation as mlx-lm has them, for comparison."""
    ranks: int = Field(default=1, ge=1, le=1024)
    """Processes that train together, each on its share of every batch."""
    hostfile: str | None = None
    """mlx.launch's list of machines; None keeps all ranks on this one."""
    backend: Literal["ring", "jaccl", "mpi", "nccl"] = "ring"
    """How ranks talk."""

    @classmethod
    def make(cls, fields: dict[str, Any]) -> Self:
        """A spec from plain values. Raises LabError naming the first wrong field and what it may be."""
        try:
            return cls.model_validate(fields)
        except ValidationError as error:
            first = error.errors()[0]
            flag = "--" + str(first["loc"][-1] if first["loc"] else "spec").replace("_", "-")
            given = f" (got {first['input']!r})" if not isinstance(first["input"], dict) else ""
            raise LabError(f"{first['msg'].lower()}{given}", where=flag, usage=True, remedy=_remedy(first)) from None

    @classmethod
    def read(cls, path: Path) -> Self:
        """A spec from a YAML file, ours or mlx-lm's. Raises LabError if it cannot be read."""
        return cls.make(read_yaml(path))

    def method(self, model: ModelInfo) -> str:
        """The method in the field's words; QLoRA is not chosen but follows from a quantized base."""
        return method_name(self.fine_tune_type, model.bits)

    def write(self, path: Path, *, model_path: Path | str, data_path: Path | str, adapter_path: Path) -> None:
        """Write the YAML that `mlx_lm lora -c` accepts."""
        text = self.document(model_path=model_path, data_path=data_path, adapter_path=adapter_path)
        path.write_text(text, encoding="utf-8")

    def document(self, *, model_path: Path | str, data_path: Path | str, adapter_path: Path | str) -> str:
        """The YAML that `mlx_lm lora -c` accepts; our names of model and data stand under `lowrank`."""
        ours = self.model_dump(include=set(OURS), exclude_none=True)
        fields = self.stock_fields()
        fields |= {
            "model": str(model_path),
            "data": str(data_path),
            "adapter_path": str(adapter_path),
            "train": True,
        }
        fields |= {"lr_schedule": self.schedule(), "lowrank": ours}
        return yaml.safe_dump(fields, sort_keys=False, allow_unicode=True)

    def stock_fields(self) -> dict[str, Any]:
        """The fields that mlx-lm knows, by its names."""
        return self.model_dump(exclude_none=True, exclude=set(OURS))

    def schedule(self) -> dict[str, Any] | None:
        """mlx-lm's `lr_schedule`: a twentieth of the updates warm up, a cosine falls to a fiftieth of the rate."""
        if not isinstance(self.lr_schedule, str):
            return self.lr_schedule
        if self.lr_schedule == "constant":
            return None
        rate, updates = self.learning_rate, max(1, self.iters // self.grad_accumulation_steps)
        warmup = updates // 20
        arguments = [rate, updates - warmup, rate / 50]
        return {"name": "cosine_decay", "arguments": arguments, "warmup": warmup, "warmup_init": rate / 10}

    def command(self) -> list[str]:
        """The equal `lowrank train` command, only what differs from the defaults, as arguments."""
        words = ["lowrank", "train", "--model", self.model, "--data", id_of(self.data) or self.data]
        default = RunSpec()
        for name, value in self.model_dump().items():
            if (
                name in ("model", "data", "lora_parameters", "optimizer_config")
                or isinstance(value, dict)
                or value == getattr(default, name)
            ):
                continue
            flag = "--" + name.replace("_", "-")
            if isinstance(value, bool):
                words.append(flag if value else flag.replace("--", "--no-"))
            elif isinstance(value, list):
                words += [word for each in value for word in ("--sample-prompt", each)]
            else:
                words += [flag, f"{value:g}" if isinstance(value, float) else str(value)]
        lora, standard = self.lora_parameters, default.lora_parameters
        for name in ("rank", "scale", "dropout"):
            if getattr(lora, name) != getattr(standard, name):
                words += [f"--{name}", f"{getattr(lora, name):g}"]
        if lora.keys:
            words += ["--keys", ",".join(lora.keys)]
        return words


OURS = (
    *("model", "data", "lr_schedule", "bits", "batching", "patience", "samples", "sample_prompts", "stock"),
    *("ranks", "hostfile", "backend"),
)
IGNORED = (
    "train",
    "adapter_path",
    "lowrank",
    "test",
    "config",
    "resume_adapter_file",
    "report_to",
    "project_name",
)


def read_yaml(path: Path) -> dict[str, Any]:
    """The fields of a YAML spec, with our own names of model and data put back and mlx-lm's bookkeeping left out."""
    try:
        fields = from_yaml(read_text(path, LARGEST))
    except (OSError, ValueError) as error:
        raise LabError(
            f"cannot be read ({error})", where=str(path), remedy="give a YAML file as mlx_lm lora -c takes"
        ) from None
    if not isinstance(fields, dict):
        raise LabError("is not a mapping of fields", where=str(path), remedy="write one `name: value` a line")
    ours = fields.get("lowrank") or {}
    if not isinstance(ours, dict):
        raise LabError("what stands under `lowrank` is not a mapping of fields", where=str(path),
                       remedy="write one `name: value` a line under it")  # fmt: skip
    ours = {**ours, **recorded(ours, fields)}
    kept = {k: v for k, v in fields.items() if k not in IGNORED} | {k: ours[k] for k in OURS if k in ours}
    return {k: v for k, v in kept.items() if v is not None} | (
        {} if kept.get("lr_schedule") else {"lr_schedule": "constant"}
    )


def check_layers(spec: RunSpec, model: ModelInfo) -> None:
    """Raise LabError if the spec asks for more blocks than the model has, as mlx-lm's default of 16 may."""
    blocks = model.shape["blocks"]
    if spec.num_layers > blocks:
        raise LabError(
            f"{spec.num_layers} layers asked for, but {spec.model} has {blocks}",
            where="--num-layers",
            remedy=f"give 1 to {blocks}, or -1 for all",
            usage=True,
        )


def _remedy(error: Any) -> str:
    if error["type"] == "extra_forbidden":
        return f"known fields: {', '.join(RunSpec.model_fields)}"
    return "see `lowrank train --help` for its range"
