"""What an exercise is made of: runs that are started together, and steps that are predicted, done or repaired."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from lessons.course import Misconception, Text

CHOICE_NAMES = frozenset({"truth", "value", "best"})
"""What texts of a choice may name: the true option, what was measured for the chosen one, and for the true one."""
After = Literal["evaluate", "inspect", "fuse"]
AFTER: tuple[After, ...] = ("evaluate", "inspect", "fuse")
"""What may be measured of a run when it has ended."""

TOLD = (
    *("iterations", "train_loss", "val_loss", "first_val_loss", "best_val_loss", "best_iteration"),
    *(
        "seconds_per_iteration",
        "peak_memory_mb",
        "adapter_bytes",
        "trainable_parameters",
        "total_parameters",
        "diverged",
    ),
)
"""What every run tells of itself."""
WAYS = ("quantized", "dequantized", "separate", "fused")
MEASURED: Mapping[After, tuple[str, ...]] = {
    "evaluate": ("exact_match", "base_exact_match"),
    "inspect": ("energy_in_rank", "effective_rank"),
    "fuse": ("effect_nats", *(f"{what}_{way}" for what in ("kl", "lost", "bytes") for way in WAYS)),
}
"""What is known of a run only when it was measured afterwards, by what measures it."""
COUNTED = ("rows", "tokens", "supervised_tokens", "masked_share")
"""What the check counts in the training rows of a bundled data set, or of a folder that is repaired."""

DEEDS = ("data-checked", "baseline-scored", "run-finished", "run-scored", "report-written")
DataTaskKind = Literal["data-checked", "baseline-scored", "run-finished", "run-scored", "report-written"]
Take = Literal["lowest", "highest"]


@dataclass(frozen=True)
class Trial:
    """A run of an exercise by its name: RunSpec fields, and what is measured of it afterwards."""

    name: str
    fields: Mapping[str, object]
    after: tuple[After, ...] = ()


@dataclass(frozen=True)
class Prediction:
    """A number predicted before it is measured.

    `truth` is a formula over measurements such as lora.train_loss and, where there is a `source`, over the names of a
    model's shape: "run:NAME" takes that run's model, "preset:NAME" a published one. `tolerance` is relative, `within`
    absolute, `digits` the decimals of the truth, and `most` the most that can be predicted. `exact`, `close` and `off`
    may hold {{predicted}}, {{truth}}, {{difference}} and {{times}}, which the grader fills in.
    """

    id: str
    prompt: Text
    unit: Text
    source: str
    truth: str
    tolerance: float
    within: float
    digits: int
    exact: Text
    close: Text
    off: Text
    misconceptions: tuple[Misconception, ...]
    most: float


@dataclass(frozen=True)
class Alternative:
    """One thing to predict: what its `formula` measures decides; `chosen` is said to who chose it and was wrong."""

    id: str
    formula: str
    text: Text
    chosen: Text


@dataclass(frozen=True)
class Selection:
    """One of several predicted: the truth is the one whose value is lowest or highest.

    Values within `tie` of it (0.02 is 2 %) count as right too. Texts may hold {{truth}}, {{value}} and {{best}}.
    """

    id: str
    prompt: Text
    unit: Text
    options: tuple[Alternative, ...]
    take: Take
    tie: float
    digits: int
    exact: Text
    source: str = ""


@dataclass(frozen=True)
class Repair:
    """A broken data set, copied to the learner once: done when the check finds no error in it any more.

    With `clean`, no warning either; `rows` are to be left in train.jsonl at least. `repaired` passes.
    """

    id: str
    prompt: Text
    exact: Text
    folder: str
    broken: Path
    repaired: Path
    clean: bool = False
    rows: int = 1

    def passes(self, report: Mapping[str, float]) -> bool:
        """Whether a check that found so many `errors`, `warnings` and training `rows` is what is asked for."""
        return not report["errors"] and not (self.clean and report["warnings"]) and report["rows"] >= self.rows


@dataclass(frozen=True)
class DataTask:
    """Something done with data of the learner's own; the program looks whether it is."""

    id: str
    prompt: Text
    exact: Text
    deed: DataTaskKind


Foretold = Prediction | Selection
Step = Prediction | Selection | Repair | DataTask


@dataclass(frozen=True)
class Exercise:
    """`trials` are begun together, once all that hangs on them is predicted; `explain` asks for two sentences.

    `typical` holds what the measurements were when the author made the runs, by which the check tries out every answer.
    """

    id: str
    title: Text
    intro: Text
    steps: tuple[Step, ...]
    trials: tuple[Trial, ...]
    explain: Text
    typical: Mapping[str, float] = field(default_factory=dict)

    def trial(self, name: str) -> Trial | None:
        """The run of this name."""
        return next((trial for trial in self.trials if trial.name == name), None)
