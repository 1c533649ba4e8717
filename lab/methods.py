"""The methods in the field's words: the one place where they are called anything."""

from typing import Final

NAMES: Final = {"lora": "LoRA", "dora": "DoRA", "full": "full"}
"""By mlx-lm's `fine_tune_type`."""


def method_name(fine_tune_type: str, bits: int | None) -> str:
    """The method on a base of so many bits (0 or None: not quantized); QLoRA follows from a quantized base."""
    name = NAMES.get(fine_tune_type, fine_tune_type)
    return f"Q{name}" if bits and fine_tune_type in ("lora", "dora") else name
