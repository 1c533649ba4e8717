"""What is likely to go wrong with a run, each with its remedy. Where a rule is a rule of thumb, it says so."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from lab.datasets.formats import split_command
from lab.models.parameters import linear_layers, whole_paths
from lab.paths import shown
from lab.planning.base_model import Base
from lab.planning.row_lengths import Rows
from lab.spec import SCHEDULES, RunSpec

RECURRENT = ("qwen3_next", "qwen3_5", "qwen3_5_moe", "kimi_linear", "kimi_k3", "olmo_hybrid", "bailing_moe_v3")
"""Families whose gated delta rule mlx-lm unrolls over every token when it trains (mlx-lm #1206, #482)."""
SCANNED = ("mamba", "falcon_mamba", "rwkv7", "recurrent_gemma", "jamba", "plamo2")
"""Families whose state is carried from token to token by a loop."""
BOLD, BOLD_FULL, WIDTH = 0.04, 2e-3, 192
"""scale × learning rate of LoRA, and learning rate of full fine-tuning, above which a run is likely to diverge, for a
hidden size of 192. Measured at scale 20: with bias correction 2e-3 is stable on `sprout`, without it 1e-3 diverged on
a small base. Wider models bear less, by the square root of the width for LoRA and by the width for full fine-tuning:
a rule of thumb."""
PLAIN = 3  # times less is borne without bias correction


@dataclass(frozen=True)
class Warning:
    """`kind` is stable; `what` is wrong, and `remedy` what to do; `refused` if training would not start.

    `changes` are the fields of a spec that mend it, where some do; `values` are what `what` speaks of, for who says it
    in other words.
    """

    kind: str
    what: str
    remedy: str
    refused: bool = False
    changes: Mapping[str, Any] = field(default_factory=dict)
    values: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.what}; {self.remedy}" if self.remedy else self.what


def of_architecture(base: Base, spec: RunSpec) -> list[Warning]:
    """Families that are known to give trouble in training."""
    kind, found = base.model_type, []
    text = base.config.get("text_config")
    inner = str(text.get("model_type", "")) if isinstance(text, dict) else ""
    names = {kind, inner.removesuffix("_text")}
    if names & set(RECURRENT):
        found.append(Warning("architecture", f"{kind} keeps the state of every token for the gradient and often runs"
                             " out of memory at the first step (mlx-lm #1206)",
                             "begin with --max-seq-length 256 --batch-size 1 --grad-checkpoint",
                             changes={"max_seq_length": 256, "batch_size": 1, "grad_checkpoint": True},
                             values={"about": "recurrent", "family": kind}))  # fmt: skip
    if names & set(SCANNED):
        found.append(Warning("architecture", f"{kind} goes through a row token by token, which is slow to train",
                             "keep rows short, or take a Llama-like base",
                             values={"about": "scanned", "family": kind}))  # fmt: skip
    if kind == "gpt_oss":
        found.append(Warning("architecture", "losses that are no numbers were reported for gpt_oss (mlx-lm #361)",
                             "look at the first reports, and lower --learning-rate",
                             values={"about": "nan", "family": kind}))  # fmt: skip
    return found


def of_layers(spec: RunSpec, blocks: int) -> list[Warning]:
    """More blocks asked for than there are."""
    if spec.num_layers <= blocks:
        return []
    return [Warning("layers", f"{spec.num_layers} layers asked for, but the model has {blocks}; training refuses that",
                    f"give --num-layers 1 to {blocks}, or -1 for all", refused=True, changes={"num_layers": -1},
                    values={"asked": spec.num_layers, "blocks": blocks})]  # fmt: skip


def of_rate(spec: RunSpec, hidden: int) -> list[Warning]:
    """A learning rate that, with the scale, is likely to diverge on a model of that hidden size."""
    if spec.optimizer == "sgd":
        return []
    steady = spec.optimizer == "adafactor" or spec.optimizer_config.get(spec.optimizer, {}).get("bias_correction")
    rate, scale, full = spec.highest_rate, spec.lora_parameters.scale, spec.fine_tune_type == "full"
    limit = BOLD_FULL * WIDTH / hidden if full else BOLD / scale * (WIDTH / hidden) ** 0.5
    limit = min(limit, BOLD_FULL if full else BOLD / scale) / (1 if steady else PLAIN)
    if rate <= limit * 1.0001:
        return []
    with_scale = "for all weights" if full else f"with scale {scale:g}"
    return [Warning("rate", f"a learning rate of {rate:g} {with_scale} may diverge on this model (a rule of thumb)",
                    f"try --learning-rate {_round(limit / 2)}{'' if full else ' or a smaller --scale'}",
                    changes={} if isinstance(spec.lr_schedule, dict) else {"learning_rate": float(_round(limit / 2))},
                    values={"rate": rate, "scale": 0 if full else scale})]  # fmt: skip


