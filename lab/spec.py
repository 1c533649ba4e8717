"""RunSpec: everything that decides a training run, under mlx-lm's own names."""

import difflib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any, Final, Literal, NamedTuple, Self, get_args

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, ValidationInfo, field_validator

from foreign import from_yaml, read_text
from lab.datasets.find import is_bundled
from lab.errors import LabError
from lab.hub import id_of
from lab.methods import method_name
from lab.models.find import ModelInfo, is_bundled_model

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


class Presentation(NamedTuple):
    """What a form, a command line and a page say of a hyperparameter beside its type and its range.

    `unit` is what is counted; `flag` stands in place of the one by the field's name, and "" is none; `metavar` is for a
    flag that takes a text other than the value; `default` describes a default that depends on other values. A form
    folds `advanced` fields away, and has no line for one that is not `in_form`. `ours` are no names of mlx-lm's, or
    mean more here, and stand under `lowrank` in a run's YAML.
    """

    unit: str = ""
    flag: str | None = None
    metavar: str = ""
    default: str = ""
    advanced: bool = False
    in_form: bool = True
    ours: bool = False


ADVANCED: Final = Presentation(advanced=True)
OURS_ADVANCED: Final = Presentation(advanced=True, ours=True)


class _Numbers(BaseModel):
    """Numbers in YAML are numbers: `true` is none, which pydantic alone would take for 1."""

    @field_validator("*", mode="before")
    @classmethod
    def _no_boolean_for_a_number(cls, given: Any, info: ValidationInfo) -> Any:
        if isinstance(given, bool) and bool not in _plain_types(cls.model_fields[info.field_name or ""].annotation):
            raise ValueError("is true or false, where a number or a text belongs")
        return given


def _plain_types(annotation: Any) -> set[Any]:
    return {annotation, *get_args(annotation)}


class LoraParameters(_Numbers):
    """mlx-lm's `lora_parameters`; `scale` is what papers call alpha / rank."""

    model_config = ConfigDict(extra="forbid")
    rank: int = Field(
        default=8,
        ge=1,
        le=512,
        description="Width of the update A·B. Twice the rank, twice the trainable parameters.",
    )
    scale: float = Field(
        default=20.0,
        gt=0,
        le=1000,
        description="Factor on the update (alpha / rank elsewhere). It acts like a larger learning rate.",
    )
    dropout: Annotated[float, ADVANCED] = Field(
        default=0.0,
        ge=0,
        lt=1,
        description="Share of the update's inputs left out at each step, against learning by heart.",
    )
    keys: Annotated[list[str] | None, Presentation(advanced=True, metavar="NAMES", default="every linear one")] = Field(
        default=None,
        description="Layers of a block that get an update, with commas between.",
    )


