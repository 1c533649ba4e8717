"""The learning rate where none is asked for. RunSpec's own suits the small bundled models; any other gets one from how
strongly its adapter acts."""

from collections.abc import Mapping
from typing import Any

from lab.spec import RunSpec

FIRST_STEP = 0.0048
"""alpha × learning rate, with alpha = scale × rank. An adapter begins at B = 0, where its first step is as long as this
product, whatever the three numbers are. A model of 7 to 8 billion parameters starts at 2e-5 to 5e-5 with mlx-lm's
scale of 20 and rank 8, which is 0.0032 to 0.008; rank 16 with alpha 16 at 2e-4 is 0.0032; mlx-lm's default 0.0016."""
FULL = 1e-5
"""For full fine-tuning, where there is no alpha: what mlx-lm takes, and what is usual."""
LOWEST, HIGHEST = 1e-6, 1e-3


def starting_rate(spec: RunSpec) -> float:
    """The learning rate that a model we do not know begins with, to two digits."""
    if spec.fine_tune_type == "full":
        return FULL
    lora = spec.lora_parameters
    return float(f"{min(max(FIRST_STEP / (lora.scale * lora.rank), LOWEST), HIGHEST):.1e}")


def origin(spec: RunSpec) -> str:
    """Where that rate comes from, in words."""
    if spec.fine_tune_type == "full":
        return "usual for all weights"
    lora = spec.lora_parameters
    return f"{FIRST_STEP:g} / (scale {lora.scale:g} × rank {lora.rank})"


def is_open(fields: Mapping[str, Any], bundled: bool) -> bool:
    """Whether the rate is for us to choose: nothing names one, and the model is none of ours."""
    return not bundled and "learning_rate" not in fields and not isinstance(fields.get("lr_schedule"), dict)


def with_rate(spec: RunSpec, fields: Mapping[str, Any], bundled: bool) -> RunSpec:
    """The spec made from these fields, with a rate to begin with where it is for us to choose."""
    return spec.model_copy(update={"learning_rate": starting_rate(spec)}) if is_open(fields, bundled) else spec
