"""What a run directory proves of the experiment that was made there, whoever made it. Blocking."""

import math
import mmap
from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import product
from typing import TYPE_CHECKING, NamedTuple

from foreign import opened
from lab.divergence import GAIN, MARGIN, RISE
from lab.errors import LabError
from lab.events.digest import Digest
from lab.events.schema import Event, Failed, Finished, LastWord, Resumed, Stopped
from lab.runs import evaluation, inspection_cache, run_notes
from lab.runs.adapters import checkpoints
from lab.runs.damage import fenced
from lab.runs.directory import Run
from lab.runs.fuse_options import WHOLE
from lab.runs.outcome import all_events, diverged
from lab.runs.state import RunState
from lab.spec import RunSpec

if TYPE_CHECKING:
    from lab.reports.comparison import Comparison, Contender

GIVEN_BACK = 0.2
"""The share of all that was learned whose loss is no mere wobble."""
SENTENCE = 15
"""Letters from which on a note is one that explains something."""


class RunEvidence(NamedTuple):
    """One fact: its kind, the run it is about, and the figures that make it one."""

    kind: str
    item: str
    payload: dict[str, object]


def proofs(run: Run, others: Sequence[Run] = (), ended: bool = True, apart: str = "") -> Iterator[RunEvidence]:
    """Every fact about `run` that its files prove, held against `others` where it takes two.

    `ended` asks also for what its end settles for good, for which all of its events are looked through; whoever knows
    already how it came `apart` need not. What cannot be read proves nothing.
    """

    def failed(run: Run, others: Sequence[Run]) -> RunEvidence | None:
        return _failed(run, others, came_apart(run) if ended else apart or _verdict(run))

    looks = (failed, _fused, _resumed, _baseline)
    for look in looks if ended else looks[:2]:
        try:
            with fenced(run):
                found = look(run, others)
        except LabError:
            continue
        if found is not None:
            yield found


def compared(comparison: "Comparison") -> Iterator[RunEvidence]:
    """What finished runs prove that are held against each other: LoRA against DoRA, and how far seeds lie apart."""
    finished = [each for each in comparison.contenders if each.state is RunState.FINISHED]
    loras, doras = ([each for each in finished if each.spec.fine_tune_type == kind] for kind in ("lora", "dora"))
    for lora, dora in product(loras, doras):
        if _recipe(lora) == _recipe(dora):
            losses: dict[str, object] = {"lora": lora.value("val_loss"), "dora": dora.value("val_loss")}
            yield RunEvidence("runs.compared", _names((lora, dora)), losses)
    for places in comparison.seeds():
        group = [each for each in (comparison.contenders[place] for place in places) if each in finished]
        known = [loss for each in group if (loss := each.value("val_loss")) is not None]
        if len(known) > 1:
            yield RunEvidence(
                "runs.banded", _names(group), {"seeds": len(known), "lowest": min(known), "highest": max(known)}
            )


def _recipe(contender: "Contender") -> dict[str, object]:
    """All that decides what a run learns but its method."""
    from lab.reports.comparison import SHOWING

    return {name: value for name, value in contender.fields.items() if name not in ("fine_tune_type", *SHOWING)}


def _names(contenders: Sequence["Contender"]) -> str:
    return " ".join(sorted(each.run.id for each in contenders))


def _resumed(run: Run, _: Sequence[Run]) -> RunEvidence | None:
    """The last time it went on after its engine had died; else the last time it was resumed at all."""
    if not _says(run, b'"resumed"'):
        return None
    last: Event | None = None
    found: dict[str, object] = {}
    for event in all_events(run):
        if isinstance(event, Resumed):
            after = "stopped" if isinstance(last, Stopped) else "killed" if _died(last) else "failed"
            if not found or after == "killed" or found["after"] != "killed":
                found = {"at": event.iteration or 0, "after": after}
        last = event
    return RunEvidence("run.resumed", run.id, found) if found else None


def _says(run: Run, word: bytes) -> bool:
    """Whether a word stands anywhere in the events; looks through a hundred megabytes in a moment."""
    path = run.path / "events.jsonl"
    if not path.exists() or not path.stat().st_size:
        return False
    with opened(path) as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        return content.find(word) >= 0


def _died(last: Event | None) -> bool:
    """Whether the engine said no last word of its own: none at all, or one that somebody else found out."""
    if not isinstance(last, LastWord):
        return True
    what = last.error.what if isinstance(last, Failed) and last.error else ""
    return what.startswith(("the engine was killed", "the machine was restarted"))