class RunSpec(_Numbers):
    """Every hyperparameter once: its type, range, default, unit, flag and meaning. `lab.hyperparameters` lists them;
    flags, forms, comments in YAML and docs/hyperparameters.md derive from that list.

    A superset of mlx-lm's YAML: every field of the same name means what it means there.
    `model` and `data` also take the names of what is bundled; `mask_prompt=None` masks wherever the data has prompts.
    """

    model_config = ConfigDict(extra="forbid", validate_assignment=True, protected_namespaces=())
    model: Annotated[str, Presentation(ours=True)] = Field(
        default="sprout",
        min_length=1,
        description="The base that is adapted. A quantized one makes LoRA QLoRA.",
    )
    data: Annotated[str, Presentation(ours=True)] = Field(
        default="sql",
        min_length=1,
        description="What there is to learn from.",
    )
    fine_tune_type: FineTuneType = Field(
        default="lora",
        description="How weights may change: lora learns a thin update A·B, dora its direction and size apart, full "
        "every weight.",
    )
    num_layers: Annotated[int, Presentation(unit="blocks", default="-1, every block")] = Field(
        default=-1,
        ge=-1,  # mlx-lm takes 0 for all too, which nobody means
        description="Blocks that are trained, counted from the top.",
    )
    lora_parameters: LoraParameters = Field(default_factory=lambda: LoraParameters())
    iters: Annotated[int, Presentation(unit="iterations")] = Field(
        default=400, ge=1, le=10_000_000, description="Training steps. Each learns from one batch of rows."
    )
    batch_size: Annotated[int, Presentation(unit="rows")] = Field(
        default=8, ge=1, le=4096, description="Rows a step. More make steadier steps, and take more memory."
    )
    learning_rate: Annotated[
        float, Presentation(default="2e-3 for bundled models, for others by the adapter's strength")
    ] = Field(
        default=2e-3,
        gt=0,
        le=1,
        description="How far a step goes. Too high and the loss explodes, too low and little is learned.",
    )
    max_seq_length: Annotated[int, Presentation(unit="tokens")] = Field(
        default=2048, ge=8, description="Tokens a row is cut to. What is behind is not learned from."
    )
    mask_prompt: Annotated[bool | None, Presentation(default="where the data has prompts")] = Field(
        default=None, description="Learn from answers only."
    )
    seed: int = Field(
        default=0,
        ge=0,
        lt=2**32,
        description="Decides the first weights and the order of rows. Same seed and values, same run.",
    )
    bits: Annotated[Bits | None, Presentation(unit="bits", advanced=True, ours=True, default="as stored")] = Field(
        default=None,
        description="Quantize the base to so many bits at first use: less memory on a GPU, a little less exact.",
    )
    lr_schedule: Annotated[Literal["cosine", "constant"] | dict[str, Any], OURS_ADVANCED] = Field(
        default="cosine", description="cosine warms up and then falls; constant stays at the learning rate."
    )
    optimizer: Annotated[Literal["adam", "adamw", "muon", "sgd", "adafactor"], ADVANCED] = Field(
        default="adam", description="What turns gradients into steps. adam is right unless you know better."
    )
    optimizer_config: Annotated[
        dict[str, dict[str, Any]],
        Presentation(flag="", default="of Adam: betas [0.9, 0.95], bias_correction", in_form=False),
    ] = Field(
        default_factory=lambda: {"adam": dict(ADAM), "adamw": dict(ADAM)},
        description="Settings of each optimizer by its name, in a YAML alone.",
    )
    max_grad_norm: Annotated[float | None, Presentation(advanced=True, ours=True, default="none")] = Field(
        default=None,
        gt=0,
        description="The longest that the gradient of an update may be; longer ones are scaled down.",
    )
    grad_checkpoint: Annotated[bool, ADVANCED] = Field(
        default=False, description="Compute activations twice instead of keeping them: less memory, more time."
    )
    grad_accumulation_steps: Annotated[int, Presentation(unit="batches", advanced=True)] = Field(
        default=1,
        ge=1,
        description="Batches whose gradients are added before one update: a larger batch in the memory of a small one.",
    )
    batching: Annotated[Literal["length", "random"], OURS_ADVANCED] = Field(
        default="length",
        description="length: rows of like length come together, for less padding; random: just as drawn.",
    )
    steps_per_report: Annotated[int, Presentation(unit="iterations", advanced=True)] = Field(
        default=10, ge=1, description="Iterations between reports of the training loss."
    )
    steps_per_eval: Annotated[int, Presentation(unit="iterations", advanced=True)] = Field(
        default=100, ge=1, description="Iterations between looks at the validation rows."
    )
    val_batches: Annotated[int, Presentation(unit="batches", advanced=True)] = Field(
        default=25, ge=-1, description="Batches of one validation; -1 takes every row, 0 none."
    )
    save_every: Annotated[int, Presentation(unit="iterations", advanced=True)] = Field(
        default=100, ge=1, description="Iterations between checkpoints."
    )
    patience: Annotated[int, Presentation(unit="validations", advanced=True, ours=True)] = Field(
        default=0, ge=0, description="Validations without a new best after which the run ends; 0 never ends it."
    )
    samples: Annotated[int, Presentation(unit="questions", advanced=True, ours=True)] = Field(
        default=2, ge=0, le=64, description="Validation questions answered at every checkpoint."
    )
    sample_prompts: Annotated[
        list[str], Presentation(flag="--sample-prompt", advanced=True, ours=True, default="none")
    ] = Field(
        default_factory=list,
        description="Prompts of your own answered there too.",
    )
    resume_adapter_file: Annotated[str | None, Presentation(default="none", in_form=False)] = Field(
        default=None, min_length=1, description="An adapter file that training begins from, in place of a new adapter."
    )
    test: Annotated[bool, ADVANCED] = Field(
        default=False, description="After training, loss and perplexity of the last adapter on the test rows."
    )
    test_batches: Annotated[int, Presentation(unit="batches", in_form=False)] = Field(
        default=500, ge=-1, description="Batches of the test; -1 takes every row."
    )
    clear_cache_threshold: Annotated[
        int | None, Presentation(unit="bytes", metavar="SIZE", default="by the machine's memory", in_form=False)
    ] = Field(default=None, ge=0, description="Freed memory beyond which MLX hands it back after a step, like 2GB.")
    stock: Annotated[bool, OURS_ADVANCED] = Field(
        default=False, description="Batches, masks and loss exactly as mlx-lm has them, for comparison."
    )
    ranks: Annotated[int, Presentation(unit="processes", advanced=True, ours=True)] = Field(
        default=1, ge=1, le=1024, description="Processes that share every batch."
    )
    hostfile: Annotated[str | None, Presentation(advanced=True, ours=True, default="this one")] = Field(
        default=None, description="Machines to train on, as mlx.launch takes them."
    )
    backend: Annotated[Literal["ring", "jaccl", "mpi", "nccl"], OURS_ADVANCED] = Field(
        default="ring", description="How processes communicate."
    )

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
    def ours(cls) -> tuple[str, ...]:
        """The fields that are no names of mlx-lm's, or mean more here."""
        return tuple(name for name, field in cls.model_fields.items()
                     if any(isinstance(part, Presentation) and part.ours for part in field.metadata))  # fmt: skip

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

    def document(self, *, model_path: Path | str, data_path: Path | str, adapter_path: Path | str) -> str:
        """The YAML that `mlx_lm lora -c` accepts; our names of model and data stand under `lowrank`."""
        ours = self.model_dump(include=set(self.ours()), exclude_none=True)
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
        return self.model_dump(exclude_none=True, exclude=set(self.ours()))

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
        default = type(self)()
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


