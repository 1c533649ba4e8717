"""One training from its first iteration, or from its last checkpoint, to its end: reports, validations, checkpoints."""

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

import mlx.core as mx
from mlx.utils import tree_flatten

from lab.divergence import Watch
from lab.engine import checkpoint
from lab.engine.events import EventWriter
from lab.engine.loop import Loop
from lab.engine.ranks import Silent
from lab.engine.stopping import Stopped
from lab.errors import LabError
from lab.events import schema
from lab.events.digest import Digest
from lab.events.schema import Answer, StageName, Verdict
from lab.runs.directory import Run
from lab.spec import RunSpec

Batch = tuple[mx.array, mx.array]


@dataclass
class Progress:
    """How far a run is; kept whole in every checkpoint, so that a resumed run reports what an unbroken one would."""

    iteration: int = 0
    trained_tokens: int = 0
    seconds: float = 0.0
    """Time spent in iterations alone."""
    loss: float = 0.0
    """Summed since the last report, as are tokens, steps and time."""
    tokens: int = 0
    steps: int = 0
    step_seconds: float = 0.0
    train_loss: float | None = None
    tokens_per_second: float | None = None
    validations: list[tuple[int, float]] = field(default_factory=list)
    best_iteration: int | None = None
    best_loss: float = math.inf
    waited: int = 0
    """Validations since the best."""
    watch: Watch = field(default_factory=Watch)

    @classmethod
    def read(cls, notes: dict[str, Any]) -> "Progress":
        """What `asdict` gave, after JSON has had it."""
        validations = [(int(iteration), float(loss)) for iteration, loss in notes["validations"]]
        return cls(**{**notes, "validations": validations, "watch": Watch(**notes["watch"])})


