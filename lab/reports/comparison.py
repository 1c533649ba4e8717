"""Several runs held against each other: how they differ, what each reached, and what cannot be compared."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from lab.datasets.find import split_file
from lab.events.digest import Digest
from lab.events.missing import Kind, Missing, why
from lab.events.progress import number
from lab.events.schema import Answer, LastWord
from lab.events.series import Over, Point, height
from lab.models.find import VARIANT
from lab.runs import evaluation, run_notes
from lab.runs.crash_recovery import settle
from lab.runs.damage import fenced
from lab.runs.directory import Run
from lab.runs.method import method_of
from lab.runs.outcome import KEYS
from lab.runs.state import RunState
from lab.spec import RunSpec

SHOWING: Final = ("steps_per_report", "steps_per_eval", "save_every", "samples", "sample_prompts")
"""Fields that decide what is told of a run, and nothing of what it learns."""
FIRST: Final = ("model", "bits", "fine_tune_type", "data", "learning_rate", "rank", "scale", "iters", "batch_size")
"""Fields whose differences are told before those of the others."""
MEASURES: Final = (
    *("train_loss", "val_loss", "best_val_loss", "best_iteration", "exact_match", "seconds_per_iteration"),
    *("tokens_per_second", "peak_memory_bytes", "trainable_parameters", "adapter_bytes", "iterations", "seconds"),
)
"""What `Contender.value` knows: losses in nats a token, a share, seconds, bytes and counts."""

KINDS: Final[dict[str, Kind]] = {"val_loss": "validation", "samples": "samples"}


class Contender:
    """One run as it is compared; `read` takes in what is new. Raises LabError if its specification cannot be read."""

    def __init__(self, run: Run, cache: Path) -> None:
        self.run = run
        with fenced(run):
            self.spec = run.spec
            self.about = run_notes.read(run)
            self.method = method_of(run, cache)
            self.digest = Digest.open(run)
        self.state = RunState.WAITING
        self.result: LastWord | None = None
        self.score: evaluation.Result | None = None

    @property
    def ended(self) -> bool:
        return self.state.ended

    @property
    def fields(self) -> dict[str, Any]:
        """The specification, those of LoRA beside the others."""
        found = self.spec.model_dump()
        lora: dict[str, Any] = found.pop("lora_parameters")
        return found | lora

    def read(self) -> bool:
        """Take in what was said since; True when anything was. It may take long where a long run has no digest.
        Raises LabError if the run's files are damaged."""
        with fenced(self.run):
            return self._read()

    def _read(self) -> bool:
        state, news = settle(self.run), False
        while self.digest.read():
            news = True
        if news and state.terminal and self.digest.offset - self.digest.kept > 1 << 20:
            self.digest.keep()
        if changed := news or state != self.state:
            self.result = self.run.result()
        self.state = state
        score = evaluation.read(self.run)
        changed, self.score = changed or score != self.score, score
        return changed

    def value(self, key: str) -> float | None:
        """One of `MEASURES`, as far as it is known."""
        if key == "exact_match":
            return number(self.score or {}, key)
        progress = self.digest.progress
        words = (word for word in (self.result, progress.outcome) if word)
        known = (*(getattr(word, key, None) for word in words), progress.measured.get(key))
        if (told := next((value for value in known if value is not None), None)) is not None:
            return float(told)
        best, seconds = self.digest.best(), progress.measured.get("elapsed_seconds")
        match key:
            case "best_val_loss" | "best_iteration":
                return None if best is None else best.y if key == "best_val_loss" else best.x
            case "iterations":
                return progress.iteration
            case "seconds":
                return seconds
            case "seconds_per_iteration":
                return seconds / progress.iteration if seconds and progress.iteration else None
            case "train_loss" | "val_loss" | "trainable_parameters":
                return number(vars(progress), key)
        return None

    def missing(self, key: str) -> Missing:
        """Why there is no value of that name."""
        progress = self.digest.progress
        if key == "exact_match":  # measured when somebody asks
            return Missing.UNKNOWN
        if key == "adapter_bytes":  # of the finished adapter
            return Missing.NONE if self.ended else Missing.NOT_YET
        kind: Kind = "best" if key.startswith("best_") else KINDS.get(key, "training")
        return why(kind, progress, ended=self.ended)

    def answers(self) -> tuple[int, list[Answer]]:
        """The iteration of the newest samples and what was answered, if anything was."""
        return self.digest.answers(float("inf")) or (0, [])


@dataclass(frozen=True)
class Doubt:
    """Why figures may not be compared; `kind` is "validation", "tokens", "questions" or "length", `what` the fields."""

    kind: str
    what: tuple[str, ...] = ()