OURS: Final = RunSpec.ours()
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
    ours = {**ours, **_recorded(ours, fields)}
    kept = {name: value for name, value in fields.items() if name not in WRITTEN} | ours
    kept.setdefault("lr_schedule", None)
    kept["lr_schedule"] = kept["lr_schedule"] or "constant"  # as mlx-lm takes a file that names none
    return {name: value for name, value in kept.items() if value is not None}


def _recorded(ours: Mapping[str, Any], stock: Mapping[str, Any]) -> dict[str, str]:
    """What stands for relative folders in a spec that was written before folders were made absolute.

    mlx-lm's own keys beside ours have always held the whole path.
    """
    found = {}
    for name, bundled in (("model", is_bundled_model), ("data", is_bundled)):
        given, whole = str(ours.get(name) or ""), str(stock.get(name) or "")
        relative = given and not given.startswith(("/", "~")) and not bundled(given)
        if relative and Path(whole).is_absolute() and Path(whole).name == Path(given).name:
            found[name] = whole
    return found


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


LONGEST_SHOWN: Final = 200
"""Characters of a value that an error repeats."""


def _refusal(error: ValidationError) -> LabError:
    """The first thing that is wrong, by its flag or, deeper down, by its place in the YAML."""
    place, first = _innermost(error)
    where = "--" + place[-1].replace("_", "-") if len(place) == 1 or place[0] == "lora_parameters" else ".".join(place)
    shown = repr(first["input"])
    shown = shown if len(shown) <= LONGEST_SHOWN else f"{shown[:LONGEST_SHOWN]}…"
    given = f" (got {shown})" if not isinstance(first["input"], dict) else ""
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