@dataclass
class Session:
    """`writes` is true on the one rank that keeps files; `due` says after which iterations to validate."""

    run: Run
    spec: RunSpec
    loop: Loop
    events: EventWriter | Silent
    validate: Callable[[], float] | None
    answer: Callable[[], list[Answer]] | None
    stopping: Callable[[], bool]
    fingerprint: dict[str, Any]
    writes: bool = True
    progress: Progress = field(default_factory=Progress)
    stage: str = ""
    """What was last said to come next."""

    def resume(self) -> bool:
        """Take up the last checkpoint; false if there is none. Raises LabError if it does not belong to this data."""
        found = checkpoint.load_state(self.run.path)
        if found is None:
            return False
        arrays, notes = found
        if notes["fingerprint"] != self.fingerprint:
            changed = [name for name, value in self.fingerprint.items() if notes["fingerprint"].get(name) != value]
            remedy = "put it back as it was, or start a new run"
            what = f"the {' and the '.join(changed)} changed since the checkpoint"
            raise LabError(what, where=self.run.id, remedy=remedy)
        self.loop.restore(arrays, int(notes["key"]))
        self.progress = Progress.read(notes["progress"])
        return True

    def go(self, batches: Iterator[Batch]) -> str:
        """Train to the end and return why it ended: "", "stopped" or "patience". Raises LabError if the run diverges.

        `batches` must begin with the batch of the first iteration, whatever `resume` found.
        """
        spec, p = self.spec, self.progress
        for _ in range(p.iteration):
            next(batches)
        if p.iteration % spec.save_every == 0 and not self._answered():
            self._ask()
        if self._unvalidated():
            self._validate()
        while p.iteration < spec.iters:
            if self.stopping():
                self._save()
                return "stopped"
            ids, mask = next(batches)
            if spec.stock and self._due():
                self._validate()
            self._step(ids, mask)
            if not spec.stock and self._due():
                self._validate()
            if spec.patience and p.waited >= spec.patience:
                self._save()
                self._ask()
                return "patience"
            if p.iteration % spec.save_every == 0 and p.iteration < spec.iters:
                self._save(numbered=True)
                self._ask()
        if self._unvalidated() and self.stopping():
            self._save()
            return "stopped"
        self._save(numbered=p.iteration % spec.save_every == 0)
        self._ask()
        return ""

    def _step(self, ids: mx.array, mask: mx.array) -> None:
        self._enter("training")
        p, began = self.progress, time.perf_counter()
        loss, tokens = self.loop.step(p.iteration + 1, ids, mask)
        limit = self.spec.clear_cache_threshold
        if limit is not None and mx.get_cache_memory() > limit:
            mx.clear_cache()
        p.step_seconds += time.perf_counter() - began
        p.iteration += 1
        p.steps += 1
        p.loss += loss if self.spec.stock else loss * tokens
        p.tokens += tokens
        try:
            verdict = p.watch.add(loss, self.validate)
        except Stopped:  # it is asked again after the next step, which there is when the run goes on
            verdict = ""
        if verdict or p.iteration % self.spec.steps_per_report == 0 or p.iteration == self.spec.iters:
            self._report()
        if verdict == "nan" and p.iteration == 1:  # the first loss is computed with the weights as they came
            raise self._no_number()
        if verdict:
            raise diverged(verdict, p, self.spec)

    def _no_number(self) -> LabError:
        """The end of a run whose base gives no loss at all, which no setting of the training can mend."""
        trained = self.loop.trained() if self.progress.iteration else {}  # an update has spoilt those
        broken = next((name for name, array in tree_flatten(self.loop.model.parameters())
                       if name not in trained and mx.issubdtype(array.dtype, mx.floating)
                       and not mx.isfinite(array).all().item()), "")  # fmt: skip
        warm = broken in self.loop.trained() and self.spec.resume_adapter_file
        why = f"{broken} holds NaN or infinity" if broken else "the numbers of the base overflow"
        return LabError(f"the loss is not a number before anything was trained: {why}",
                        where=warm or self.spec.model, verdict="nan",
                        remedy="give another adapter to begin from" if warm else
                        "fetch or copy the model again, or take another; no learning rate mends this")  # fmt: skip

    def _report(self) -> None:
        p = self.progress
        p.train_loss = p.loss / (p.steps if self.spec.stock else max(1, p.tokens))
        p.tokens_per_second = p.tokens / p.step_seconds
        p.trained_tokens += p.tokens
        p.seconds += p.step_seconds
        self.events.write(
            schema.Train(
                iteration=p.iteration,
                train_loss=p.train_loss,
                learning_rate=self.loop.optimizer.learning_rate.item(),
                tokens_per_second=p.tokens_per_second,
                iterations_per_second=p.steps / p.step_seconds,
                trained_tokens=p.trained_tokens,
                peak_memory_bytes=int(mx.get_peak_memory()),
                elapsed_seconds=p.seconds,
                remaining_seconds=p.seconds / p.iteration * (self.spec.iters - p.iteration),
            )
        )
        p.loss, p.tokens, p.steps, p.step_seconds = 0.0, 0, 0, 0.0

    def _due(self) -> bool:
        """mlx-lm looks before the first, every n-th and the last iteration; we look after the n-th and the last."""
        done, n, last = self.progress.iteration, self.spec.steps_per_eval, self.spec.iters
        if self.spec.stock:
            return done == 0 or (done + 1) % n == 0 or done + 1 == last
        return done % n == 0 or done == last

    def _unvalidated(self) -> bool:
        """Whether a validation of ours is due here that was not made: at the start, or where one was broken off."""
        return not self.spec.stock and self._due() and self.progress.iteration not in dict(self.progress.validations)

    def _answered(self) -> bool:
        """Whether the events hold the samples of this iteration, or there are none to be had."""
        return self.answer is None or self.progress.iteration in dict(Digest.of(self.run).samples)

    def _validate(self) -> None:
        if self.validate is None:
            return
        p, began = self.progress, time.perf_counter()
        self._enter("evaluating")
        try:
            loss = self.validate()
        except Stopped:  # `go` makes up for it when the run goes on
            return
        if p.iteration == 0 and not math.isfinite(loss):
            raise self._no_number()
        p.validations.append((p.iteration, loss))
        p.watch.validated(loss)
        better = p.iteration > 0 and loss < p.best_loss
        if better:
            p.best_iteration, p.best_loss, p.waited = p.iteration, loss, 0
            if self.writes:
                checkpoint.save(self.run.adapters / "best" / "adapters.safetensors", self.loop.trained())
        elif p.iteration > 0:
            p.waited += 1
        seconds = time.perf_counter() - began
        worse = p.watch.untrained is not None and loss > p.watch.untrained
        self.events.write(
            schema.Validation(iteration=p.iteration, val_loss=loss, best=better, worse=worse, seconds=seconds)
        )

    def verdict(self) -> Verdict:
        """What is to be said of a training that came to its end: "" if it did what a training should."""
        p, trained = self.progress, self.loop.trained()
        products = [array for name, array in trained.items() if name.endswith("lora_b")]
        updates = int(self.loop.optimizer.step.item())
        if not updates or (products and not any(array.any().item() for array in products)):
            what = "nothing was learned: every lora_b is still zero" if products else "nothing was learned: no update"
            return Verdict(kind="untrained", what=f"{what} after {p.iteration} iterations")
        last = p.validations[-1][1] if p.validations else None
        if not p.watch.ends_worse(last):
            return Verdict(kind="")
        before, after = (p.watch.ground, p.watch.smoothed) if last is None else (p.watch.untrained, last)
        what = f"it ends worse than it began: a loss of {after:.2f}, and {before:.2f} before"
        return Verdict(kind="worse", what=f"{what}; {lower(self.spec)}")

    def test(self, measure: Callable[[], float], rows: int) -> float:
        """Measure the adapter as it is now on `rows` rows of the test split; mean loss in nats.

        Raises Stopped if somebody asks to stop meanwhile.
        """
        self._enter("evaluating")
        began = time.perf_counter()
        loss = measure()
        self.events.write(
            schema.Test(
                iteration=self.progress.iteration,
                test_loss=loss,
                perplexity=math.exp(min(loss, 700.0)),
                rows=rows,
                seconds=time.perf_counter() - began,
            )
        )
        return loss

    def _ask(self) -> None:
        """Always after saving: answers may take longer than all iterations since the last checkpoint."""
        if self.answer is None:
            return
        self._enter("evaluating")
        try:
            answers = self.answer()
        except Stopped:  # `go` makes up for it when the run goes on from here
            return
        self.events.write(schema.Samples(iteration=self.progress.iteration, answers=answers))

    def _enter(self, stage: StageName) -> None:
        """Say what comes next, where that is something else."""
        if self.stage != stage:
            self.stage = stage
            self.events.write(schema.Stage(stage=stage))

    def _save(self, numbered: bool = False) -> None:
        """A checkpoint; one of the regular ones only while the loss is where it should be, so that a good one stays."""
        p, trained = self.progress, self.loop.trained()
        if not all(mx.isfinite(array).all().item() for array in trained.values()):
            raise diverged("nan", p, self.spec)
        if not self.writes or (numbered and p.watch.worried and p.iteration < self.spec.iters):
            return
        adapter = self.run.adapters / "adapters.safetensors"
        name = f"{p.iteration:07d}_adapters.safetensors" if numbered else adapter.name
        checkpoint.save(self.run.adapters / name, trained)
        if numbered:
            checkpoint.link(self.run.adapters / name, adapter)
        arrays, key = self.loop.state()
        notes = {"key": key, "progress": asdict(p), "fingerprint": self.fingerprint}
        checkpoint.save_state(self.run.path, arrays, notes)
        self.events.write(schema.Saved(iteration=p.iteration, file=name))


def diverged(kind: Literal["nan", "diverged"], progress: Progress, spec: RunSpec) -> LabError:
    """The end of a run whose loss is no good any more: `kind` is "nan" or "diverged"."""
    what = (
        "the loss is not a number any more"
        if kind == "nan"
        else "what was learned is lost: the loss has risen to where it began, or above, and stayed there"
    )
    return LabError(f"{what} at iteration {progress.iteration}", remedy=lower(spec), verdict=kind)


def lower(spec: RunSpec) -> str:
    """What to lower, and from where, when steps were too long."""
    if isinstance(spec.lr_schedule, dict):
        rate = f"the rates of lr_schedule (the highest is {spec.highest_rate:g})"
    else:
        rate = f"--learning-rate (it is {spec.learning_rate:g})"
    scale = "" if spec.fine_tune_type == "full" else f" or --scale (it is {spec.lora_parameters.scale:g})"
    return f"lower {rate}{scale}"
