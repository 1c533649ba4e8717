"""The events of a run, version 1: their schema in one place. docs/events.md says the same for people.

The tests hold every event of real runs, and the tables of docs/events.md, against it.
"""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

Count = Annotated[int, Field(ge=0)]
Share = Annotated[float, Field(ge=0, le=1)]


class _Event(BaseModel):
    """What every event has."""

    model_config = ConfigDict(extra="forbid", strict=True)
    v: Literal[1]
    at: datetime = Field(strict=False)


class Stage(_Event):
    """What the engine is about to do, when that changes."""

    event: Literal["stage"]
    stage: Literal["waiting", "quantizing", "loading", "training", "evaluating"]
    behind: str | None = None
    position: int | None = Field(default=None, ge=1)


class Started(_Event):
    """The model is ready; also written after a resume."""

    event: Literal["started"]
    pid: int
    run: str
    method: Literal["LoRA", "DoRA", "QLoRA", "QDoRA", "full"]
    model: str
    data: str
    iterations: Count
    trainable_parameters: Count
    total_parameters: Count
    base_bytes: Count
    padding_share: Share | None
    device: str
    blas: str
    ranks: int = Field(default=1, ge=1)


class Resumed(_Event):
    """The run goes on from its checkpoint: what was said before about later iterations is void."""

    event: Literal["resumed"]
    iteration: Count


class Train(_Event):
    """Every `steps_per_report` iterations, and at the last."""

    event: Literal["train"]
    iteration: Count
    train_loss: float | None
    learning_rate: float
    tokens_per_second: float
    iterations_per_second: float
    trained_tokens: Count
    peak_memory_bytes: Count
    elapsed_seconds: float
    remaining_seconds: float


class Validation(_Event):
    """The whole validation set was looked at."""

    event: Literal["validation"]
    iteration: Count
    val_loss: float | None
    best: bool
    worse: bool = False
    seconds: float


class Test(_Event):
    """The adapter was measured on the test split, after training."""

    __test__ = False  # pytest would take it for tests
    event: Literal["test"]
    iteration: Count
    test_loss: float | None
    perplexity: float | None
    rows: Count
    seconds: float


class Answer(BaseModel):
    """One sample: what was asked, what the data has (None for a prompt of one's own), what the model said."""

    model_config = ConfigDict(extra="forbid", strict=True)
    prompt: str
    expected: str | None
    text: str


class Samples(_Event):
    """The model answered the sample prompts."""

    event: Literal["samples"]
    iteration: Count
    answers: list[Answer]


class Saved(_Event):
    """The adapter and, with it, the checkpoint for a resume are on disk."""

    event: Literal["saved"]
    iteration: Count
    file: str


class Heartbeat(_Event):
    """Nothing else was said for five seconds; the engine lives."""

    event: Literal["heartbeat"]
    iteration: Count
    resident_bytes: Count


class Verdict(BaseModel):
    """Why a run ended other than by its number of iterations."""

    model_config = ConfigDict(extra="forbid", strict=True)
    kind: Literal["", "patience", "nan", "diverged", "worse", "untrained"]
    what: str = ""


class Reason(BaseModel):
    """Why a run failed, in words."""

    model_config = ConfigDict(extra="forbid", strict=True)
    what: str
    where: str
    remedy: str


class _Ended(_Event):
    """A last word, and result.json: what the run reached. None stands for what it did not reach or nobody knows."""

    run: str
    run_dir: str
    iterations: Count | None = None
    train_loss: float | None = None
    val_loss: float | None = None
    best_iteration: Count | None = None
    best_val_loss: float | None = None
    trainable_parameters: Count | None = None
    trained_tokens: Count | None = None
    tokens_per_second: float | None = None
    seconds_per_iteration: float | None = None
    seconds: float | None = None
    peak_memory_bytes: Count | None = None
    peak_resident_bytes: Count | None = None
    adapter_bytes: Count | None = None
    test_loss: float | None = None
    test_perplexity: float | None = None
    verdict: Verdict = Verdict(kind="")


class Finished(_Ended):
    """All iterations are done, or validation got no better for as long as `patience` says."""

    event: Literal["finished"]


class Stopped(_Ended):
    """Somebody asked; the run can be resumed."""

    event: Literal["stopped"]


class Failed(_Ended):
    """Something went wrong; the run can be resumed once that is mended."""

    event: Literal["failed"]
    error: Reason


EVENTS: tuple[type[BaseModel], ...] = (
    *(Stage, Started, Resumed, Train, Validation, Test, Samples, Saved, Heartbeat, Finished, Stopped, Failed),
)
_ANY: TypeAdapter[Any] = TypeAdapter(
    Annotated[
        Stage
        | Started
        | Resumed
        | Train
        | Validation
        | Test
        | Samples
        | Saved
        | Heartbeat
        | Finished
        | Stopped
        | Failed,
        Field(discriminator="event"),
    ]
)


def check(line: str | bytes) -> None:
    """Raise pydantic.ValidationError if one line of events.jsonl is not an event of this version."""
    _ANY.validate_json(line)