class Comparison:
    """Contenders in the order given. What only depends on their specifications is worked out once."""

    def __init__(self, contenders: Sequence[Contender]) -> None:
        self.contenders = tuple(contenders)
        values = [each.fields for each in contenders]
        names = [*FIRST, *(name for name in dict.fromkeys(n for v in values for n in v) if name not in FIRST)]
        differing = {name: [v.get(name) for v in values] for name in names}
        differing = {name: row for name, row in differing.items() if any(value != row[0] for value in row)}
        self.differs = {k: v for k, v in differing.items() if k not in SHOWING}
        """The fields in which they are not all alike, each with their values in order."""
        self.shown_otherwise = {k: v for k, v in differing.items() if k in SHOWING}
        self.labels = self._labels()

    @classmethod
    def of(cls, runs: Iterable[Run], cache: Path) -> "Comparison":
        """All that is known of these runs now. Raises LabError if the specification of one cannot be read."""
        comparison = cls([Contender(run, cache) for run in runs])
        comparison.read()
        return comparison

    def read(self) -> bool:
        """Take in what was said since; True when anything was."""
        return any([each.read() for each in self.contenders])

    @property
    def ended(self) -> bool:
        return all(each.ended for each in self.contenders)

    def _labels(self) -> list[str]:
        """The name somebody gave a run, or its method with what sets it apart from the others."""
        apart = [name for name in self.differs if name not in ("model", "bits", "fine_tune_type")]
        labels = []
        for place, each in enumerate(self.contenders):
            values = [f"{SHORT.get(name, name)} {plain(name, self.differs[name][place])}" for name in apart[:2]]
            labels.append(each.about.name or " · ".join([each.method, *values]))
        doubles = {label for label in labels if labels.count(label) > 1}
        return [f"{label} ({base})" if label in doubles and self._bases_differ() else label
                for label, base in zip(labels, self.bases, strict=True)]  # fmt: skip

    def _bases_differ(self) -> bool:
        return len(set(self.bases)) > 1

    @property
    def bases(self) -> list[str]:
        """The base of each run in one word."""
        return [base_name(each.spec) for each in self.contenders]

    def doubts(self) -> list[Doubt]:
        """What one should know before one holds the figures against each other."""
        found: list[Doubt] = []
        if len({tuple(validation_of(each.spec).items()) for each in self.contenders}) > 1:
            sets = [validation_of(each.spec) for each in self.contenders]
            found.append(Doubt("validation", tuple(k for k in sets[0] if any(s[k] != sets[0][k] for s in sets))))
        if len({_family(each.spec) for each in self.contenders}) > 1:
            found.append(Doubt("tokens"))
        asked = {(each.spec.data, each.score["rows"]) for each in self.contenders if each.score}
        if len(asked) > 1:
            found.append(Doubt("questions"))
        if len({each.value("iterations") for each in self.contenders if each.ended}) > 1:
            found.append(Doubt("length"))
        return found

    def seeds(self) -> list[list[int]]:
        """The contenders by what they are but for their seed, in order; one that is alone is a group too."""
        groups: dict[str, list[int]] = {}
        for place, each in enumerate(self.contenders):
            alike = {k: v for k, v in each.fields.items() if k != "seed" and k not in SHOWING}
            groups.setdefault(repr(sorted(alike.items())), []).append(place)
        return list(groups.values())


ALL_AT_MINUS_ONE: Final = ("num_layers", "val_batches", "test_batches")
SHORT: Final = {"learning_rate": "rate", "batch_size": "batch", "num_layers": "layers", "iters": "iterations"}


def plain(name: str, value: object, every: str = "all") -> str:
    """The value of a field in a few characters; `every` is the word for -1 where that means all there are."""
    if name in ALL_AT_MINUS_ONE and value == -1:
        return every
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, list):
        return ",".join(map(str, value)) or "–"
    return "–" if value is None else str(value)


def base_name(spec: RunSpec) -> str:
    """The base in one word: a folder's or hub id's last part, with the bits it is quantized to."""
    name = spec.model.rstrip("/").rpartition("/")[2]
    return f"{name}-{spec.bits}bit" if spec.bits and not name.endswith(f"-{spec.bits}bit") else name


def validation_of(spec: RunSpec) -> dict[str, Any]:
    """Everything on which the validation loss hangs but the model: another of these, another loss."""
    rows = spec.val_batches * spec.batch_size if spec.val_batches >= 0 else -1
    file = split_file(spec.data, "valid")
    if file.is_file() and rows > 0:
        with file.open("rb") as lines:
            rows = -1 if rows >= sum(1 for _ in lines) else rows
    return {"data": str(file), "rows": rows, "mask_prompt": spec.mask_prompt, "max_seq_length": spec.max_seq_length,
            "stock": spec.stock}  # fmt: skip


def mean_and_band(curves: Sequence[Sequence[Point]]) -> tuple[list[Point], list[tuple[float, float, float]]]:
    """The mean of several curves, and (x, lowest, highest), where all of them have something to say.

    At the first one's x; the others are taken as straight between their points.
    """
    if not curves or not all(curves):
        return [], []
    low, high = max(curve[0].x for curve in curves), min(curve[-1].x for curve in curves)
    mean, band = [], []
    for x in (point.x for point in curves[0] if low <= point.x <= high):
        ys = [height(curve, x) for curve in curves]
        mean.append(Point(x, sum(ys) / len(ys)))
        band.append((x, min(ys), max(ys)))
    return mean, band


def shared(mean: Sequence[Point], curves: Sequence[Sequence[Point]]) -> list[Point]:
    """Of a mean what was measured: its points at an x where every one of the curves has a point."""
    known = [{point.x for point in curve} for curve in curves]
    return [point for point in mean if all(point.x in xs for xs in known)]


def curve_of(contender: Contender, kind: str, over: Over) -> list[Point]:
    """The curve "train" (smoothed) or "validation" of a run, over iterations, tokens or seconds."""
    return contender.digest.smooth(over) if kind == "train" else contender.digest.validation(over)


def as_json(comparison: Comparison) -> list[dict[str, Any]]:
    """Of each run what `lowrank train` says of it, with its score."""
    rows = []
    for each in comparison.contenders:
        known: dict[str, Any] = dict.fromkeys(KEYS)
        known |= {k: each.value(k) for k in MEASURES if k in KEYS} | (each.result.to_json() if each.result else {})
        score = each.score or {}
        rows.append({"event": each.state, "run": each.run.id, "run_dir": str(each.run.path), "method": each.method,
                     **known, "exact_match": score.get("exact_match"), "examples": score.get("examples")})  # fmt: skip
    return rows


def _family(spec: RunSpec) -> str:
    """The model whose tokens are counted: a quantized variant has those of its base."""
    variant = VARIANT.fullmatch(spec.model)
    return variant["base"] if variant else spec.model
