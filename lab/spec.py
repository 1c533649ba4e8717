"""RunSpec: everything that decides a training run, under mlx-lm's own names."""

import difflib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from foreign import from_yaml, read_text
from lab.errors import LabError
from lab.hub import id_of
from lab.methods import method_name
from lab.models.find import ModelInfo
from lab.spec_paths import recorded

ADAM = {"betas": [0.9, 0.95], "bias_correction": True}
"""mlx-lm leaves bias correction out and beta2 at 0.999, which in a run of some hundred steps makes each step two to
three times as long as its learning rate says, and unstable."""

LARGEST = 1 << 20
"""Bytes of a specification, at most."""

FineTuneType = Literal["lora", "dora", "full"]
Bits = Literal[3, 4, 5, 6, 8]
Share = Annotated[float, Field(ge=0, lt=1)]


class _Settings(BaseModel):
    """Settings as mlx hands them to a class or function: other names or types would end in a TypeError there."""

    model_config = ConfigDict(extra="forbid", strict=True)


class Adam(_Settings):
    betas: list[Share] = Field(default=[0.9, 0.999], min_length=2, max_length=2)
    eps: float = Field(default=1e-8, ge=0)
    bias_correction: bool = False


class AdamW(Adam):
    weight_decay: float = Field(default=0.01, ge=0)


class Sgd(_Settings):
    momentum: float = Field(default=0.0, ge=0)
    weight_decay: float = Field(default=0.0, ge=0)
    dampening: float = 0.0
    nesterov: bool = False


class Adafactor(_Settings):
    eps: list[float] = Field(default=[1e-30, 1e-3], min_length=2, max_length=2)
    clip_threshold: float = Field(default=1.0, gt=0)
    decay_rate: float = Field(default=-0.8, lt=0)
    beta_1: Share | None = None
    weight_decay: float = Field(default=0.0, ge=0)
    scale_parameter: bool = True
    relative_step: bool = True
    warmup_init: bool = False


class Muon(_Settings):
    momentum: Share = 0.95
    weight_decay: float = Field(default=0.01, ge=0)
    nesterov: bool = True
    ns_steps: int = Field(default=5, ge=1, le=100)


class OptimizerConfig(_Settings):
    """mlx-lm's `optimizer_config`: what each optimizer is made with, beside the learning rate."""

    adam: Adam = Adam()
    adamw: AdamW = AdamW()
    muon: Muon = Muon()
    sgd: Sgd = Sgd()
    adafactor: Adafactor = Adafactor()


OPTIMIZER_SETTINGS: Final = {
    name: tuple(type(kind.default).model_fields) for name, kind in OptimizerConfig.model_fields.items()
}
"""Optimizer → the settings it takes."""


class LrSchedule(_Settings):
    """mlx-lm's `lr_schedule`: a function of mlx.optimizers, its arguments in order, and a warm-up before it."""

    name: Literal["cosine_decay", "linear_schedule", "exponential_decay", "step_decay"]
    arguments: list[float | int]
    warmup: int = Field(default=0, ge=0)
    warmup_init: float = Field(default=0.0, ge=0)

    @field_validator("arguments")
    @classmethod
    def _fit(cls, given: list[float | int], info: Any) -> list[float | int]:
        takes = SCHEDULES.get(info.data.get("name"), ())
        least = len(takes) - sum(name.endswith("?") for name in takes)
        if not least <= len(given) <= len(takes):
            raise ValueError(f"{info.data.get('name')} takes {', '.join(takes)}")
        for name, value in zip(takes, given, strict=False):
            if name.startswith("steps") and (value < 1 or value != int(value)):
                raise ValueError(f"{name.rstrip('?')} is a number of updates, 1 or more")
            if not name.startswith("steps") and not 0 <= value < float("inf"):
                raise ValueError(f"{name.rstrip('?')} is a number, 0 or more")
        return given


