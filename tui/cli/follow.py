"""Following a run that was just started until its end; what `train` and `resume` share."""

import shutil
import time
from pathlib import Path
from typing import Annotated, Any

from typer import Option

from lab import outputs
from lab.errors import LabError
from lab.events import schema
from lab.events.schema import Event, LastWord, Verdict, from_object
from lab.paths import absolute, shown
from lab.runs.crash_recovery import settle
from lab.runs.directory import Run
from lab.runs.outcome import outcome
from lab.runs.service import Stage
from lab.runs.state import TERMINAL, RunState
from tui.cli.common import cache, megabytes, note, runs, say, service, write
from tui.home import home

WIDTH = 62  # cells of an answer that is shown in passing
COPY = "--adapter-path"
STAGES = {
    "told": "has not stopped in {seconds:.0f} s: told to leave at once; what it saved last is kept",
    "killed": "does not answer: killed; what it saved last is kept",
}
POLL = 0.1  # seconds between looks at a run's events
AdapterPath = Annotated[
    Path | None,
    Option(parser=absolute, metavar="PATH", help="Also copy the finished adapter here, over one copied before."),
]
Now = Annotated[bool, Option("--now", help="Train at once, beside a run that is training, instead of after it.")]
Detach = Annotated[bool, Option("--detach", help="Start the run, print its id, and return at once.")]
Json = Annotated[bool, Option("--json", help="Print the run's events, the result last, one JSON object a line.")]


def check_copy(adapter_path: Path | None, detach: bool, fields: dict[str, Any]) -> None:
    """Raise LabError, before anything is trained, unless the adapter can be copied there when it is."""
    if adapter_path is None:
        return
    if detach:
        raise LabError("is copied to by this command when the run has ended, which --detach does not wait for",
                       where=COPY, remedy="leave one of the two out", usage=True)  # fmt: skip
    outputs.check_folder(adapter_path, COPY, replace=True, keep=_needed(fields))


def _needed(fields: dict[str, Any]) -> list[Path]:
    """What no copy may lie on: what is ours, and the base and the data of a run."""
    named = (Path(fields[name]).expanduser() for name in ("model", "data") if fields.get(name))
    return [runs().root, cache(), home() / "progress", *(path for path in named if path.is_dir())]


def follow_to_end(run: Run, detach: bool, as_json: bool, adapter_path: Path | None, heard: int = 0) -> int:
    """See a run that was just started to its end, unless `detach`; returns the exit code."""
    if detach:
        say({"event": "launched", "run": run.id, "run_dir": str(run.path)}) if as_json else write(run.id)
        return 0
    if not as_json:
        note(f"run {run.id}  (it goes on if this terminal closes; `lowrank stop {run.id}` ends it)")
    last = follow(run, as_json, heard)
    if last is None:
        note(f"run {run.id} is left to itself; `lowrank runs` shows it, `lowrank stop {run.id}` ends it")
        return 130
    if adapter_path and RunState(last["event"]).keeps_adapter:
        with outputs.in_place_of(adapter_path, COPY, replace=True, keep=_needed(run.spec.model_dump())) as new:
            shutil.copytree(run.adapters, new)
    if last["event"] == "failed":
        error = last.get("error") or {}
        raise LabError(str(error.get("what")), where=str(error.get("where", "")), remedy=str(error.get("remedy", "")))
    return 0


def follow(run: Run, as_json: bool, heard: int = 0) -> dict[str, Any] | None:
    """Print a run's events after the first `heard` until its last word, which is returned with all its keys.

    The first Ctrl-C asks the run to stop, the second leaves it: None.
    """
    try:
        return _follow(run, as_json, heard)
    except KeyboardInterrupt:
        return None


def _follow(run: Run, as_json: bool, heard: int) -> dict[str, Any]:
    offset, asked = 0, False
    said: Stage = "asked"
    while True:
        try:
            alive = run.lives()
            said = tell_stage(run, said) if asked else said
            events, offset = run.events(offset)
            for event in events[heard:]:
                if isinstance(event, LastWord):
                    return _told(outcome(run) | event.to_json(), as_json)
                say(event.to_json()) if as_json else _tell(event)
            heard = max(0, heard - len(events))
            if not alive and not events:
                settle(run)
                return _told(_without_event(run), as_json)
            time.sleep(POLL)
        except KeyboardInterrupt:
            if asked:
                raise
            asked = True
            service().stop(run)
            note("stopping at the next step; what is learned so far is kept (Ctrl-C again: leave it to itself)")


def tell_stage(run: Run, before: Stage) -> Stage:
    """Do what is due to a run that was asked to stop, and say what is new of that."""
    stage = service().hasten(run) or before
    if stage != before:
        note(f"{run.id} {STAGES[stage].format(seconds=service().seconds_asked(run))}")
    return stage


def _told(last: dict[str, Any], as_json: bool) -> dict[str, Any]:
    say(last) if as_json else _tell(from_object(dict(last)))
    return last


def _without_event(run: Run) -> dict[str, Any]:
    """The last word of a run whose engine is gone, which somebody else may have said."""
    last = outcome(run)
    if last["event"] in TERMINAL:
        return last
    error = {"what": "the engine ended without a last word", "where": str(run.path / "log.txt"),
             "remedy": "read the end of that file"}  # fmt: skip
    return last | {"event": "failed", "error": error}


def _tell(event: Event) -> None:
    match event:
        case schema.Stage(stage="waiting"):
            write(f"waiting for {event.behind}, {event.position} in front (--now trains beside it)")
        case schema.Started():
            trained, total = event.trainable_parameters or 0, event.total_parameters or 0
            where = f"({event.device}, {event.blas})"
            write(f"{event.method} of {shown(event.model or '')} on {shown(event.data or '')} {where}")
            write(f"{trained:,} of {total:,} parameters train ({trained / max(1, total):.2%})")
        case schema.Resumed():
            write(f"goes on after iteration {event.iteration}")
        case schema.Train():
            speed = f"{event.tokens_per_second or 0:>7,.0f} tok/s  {event.remaining_seconds or 0:>5.0f} s left"
            memory = f"peak {megabytes(event.peak_memory_bytes or 0)}"
            write(f"it {event.iteration or 0:>6}  train {_loss(event.train_loss)}  {speed}  {memory}")
        case schema.Validation():
            best = "  worse than untrained" if event.worse else "  best so far" if event.best else ""
            write(f"it {event.iteration or 0:>6}  val   {_loss(event.val_loss)}{best}")
        case schema.Test():
            figures = f"{_loss(event.test_loss)}  perplexity {_loss(event.perplexity)}  ({event.rows or 0:,} rows)"
            write(f"it {event.iteration or 0:>6}  test  {figures}")
        case schema.Samples() if event.answers:
            said = " ".join(event.answers[0].text.split())
            write(f"it {event.iteration or 0:>6}  says  {said if len(said) <= WIDTH else said[: WIDTH - 1] + '…'}")
        case schema.Finished() | schema.Stopped():
            verdict = event.verdict or Verdict(kind="")
            early = ", since validation got no better" if verdict.kind == "patience" else ""
            write(f"{event.kind} after {event.iterations} iterations in {event.seconds or 0:.0f} s{early}")
            if verdict.what:
                write(f"! {verdict.what}")
            if event.adapter_bytes:
                write(f"adapter {megabytes(event.adapter_bytes)} in {shown(event.run_dir or '')}/adapters")


def _loss(value: float | None) -> str:
    return "not a number" if value is None else f"{value:.3f}"
