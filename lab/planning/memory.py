"""Peak memory of a training step, by component: a sum of sizes that follow from shapes, each with a fitted factor.

The form is that of the working paper of mlx-lm's users (weights + optimizer + activations + attention + logits); the
factors for a CPU are fitted to this engine's runs by `benchmarks/memory.py`, those for a GPU are from the literature.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from lab.models.parameters import adapted_layers, linear_layers
from lab.planning.base_model import Base
from lab.planning.machine import Machine
from lab.planning.row_lengths import Batch
from lab.spec import RunSpec

MOMENTS = {"adam": 2, "adamw": 2, "sgd": 0, "adafactor": 0, "muon": 1}
"""Numbers an optimizer keeps for each trained one; adafactor's rows and columns are too few to count."""


@dataclass(frozen=True)
class Factors:
    """How many times its size a component takes on one kind of device, how far off the sum may be (a share), and
    where the factors come from. `width` is the bytes of a computed number, `whole` multiplies the sum."""

    width: int
    activations: float
    attention_saved: float
    attention_once: float
    logits: float
    passing: float
    attention_passing: float
    trained: float
    dequantized: float
    dora: float
    whole: float
    uncertainty: float
    source: str


OURS = "fitted to runs of this engine on a CPU"
FACTORS = {
    "packed": Factors(4, 0.98, 0.91, 0, 13.3, 1.55, 5.9, 0.81, 1, 1.05, 1, 0.2, OURS),
    "padded": Factors(4, 1.2, 1.15, 0, 13.1, 2.15, 9.5, 0.29, 0.9, 0.94, 1, 0.2, OURS),
    "gpu": Factors(2, 2.2, 0, 4.35, 6, 0, 0, 2, 0, 1, 1.1, 0.4, "from the literature (M1 Max), not measured by us"),
}
"""Of a CPU that packs rows into one line, of a CPU that pads them, and of anything else."""
PACKED = ("llama", "qwen2", "qwen3")
"""Families of which a CPU computes real tokens only and logits at supervised ones (`lab.engine.packed_batch`)."""
DENSE_SHARE = 8
"""A CPU keeps a dense copy of a quantized base that takes one part in so many of free memory, or less."""
COMPONENTS = ("weights", "trained", "activations", "attention", "logits", "dora", "overhead")


@dataclass(frozen=True)
class Step:
    """One training step by its sizes. `width` is the bytes of a stored number, `rows` those that one process trains."""

    shape: Mapping[str, int]
    total: int
    trainable: int
    method: str
    bits: int
    group: int
    width: int
    layers: int
    keys: Collection[str] | None
    rows: int
    batch: Batch
    grad_checkpoint: bool = False
    accumulate: bool = False
    optimizer: str = "adam"
    packed: bool = False
    device: str = "cpu"
    dense: bool = False
    """Whether a CPU keeps a dense copy of a quantized base."""

    @classmethod
    def of(
        cls,
        spec: RunSpec,
        base: Base,
        shape: Mapping[str, int],
        counts: tuple[int, int],
        batch: Batch,
        machine: Machine,
    ) -> "Step":
        """The step of a spec on a batch: `counts` are trainable and total parameters."""
        lora, ranks, bits, cpu = spec.lora_parameters, spec.ranks, spec.bits or base.bits, machine.kind == "cpu"
        return cls(
            *(shape, counts[1], counts[0], spec.fine_tune_type, bits, base.group, base.width),
            *(spec.num_layers, lora.keys, max(1, spec.batch_size // ranks)),
            Batch(batch.length, batch.tokens / ranks, batch.predicted / ranks),
            *(spec.grad_checkpoint, spec.grad_accumulation_steps > 1, spec.optimizer),
            packed=cpu and base.model_type in PACKED and not spec.stock and not spec.grad_checkpoint,
            device=machine.kind,
            dense=cpu and bool(bits) and 4 * counts[1] <= machine.free // DENSE_SHARE,
        )

    @property
    def tokens(self) -> float:
        """Tokens that go through the blocks."""
        return self.batch.tokens if self.packed else self.rows * self.batch.length

    @property
    def predicted(self) -> float:
        """Positions that get logits."""
        return self.batch.predicted if self.packed else self.rows * self.batch.length

    @property
    def reach(self) -> int:
        """Blocks from the first that is trained to the last: those the gradient passes."""
        blocks = self.shape["blocks"]
        asked = min(self.layers, blocks) if self.layers > 0 else blocks
        if not self.keys or self.method == "full":
            return asked
        if "model.embed_tokens" in self.keys:
            return blocks
        named = [int(key.split(".")[2]) for key in self.keys if key.startswith("model.layers.")]
        inside = asked if any(key in linear_layers(self.shape) for key in self.keys) else 0
        return max([inside, *(blocks - number for number in named)])


def factors(device: str, packed: bool) -> Factors:
    """The factors of a kind of device."""
    return FACTORS[("packed" if packed else "padded") if device == "cpu" else "gpu"]


def components(step: Step) -> dict[str, int]:
    """Bytes of each of COMPONENTS at the peak of a step."""
    f, s, tokens, reach = factors(step.device, step.packed), step.shape, step.tokens, step.reach
    block = 4 * s["hidden"] + 4 * s["q_dim"] + 3 * s["intermediate"]
    kept = 1 if step.grad_checkpoint and reach else reach
    inputs = tokens * reach * s["hidden"] if step.grad_checkpoint else 0
    scores = step.rows * s["heads"] * step.batch.length**2
    matrices = sum(i * o for i, o in linear_layers(s).values())
    dequantized = reach * matrices + s["vocab"] * s["hidden"] if step.bits and not step.dense else 0
    outputs = sum(o for _, o in adapted_layers(s, step.layers, step.keys)) if step.method == "dora" else 0
    weights = weights_bytes(step)
    logits = f.logits * step.predicted * s["vocab"]
    # The gradient begins at the logits; when it has passed on to the top block, what that needs stands in their place.
    passing = max(0, f.passing * tokens * block + f.attention_passing * scores - logits)
    sizes = {
        "weights": weights,
        "trained": 4 * step.trainable * (MOMENTS[step.optimizer] + step.accumulate + f.trained),
        "activations": f.width * (f.activations * tokens * kept * block + inputs),
        "attention": f.width * scores * (f.attention_saved * kept + f.attention_once),
        "logits": f.width * logits,
        "dora": f.width * f.dora * tokens * outputs * kept / max(1, reach),
        "overhead": f.width * (passing + f.dequantized * dequantized),
    }
    if f.whole != 1:
        sizes["overhead"] += (f.whole - 1) * sum(sizes.values())
    return {name: round(size) for name, size in sizes.items()}


def weights_bytes(step: Step) -> int:
    """Bytes of the base in memory: a CPU computes in float32, so it holds 16-bit numbers in 32, and of a quantized base
    it keeps a dense copy beside if that is small."""
    width = max(4, step.width) if step.device == "cpu" else step.width
    if not step.bits:
        return step.total * width
    return round(step.total * (step.bits / 8 + 2 * width / step.group + 4 * step.dense))