SCHEDULES: Final[Mapping[str | None, tuple[str, ...]]] = {
    "cosine_decay": ("rate", "steps", "end?"),
    "linear_schedule": ("rate", "end", "steps"),
    "exponential_decay": ("rate", "factor"),
    "step_decay": ("rate", "factor", "steps"),
}
"""What the functions of mlx.optimizers take, in order; those with a question mark may be left out."""


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
    """Blocks counted from the top; -1 for all. mlx-lm takes 0 for all too, which nobody means."""
    batch_size: int = Field(default=8, ge=1, le=4096)
    iters: int = Field(default=400, ge=1, le=10_000_000)
    learning_rate: float = Field(default=2e-3, gt=0, le=1)
    lr_schedule: Literal["cosine", "constant"] | dict[str, Any] = "cosine"
    optimizer: Literal["adam", "adamw", "sgd", "adafactor", "muon"] = "adam"
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
    resume_adapter_file: str | None = Field(default=None, min_length=1)
    """An adapter that training begins from, in place of a new one."""
    test: bool = False
    """Whether the last adapter is measured on the test split after training, on so many batches (-1: all)."""
    test_batches: int = Field(default=500, ge=-1)
    clear_cache_threshold: int | None = Field(default=None, ge=0)
    """Bytes of freed buffers beyond which MLX hands them back after a step; None leaves it to us."""
    max_grad_norm: float | None = Field(default=None, gt=0)
    """The longest that the gradient of an update may be; None leaves it as it is."""
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

    @field_validator("num_layers")
    @classmethod
    def _some_layers(cls, given: int) -> int:
        if given == 0:
            raise ValueError("0 blocks would train nothing (mlx-lm takes 0 for all); give -1 for all, or how many")
        return given

    @field_validator("optimizer_config", mode="before")
    @classmethod
    def _settings(cls, given: Any) -> Any:
        return OptimizerConfig.model_validate(given).model_dump(exclude_unset=True)

    @field_validator("lr_schedule", mode="before")
    @classmethod
    def _shape(cls, given: Any) -> Any:
        return LrSchedule.model_validate(given).model_dump(exclude_unset=True) if isinstance(given, dict) else given

    @classmethod
    def make(cls, fields: dict[str, Any]) -> Self:
        """A spec from plain values. Raises LabError naming the first wrong field and what it may be."""
        try:
            return cls.model_validate(fields)
        except ValidationError as error:
            raise _refusal(error) from None

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

    @property
    def updates(self) -> int:
        """How often the optimizer changes the weights. mlx-lm drops the steps left over at the end; so does `stock`."""
        whole, left = divmod(self.iters, self.grad_accumulation_steps)
        return whole if self.stock else whole + bool(left)

    @property
    def highest_rate(self) -> float:
        """The learning rate at its highest, by the schedule: one that is spelt out begins at a rate of its own."""
        if not isinstance(self.lr_schedule, dict):
            return self.learning_rate
        takes, given = SCHEDULES[self.lr_schedule["name"]], self.lr_schedule["arguments"]
        return float(max(value for name, value in zip(takes, given, strict=False) if name in ("rate", "end", "end?")))

    def schedule(self) -> dict[str, Any] | None:
        """mlx-lm's `lr_schedule`: a twentieth of the updates warm up, a cosine falls to a fiftieth of the rate."""
        if not isinstance(self.lr_schedule, str):
            return self.lr_schedule
        if self.lr_schedule == "constant":
            return None
        rate, updates = self.learning_rate, max(1, self.updates)
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
        if self.test:
            words.append("--train")  # without it mlx-lm only tests
        return words


OURS = (
    *("model", "data", "lr_schedule", "max_grad_norm", "bits", "batching", "patience", "samples", "sample_prompts"),
    *("stock", "ranks", "hostfile", "backend"),
)
WRITTEN = ("train", "adapter_path", "lowrank")
"""What stands in a run's YAML beside the fields of its spec, so that `mlx_lm lora -c` can take it."""


def load_yaml(path: Path) -> dict[str, Any]:
    """The mapping in a YAML file, just as it stands there. Raises LabError if there is none."""
    try:
        fields = from_yaml(read_text(path, LARGEST))
    except (OSError, ValueError) as error:
        raise LabError(
            f"cannot be read ({error})", where=str(path), remedy="give a YAML file as mlx_lm lora -c takes"
        ) from None
    if not isinstance(fields, dict):
        raise LabError("is not a mapping of fields", where=str(path), remedy="write one `name: value` a line")
    return {str(name): value for name, value in fields.items()}


def read_yaml(path: Path) -> dict[str, Any]:
    """The fields of a run's own YAML, with our names of model and data put back. Raises LabError if it is none."""
    return own_fields(load_yaml(path), str(path))