def of_schedule(spec: RunSpec) -> list[Warning]:
    """A schedule that does not fit into the updates there are, and what changes nothing."""
    found, updates = [], spec.updates
    if isinstance(spec.lr_schedule, dict):
        warmup = spec.lr_schedule.get("warmup", 0)
        takes, given = SCHEDULES[spec.lr_schedule["name"]], spec.lr_schedule["arguments"]
        steps = dict(zip(takes, given, strict=False)).get("steps", 0)
        if warmup >= updates:
            found.append(Warning("schedule", f"the warm-up of {warmup:,} updates does not fit into the {updates:,} of "
                                 "this run, so the learning rate never gets to its height",
                                 "shorten lr_schedule's warmup, or raise --iters",
                                 values={"about": "warmup", "warmup": warmup, "updates": updates}))  # fmt: skip
        elif spec.lr_schedule["name"] in ("cosine_decay", "linear_schedule") and warmup + steps > updates:
            found.append(Warning("schedule", f"lr_schedule is over after {warmup + steps:,} updates, and this run ends "
                                 f"after {updates:,}, before the learning rate has come down",
                                 "count its steps in updates, or raise --iters",
                                 values={"about": "decay", "steps": warmup + steps, "updates": updates}))  # fmt: skip
    left = spec.iters % spec.grad_accumulation_steps
    if spec.stock and left:
        found.append(Warning("leftover", f"with --stock the last {left:,} of {spec.iters:,} iterations change nothing, "
                             f"as in mlx-lm, because an update takes {spec.grad_accumulation_steps:,}",
                             "make --iters a multiple of it, or leave --stock out",
                             values={"left": left, "each": spec.grad_accumulation_steps}))  # fmt: skip
    if spec.optimizer == "adafactor" and spec.optimizer_config.get("adafactor", {}).get("relative_step", True):
        found.append(Warning("adafactor", "adafactor chooses its own steps and takes no notice of the learning rate",
                             "set relative_step: false in its optimizer_config to have it obeyed"))  # fmt: skip
    return found


def of_method(spec: RunSpec, base: Base) -> list[Warning]:
    """Methods that training refuses on this base."""
    if spec.fine_tune_type != "full" or not base.bits:
        return []
    return [Warning("method", f"full fine-tuning needs an unquantized base, and this one has {base.bits} bits; training"
                    " refuses that", "choose lora or dora, or an unquantized base", refused=True,
                    changes={"fine_tune_type": "lora"}, values={"bits": base.bits})]  # fmt: skip


def of_rows(rows: Rows, spec: RunSpec) -> list[Warning]:
    """Rows that are cut, teach nothing or are too few, and a missing validation split."""
    found = []
    if rows.truncated:
        found.append(Warning("cut", f"{rows.truncated:,} of {rows.train:,} rows are longer than {spec.max_seq_length:,}"
                             f" tokens and lose {rows.lost_tokens:,}{'' if rows.counted else ' (guessed from bytes)'}",
                             "raise --max-seq-length, or split the rows",
                             changes={"max_seq_length": rows.whole} if rows.whole else {},
                             values={"cut": rows.truncated, "rows": rows.train, "window": spec.max_seq_length,
                                     "lost": rows.lost_tokens}))  # fmt: skip
    if rows.unsupervised:
        found.append(Warning("unsupervised", f"{rows.unsupervised:,} rows hold nothing to learn; training refuses that",
                             "`lowrank data check` names them", refused=True,
                             values={"rows": rows.unsupervised}))  # fmt: skip
    if rows.train < spec.batch_size:
        found.append(Warning("few", f"{rows.train:,} training rows are fewer than one batch of {spec.batch_size:,};"
                             " training refuses that", f"give --batch-size {rows.train}", refused=True,
                             changes={"batch_size": rows.train},
                             values={"rows": rows.train, "batch": spec.batch_size}))  # fmt: skip
    if not rows.valid:
        found.append(Warning("valid", "there is no validation split, so nothing shows when a run begins to learn by"
                             " heart", f"`{split_command(shown(spec.data))}` sets some aside"))  # fmt: skip
    return found


def of_keys(spec: RunSpec, base: Base) -> list[Warning]:
    """Keys that name no layer that can be adapted; of families without formulas, the engine looks at them."""
    if not base.exact or spec.fine_tune_type == "full":
        return []
    known = linear_layers(base.shape).keys() | whole_paths(base.shape).keys()
    wrong = [key for key in spec.lora_parameters.keys or () if key not in known]
    if not wrong:
        return []
    return [Warning("keys", f"no layer to adapt is called {', '.join(wrong)}; training refuses that",
                    f"a block of this model has {', '.join(linear_layers(base.shape))}", refused=True,
                    changes={"lora_parameters": {"keys": None}},
                    values={"wrong": ", ".join(wrong), "known": ", ".join(linear_layers(base.shape))})]  # fmt: skip


def _round(rate: float) -> str:
    return f"{rate:.0e}".replace("e-0", "e-")