def _failed(run: Run, others: Sequence[Run], apart: str) -> RunEvidence | None:
    """A run that came apart: what was made of it afterwards, a "note", another "run" at a lower rate, or nothing."""
    if not apart:
        return None
    explained = ""
    if _noted_since(run):
        explained = "note"
    elif any(_gentler(each, run) for each in others):
        explained = "run"
    return RunEvidence("run.failed", run.id, {"verdict": apart, "explained": explained})


def came_apart(run: Run) -> str:
    """ "nan" or "diverged" by its last word, and "lost" where that is silent but the losses are not; else "".

    A run that goes far above the untrained loss, or gives back a fifth of all it had gained, has lost it, even where it
    was let go on to its end and learned a little again.
    """
    if verdict := _verdict(run):
        return verdict
    if run.result() is None:
        return ""
    progress = Digest.of(run).progress
    ground, last = progress.validation.first, progress.train.last
    losses = [point.y for point in progress.train.points()]
    if ground is None or last is None:
        return ""
    gained, given_back = ground.y - min(losses), last.y - min(losses)
    above = max(losses) > RISE * ground.y + MARGIN
    return "lost" if above or (gained >= GAIN and given_back >= max(GAIN, GIVEN_BACK * gained)) else ""


def _verdict(run: Run) -> str:
    result = run.result()
    return result.verdict.kind if result and result.verdict and diverged(result) else ""


def _noted_since(run: Run) -> bool:
    file = run.path / run_notes.FILE
    if not file.exists() or file.stat().st_mtime < (run.path / "result.json").stat().st_mtime:
        return False
    return len("".join(run_notes.read(run).notes.split())) >= SENTENCE


def _gentler(other: Run, run: Run) -> bool:
    """Whether `other` is the same training with a lower rate, begun after `run` had ended, and it finished."""
    if other.id == run.id or not isinstance(other.result(), Finished):
        return False
    one, two = _spec(other), _spec(run)
    if one is None or two is None or _task(one) != _task(two) or one.learning_rate >= two.learning_rate:
        return False
    return _begun(other) > _ended(run) and not came_apart(other)


def _spec(run: Run) -> RunSpec | None:
    """None for one that somebody broke, which must not stand in the way of what other runs prove."""
    try:
        return run.spec
    except (LabError, OSError):
        return None


def _task(spec: RunSpec) -> tuple[object, ...]:
    return spec.model, spec.bits, spec.data


def _begun(run: Run) -> float:
    """When its engine began, in seconds since 1970; not a number where that is not known."""
    try:
        started = run.started()
        return datetime.fromisoformat(started.at or "" if started else "").timestamp()
    except ValueError:
        return math.nan


def _ended(run: Run) -> float:
    return (run.path / "result.json").stat().st_mtime


def _baseline(run: Run, others: Sequence[Run]) -> RunEvidence | None:
    """A finished training, and what the bare base had scored on the same data before it began."""
    spec, begun = _spec(run), _begun(run)
    if not isinstance(run.result(), Finished) or spec is None or spec.iters <= 1:
        return None
    for other in others:
        file = other.path / evaluation.NAME
        if other.id == run.id or not file.exists() or not file.stat().st_mtime < begun:
            continue
        score, asked = evaluation.read(other), _spec(other)
        if score is None or asked is None:
            continue
        if score.get("base_exact_match") is not None and _task(asked) == _task(spec):
            return RunEvidence("run.baseline", run.id, {"of": other.id, "base_exact_match": score["base_exact_match"]})
    return None


def _fused(run: Run, _: Sequence[Run]) -> RunEvidence | None:
    """The one model, of those that base and adapter can become, that was measured nearest to them."""
    if not (run.path / "measured").is_dir():
        return None
    best: dict[str, object] = {}
    for checkpoint in checkpoints(run):
        table = inspection_cache.read(run, "fuse", checkpoint)
        for way in table["ways"] if table else ():
            if way["way"] in (*WHOLE, "quantized") and way["kl"] < best.get("kl", math.inf):
                best = {"way": way["way"], "kl": way["kl"], "effect": table["adapter_effect"],
                        "faults": len(way["faults"]), "exact_match": way["exact_match"],
                        "exact_match_adapter": table["exact_match_adapter"],
                        "questions": table["questions"]} if table else {}  # fmt: skip
    return RunEvidence("run.fused", run.id, best) if best else None