def own_fields(fields: Mapping[str, Any], where: str) -> dict[str, Any]:
    """Fields with those under `lowrank` put in their places, and without what a run's YAML holds beside its spec."""
    ours = fields.get("lowrank")
    ours = {} if ours is None else ours
    if not isinstance(ours, dict):
        raise LabError("is not a mapping of fields", where=f"{where}: lowrank", usage=True,
                       remedy=f"write name: value below it; there are {', '.join(OURS)}")  # fmt: skip
    for name in ours:
        if name not in OURS:
            raise LabError("is no field of ours", where=f"{where}: lowrank.{name}", usage=True,
                           remedy=nearest(str(name), OURS))  # fmt: skip
    ours = {**ours, **recorded(ours, fields)}
    kept = {name: value for name, value in fields.items() if name not in WRITTEN} | ours
    kept.setdefault("lr_schedule", None)
    kept["lr_schedule"] = kept["lr_schedule"] or "constant"  # as mlx-lm takes a file that names none
    return {name: value for name, value in kept.items() if value is not None}


FEW = 20
"""Names that are told where none is near."""


def nearest(name: str, known: Iterable[str]) -> str:
    """What to write in place of a name that is not known, in words: the nearest ones, or all there are."""
    known = list(known)
    near = difflib.get_close_matches(name.lower(), known, n=3, cutoff=0.6)
    if near:
        return f"did you mean {' or '.join(near)}?"
    return f"there are {', '.join(known)}" if len(known) <= FEW else "`lowrank train --help` lists what there is"


def check_layers(spec: RunSpec, model: ModelInfo) -> None:
    """Raise LabError if the spec asks for more blocks than the model has, as mlx-lm's default of 16 may."""
    blocks = model.shape["blocks"]
    if blocks < 1:
        raise LabError(f"its config.json says that it has {blocks} blocks", where=str(model.path or model.name),
                       remedy="fetch or copy the model again")  # fmt: skip
    if spec.num_layers > blocks:
        raise LabError(
            f"{spec.num_layers} layers asked for, but {spec.model} has {blocks}",
            where="--num-layers",
            remedy=f"give 1 to {blocks}, or -1 for all",
            usage=True,
        )


KNOWN: Final[Mapping[str, Iterable[str]]] = {
    "": RunSpec.model_fields,
    "lora_parameters": LoraParameters.model_fields,
    "optimizer_config": OptimizerConfig.model_fields,
    "lr_schedule": LrSchedule.model_fields,
    **{f"optimizer_config.{name}": settings for name, settings in OPTIMIZER_SETTINGS.items()},
}
"""Where a field stands, with dots → the names there are."""


def _refusal(error: ValidationError) -> LabError:
    """The first thing that is wrong, by its flag or, deeper down, by its place in the YAML."""
    place, first = _innermost(error)
    where = "--" + place[-1].replace("_", "-") if len(place) == 1 or place[0] == "lora_parameters" else ".".join(place)
    given = f" (got {first['input']!r})" if not isinstance(first["input"], dict) else ""
    if first["type"] == "extra_forbidden":
        remedy = nearest(place[-1], KNOWN[".".join(place[:-1])])
        return LabError("no such field", where=where, usage=True, remedy=remedy)
    what = first["msg"].removeprefix("Value error, ")
    if first["type"] in ("model_type", "dict_type"):
        what = "is not a mapping of names to values"
    remedy = "" if first["type"] == "value_error" else "see `lowrank train --help` for its range"
    if len(place) > 1 and place[0] != "lora_parameters":
        remedy = ""
    return LabError(what[:1].lower() + what[1:] + given, where=where, usage=True, remedy=remedy)


def _innermost(error: ValidationError) -> tuple[list[str], Any]:
    """The place and description of the first fault; one of settings in settings lies within another error."""
    first = error.errors()[0]
    names = [str(part) for part in first["loc"] if not isinstance(part, int)]
    place = [name for name in names if name.isidentifier()] or ["spec"]  # pydantic names the members of a union too
    inner = first.get("ctx", {}).get("error")
    if isinstance(inner, ValidationError):
        deeper, first = _innermost(inner)
        place = place + deeper if deeper != ["spec"] else place
    return place, first
